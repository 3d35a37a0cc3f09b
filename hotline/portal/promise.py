"""What will happen and by when, told before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.intake.rules import AppealForm
from hotline.kit import clock
from hotline.kit.errors import Refused
from hotline.workorders.models import Category, Channel, ClockKind, ClockSide, DemandType, Flow, Urgency
from hotline.worktime import queries as worktime
from hotline.worktime.rules import ClockEvent, derive_provisionally, explain


@dataclass(frozen=True, slots=True)
class Promise:
    """`contact` and `finish` are moments if it were accepted now; `why` the words of the finish date."""

    contact: datetime | None
    finish: datetime | None
    why: tuple[str, ...] = ()


def preview(demand: AppealForm) -> Promise:
    """The promise that the policy in effect makes for such a demand now; empty when no policy is in effect."""
    at = clock.now()
    try:
        held = worktime.in_effect(at)
    except Refused:
        return Promise(None, None)
    chosen = held.policy.document.select(
        demand_type=demand.demand_type or DemandType.HELP,
        category_code=demand.category,
        urgency=demand.urgency or Urgency.ROUTINE,
        channel=Channel.WEB,
        unit_level="",
        flow=Flow.FIRST,
    )
    found: dict[str, datetime] = {}
    why: tuple[str, ...] = ()
    for spec in chosen.clocks:
        if spec.side != ClockSide.CITY or spec.kind not in (ClockKind.CONTACT, ClockKind.FINISH):
            continue
        deadline = derive_provisionally([ClockEvent("start", at)], spec, held.calendar.calendar)
        found[spec.kind] = deadline.due_at
        if spec.kind == ClockKind.FINISH:
            why = tuple(explain(deadline, "citizen"))
    return Promise(found.get(ClockKind.CONTACT), found.get(ClockKind.FINISH), why)


def top_categories() -> list[tuple[Category, list[Category]]]:
    """The first two levels in use today, for a visitor who wants to choose."""
    today = clock.today()
    rows = Category.objects.filter(level__lte=2).exclude(effective_to__lt=today).order_by("code")
    tops = [row for row in rows if row.level == 1]
    return [(top, [row for row in rows if row.parent_id == top.pk]) for top in tops]
