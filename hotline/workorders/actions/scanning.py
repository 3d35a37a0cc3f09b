"""The scanner of deadlines and other things that time alone brings about. Every batch is one transaction.

Two scanners share the work: each locks the orders and clocks that it takes and skips those of the other. A row that changed
while it was asked for is judged again as it became, so that a mark raised meanwhile is not raised again. A scanner that dies
leaves nothing half done.
"""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from hotline.kit import live
from hotline.kit.actor import Actor, system_actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import ActionError
from hotline.kit.events import emit, subscribers
from hotline.workorders.actions._cards import LEVELS, raise_cards
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
_BEGINNING = datetime(1, 1, 2, tzinfo=UTC)


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
    next_at: datetime
    level: str
    stored_marks: Any
    unit: int | None
    secret: bool
    state: str

    @property
    def marks(self) -> list[tuple[str, datetime]]:
        found = json.loads(self.stored_marks) if isinstance(self.stored_marks, str) else self.stored_marks
        return [(level, datetime.fromisoformat(at)) for level, at in found]


@dataclass(slots=True)
class _Step:
    """What a clock becomes: its new level, and which of its marks (by place, None: none is left) comes next."""

    clock: int
    level: str
    following: int | None


def _step(due: _Due, now: datetime) -> tuple[list[str], _Step]:
    """(levels to raise, lowest first; the clock's step)."""
    reached = RANK[due.level]
    marks = due.marks
    passed = [level for level, at in marks if RANK[level] > reached and at <= now]
    level = passed[-1] if passed else due.level
    following = next((place for place, (name, _at) in enumerate(marks) if RANK[name] > RANK[level]), None)
    return passed, _Step(due.clock, level, following)


def scan_clocks(*, actor: Actor = SCANNER, now: datetime, limit: int | None = None, lanes: int = 1) -> Scan:
    """Raise every warning, card and escalation whose moment has come, each exactly once.

    `limit`: at most about that many clocks (None: all that are due). `lanes`: when more than a batch is due, so many
    connections work on it side by side, as so many scanners would; not inside a transaction. Writes a `raise_card` event
    a level.
    """
    if not actor.has(VERBS["raise_card"].permission):
        raise PermissionError("only the scanner raises cards by itself")
    if lanes == 1 or limit is not None:
        return _scan_lane(actor, now, limit)
    total = _scan_lane(actor, now, BATCH)
    if total.clocks < BATCH:
        return total
    with ThreadPoolExecutor(lanes, "scan") as threads:
        each = [threads.submit(copy_context().run, _scan_beside, actor, now) for _lane in range(lanes)]
    for one in each:
        total += one.result()
    # An order with two due clocks in two lanes is passed over by the second.
    total += _scan_lane(actor, now, None)
    return total


def _scan_beside(actor: Actor, now: datetime) -> Scan:
    try:
        return _scan_lane(actor, now, None)
    finally:
        connection.close()  # each thread has its own


def _scan_lane(actor: Actor, now: datetime, limit: int | None) -> Scan:
    total = Scan()
    since: datetime | None = None
    while limit is None or total.clocks < limit:
        done, since = _scan_batch(actor, now, min(BATCH, limit - total.clocks) if limit is not None else BATCH, since)
        total += done
        if since is None:
            break
    return total


@transaction.atomic
def _scan_batch(actor: Actor, now: datetime, size: int, since: datetime | None) -> tuple[Scan, datetime | None]:
    """One batch of the clocks due from `since` on; with it the moment from which the next one looks, None at the end."""
    due = _lock_due(now, size, since)
    if not due:
        return Scan(), None
    scan = Scan(clocks=len(due))
    lines: list[tuple[_Due, str]] = []
    steps: list[_Step] = []
    cards: dict[int, str] = {}
    for clock in due:
        passed, step = _step(clock, now)
        steps.append(step)
        for level in passed:
            lines.append((clock, level))
            scan.raised[level] += 1
        if passed and step.level in CARDS:
            cards[clock.order] = higher(cards.get(clock.order, step.level), step.level)
    _write_levels(steps)
    raise_cards(cards)
    events = _write_events(actor, now, lines)
    _propose_supervision(now, {clock.order for clock, level in lines if level == "escalated"})
    _announce(lines, events)
    return scan, due[-1].next_at


def _lock_due(now: datetime, size: int, since: datetime | None) -> list[_Due]:
    """The next due clocks, their orders locked before them. Beginning where the last batch ended spares the dead entries."""
    with connection.cursor() as cursor:
        # What the orders show (a unit, a state) is read by the same look that locks them: a second one costs as much again.
        cursor.execute(
            "SELECT c.id, c.order_id, c.next_at, c.level, c.marks, coalesce(a.unit_id, o.lead_unit_id), o.secret, o.state"
            " FROM workorders_clock c JOIN workorders_workorder o ON o.id = c.order_id"
            " LEFT JOIN workorders_assignment a ON a.id = c.assignment_id"
            " WHERE c.state = 'running' AND c.next_at IS NOT NULL AND c.next_at <= %s AND c.next_at >= %s"
            " ORDER BY c.next_at LIMIT %s FOR UPDATE OF o, c SKIP LOCKED",
            [now, since or _BEGINNING, size],
        )
        return [_Due(*row) for row in cursor.fetchall()]


def _write_levels(steps: list[_Step]) -> None:
    # Numbers travel instead of words and moments: thousands of them a second.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workorders_clock c SET level = (%s::text[])[x.level],"
            " next_at = (c.marks -> x.following ->> 1)::timestamptz"
            " FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS x(id, level, following) WHERE c.id = x.id",
            [
                LEVELS,
                [step.clock for step in steps],
                [RANK[step.level] + 1 for step in steps],
                [step.following for step in steps],
            ],
        )


def _write_events(actor: Actor, now: datetime, lines: list[tuple[_Due, str]]) -> list[int]:
    """One event a level, in the order given; returns their ids."""
    if not lines:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workorders_workorderevent (order_id, at, verb, actor, actor_name, unit_id, assignment_id, old_state,"
            " new_state, audience, reason_code, text, data)"
            " SELECT c.order_id, %s, 'raise_card', %s, %s, x.unit, c.assignment_id, x.state,"
            "  '', '', '', '', jsonb_build_object('level', x.level,"
            "  'due_at', to_char(c.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"'), 'clocks',"
            "  jsonb_build_array(jsonb_build_array('level', c.kind, c.side, c.assignment_id, c.round, x.level)))"
            " FROM (SELECT id, (%s::text[])[rank] AS level, unit, state, place"
            "   FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::text[]) WITH ORDINALITY"
            "   AS given(id, rank, unit, state, place)) AS x"
            " JOIN workorders_clock c ON c.id = x.id ORDER BY x.place RETURNING id",
            [
                now, actor.key(), actor.name, LEVELS, [clock.clock for clock, _level in lines],
                [RANK[level] + 1 for _clock, level in lines], [clock.unit for clock, _level in lines],
                [clock.state for clock, _level in lines],
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
