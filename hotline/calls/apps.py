from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CallsConfig(AppConfig):
    name = "hotline.calls"
    label = "calls"
    verbose_name = _("Telephone calls")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.calls import queries
        from hotline.calls.labels import AUDIT_KINDS, AUDIT_LABELS
        from hotline.kit import health, livetopics
        from hotline.ui.navigation import Item, register

        register(
            Item("calls:telephone", _("My telephone"), "phone", "calls:take", 11, "work"),
            Item("calls:seats", _("Seats"), "users", "calls:watch", 20, "oversight"),
        )
        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS)
        livetopics.register("seats", lambda actor, rest: not rest and actor.has("calls:watch"))
        health.register("calls.telephone", queries.telephone_health)
