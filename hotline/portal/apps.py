from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "hotline.portal"
    label = "portal"

    def ready(self) -> None:
        from hotline.ui.navigation import Item, register_for_citizens

        register_for_citizens(
            Item("portal:file", _("File an appeal"), "edit", order=10),
            Item("portal:snap", _("Photo report"), "camera", order=15),
            Item("portal:look_up", _("Look up progress"), "search", order=20),
            Item("portal:mine", _("Personal centre"), "user", order=30),
            Item("portal:help", _("Online help"), "messages", order=35),
            Item("portal:video", _("Sign language video"), "video", order=40),
        )
