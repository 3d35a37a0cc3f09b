"""Why a clock is due then: re-derived from the log, the pinned policy and the pinned calendar, told in words."""

from __future__ import annotations

from hotline.workorders.models import Clock, WorkOrder
from hotline.workorders.models.order import WorkOrderEvent
from hotline.workorders.rules.clocks import Key, LogEntry, rebuild
from hotline.worktime import queries as worktime
from hotline.worktime.rules import explain


def explain_clock(order: WorkOrder, clock: Clock, audience: str = "staff") -> list[str]:
    """Sentences; empty when the order is older than the first policy. `audience`: staff or citizen."""
    if not order.policy_id or not order.calendar_id:
        return []
    rows = (
        WorkOrderEvent.objects.filter(order=order)
        .order_by("id")
        .values_list("at", "verb", "new_state", "data")
    )
    found = rebuild(
        [LogEntry(*row) for row in rows],
        worktime.policy(order.policy_id).document,
        worktime.calendar(order.calendar_id).calendar,
    )
    now = found.clocks.get(Key(clock.kind, clock.side, clock.assignment_id, clock.round))
    return explain(now.deadline, audience) if now is not None else []
