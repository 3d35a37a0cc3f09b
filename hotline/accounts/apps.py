from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "hotline.accounts"
    label = "accounts"
    verbose_name = _("Staff and units")

    def ready(self) -> None:
        from hotline.accounts.labels import AUDIT_CHANGES, AUDIT_FIELDS, AUDIT_KINDS, AUDIT_LABELS
        from hotline.audit.actions import register_labels
        from hotline.ui.navigation import Item, register

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS, fields=AUDIT_FIELDS, changes=AUDIT_CHANGES)
        register(
            Item("accounts:units", _("Units"), "building", order=10, group="configuration"),
            Item(
                "accounts:people",
                _("Staff"),
                "users",
                permission="accounts:manage_people",
                order=20,
                group="configuration",
            ),
            Item("accounts:permissions", _("Permissions"), "table", order=20, group="security"),
            Item(
                "accounts:all_sessions",
                _("Sessions"),
                "device-desktop",
                permission="accounts:manage_sessions",
                order=30,
                group="security",
            ),
            Item("accounts:profile", _("Profile"), "user", order=10, group="own"),
            Item("accounts:sessions", _("My sessions"), "device-desktop", order=20, group="own"),
        )
