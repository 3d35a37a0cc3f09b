from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "hotline.audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        from hotline.audit import chains, queries
        from hotline.kit import health
        from hotline.ui.navigation import Item, register

        chains.register(
            "audit",
            "audit_auditentry",
            [
                "id",
                "xid",
                "at:time",
                "actor",
                "actor_name",
                "verb",
                "object_type",
                "object_id",
                "reason",
                "data",
                "ip",
            ],
        )
        health.register("audit_chain", queries.health)
        register(
            Item(
                "audit:log",
                _("Audit log"),
                "list-search",
                permission="audit:read",
                order=10,
                group="security",
            ),
        )
