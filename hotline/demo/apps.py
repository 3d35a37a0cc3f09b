from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "hotline.demo"
    label = "demo"

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.demo.labels import AUDIT_LABELS

        register_labels(AUDIT_LABELS)
