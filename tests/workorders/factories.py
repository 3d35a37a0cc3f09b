"""Makers of orders in any stage of their life, through the same actions as people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, TypeVar

from django.db.models import Model

from hotline.kit.clock import CITY_ZONE
from hotline.workorders import actions
from hotline.workorders.models import Assignment, AssignmentRole, CitySettings, WorkOrder
from hotline.workorders.rules import ReplyForm
from hotline.worktime import queries as worktime
from hotline.worktime.models import Calendar, CalendarDay, Policy
from tests.accounts.cast import Cast

M = TypeVar("M", bound=Model)

POLICY: dict[str, Any] = {
    "format": 1,
    "name": "test",
    "hours": "09:00-17:30",
    "rules": [
        {
            "name": "all",
            "clocks": [
                {"kind": "dispatch", "side": "city", "span": "1 hour", "start": "reviewed"},
                {"kind": "sign", "side": "unit", "span": "4 hour", "start": "dispatched"},
                {"kind": "contact", "side": "unit", "span": "1 workday", "start": "dispatched"},
                {"kind": "finish", "side": "unit", "span": "5 workday", "start": "dispatched"},
                {
                    "kind": "finish", "side": "city", "span": "7 workday", "start": "created",
                    "marks": {
                        "warning": {"before": "2 workday"}, "yellow": {"before": "1 workday"}, "red": {"after": "0 minute"},
                        "escalated": {"after": "2 workday"},
                    },
                },
                {"kind": "review", "side": "city", "span": "1 workday", "start": "replied"},
                {"kind": "follow_up", "side": "city", "span": "3 workday", "start": "reply_approved"},
            ],
            "extension": {"times": 1, "amounts": ["5 workday", "10 workday"], "city_above": "5 workday"},
            "returns": {"window": "1 workday", "start": "dispatched", "arbitration_after": 3},
        },
        {
            "name": "urgent", "when": {"urgencies": "urgent"},
            "clocks": [{"kind": "finish", "side": ["unit", "city"], "span": "24 hour", "start": "dispatched"}],
        },
        {
            "name": "redo", "when": {"flows": ["redo", "supervised"]},
            "clocks": [{"kind": "finish", "side": ["unit", "city"], "span": "3 workday", "start": "dispatched"}],
        },
    ],
}
"""Small and plain: every kind of clock once, redo and urgent differ."""

COMPLAINT: dict[str, Any] = {
    "channel": "phone",
    "demand_type": "complaint",
    "title": "小区东侧工地夜间施工噪声",
    "content": "小区东侧工地连续三晚施工到凌晨两点，老人小孩都睡不着，希望尽快处理。",
}

GOOD_REPLY: dict[str, Any] = {
    "text": "已责令工地夜间停工，并安排夜间巡查。",
    "fact_finding": "true",
    "demand_finding": "reasonable",
    "site_visit": "no_site",
    "outcome": "solved",
}


def make_city(cast: Cast, **options: Any) -> CitySettings:
    """The city of the cast with a calendar of 2024–2026 and `POLICY` in effect."""
    worktime.forget()
    calendar = Calendar.objects.create(version=1, state="published", years=[2024, 2025, 2026])
    CalendarDay.objects.create(calendar=calendar, day=date(2026, 1, 1), kind="holiday", name="元旦")
    Policy.objects.create(
        name="test", version=1, state="published", effective_from=datetime(2020, 1, 1, tzinfo=UTC), document=POLICY
    )
    return CitySettings.objects.create(
        id=1, name="某市", hotline_name="12345", division_code="310000000000", number_prefix="JD", hub=cast.hub, options=options
    )


def make_order(cast: Cast, *, who: str = "agent", reviewed: bool = True, **more: Any) -> WorkOrder:
    """A new complaint, waiting for dispatch."""
    return actions.create_order(actor=cast.actor(who), demand=actions.NewOrder(**{**COMPLAINT, **more}), reviewed=reviewed)


def dispatched(cast: Cast, order: WorkOrder | None = None, unit: str = "a", *assistants: str, **more: Any) -> Assignment:
    """Dispatched to `unit`; returns the lead assignment."""
    order = order or make_order(cast, **more)
    actions.dispatch_order(
        actor=cast.actor("dispatcher"), order_id=order.pk, lead_unit_id=cast.unit(unit).pk,
        assistant_unit_ids=[cast.unit(one).pk for one in assistants],
    )
    return Assignment.objects.get(order=order, role=AssignmentRole.LEAD, parent=None, state="pending_sign")


def signed(cast: Cast, unit: str = "a", *assistants: str, **more: Any) -> Assignment:
    """Signed by the unit's handler."""
    assignment = dispatched(cast, None, unit, *assistants, **more)
    actions.sign(actor=cast.actor("handler" if unit == "a" else "other_handler"), assignment_id=assignment.pk)
    return fresh(assignment)


def replied(cast: Cast, **more: Any) -> Assignment:
    """With a good reply under review."""
    assignment = signed(cast, **more)
    actions.submit_reply(actor=cast.actor("handler"), assignment_id=assignment.pk, form=ReplyForm(**GOOD_REPLY))
    return fresh(assignment)


def waiting_for_follow_up(cast: Cast, **more: Any) -> WorkOrder:
    assignment = replied(cast, **more)
    actions.decide_reply(actor=cast.actor("reviewer"), assignment_id=assignment.pk, approve=True)
    return WorkOrder.objects.get(pk=assignment.order_id)


def closed(cast: Cast, *, solved: bool = True, satisfaction: int = 5, **more: Any) -> WorkOrder:
    order = waiting_for_follow_up(cast, **more)
    actions.finish_follow_up(actor=cast.actor("follow_up"), order_id=order.pk, solved=solved, satisfaction=satisfaction)
    return WorkOrder.objects.get(pk=order.pk)


def fresh(row: M) -> M:
    """The row as the database has it now."""
    found: M = type(row)._default_manager.get(pk=row.pk)
    return found


def moment(text: str) -> datetime:
    """`2026-11-23 10:00` in the city."""
    return datetime.fromisoformat(text).replace(tzinfo=CITY_ZONE).astimezone(UTC)


MONDAY = moment("2026-03-02 10:00")
"""A working day, no holiday near."""
