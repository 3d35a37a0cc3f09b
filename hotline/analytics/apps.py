from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "hotline.analytics"
    label = "analytics"
    verbose_name = _("Figures")

    def ready(self) -> None:
        from hotline.ui.navigation import Item, register

        register(Item("analytics:index", _("Figures"), "chart-bar", "analytics:read", 22, "oversight"))
