from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "hotline.notifications"
    label = "notifications"
    verbose_name = _("Messages")

    def ready(self) -> None:
        from django.conf import settings
        from django.core import checks

        from hotline.audit.actions import register_labels
        from hotline.kit import health
        from hotline.notifications import gateways, queries
        from hotline.notifications.checks import check_gateway
        from hotline.notifications.gateways.smpp.gateway import Account, SmppGateway
        from hotline.notifications.texts import TEMPLATES
        from hotline.ui import navigation

        if settings.SMPP is not None:
            account = Account(*settings.SMPP)
            gateways.use(lambda: SmppGateway(account))
        register_labels(
            {
                "system.notifications": _("Sender of text messages"),
                **{f"reason.sms:{name}": template.label for name, template in TEMPLATES.items()},
            }
        )
        health.register("notifications.outbox", queries.outbox_health)
        checks.register(check_gateway, checks.Tags.security, deploy=True)
        navigation.register(
            navigation.Item(
                "notifications:outbox",
                _("Messages"),
                icon="send",
                permission="ops:health",
                order=60,
                group="security",
            )
        )
