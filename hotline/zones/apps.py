from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ZonesConfig(AppConfig):
    name = "hotline.zones"
    label = "zones"
    verbose_name = _("Special zones")
