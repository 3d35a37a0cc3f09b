from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntakeConfig(AppConfig):
    name = "hotline.intake"
    label = "intake"
    verbose_name = _("Intake")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.campaigns.queries import register_source
        from hotline.intake.actions.drafting import SEALED_DRAFT
        from hotline.intake.actions.receiving import SEALED_PAYLOAD
        from hotline.intake.forms import CalledAppeals
        from hotline.intake.labels import AUDIT_FIELDS, AUDIT_KINDS, AUDIT_LABELS
        from hotline.intake.queries.conversation import calls_held, sees_call
        from hotline.intake.queries.quarantine import quarantine_health
        from hotline.intake.queries.sources import import_names, name_sources
        from hotline.kit import health, livetopics, sealed
        from hotline.kit.actor import Actor
        from hotline.transcripts.actions import use_holder, use_seer
        from hotline.transcripts.permissions import LISTEN
        from hotline.ui.navigation import Item, register
        from hotline.workorders.queries import ORDER, Beside, register_beside

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS, fields=AUDIT_FIELDS)

        def may_hear_desk(actor: Actor, rest: str) -> bool:
            return not rest and actor.has("intake:take_call")

        livetopics.register("desk", may_hear_desk)
        health.register("quarantine", quarantine_health)
        name_sources("import", import_names)
        sealed.register(SEALED_PAYLOAD, SEALED_DRAFT)
        register_source(CalledAppeals())
        use_seer(sees_call)
        use_holder(calls_held)
        register_beside(ORDER, Beside("calls", "intake:order_calls", _("Calls of this order"), LISTEN))
        register(
            Item("intake:desk", _("Desk"), "headset", "intake:take_call", 10, "work", "d"),
            Item("intake:quarantine", _("Quarantine"), "shield-question", "intake:quarantine", 70, "work"),
            Item("intake:imports", _("Imports"), "file-import", "intake:import", 80, "work"),
            Item(
                "intake:restrictions",
                _("Misuse of the line"),
                "phone-off",
                ("intake:approve_restriction", "intake:restrict_caller"),
                60,
                "oversight",
            ),
            Item(
                "intake:questions",
                _("Category questions"),
                "help-circle",
                "workorders:configure",
                40,
                "configuration",
            ),
        )
