"""Keeps the rows of `Clock` equal to what the log says."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hotline.kit.statements import fetch_one
from hotline.workorders.models import Assignment, Clock, WorkOrder
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
    columns = fetch_one(_READ, [order.pk])
    if columns is None or columns[0] is None:
        return []
    return [LogEntry(at, verb, new_state, json.loads(data)) for at, verb, new_state, data in zip(*columns, strict=True)]


_READ = (
    "SELECT array_agg(at ORDER BY id), array_agg(verb::text ORDER BY id), array_agg(new_state::text ORDER BY id),"
    " array_agg(data::text ORDER BY id) FROM workorders_workorderevent WHERE order_id = %s"
)


def rebuild(order: WorkOrder) -> Rebuilt:
    """State, assignments and clocks from the log with the order's pinned policy and calendar."""
    policy = worktime.policy(order.policy_id).document if order.policy_id else None
    calendar = worktime.calendar(order.calendar_id).calendar if order.calendar_id else None
    return rules.rebuild(read_log(order), policy, calendar)


def refresh(order: WorkOrder, rows: list[Clock], assignments: Iterable[Assignment]) -> set[str]:
    """Write what differs; sets `due_at` of order and assignments. Returns the names of changed order fields."""
    found = rebuild(order)
    have = {key_of(row): row for row in rows}
    differing: list[dict[str, Any]] = []
    for key, clock in found.clocks.items():
        wanted = clock.row()
        row = have.pop(key, None)
        if row is None or any(getattr(row, name) != value for name, value in wanted.items()):
            differing.append(
                {"assignment_id": key.assignment, "kind": key.kind, "side": key.side, "round": key.round, **wanted}
            )
    if differing:
        fetch_one(_WRITE, [order.pk, json.dumps(differing, default=datetime.isoformat)])
    if have:
        Clock.objects.filter(pk__in=[row.pk for row in have.values()]).delete()
    _copy_to_assignments(found, assignments)
    due = found.due_at()
    if due != order.due_at:
        order.due_at = due
        return {"due_at"}
    return set()


_COLUMNS = (
    "state", "level", "started_at", "original_due_at", "due_at", "paused_at", "stopped_at", "next_at", "marks",
)  # fmt: skip
# Every act of an order comes through here: one prepared statement a table, not a query built anew for each row.
_WRITE = (
    f"INSERT INTO workorders_clock (order_id, assignment_id, kind, side, round, {', '.join(_COLUMNS)})"
    f" SELECT %s, assignment_id, kind, side, round, {', '.join(_COLUMNS)} FROM jsonb_to_recordset(%s::jsonb) AS clock("
    "assignment_id bigint, kind text, side text, round smallint, state text, level text, started_at timestamptz,"
    " original_due_at timestamptz, due_at timestamptz, paused_at timestamptz, stopped_at timestamptz, next_at timestamptz,"
    " marks jsonb)"
    f" ON CONFLICT ON CONSTRAINT clock_once DO UPDATE SET {', '.join(f'{name} = EXCLUDED.{name}' for name in _COLUMNS)}"
)


def _copy_to_assignments(found: Rebuilt, assignments: Iterable[Assignment]) -> None:
    own: dict[int, list[rules.ClockNow]] = {}
    for key, clock in found.clocks.items():
        if key.assignment is not None:
            own.setdefault(key.assignment, []).append(clock)
    moved: list[Assignment] = []
    for assignment in assignments:
        due, following = due_of(own.get(assignment.pk, ()))
        if (due, following) != (assignment.due_at, assignment.next_due_at):
            assignment.due_at, assignment.next_due_at = due, following
            moved.append(assignment)
    if moved:
        fetch_one(_COPY, [[row.pk for row in moved], [row.due_at for row in moved], [row.next_due_at for row in moved]])


_COPY = (
    "UPDATE workorders_assignment SET due_at = moved.due_at, next_due_at = moved.next_due_at"
    " FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS moved(id, due_at, next_due_at)"
    " WHERE workorders_assignment.id = moved.id"
)


def due_of(clocks: Iterable[rules.ClockNow]) -> tuple[datetime | None, datetime | None]:
    """(due of the finish clock, nearest due of the running clocks) of one assignment."""
    due = next((clock.due_at for clock in clocks if clock.key.kind == "finish"), None)
    following = min((clock.due_at for clock in clocks if clock.state == "running"), default=None)
    return due, following
