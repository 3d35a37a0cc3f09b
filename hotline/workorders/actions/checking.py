"""Re-derives states, clocks and cards of many orders from their logs and compares them with what is stored."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.errors import NotPermitted
from hotline.workorders.actions._cards import set_card
from hotline.workorders.actions._clocks import refresh
from hotline.workorders.models import OPEN_STATES, Assignment, WorkOrder
from hotline.workorders.rules import order_state_of
from hotline.workorders.rules.clocks import Key, LogEntry, Rebuilt, rebuild
from hotline.worktime import queries as worktime
from hotline.worktime.rules import WorkCalendar

CHUNK = 1000
"""Ids of one range; a range's logs are in memory together."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the stored value is not what the log gives."""

    order_id: int
    number: str
    what: str
    stored: Any
    derived: Any

    def __str__(self) -> str:
        return _("%(number)s: %(what)s is stored as %(stored)s, the log gives %(derived)s") % {
            "number": self.number, "what": self.what, "stored": self.stored, "derived": self.derived,
        }


@dataclass
class Checked:
    """Counts of a check."""

    orders: int = 0
    events: int = 0
    clocks: int = 0
    differences: int = 0
    provisional: int = 0
    """Clocks that count a year whose holidays are not known yet."""


def check_orders(
    *, first: int = 0, last: int | None = None, sample: int | None = None, step: Callable[[int], None] | None = None,
    checked: Checked | None = None,
) -> Iterator[Difference]:
    """Differences of all orders with ids from `first` to `last`, or of a random `sample`; memory stays small.

    `step` is called with the number of orders of each chunk. Counts go into `checked`.
    """
    counts = checked if checked is not None else Checked()
    for ids in _sampled(sample) if sample is not None else _ranges(first, last):
        before = counts.orders
        yield from _at_one_moment(ids, counts)
        if step is not None:
            step(counts.orders - before)


def fix_order(*, actor: Actor, order_id: int) -> None:
    """Write clocks, states, card and due moments of one order anew from its log."""
    if not actor.is_system or not actor.has("system:fix"):
        raise NotPermitted("system:fix", _("Only the maintenance command rebuilds caches."))
    with transaction.atomic():
        order = WorkOrder.objects.select_for_update().get(pk=order_id)
        found = _rebuilt(order.policy_id, order.calendar_id, _logs([order_id])[order_id])
        assignments = list(order.assignments.select_related("unit"))
        for row in assignments:
            node = found.nodes.get(row.pk)
            if node is not None and node.state != row.state:
                Assignment.objects.filter(pk=row.pk).update(state=node.state)
                row.state = node.state
        refresh(order, list(order.clocks.all()), assignments)
        order.state, order.due_at = found.state, found.due_at()
        order.save(update_fields=["state", "due_at"])
        set_card(order, found.card)


def _ranges(first: int, last: int | None) -> Iterator[list[int] | tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM workorders_workorder")
        low, high = cursor.fetchone()
    if low is None:
        return
    low, high = max(low, first), min(high, last) if last is not None else high
    for begin in range(low, high + 1, CHUNK):
        yield begin, min(begin + CHUNK - 1, high)


def _sampled(size: int) -> Iterator[list[int] | tuple[int, int]]:
    with connection.cursor() as cursor:
        # Random points of the key, each answered by the nearest row: no scan of the table.
        cursor.execute(
            "SELECT DISTINCT o.id FROM (SELECT min(id) AS low, max(id) AS high FROM workorders_workorder) b,"
            " LATERAL (SELECT b.low + floor(random() * (b.high - b.low + 1))::bigint AS p FROM generate_series(1, %s)) r,"
            " LATERAL (SELECT id FROM workorders_workorder WHERE id >= r.p ORDER BY id LIMIT 1) o",
            [size],
        )
        ids = sorted(row[0] for row in cursor.fetchall())
    for begin in range(0, len(ids), CHUNK):
        yield ids[begin : begin + CHUNK]


def _where(ids: list[int] | tuple[int, int], column: str) -> tuple[str, list[Any]]:
    if isinstance(ids, tuple):
        return f"{column} BETWEEN %s AND %s", list(ids)
    return f"{column} = ANY(%s)", [ids]


def _rows(statement: str, column: str, ids: list[int] | tuple[int, int], order: str = "") -> list[tuple[Any, ...]]:
    where, params = _where(ids, column)
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} WHERE {where}{order}", params)
        return list(cursor.fetchall())


def _logs(ids: list[int] | tuple[int, int]) -> dict[int, list[LogEntry]]:
    logs: dict[int, list[LogEntry]] = defaultdict(list)
    rows = _rows(
        "SELECT order_id, at, verb, new_state, data FROM workorders_workorderevent", "order_id", ids, " ORDER BY order_id, id"
    )
    for order, at, verb, state, data in rows:
        logs[order].append(LogEntry(at, verb, state, json.loads(data) if isinstance(data, str) else data))
    return logs


def _rebuilt(policy_id: int | None, calendar_id: int | None, log: list[LogEntry]) -> Rebuilt:
    return rebuild(
        log,
        worktime.policy(policy_id).document if policy_id else None,
        worktime.calendar(calendar_id).calendar if calendar_id else None,
    )


def _at_one_moment(ids: list[int] | tuple[int, int], counts: Checked) -> list[Difference]:
    """The chunk as one snapshot shows it: while the city works, log and clocks of different moments would differ."""
    if connection.in_atomic_block:  # the caller's transaction decides
        return list(_check_chunk(ids, counts))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return list(_check_chunk(ids, counts))


def _check_chunk(ids: list[int] | tuple[int, int], counts: Checked) -> Iterator[Difference]:
    orders = _rows(
        "SELECT id, number, state, coalesce(level, 'green'), due_at, policy_id, calendar_id FROM workorders_workorder"
        " LEFT JOIN workorders_standingcard ON order_id = id", "id", ids, " ORDER BY id",
    )
    logs = _logs(ids)
    clocks: dict[int, dict[Key, tuple[Any, ...]]] = defaultdict(dict)
    for order, kind, side, assignment, round_, *values in _rows(
        "SELECT order_id, kind, side, assignment_id, round, state, level, started_at, original_due_at, due_at, paused_at, stopped_at,"
        " next_at, marks FROM workorders_clock", "order_id", ids,
    ):
        clocks[order][Key(kind, side, assignment, round_)] = tuple(values)
    states: dict[int, dict[int, tuple[str, str, Any]]] = defaultdict(dict)
    for order, number, state, role, parent, due in _rows(
        "SELECT order_id, id, state, role, parent_id, due_at FROM workorders_assignment", "order_id", ids
    ):
        states[order][number] = (state, role if parent is None else "", due)
    for order, number, state, card, due_at, policy_id, calendar_id in orders:
        log = logs.get(order, [])
        found = _rebuilt(policy_id, calendar_id, log)
        counts.orders += 1
        counts.events += len(log)
        counts.clocks += len(found.clocks)
        counts.provisional += sum(bool(clock.deadline.assumed) for clock in found.clocks.values())
        for what, stored, derived in _compare(found, state, card, due_at, clocks.get(order, {}), states.get(order, {})):
            counts.differences += 1
            yield Difference(order, number, what, stored, derived)


FIELDS = ("state", "level", "started_at", "original_due_at", "due_at", "paused_at", "stopped_at", "next_at", "marks")


def _compare(
    found: Rebuilt, state: str, card: str, due_at: datetime | None, clocks: dict[Key, tuple[Any, ...]],
    assignments: dict[int, tuple[str, str, Any]],
) -> Iterator[tuple[str, Any, Any]]:
    if found.state != state:
        yield "state", state, found.state
    if found.card != card:
        yield "card", card, found.card
    if found.due_at() != due_at:
        yield "due_at", due_at, found.due_at()
    for key, clock in found.clocks.items():
        stored = clocks.pop(key, None)
        name = f"{key.side} {key.kind} clock of round {key.round}" + (f" at assignment {key.assignment}" if key.assignment else "")
        if stored is None:
            yield name, "missing", clock.state
            continue
        for column, have, wanted in zip(FIELDS, stored, clock.row().values(), strict=True):
            if (json.loads(have) if column == "marks" and isinstance(have, str) else have) != wanted:
                yield f"{name}: {column}", have, wanted
    for key in clocks:
        yield f"{key.side} {key.kind} clock of round {key.round}", "stored", "none"
    for number, (stored_state, role, _due) in assignments.items():
        node = found.nodes.get(number)
        if node is None or node.state != stored_state:
            yield f"assignment {number}", stored_state, node.state if node else "none"
        elif role == "lead" and stored_state in _OPEN and order_state_of(stored_state) != state:
            yield "state beside its lead", state, order_state_of(stored_state)


_OPEN = frozenset({"pending_sign", "in_progress", "sent_down", "return_review", "extension_review", "hold_review", "on_hold", "replied"})


PREVIEWED = 2000
"""Open promises that a calendar's preview derives; the newest, which reach furthest into the calendar's years."""


def preview_calendar(calendar: WorkCalendar) -> worktime.Preview:
    """What a draft of the calendar would move among open orders (told to worktime at start)."""
    rows = list(
        WorkOrder.objects.filter(state__in=OPEN_STATES, policy__isnull=False, due_at__isnull=False)
        .order_by("-due_at", "-id")
        .values_list("id", "number", "policy_id", "due_at")[: PREVIEWED + 1]
    )
    more, rows = len(rows) > PREVIEWED, rows[:PREVIEWED]
    logs = _logs([row[0] for row in rows])
    examples: list[tuple[str, datetime, datetime]] = []
    moved = 0
    for number_id, number, policy_id, due_at in rows:
        derived = rebuild(logs[number_id], worktime.policy(policy_id or 0).document, calendar).due_at()
        if derived is not None and due_at is not None and derived != due_at:
            moved += 1
            if len(examples) < 10:
                examples.append((number, due_at, derived))
    return worktime.Preview(open=len(rows), moved=moved, examples=examples, more=more)
