from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "hotline.demo"
    label = "demo"

    def ready(self) -> None:
        from hotline.audit import labels
        from hotline.demo.labels import AUDIT_LABELS

        labels.register(AUDIT_LABELS)
