from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "hotline.ops"
    label = "ops"

    def ready(self) -> None:
        from hotline.ops import checks, metrics

        checks.register()
        metrics.register()
