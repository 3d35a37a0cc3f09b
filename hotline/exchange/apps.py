from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    name = "hotline.exchange"
    label = "exchange"

    def ready(self) -> None:
        from hotline.ui import navigation
        from hotline.ui.navigation import Item

        navigation.register(
            Item("exchange:tokens", _("Tokens"), "key", "exchange:tokens", 80, "configuration")
        )
