"""Citizens to be called about what they said and was no order: answered directly, referred. Nothing confidential, no 举报."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet

from hotline.intake.models import Appeal, AppealState
from hotline.kit.clock import CITY_ZONE
from hotline.workorders.models import DemandType

MOST_DAYS = 366
"""Days that one list may go over: each appeal of them is read."""
ANSWERED = (AppealState.ANSWERED, AppealState.REFERRED, AppealState.NOT_ACCEPTED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Appeals without an order, of a period, both days included. `least`: only of citizens with so many of them."""

    since: date
    until: date
    state: str = ""
    demand_type: str = ""
    least: int = 1


def to_be_called(wanted: Wanted) -> Iterator[tuple[int, str, str]]:
    """(citizen, number, title), the newest appeal first."""
    begins, ends = _midnight(wanted.since), _midnight(wanted.until + timedelta(days=1))
    rows = _may_be_called(
        Appeal.objects.filter(order=None, state__in=[wanted.state] if wanted.state else ANSWERED)
    )
    if wanted.demand_type:
        rows = rows.filter(demand_type=wanted.demand_type)
    found = []
    # Newest first along the key: no index on the moment is written with every appeal for this.
    for citizen, number, title, at in (
        rows.order_by("-id")
        .values_list("citizen_id", "number", "title", "created_at")
        .iterator(chunk_size=2000)
    ):
        if at < begins:
            break
        if at < ends:
            found.append((citizen, number or "", title))
    often = Counter(citizen for citizen, _number, _title in found)
    yield from (one for one in found if often[one[0]] >= wanted.least)


def still_to_be_called(numbers: Collection[str]) -> set[str]:
    """Those appeals about which a citizen may be called now."""
    rows = _may_be_called(Appeal.objects.filter(number__in=numbers)).values_list("number", flat=True)
    return {number for number in rows if number}


def called_about(number: str) -> Appeal | None:
    """For the screen of who calls; None: confidential meanwhile, or not there."""
    return _may_be_called(Appeal.objects.filter(number=number)).first()


def _may_be_called(rows: QuerySet[Appeal]) -> QuerySet[Appeal]:
    return rows.filter(secret=False, citizen__phone_hash__isnull=False).exclude(demand_type=DemandType.REPORT)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CITY_ZONE)
