"""Keeps the rows of `Clock` equal to what the log says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from hotline.workorders.models import Assignment, Clock, WorkOrder, WorkOrderEvent
from hotline.workorders.rules import clocks as rules
from hotline.workorders.rules.clocks import Key, Known, LogEntry, Rebuilt
from hotline.worktime import queries as worktime


def known_clocks(rows: Iterable[Clock]) -> list[Known]:
    """The clocks as the rules need them."""
    return [Known(key_of(row), row.state) for row in rows]


def key_of(row: Clock) -> Key:
    """The rules' key of a row."""
    return Key(row.kind, row.side, row.assignment_id, row.round)


def read_log(order: WorkOrder) -> list[LogEntry]:
    """The order's log in its order."""
    rows = WorkOrderEvent.objects.filter(order=order).order_by("id").values_list("at", "verb", "new_state", "data")
    return [LogEntry(*row) for row in rows]


def rebuild(order: WorkOrder) -> Rebuilt:
    """State, assignments and clocks from the log with the order's pinned policy and calendar."""
    policy = worktime.policy(order.policy_id).document if order.policy_id else None
    calendar = worktime.calendar(order.calendar_id).calendar if order.calendar_id else None
    return rules.rebuild(read_log(order), policy, calendar)


def refresh(order: WorkOrder, rows: list[Clock], assignments: Iterable[Assignment]) -> set[str]:
    """Write what differs; sets `due_at` of order and assignments. Returns the names of changed order fields."""
    found = rebuild(order)
    have = {key_of(row): row for row in rows}
    fresh: list[Clock] = []
    changed: list[Clock] = []
    for key, clock in found.clocks.items():
        wanted = clock.row()
        row = have.pop(key, None)
        if row is None:
            fresh.append(
                Clock(order=order, assignment_id=key.assignment, kind=key.kind, side=key.side, round=key.round, **wanted)
            )
        elif any(getattr(row, name) != value for name, value in wanted.items()):
            for name, value in wanted.items():
                setattr(row, name, value)
            changed.append(row)
    if fresh:
        Clock.objects.bulk_create(fresh)
    if changed:
        Clock.objects.bulk_update(changed, list(COLUMNS))
    if have:
        Clock.objects.filter(pk__in=[row.pk for row in have.values()]).delete()
    _copy_to_assignments(found, assignments)
    due = found.due_at()
    if due != order.due_at:
        order.due_at = due
        return {"due_at"}
    return set()


COLUMNS = (
    "state", "level", "started_at", "original_due_at", "due_at", "paused_at", "stopped_at", "next_at", "marks",
)


def _copy_to_assignments(found: Rebuilt, assignments: Iterable[Assignment]) -> None:
    own: dict[int, list[rules.ClockNow]] = {}
    for key, clock in found.clocks.items():
        if key.assignment is not None:
            own.setdefault(key.assignment, []).append(clock)
    for assignment in assignments:
        due, following = due_of(own.get(assignment.pk, ()))
        if (due, following) != (assignment.due_at, assignment.next_due_at):
            assignment.due_at, assignment.next_due_at = due, following
            Assignment.objects.filter(pk=assignment.pk).update(due_at=due, next_due_at=following)


def due_of(clocks: Iterable[rules.ClockNow]) -> tuple[datetime | None, datetime | None]:
    """(due of the finish clock, nearest due of the running clocks) of one assignment."""
    due = next((clock.due_at for clock in clocks if clock.key.kind == "finish"), None)
    following = min((clock.due_at for clock in clocks if clock.state == "running"), default=None)
    return due, following
