"""The scanner of deadlines and other things that time alone brings about. Every batch is one transaction.

Two scanners share the work: each locks the orders that it takes and skips those of the other; the clocks are read
after the lock, so that a mark raised meanwhile is not raised again. A scanner that dies leaves nothing half done.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from hotline.kit import live
from hotline.kit.actor import Actor, system_actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import ActionError
from hotline.kit.events import emit, subscribers
from hotline.workorders.actions.applications import expire_hold, hold_closes, resume
from hotline.workorders.actions.lifecycle import close_directly, finish_follow_up
from hotline.workorders.city import city
from hotline.workorders.models import (
    Application,
    Assignment,
    ClosingKind,
    ListedState,
    OrderState,
    Supervision,
    SupervisionKind,
    WorkOrder,
    WorkOrderEvent,
)
from hotline.workorders.rules import VERBS, option
from hotline.workorders.rules.clocks import CARDS, RANK, higher

SCANNER = system_actor("scanner", "system:scan")
HOLDS = system_actor("holds", "workorders:apply", "workorders:decide_application")
CLOSER = system_actor("closer", "workorders:review", "followup:call")
BATCH = 1000


@dataclass
class Scan:
    """What one scan did: clocks looked at, levels raised by name."""

    clocks: int = 0
    raised: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: Scan) -> Scan:
        self.clocks += other.clocks
        self.raised += other.raised
        return self


@dataclass(slots=True)
class _Due:
    """A clock whose next mark has come, with what its order looks like."""

    clock: int
    order: int
    assignment: int | None
    kind: str
    side: str
    round: int
    level: str
    due_at: datetime
    stored_marks: Any
    card: str
    state: str
    unit: int | None
    order_round: int
    secret: bool

    @property
    def marks(self) -> list[tuple[str, datetime]]:
        found = json.loads(self.stored_marks) if isinstance(self.stored_marks, str) else self.stored_marks
        return [(level, datetime.fromisoformat(at)) for level, at in found]

    def passed(self, now: datetime) -> list[str]:
        return [level for level, at in self.marks if RANK[level] > RANK[self.level] and at <= now]

    def following(self, level: str) -> datetime | None:
        return next((at for name, at in self.marks if RANK[name] > RANK[level]), None)


def scan_clocks(*, actor: Actor = SCANNER, now: datetime, limit: int | None = None) -> Scan:
    """Raise every warning, card and escalation whose moment has come, each exactly once.

    `limit`: at most about that many clocks (None: all that are due). Writes a `raise_card` event a level.
    """
    if not actor.has(VERBS["raise_card"].permission):
        raise PermissionError("only the scanner raises cards by itself")
    total = Scan()
    while limit is None or total.clocks < limit:
        done = _scan_batch(actor, now, min(BATCH, limit - total.clocks) if limit is not None else BATCH)
        total += done
        if not done.clocks:
            break
    return total


@transaction.atomic
def _scan_batch(actor: Actor, now: datetime, size: int) -> Scan:
    orders = _lock_due_orders(now, size)
    if not orders:
        return Scan()
    due = _read_due(orders, now)
    scan = Scan(clocks=len(due))
    lines: list[tuple[_Due, str]] = []
    levels: list[tuple[int, str, datetime | None]] = []
    cards: dict[int, str] = {}
    for clock in due:
        level = clock.level
        for level in clock.passed(now):
            lines.append((clock, level))
            scan.raised[level] += 1
        levels.append((clock.clock, level, clock.following(level)))
        if level != clock.level and level in CARDS:
            cards[clock.order] = higher(cards.get(clock.order, clock.card), level)
    _write_levels(levels)
    _write_cards(cards)
    events = _write_events(actor, now, lines)
    _propose_supervision(now, {clock.order for clock, level in lines if level == "escalated"})
    _announce(lines, events)
    return scan


def _lock_due_orders(now: datetime, size: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.id FROM workorders_clock c JOIN workorders_workorder o ON o.id = c.order_id"
            " WHERE c.state = 'running' AND c.next_at IS NOT NULL AND c.next_at <= %s ORDER BY c.next_at LIMIT %s"
            " FOR UPDATE OF o SKIP LOCKED",
            [now, size],
        )
        return list({row[0] for row in cursor.fetchall()})


def _read_due(orders: Sequence[int], now: datetime) -> list[_Due]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.order_id, c.assignment_id, c.kind, c.side, c.round, c.level, c.due_at, c.marks, o.card, o.state,"
            " coalesce(a.unit_id, o.lead_unit_id), o.round, o.secret"
            " FROM workorders_clock c JOIN workorders_workorder o ON o.id = c.order_id"
            " LEFT JOIN workorders_assignment a ON a.id = c.assignment_id"
            " WHERE c.order_id = ANY(%s) AND c.state = 'running' AND c.next_at <= %s ORDER BY c.order_id, c.id",
            [list(orders), now],
        )
        return [_Due(*row) for row in cursor.fetchall()]


def _write_levels(levels: list[tuple[int, str, datetime | None]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workorders_clock c SET level = x.level, next_at = x.next_at"
            " FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS x(id, level, next_at) WHERE c.id = x.id",
            [[row[0] for row in levels], [row[1] for row in levels], [row[2] for row in levels]],
        )


def _write_cards(cards: dict[int, str]) -> None:
    # The revision stays: a card raised by the clock must not refuse what a person is typing.
    if not cards:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workorders_workorder o SET card = x.card FROM unnest(%s::bigint[], %s::text[]) AS x(id, card)"
            " WHERE o.id = x.id AND o.card <> x.card",
            [list(cards), list(cards.values())],
        )


def _write_events(actor: Actor, now: datetime, lines: list[tuple[_Due, str]]) -> list[int]:
    """One event a level, in the order given; returns their ids."""
    data = [
        json.dumps(
            {
                "level": level,
                "due_at": clock.due_at.isoformat(),
                "clocks": [["level", clock.kind, clock.side, clock.assignment, clock.round, level]],
            }
        )
        for clock, level in lines
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workorders_workorderevent (order_id, at, verb, actor, actor_name, unit_id, assignment_id, old_state,"
            " new_state, audience, reason_code, text, data)"
            " SELECT x.order_id, %s, 'raise_card', %s, %s, x.unit_id, x.assignment_id, x.state, '', '', '', '', x.data::jsonb"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])"
            "  WITH ORDINALITY AS x(order_id, unit_id, assignment_id, state, data, place) ORDER BY x.place RETURNING id",
            [
                now, actor.key(), actor.name, [clock.order for clock, _level in lines], [clock.unit for clock, _level in lines],
                [clock.assignment for clock, _level in lines], [clock.state for clock, _level in lines], data,
            ],
        )
        return sorted(row[0] for row in cursor.fetchall())


def _propose_supervision(now: datetime, orders: set[int]) -> None:
    """督办 is triggered by long delay: proposed to the supervisors, who issue it or close the proposal."""
    if not orders or not option(city().options, "escalation_proposes_supervision"):
        return
    have = set(Supervision.objects.filter(order_id__in=orders, closed_at__isnull=True).values_list("order_id", flat=True))
    Supervision.objects.bulk_create(
        [
            Supervision(
                order_id=number, kind=SupervisionKind.SUPERVISED, state=ListedState.PROPOSED, reason_code="overdue", text="",
                created_by=SCANNER.key(), created_at=now,
            )
            for number in sorted(orders - have)
        ]
    )


def _announce(lines: list[tuple[_Due, str]], events: list[int]) -> None:
    # A warning is for the units alone; an open page learns of cards.
    topics = [f"order:{clock.order}" for clock, level in lines if level in CARDS]
    topics += [f"unit:{clock.unit}" for clock, _level in lines if clock.unit and not clock.secret]
    name = VERBS["raise_card"].event
    live.publish([*topics, "board"], name, verb="raise_card")
    if subscribers().get(name):
        for (clock, _level), event in zip(lines, events, strict=True):
            emit(name, order_id=clock.order, event_id=event)


# ── what else time brings ──


def end_holds(*, now: datetime, limit: int = 500) -> int:
    """Resume (or, where the city wishes so, close) orders whose hold has ended; returns how many."""
    day = now.astimezone(CITY_ZONE).date()
    until = Application.objects.filter(assignment=OuterRef("pk"), kind="hold", state="approved").order_by("-id").values("until")[:1]
    ended = (
        Assignment.objects.filter(state="on_hold", order__state=OrderState.ON_HOLD)
        .annotate(hold_until=Subquery(until))
        .filter(hold_until__lte=day)
        .order_by("id")
        .values_list("id", "hold_until")[:limit]
    )
    return sum(_end_hold(number, last) for number, last in list(ended))


def _end_hold(assignment_id: int, last: date) -> bool:
    try:
        if hold_closes():
            expire_hold(actor=HOLDS, assignment_id=assignment_id, text=f"{last:%Y-%m-%d}")
        else:
            resume(actor=HOLDS, assignment_id=assignment_id)
    except ActionError:
        # Somebody ended it a moment ago.
        return False
    return True


def close_by_time(*, now: datetime, limit: int = 500) -> int:
    """自动办结: supplements that never came, follow-ups that nobody could make; returns how many."""
    options = city().options
    entered = (
        WorkOrderEvent.objects.filter(order=OuterRef("pk"), new_state=OuterRef("state")).order_by("-id").values("at")[:1]
    )
    closed = 0
    for state, name in ((OrderState.PENDING_SUPPLEMENT, "supplement_days"), (OrderState.PENDING_FOLLOW_UP, "follow_up_days")):
        before = now - timedelta(days=int(option(options, name)))
        rows = (
            WorkOrder.objects.filter(state=state, created_at__lte=before)
            .annotate(since=Subquery(entered))
            .filter(since__lte=before)
            .order_by("id")
            .values_list("id", flat=True)[:limit]
        )
        closed += sum(_close(number, state) for number in list(rows))
    return closed


def _close(order_id: int, state: OrderState) -> bool:
    try:
        if state is OrderState.PENDING_SUPPLEMENT:
            close_directly(actor=CLOSER, order_id=order_id, kind=ClosingKind.AUTOMATIC, text="未在期限内收到补充材料，自动办结。")
        else:
            finish_follow_up(actor=CLOSER, order_id=order_id, solved=None, satisfaction=None)
    except ActionError:
        return False
    return True


@transaction.atomic
def archive_closed(*, actor: Actor, now: datetime, limit: int = BATCH) -> int:
    """归档 of orders closed long enough ago, many in one statement; returns how many."""
    if not actor.has(VERBS["archive"].permission):
        raise PermissionError("archiving needs workorders:archive")
    before = now - timedelta(days=int(option(city().options, "archive_days")))
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH due AS (SELECT id FROM workorders_workorder WHERE state = 'closed' AND closed_at <= %s ORDER BY closed_at LIMIT %s"
            "  FOR UPDATE SKIP LOCKED),"
            " moved AS (UPDATE workorders_workorder o SET state = 'archived', revision = revision + 1 FROM due WHERE o.id = due.id"
            "  RETURNING o.id)"
            " INSERT INTO workorders_workorderevent (order_id, at, verb, actor, actor_name, unit_id, assignment_id, old_state,"
            "  new_state, audience, reason_code, text, data)"
            " SELECT id, %s, 'archive', %s, %s, NULL, NULL, 'closed', 'archived', '', '', '', '{}' FROM moved RETURNING order_id, id",
            [before, limit, now, actor.key(), actor.name],
        )
        rows = cursor.fetchall()
    for order, event in rows:
        emit(VERBS["archive"].event, order_id=order, event_id=event)
    return len(rows)
