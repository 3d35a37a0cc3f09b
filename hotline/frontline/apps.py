from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FrontlineConfig(AppConfig):
    name = "hotline.frontline"
    label = "frontline"
    verbose_name = _("Frontline")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.frontline.labels import AUDIT_LABELS
        from hotline.frontline.permissions import WORK
        from hotline.ui.navigation import Item, register

        register_labels(AUDIT_LABELS)
        register(
            Item("frontline:station", _("Station"), "building-community", WORK, 34, "work"),
            Item("frontline:street", _("My stations"), "map-2", "accounts:manage_people", 36, "work"),
        )
