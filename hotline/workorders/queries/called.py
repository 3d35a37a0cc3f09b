"""Citizens to be called about their orders: as the actor may see, nothing confidential, no report of wrongdoing (举报)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.db.models import Q, QuerySet

from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.workorders.models import DemandType, Reply, WorkOrder
from hotline.workorders.queries.filters import OrderFilters, start_of
from hotline.workorders.queries.lists import matching
from hotline.workorders.queries.visibility import visible_to

DISSATISFIED = 2
"""Of 5; up to it a citizen is dissatisfied (rules.md 4.2)."""


class Period(StrEnum):
    """Which of an order's moments lies in the period."""

    CLOSED = "closed"
    FILED = "filed"


class Result(StrEnum):
    """What the citizen said when followed up."""

    DISSATISFIED = "dissatisfied"
    UNSOLVED = "unsolved"
    UNKNOWN = "unknown"


_MOMENT = {Period.CLOSED: "closed_at", Period.FILED: "created_at"}
_RESULT = {
    Result.DISSATISFIED: Q(satisfaction__lte=DISSATISFIED),
    Result.UNSOLVED: Q(solved=False),
    Result.UNKNOWN: Q(solved=None, satisfaction=None),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Orders of a period, both days included, narrowed further."""

    period: Period
    since: date
    until: date
    filters: OrderFilters
    result: Result | None = None


def to_be_called(actor: Actor, wanted: Wanted) -> Iterator[tuple[int, str, str]]:
    """(citizen, number, title), the newest order first."""
    moment = _MOMENT[wanted.period]
    rows = _may_be_called(matching(actor, wanted.filters, now=now())).filter(
        **{
            f"{moment}__gte": start_of(wanted.since),
            f"{moment}__lt": start_of(wanted.until + timedelta(days=1)),
        }
    )
    if wanted.result is not None:
        rows = rows.filter(_RESULT[wanted.result])
    yield from rows.order_by("-id").values_list("citizen_id", "number", "title").iterator(chunk_size=2000)


def still_to_be_called(numbers: Collection[str]) -> set[str]:
    """Those orders about which a citizen may be called now."""
    return set(_may_be_called(WorkOrder.objects.filter(number__in=numbers)).values_list("number", flat=True))


def _may_be_called(rows: QuerySet[WorkOrder]) -> QuerySet[WorkOrder]:
    """Who wanted no name or left no number is not called either."""
    rows = rows.filter(secret=False, anonymous=False, citizen__phone_hash__isnull=False)
    return rows.exclude(demand_type=DemandType.REPORT)


def called_about(actor: Actor, number: str) -> tuple[WorkOrder, str] | None:
    """The order for the screen of who calls, and its latest approved reply; None: not for this actor, or confidential."""
    rows = visible_to(actor).select_related("lead_unit", "category")
    order = rows.filter(number=number, secret=False).first()
    if order is None:
        return None
    reply = Reply.objects.filter(order=order, state="approved").order_by("-pk").first()
    return order, reply.text if reply is not None else ""
