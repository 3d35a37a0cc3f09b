from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FollowUpConfig(AppConfig):
    name = "hotline.followup"
    label = "followup"
    verbose_name = _("Follow-up")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.followup.labels import AUDIT_KINDS, AUDIT_LABELS
        from hotline.kit import livetopics
        from hotline.ui import navigation
        from hotline.ui.navigation import Item

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS)
        livetopics.register(
            "followup", lambda actor, rest: actor.has("followup:call") or actor.has("followup:second_check")
        )
        navigation.register(
            Item(
                "followup:queue",
                _("Follow-up"),
                "phone-call",
                ("followup:call", "followup:second_check"),
                50,
                "work",
                key="f",
            ),
            Item(
                "followup:appeals",
                _("Appeals against results"),
                "scale",
                "followup:decide_appeal",
                40,
                "oversight",
            ),
            Item(
                "followup:disagreements",
                _("Second checks"),
                "arrows-diff",
                ("followup:second_check", "followup:decide_appeal"),
                45,
                "oversight",
            ),
        )
