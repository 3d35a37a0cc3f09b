from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkforceConfig(AppConfig):
    name = "hotline.workforce"
    label = "workforce"
    verbose_name = _("Staffing of the telephone")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.ui.navigation import Item, register
        from hotline.workforce.labels import AUDIT_KINDS, AUDIT_LABELS

        register(
            Item("workforce:outlook", _("Call forecast"), "chart-line", "calls:watch", 27, "oversight"),
            Item(
                "workforce:simulations", _("Days played again"), "player-play", "calls:watch", 28, "oversight"
            ),
        )
        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS)
