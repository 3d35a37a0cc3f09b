from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    name = "hotline.exchange"
    label = "exchange"
    verbose_name = _("Exchange")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.exchange.labels import AUDIT_KINDS, AUDIT_LABELS
        from hotline.exchange.queries import token_names
        from hotline.intake.queries import name_sources
        from hotline.ui import navigation
        from hotline.ui.navigation import Item

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS)
        name_sources("api", token_names)
        navigation.register(
            Item("exchange:tokens", _("Tokens"), "key", "exchange:tokens", 80, "configuration")
        )
