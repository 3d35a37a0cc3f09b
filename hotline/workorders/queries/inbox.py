"""A unit's inbox: four piles by what is owed, and the week's deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from django.db.models import Case, CharField, Count, DateField, DateTimeField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, TruncDate

from hotline.accounts.permissions import reaches
from hotline.accounts.rules import Scope
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.paging import Page, keyset
from hotline.workorders.models import (
    OPEN_ASSIGNMENT_STATES,
    Application,
    ApplicationState,
    Assignment,
    AssignmentRole,
    AssignmentState,
    ClockKind,
    OrderAccess,
    Reply,
)
from hotline.workorders.queries.filters import start_of

MOST_COUNTED = 999
FAR = datetime(9999, 1, 1, tzinfo=UTC)
_OPEN = [str(state) for state in OPEN_ASSIGNMENT_STATES]


class Pile(StrEnum):
    TO_SIGN = "to_sign"  # 待签收
    TO_CONTACT = "to_contact"  # 待联系
    IN_HAND = "in_hand"  # 办理中
    TO_REVIEW = "to_review"  # 待我审核


_OWED = (Pile.TO_SIGN, Pile.TO_CONTACT, Pile.IN_HAND)
"""The unit's own piles; no assignment is in two of them."""


COLUMNS = (
    *("state", "role", "due_at", "next_due_at", "contacted_at", "unit__short_name", "handler__name"),
    *("order__number", "order__urgency", "order__title", "order__address", "order__category__name"),
    *("order__division__name", "order__secret", "order__standing__level", "order__listed", "order__supervised"),
    *("order__round", "order__redo_count", "order__return_locked", "order__difficult", "order__urge_count"),
)
"""What a row shows; see `lists.COLUMNS`."""


@dataclass(frozen=True, slots=True)
class DayLoad:
    """One day of the strip: how many finish clocks of the unit end on it."""

    day: date
    due: int
    late: int


def handling_units(actor: Actor) -> tuple[int, ...]:
    """Units that the actor works for: those of grants that may sign or reply."""
    return tuple(dict.fromkeys(reach.grant.unit_id for reach in reaches(actor, "workorders:reply")))


def _mine(actor: Actor, units: tuple[int, ...]) -> QuerySet[Assignment]:
    rows = Assignment.objects.filter(unit_id__in=units, state__in=_OPEN)
    return rows.filter(_secrecy(actor))


def _secrecy(actor: Actor) -> Q:
    secret_units = [grant.unit_id for grant in actor.grants if grant.handles_secret]
    named = OrderAccess.objects.filter(person_id=actor.id).values("order_id")
    return Q(order__secret=False) | Q(unit_id__in=secret_units) | Q(order_id__in=named)


def _pile_condition(pile: Pile) -> Q:
    if pile == Pile.TO_SIGN:
        return Q(state=AssignmentState.PENDING_SIGN)
    # First contact is the lead's debt; an assisting unit answers the lead.
    uncontacted = Q(state=AssignmentState.IN_PROGRESS, contacted_at__isnull=True, role=AssignmentRole.LEAD)
    if pile == Pile.TO_CONTACT:
        return uncontacted
    return ~Q(state__in=[AssignmentState.PENDING_SIGN, AssignmentState.REPLIED]) & ~uncontacted


def pile(
    actor: Actor,
    which: Pile,
    units: tuple[int, ...],
    *,
    only_mine: bool = False,
    cursor: str = "",
    size: int = 50,
) -> Page[Assignment]:
    """One page of a pile, what is due first on top; what has no running clock (on hold) last."""
    if which == Pile.TO_REVIEW:
        rows = to_review(actor)
    else:
        rows = _mine(actor, units).filter(_pile_condition(which))
        if only_mine:
            rows = rows.filter(handler_id=actor.id)
    rows = rows.annotate(sort_due=Coalesce("next_due_at", Value(FAR), output_field=DateTimeField()))
    rows = rows.select_related("order__category", "order__division", "order__standing", "unit", "handler").only(*COLUMNS)
    return keyset(rows, order=("sort_due", "id"), cursor=cursor, size=size)


def to_review(actor: Actor) -> QuerySet[Assignment]:
    """Assignments whose reply or application waits for this actor: the level above decides, for the top the hub."""
    ways = reaches(actor, "workorders:approve_reply") + reaches(actor, "workorders:decide_application")
    units = [way.grant.unit_id for way in ways if way.scope != Scope.CITY]
    replies = {way.scope for way in reaches(actor, "workorders:approve_reply")}
    decides = {way.scope for way in reaches(actor, "workorders:decide_application")}
    waiting_application = Q(
        pk__in=Application.objects.filter(state=ApplicationState.PENDING).values("assignment_id")
    )
    replied = Q(state=AssignmentState.REPLIED)
    condition = Q(pk__in=[])
    if units:
        condition |= (replied | waiting_application) & Q(parent__unit_id__in=units)
    if Scope.CITY in replies:
        condition |= replied & Q(parent__isnull=True, role=AssignmentRole.LEAD)
    if Scope.CITY in decides:
        condition |= waiting_application & Q(parent__isnull=True)
    # Nobody reviews what they wrote (rules.md section 3).
    own = Reply.objects.filter(state="submitted", created_by=actor.key()).values("assignment_id")
    rows = Assignment.objects.filter(state__in=_OPEN).filter(condition).exclude(replied & Q(pk__in=own))
    named = OrderAccess.objects.filter(person_id=actor.id).values("order_id")
    secret_ok = any(way.grant.handles_secret for way in ways)
    return rows if secret_ok else rows.filter(Q(order__secret=False) | Q(order_id__in=named))


@dataclass(frozen=True, slots=True)
class Load:
    """How many each pile holds ("999+" above `MOST_COUNTED`), and the unit's finish deadlines of the coming days."""

    counts: dict[Pile, int]
    week: list[DayLoad]


def load(actor: Actor, units: tuple[int, ...], *, now: datetime, days: int = 7) -> Load:
    """Both in one pass over the units' open assignments; what is late already is told with today."""
    first = now.astimezone(CITY_ZONE).date()
    late = first - timedelta(days=1)
    counts = dict.fromkeys(Pile, 0)
    by_day: dict[date, int] = {}
    if units:
        counted = ~Q(state__in=[AssignmentState.ON_HOLD, AssignmentState.REPLIED])
        grouped = (
            _mine(actor, units)
            .annotate(
                pile=Case(
                    *(When(_pile_condition(which), then=Value(str(which))) for which in _OWED),
                    default=Value(""),
                    output_field=CharField(),
                ),
                day=Case(
                    When(counted & Q(due_at__lt=now), then=Value(late)),
                    When(
                        counted & Q(due_at__lt=start_of(first + timedelta(days=days))),
                        then=TruncDate("due_at", tzinfo=CITY_ZONE),
                    ),
                    output_field=DateField(),
                ),
            )
            .values_list("pile", "day")
            .annotate(n=Count("id"))
            .order_by()
        )
        for name, day, n in grouped:
            if name:
                counts[Pile(name)] += n
            if day is not None:
                by_day[day] = by_day.get(day, 0) + n
    counts[Pile.TO_REVIEW] = to_review(actor).order_by()[: MOST_COUNTED + 1].count()
    week = [
        DayLoad(day, by_day.get(day, 0), by_day.get(late, 0) if not offset else 0)
        for offset in range(days)
        for day in [first + timedelta(days=offset)]
    ]
    return Load(counts, week)


def owed(assignment: Assignment) -> ClockKind:
    """Which promise the nearest clock of an assignment is about, for its label."""
    if assignment.state == AssignmentState.PENDING_SIGN:
        return ClockKind.SIGN
    if assignment.contacted_at is None and assignment.role == AssignmentRole.LEAD:
        return ClockKind.CONTACT
    return ClockKind.FINISH


__all__ = ["DayLoad", "Load", "Pile", "handling_units", "load", "owed", "pile", "to_review"]
