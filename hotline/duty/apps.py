from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DutyConfig(AppConfig):
    name = "hotline.duty"
    label = "duty"
    verbose_name = _("Turns of duty")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.duty.labels import AUDIT_LABELS

        register_labels(AUDIT_LABELS)
