"""The scanner of deadlines and other things that time alone brings about. Every batch is one transaction.

Two scanners share the work: each locks the orders and clocks that it takes and skips those of the other. A row that changed
while it was asked for is judged again as it became, so that a mark raised meanwhile is not raised again. A scanner that dies
leaves nothing half done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from hotline.kit import live
from hotline.kit.actor import Actor, system_actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import ActionError
from hotline.kit.events import emit, subscribers
from hotline.kit.statements import fetch_one
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
from hotline.workorders.rules.clocks import CARDS, higher

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


def scan_clocks(*, actor: Actor = SCANNER, now: datetime, limit: int | None = None, lanes: int = 1) -> Scan:
    """Raise every warning, card and escalation whose moment has come, each exactly once.

    `limit`: at most about that many clocks (None: all that are due). `lanes`: when more than a batch is due, so many
    connections work on it side by side, as so many scanners would; not inside a transaction. Writes a `raise_card` event
    a level.
    """
    if not actor.has(VERBS["raise_card"].permission):
        raise PermissionError("only the scanner raises cards by itself")
    batches = _due(now, limit)
    if lanes == 1 or len(batches) < 2:
        return _scan_lane(actor, now, batches)
    with ThreadPoolExecutor(lanes, "scan") as threads:
        each = [
            threads.submit(copy_context().run, _scan_beside, actor, now, batches[lane::lanes]) for lane in range(lanes)
        ]
    total = Scan()
    for one in each:
        total += one.result()
    return total


def _due(now: datetime, limit: int | None) -> list[list[int]]:
    """Clocks whose next mark has come, in batches of about `BATCH`.

    In the order of their orders: what a batch reads and writes then lies side by side, and an order's clocks stay together.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT order_id, id FROM workorders_clock WHERE state = 'running' AND next_at IS NOT NULL AND next_at <= %s"
            " ORDER BY order_id, id LIMIT %s",
            [now, limit],
        )
        rows = cursor.fetchall()
    batches: list[list[int]] = []
    for _order, clocks in groupby(rows, key=itemgetter(0)):
        if not batches or len(batches[-1]) >= BATCH:
            batches.append([])
        batches[-1].extend(clock for _of, clock in clocks)
    return batches


def _scan_beside(actor: Actor, now: datetime, batches: list[list[int]]) -> Scan:
    try:
        return _scan_lane(actor, now, batches)
    finally:
        connection.close()  # each thread has its own


def _scan_lane(actor: Actor, now: datetime, batches: list[list[int]]) -> Scan:
    total = Scan()
    for clocks in batches:
        total += _scan_batch(actor, now, clocks)
    return total


@transaction.atomic
def _scan_batch(actor: Actor, now: datetime, clocks: list[int]) -> Scan:
    row = fetch_one(_RAISE, [clocks, now, now, now, now, now, actor.key(), actor.name])
    assert row is not None
    found, orders, levels, units, events = row
    scan = Scan(found, Counter(levels))
    if not levels:
        return scan
    cards: dict[int, str] = {}
    for order, level in zip(orders, levels, strict=True):
        if level in CARDS:
            cards[order] = higher(cards.get(order, level), level)
    raise_cards(cards)
    _propose_supervision(now, {order for order, level in zip(orders, levels, strict=True) if level == "escalated"})
    _announce(cards, {unit for unit in units if unit}, list(zip(orders, events, strict=True)))
    return scan


_RANKS = "'{" + ",".join(LEVELS) + "}'::text[]"
_RAISE = f"""
WITH due AS MATERIALIZED (
  SELECT c.id, c.order_id, c.assignment_id, c.kind, c.side, c.round, c.due_at, c.next_at, c.marks,
    array_position({_RANKS}, c.level::text) AS reached, coalesce(a.unit_id, o.lead_unit_id) AS unit, o.secret, o.state
  FROM unnest(%s::bigint[]) AS given(id)
  JOIN workorders_clock c ON c.id = given.id
  JOIN workorders_workorder o ON o.id = c.order_id
  LEFT JOIN workorders_assignment a ON a.id = c.assignment_id
  WHERE c.state = 'running' AND coalesce(c.next_at, 'infinity') <= %s
  FOR UPDATE OF o, c SKIP LOCKED
), ahead AS MATERIALIZED (
  SELECT due.id, array_position({_RANKS}, mark ->> 0) AS rank, (mark ->> 1)::timestamptz AS at
  FROM due, jsonb_array_elements(due.marks) AS mark
  WHERE array_position({_RANKS}, mark ->> 0) > due.reached
), steps AS (
  SELECT due.id, greatest(due.reached, max(ahead.rank) FILTER (WHERE ahead.at <= %s)) AS rank,
    min(ahead.at) FILTER (WHERE ahead.at > %s) AS following
  FROM due LEFT JOIN ahead ON ahead.id = due.id GROUP BY due.id, due.reached
), moved AS (
  UPDATE workorders_clock c SET level = ({_RANKS})[steps.rank], next_at = steps.following FROM steps WHERE c.id = steps.id
), lines AS MATERIALIZED (
  SELECT due.*, ahead.rank, ({_RANKS})[ahead.rank] AS raised FROM ahead JOIN due ON due.id = ahead.id WHERE ahead.at <= %s
), events AS (
  INSERT INTO workorders_workorderevent (order_id, at, verb, actor, actor_name, unit_id, assignment_id, old_state, new_state,
    audience, reason_code, text, data)
  SELECT order_id, %s, 'raise_card', %s, %s, unit, assignment_id, state, '', '', '', '', jsonb_build_object(
    'level', raised, 'due_at', to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
    'clocks', jsonb_build_array(jsonb_build_array('level', kind, side, assignment_id, round, raised)))
  FROM lines ORDER BY order_id, next_at, id, rank RETURNING id
)
SELECT (SELECT count(*) FROM due), array_agg(order_id ORDER BY order_id, next_at, id, rank),
  coalesce(array_agg(raised ORDER BY order_id, next_at, id, rank), '{{}}'),
  array_agg(CASE WHEN NOT secret THEN unit END ORDER BY order_id, next_at, id, rank),
  ARRAY(SELECT id FROM events ORDER BY id)
FROM lines
"""
"""Clocks of a batch to the levels that have come: locks those that nobody else holds, moves each behind its last passed mark
(marks rise in level and moment), and writes an event a level. One statement: rows that it has once read it need not find again.

Each row is judged as it is when its lock is had. `coalesce` keeps the planner from the index of all that is due.
"""


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


def _announce(cards: Iterable[int], units: Iterable[int], events: list[tuple[int, int]]) -> None:
    # A warning is for the units alone; an open page learns of cards.
    topics = [*(f"order:{order}" for order in cards), *(f"unit:{unit}" for unit in units), "board"]
    name = VERBS["raise_card"].event
    live.publish(topics, name, verb="raise_card")
    if subscribers().get(name):
        for order, event in events:
            emit(name, order_id=order, event_id=event)


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
