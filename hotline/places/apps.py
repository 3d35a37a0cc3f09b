from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlacesConfig(AppConfig):
    name = "hotline.places"
    label = "places"
    verbose_name = _("Places")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.places.labels import AUDIT_KINDS, AUDIT_LABELS
        from hotline.places.permissions import MANAGE
        from hotline.ui.navigation import Item, register

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS)
        register(Item("places:outlines_page", _("Outlines"), "map-2", MANAGE, 60, "configuration"))
