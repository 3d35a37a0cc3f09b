from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkOrdersConfig(AppConfig):
    name = "hotline.workorders"
    label = "workorders"
    verbose_name = _("Work orders")

    def ready(self) -> None:
        from hotline.accounts.actions import register_closing_guard
        from hotline.accounts.models import UnitLevel
        from hotline.audit.actions import register_chain, register_labels
        from hotline.campaigns.queries import register_source
        from hotline.kit import livetopics
        from hotline.kit.events import declare
        from hotline.workorders import permissions
        from hotline.workorders.actions.checking import preview_calendar
        from hotline.workorders.actions.units import open_work
        from hotline.workorders.forms.called import Orders
        from hotline.workorders.labels import AUDIT_CHANGES, AUDIT_FIELDS, AUDIT_KINDS, AUDIT_LABELS
        from hotline.workorders.menu import register_pages
        from hotline.workorders.models import Channel, DemandType, Flow, Urgency
        from hotline.workorders.queries import ORDER, Beside, register_beside
        from hotline.workorders.rules import EVENTS
        from hotline.worktime import queries as worktime
        from hotline.worktime.rules.checks import Vocabulary

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS, fields=AUDIT_FIELDS, changes=AUDIT_CHANGES)
        for name, meaning in EVENTS.items():
            declare(name, meaning)
        register_chain(
            "orders",
            "workorders_workorderevent",
            [
                "id", "xid", "order_id", "at:time", "verb", "actor", "actor_name", "unit_id", "assignment_id", "old_state",
                "new_state", "audience", "reason_code", "text", "data",
            ],
        )
        livetopics.register("order", permissions.may_hear_order)
        livetopics.register("presence", permissions.may_hear_order)
        livetopics.register("unit", permissions.may_hear_unit)
        livetopics.register("board", permissions.may_hear_board)
        livetopics.register("person", permissions.may_hear_person)
        register_pages()
        register_beside(ORDER, Beside("photos", "workorders:photos", _("Photos as proof")))
        register_closing_guard(open_work)
        register_source(Orders())
        worktime.use_preview(preview_calendar)
        worktime.use_vocabulary(
            Vocabulary(
                demand_types=DemandType.choices,
                urgencies=Urgency.choices,
                channels=Channel.choices,
                unit_levels=UnitLevel.choices,
                flows=Flow.choices,
                not_handled=frozenset({str(DemandType.INVALID)}),
            )
        )
