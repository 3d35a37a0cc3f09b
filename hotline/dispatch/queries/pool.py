"""The dispatch pool and what else waits for a dispatcher."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from hotline.dispatch.queries.catalogue import Suggested, catalogue_units, listed_units
from hotline.dispatch.rules import is_ping_pong
from hotline.kit.actor import Actor
from hotline.workorders.models import (
    Application,
    ApplicationState,
    Assignment,
    AssignmentRole,
    Clock,
    ClockKind,
    ClockState,
    Note,
    OrderState,
    Urgency,
    WorkOrder,
)
from hotline.workorders.queries import visible_to

MOST_COUNTED = 999


class Tab(StrEnum):
    """The dispatcher's four lists, in the order of the tabs."""

    POOL = "pool"
    REVIEW = "review"
    DECISIONS = "decisions"
    ARBITRATION = "arbitration"


STATES: dict[Tab, tuple[OrderState, ...]] = {
    Tab.POOL: (OrderState.PENDING_DISPATCH,),
    Tab.REVIEW: (OrderState.PENDING_REVIEW, OrderState.PENDING_SUPPLEMENT),
    Tab.ARBITRATION: (OrderState.ARBITRATION,),
}


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One row: the order, its running clock, what the catalogue says, who has claimed it."""

    order: WorkOrder
    due_at: datetime | None = None
    soon_at: datetime | None = None
    paused: bool = False
    suggested: Suggested | None = None
    ping_pong: bool = False
    application: Application | None = None

    @property
    def claimed(self) -> bool:
        return self.order.pool_claimed_by_id is not None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many wait in each list, capped."""

    by_tab: dict[Tab, int] = field(default_factory=dict)


COLUMNS = (
    "state",
    "urgency",
    "secret",
    "title",
    "address",
    "due_at",
    "return_count",
    "actual_division_id",
    *("category__code", "category__name", "division__name", "pool_claimed_by__name"),
)
"""What a row shows or is asked for; more of sixty orders would only be read and thrown away."""
_RANK: dict[str, int] = {Urgency.URGENT: 0, Urgency.ELEVATED: 1, Urgency.ROUTINE: 2}


def _orders(actor: Actor, tab: Tab) -> QuerySet[WorkOrder]:
    return visible_to(actor).filter(state__in=STATES[tab])


def order_rows(actor: Actor, tab: Tab, *, day: date, mine: bool = False, size: int = 60) -> list[PoolRow]:
    """Rows of a list: the most urgent first, then the oldest. A handful of queries, whatever the pool's size."""
    if tab == Tab.DECISIONS:
        return applications_waiting(actor, size=size)
    rows = _orders(actor, tab)
    if mine:
        rows = rows.filter(pool_claimed_by_id=actor.id)
    # One index range an urgency: sorting the whole pool by a rank would read all of it.
    ranges = [
        rows.filter(urgency=urgency).order_by("id").values_list("urgency", "id")[:size] for urgency in _RANK
    ]
    first = sorted(ranges[0].union(*ranges[1:], all=True), key=lambda row: (_RANK[row[0]], row[1]))[:size]
    place = {pk: number for number, (_urgency, pk) in enumerate(first)}
    found = WorkOrder.objects.filter(pk__in=place).select_related("category", "division", "pool_claimed_by")
    return rows_of(sorted(found.only(*COLUMNS), key=lambda order: place[order.pk]), day, units=listed_units)


def rows_of(
    orders: Sequence[WorkOrder],
    day: date,
    *,
    units: Callable[[Iterable[tuple[str, str]], date], dict[tuple[str, str], Suggested]] = catalogue_units,
) -> list[PoolRow]:
    """Orders with their clock and the catalogue's unit; two queries."""
    places = {order.pk: demand_key(order) for order in orders}
    named = units(places.values(), day)
    clocks: dict[int, Clock] = {}
    running = (
        Clock.objects.filter(
            order_id__in=[order.pk for order in orders],
            assignment=None,
            state__in=[ClockState.RUNNING, ClockState.PAUSED],
            kind__in=[ClockKind.DISPATCH, ClockKind.FINISH],
        )
        .only("order_id", "kind", "state", "started_at", "due_at")
        .order_by("due_at")
    )
    for clock in running:
        # The dispatch clock is what a dispatcher owes; without one the city's finish clock.
        if clock.order_id not in clocks or (clock.kind == ClockKind.DISPATCH != clocks[clock.order_id].kind):
            clocks[clock.order_id] = clock
    return [_row(order, clocks.get(order.pk), named.get(places[order.pk])) for order in orders]


def _row(order: WorkOrder, clock: Clock | None, suggested: Suggested | None) -> PoolRow:
    due = clock.due_at if clock else order.due_at
    soon = None
    if clock is not None:
        soon = clock.due_at - max(timedelta(minutes=5), (clock.due_at - clock.started_at) / 4)
    return PoolRow(
        order=order,
        due_at=due,
        soon_at=soon,
        paused=bool(clock and clock.state == ClockState.PAUSED),
        suggested=suggested,
        ping_pong=is_ping_pong(order.return_count),
    )


def demand_key(order: WorkOrder) -> tuple[str, str]:
    """What the catalogue is asked with: category code and division code (the actual place, when it is known)."""
    return (
        order.category.code if order.category else "",
        order.actual_division_id or order.division_id or "",
    )


def row_of(order: WorkOrder, day: date) -> PoolRow:
    """One order as a row."""
    return rows_of([order], day)[0]


def applications_waiting(actor: Actor, *, size: int = 60) -> list[PoolRow]:
    """Applications of the units that the hotline centre decides (退单审核, 延期审核 …), oldest first."""
    rows = list(
        _applications(actor)
        .select_related(
            "order__category",
            "order__division",
            "order__lead_unit",
            "order__pool_claimed_by",
            "assignment__unit",
            "suggested_unit",
        )
        .order_by("id")[:size]
    )
    return [
        PoolRow(
            order=row.order,
            due_at=row.order.due_at,
            ping_pong=is_ping_pong(row.order.return_count),
            application=row,
        )
        for row in rows
    ]


def _applications(actor: Actor) -> QuerySet[Application]:
    # Below the top the unit above decides, except for what reaches the city's promise (workorders.rules.decided_at).
    rows = Application.objects.filter(
        Q(assignment__parent=None) | Q(kind__in=["hold", "unreasonable"]),
        state=ApplicationState.PENDING,
    )
    seen = visible_to(actor)
    # Who sees all orders need not be asked at each of them.
    return rows.filter(Exists(seen.filter(pk=OuterRef("order_id")))) if seen.query.has_filters() else rows


def counts(actor: Actor) -> Counts:
    """Figures of the tabs; each counts at most 1,000 rows of a partial index, all in one statement."""
    waiting: dict[Tab, QuerySet[Any]] = {tab: _orders(actor, tab) for tab in STATES}
    waiting[Tab.DECISIONS] = _applications(actor)
    parts: list[str] = []
    given: list[Any] = []
    for rows in waiting.values():
        try:
            sql, values = rows.order_by().values("id")[: MOST_COUNTED + 1].query.sql_with_params()
        except EmptyResultSet:  # nothing at all is visible
            parts.append("0")
            continue
        parts.append(f"(SELECT count(*) FROM ({sql}) AS waiting)")
        given += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", given)
        return Counts(dict(zip(waiting, cursor.fetchone(), strict=True)))


def ping_pong_trail(order_id: int) -> list[Assignment]:
    """The units that had the order as lead, first to last, with how each ended."""
    return list(
        Assignment.objects.filter(order_id=order_id, role=AssignmentRole.LEAD, parent=None)
        .select_related("unit")
        .order_by("id")
    )


def notes_of(order: WorkOrder) -> list[Note]:
    """Notes of the consultation and of the units, oldest first; citizens' are on the order's page."""
    return list(Note.objects.filter(order=order).order_by("id")[:50])


def answers_in_words(order: WorkOrder) -> list[tuple[str, str]]:
    """Answers to the category's questions as (question's code or label, answer); the full form is on the order's page."""
    values = (order.answers or {}).get("values") or {}
    labels = (order.answers or {}).get("labels") or {}
    shown = []
    for code, value in values.items():
        if isinstance(value, bool):
            text = _("yes") if value else _("no")
        else:
            text = "、".join(map(str, value)) if isinstance(value, list) else str(value).replace("T", " ")
        shown.append((str(labels.get(code, code)), text))
    return shown
