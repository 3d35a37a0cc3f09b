"""The supervision board: what goes wrong among open orders, where, and the listed cases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.core.cache import cache
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Left

from hotline.accounts.models import Unit
from hotline.accounts.queries import subtree_ids
from hotline.kit.actor import Actor
from hotline.kit.paging import Page, keyset
from hotline.places.models import Division
from hotline.workorders.models import (
    Assignment,
    AssignmentRole,
    AssignmentState,
    Involvement,
    OrderState,
    Supervision,
    SupervisionKind,
    WorkOrder,
)
from hotline.workorders.queries.filters import Flag, flag_condition
from hotline.workorders.queries.lists import COLUMNS, ROW, open_condition
from hotline.workorders.queries.visibility import in_division, visible_to

KEPT_SECONDS = 20
"""The table of units is counted over all open orders; half a minute old is fresh enough for a board."""


class Trouble(StrEnum):
    OVERDUE = "overdue"  # 已超期
    DUE_SOON = "due_soon"  # 即将到期
    RETURNED = "returned"  # 多次退单
    PING_PONG = "ping_pong"  # 来回转派
    DISSATISFIED = "dissatisfied"  # 两次不满意
    LISTED = "listed"  # 立项督办


def trouble_condition(trouble: Trouble, now: datetime) -> Q:
    """Which open orders a pile of the board holds (rules.md section 4.2, supervision)."""
    match trouble:
        case Trouble.OVERDUE:
            return flag_condition(Flag.OVERDUE, now)
        case Trouble.DUE_SOON:
            return flag_condition(Flag.DUE_SOON, now)
        case Trouble.RETURNED:
            return Q(return_count__gte=2)
        case Trouble.PING_PONG:
            # A unit that had given the order back has it again.
            gave_back = Assignment.objects.filter(
                order=OuterRef("order"), unit=OuterRef("unit"), state=AssignmentState.RETURNED
            )
            again = Assignment.objects.filter(
                order=OuterRef("pk"), role=AssignmentRole.LEAD, parent__isnull=True
            )
            again = again.exclude(state=AssignmentState.RETURNED).filter(Exists(gave_back))
            return Q(return_count__gte=1) & (Q(Exists(again)) | Q(state=OrderState.ARBITRATION))
        case Trouble.DISSATISFIED:
            return Q(redo_count__gte=2)
        case Trouble.LISTED:
            return Q(listed=True)


@dataclass(slots=True)
class Place:
    """A row of the drill-down: a unit or a district with the number of each trouble."""

    key: str
    name: str
    open: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    deeper: bool = False


def troubled(
    actor: Actor,
    trouble: Trouble,
    *,
    now: datetime,
    unit_id: int | None = None,
    district: str = "",
    cursor: str = "",
    size: int = 50,
) -> Page[WorkOrder]:
    """The orders of one pile, what is due first on top."""
    rows = _open(actor).filter(trouble_condition(trouble, now))
    if unit_id:
        rows = rows.filter(Exists(Involvement.objects.filter(order=OuterRef("pk"), unit_id=unit_id)))
    if district:
        rows = rows.filter(in_division(district))
    # Every order with a unit has a city clock; those in arbitration may not, and must not vanish from the board.
    rows = rows.select_related(*ROW).only(*COLUMNS)
    if trouble in (Trouble.OVERDUE, Trouble.DUE_SOON):
        return keyset(rows.filter(due_at__isnull=False), order=("due_at", "id"), cursor=cursor, size=size)
    return keyset(rows, order=("-id",), cursor=cursor, size=size)


def _open(actor: Actor) -> QuerySet[WorkOrder]:
    return visible_to(actor).filter(open_condition())


@dataclass(frozen=True)
class Overview:
    """Totals and the two drill-downs."""

    totals: dict[str, int]
    units: list[Place]
    districts: list[Place]


def overview(actor: Actor, *, now: datetime, within: Unit | None = None) -> Overview:
    """Counts by unit (children of `within`, or the top) and by district, in one pass over open orders."""
    key = f"board:{actor.key()}:{within.pk if within else 0}:{int(now.timestamp()) // KEPT_SECONDS}"
    kept = cache.get(key)
    if kept is not None:
        return kept  # type: ignore[no-any-return]
    rows = _open(actor)
    if within is not None:
        rows = rows.filter(lead_unit_id__in=subtree_ids([within.pk]))
    figures = {
        f"n_{trouble}": Count("pk", filter=trouble_condition(trouble, now))
        for trouble in Trouble
        if trouble != Trouble.PING_PONG
    }
    grouped = list(
        rows.annotate(district=Left("division_id", 6))
        .values("lead_unit_id", "lead_unit__path", "district")
        .annotate(n_open=Count("pk"), **figures)
        .order_by()
    )
    ping_pong = (
        rows.filter(trouble_condition(Trouble.PING_PONG, now))
        .annotate(district=Left("division_id", 6))
        .values("lead_unit_id", "lead_unit__path", "district")
        .annotate(n_ping_pong=Count("pk"))
        .order_by()
    )
    found = _rolled_up([*grouped, *ping_pong], within)
    cache.set(key, found, KEPT_SECONDS)
    return found


def _rolled_up(grouped: Iterable[dict[str, object]], within: Unit | None) -> Overview:
    depth = len(within.path.strip("/").split("/")) if within else 1
    totals = {str(trouble): 0 for trouble in Trouble} | {"open": 0}
    units: dict[int, Place] = {}
    districts: dict[str, Place] = {}
    for row in grouped:
        path = [int(part) for part in str(row["lead_unit__path"] or "").strip("/").split("/") if part]
        unit = path[depth] if len(path) > depth else path[-1] if path else 0
        place = units.setdefault(unit, Place(str(unit or ""), ""))
        place.deeper = place.deeper or len(path) > depth + 1
        code = str(row["district"] or "")
        for target in (place, districts.setdefault(code, Place(code, ""))):
            target.open += int(row.get("n_open") or 0)  # type: ignore[call-overload]
            for trouble in Trouble:
                target.counts[trouble] = target.counts.get(trouble, 0) + int(row.get(f"n_{trouble}") or 0)  # type: ignore[call-overload]
        totals["open"] += int(row.get("n_open") or 0)  # type: ignore[call-overload]
        for trouble in Trouble:
            totals[trouble] += int(row.get(f"n_{trouble}") or 0)  # type: ignore[call-overload]
    names = dict(Unit.objects.filter(pk__in=units).values_list("pk", "short_name"))
    for pk, place in units.items():
        place.name = names.get(pk, "")
    codes = [code.ljust(12, "0") for code in districts if code]
    division_names = dict(Division.objects.filter(pk__in=codes).values_list("pk", "name"))
    for code, place in districts.items():
        place.name = division_names.get(code.ljust(12, "0"), "")

    def worst_first(places: Iterable[Place]) -> list[Place]:
        return sorted(
            places,
            key=lambda p: (
                -p.counts.get(Trouble.OVERDUE, 0),
                -p.counts.get(Trouble.DUE_SOON, 0),
                -p.open,
                p.key,
            ),
        )

    return Overview(totals, worst_first(units.values()), worst_first(districts.values()))


def listed_cases(actor: Actor, *, cursor: str = "", size: int = 50) -> Page[Supervision]:
    """Open listed cases of visible orders; the next date first, none without one is lost."""
    rows = (
        Supervision.objects.filter(
            closed_at__isnull=True, kind__in=[SupervisionKind.LISTED, SupervisionKind.INSTRUCTION]
        )
        .filter(order__in=visible_to(actor))
        .select_related("order__lead_unit", "order__category")
        .order_by(F("next_on").asc(nulls_first=True), "id")
    )
    found = list(rows[:200])
    return Page(rows=found)
