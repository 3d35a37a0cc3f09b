from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    name = "hotline.demo"
    label = "demo"
    verbose_name = _("Demo city")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.demo.labels import AUDIT_FIELDS, AUDIT_LABELS

        register_labels(AUDIT_LABELS, fields=AUDIT_FIELDS)
