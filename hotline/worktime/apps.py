from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorktimeConfig(AppConfig):
    name = "hotline.worktime"
    label = "worktime"
    verbose_name = _("Working time")

    def ready(self) -> None:
        import hotline.worktime.actions  # noqa: F401  (declares its events, before anybody subscribes)
        from hotline.audit.actions import register_labels
        from hotline.kit import health
        from hotline.ui import navigation
        from hotline.worktime import queries
        from hotline.worktime.labels import AUDIT_FIELDS, AUDIT_KINDS, AUDIT_LABELS

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS, fields=AUDIT_FIELDS)
        health.register("worktime.calendar", queries.calendar_health)
        health.register("worktime.policy", queries.policy_health)
        navigation.register(
            navigation.Item(
                "worktime:policies", _("Deadline rules"), icon="clock", order=40, group="configuration"
            ),
            navigation.Item(
                "worktime:calendar", _("Calendar"), icon="calendar", order=41, group="configuration"
            ),
        )
