from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    name = "hotline.ui"
    label = "ui"
    verbose_name = _("Interface")

    def ready(self) -> None:
        from hotline.ui import assets  # noqa: F401 (registers its check)
        from hotline.ui.messages import catalogues

        catalogues.compile_stale()
