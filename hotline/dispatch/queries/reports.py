"""The catalogue as a whole: conflicts, orphans, idle units, and what a change would have moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count
from django.db.models.functions import Coalesce

from hotline.accounts.models import Unit, UnitLevel
from hotline.dispatch.models import CatalogueEntry
from hotline.dispatch.rules import (
    CatalogueRow,
    Entry,
    Finding,
    findings,
    in_effect,
    last_days,
    what_would_change,
)
from hotline.kit.clock import CITY_ZONE
from hotline.places.models import Division
from hotline.places.queries import path_texts
from hotline.workorders.models import WorkOrder
from hotline.workorders.queries.reference import categories

LOOK_BACK = timedelta(days=30)
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A fault with the entry it is about."""

    fault: Finding
    entry: CatalogueEntry
    area: str


@dataclass(frozen=True, slots=True)
class MovedRow:
    """Orders of a category and district that would have gone elsewhere."""

    category: str
    area: str
    before: str
    after: str
    orders: int


def all_entries() -> list[Entry]:
    """Every entry, with assistants. Two queries."""
    helping: dict[int, list[int]] = {}
    through = CatalogueEntry.assistants.through
    for entry, unit in through.objects.values_list("catalogueentry_id", "unit_id"):
        helping.setdefault(entry, []).append(unit)
    return [
        Entry(pk, category, area, unit, first, last, tuple(helping.get(pk, ())), basis)
        for pk, category, area, unit, first, last, basis in CatalogueEntry.objects.values_list(
            "id", "category__code", "area_code", "lead_unit_id", "effective_from", "effective_to", "legal_basis"
        )
    ]


def catalogue_faults(day: date) -> tuple[list[FaultRow], list[Unit]]:
    """(faults of entries in effect, open units that could lead but that no entry names)."""
    entries = all_entries()
    units = dict(Unit.objects.filter(closed_on=None).values_list("id", "level"))
    areas = {entry.area_code for entry in entries if entry.area_code}
    found = findings(
        entries,
        day,
        open_units=frozenset(units),
        street_units=frozenset(pk for pk, level in units.items() if level in (UnitLevel.STREET, UnitLevel.STATION)),
        categories={one.code: one.default_level for one in categories(day)},
        areas=frozenset(Division.objects.filter(pk__in=areas).values_list("pk", flat=True)),
    )
    rows = CatalogueEntry.objects.select_related("category", "lead_unit").in_bulk(
        [one.entry_id for one in found[:MOST_SHOWN]]
    )
    names = path_texts([row.area_code for row in rows.values() if row.area_code])
    named = {one.lead_unit_id for one in entries if one.effective_to is None or one.effective_to >= day}
    leads = (UnitLevel.BUREAU, UnitLevel.DEPARTMENT, UnitLevel.FIRM)
    idle = [pk for pk, level in units.items() if level in leads and pk not in named]
    return (
        [
            FaultRow(one, rows[one.entry_id], names.get(rows[one.entry_id].area_code, ""))
            for one in found[:MOST_SHOWN]
        ],
        list(Unit.objects.filter(pk__in=idle).order_by("path")[:MOST_SHOWN]),
    )


def preview(day: date, later: date, more: Sequence[CatalogueRow] = ()) -> list[MovedRow]:
    """What the catalogue of `later` would have changed over the orders of the month before `day`.

    `more`: rows of a list without faults, taken as if they were in the catalogue already.
    """
    added = _as_entries(more)
    replaced = {(one.category_code, one.area_code) for one in added if one.effective_from <= later}
    entries = all_entries()
    before = [one for one in entries if in_effect(one, day)]
    after = [
        one for one in entries if in_effect(one, later) and (one.category_code, one.area_code) not in replaced
    ] + [one for one in added if in_effect(one, later)]
    demands = {
        (category, area or ""): orders
        for category, area, orders in WorkOrder.objects.filter(
            created_at__gte=datetime.combine(day - LOOK_BACK, time(), CITY_ZONE), category__isnull=False
        )
        .values_list("category__code", Coalesce("actual_division_id", "division_id"))
        .annotate(orders=Count("id"))
    }
    # Both are asked for one and the same day, so that only the entries differ.
    moved = what_would_change(demands, _for_ever(before), _for_ever(after), day)[:MOST_SHOWN]
    units = dict(
        Unit.objects.filter(pk__in={pk for one in moved for pk in (one.before, one.after) if pk}).values_list(
            "id", "name"
        )
    )
    labels = {one.code: one.path_name or one.name for one in categories(day)}
    areas = path_texts([one.area_code.ljust(12, "0") for one in moved if one.area_code])
    return [
        MovedRow(
            labels.get(one.category_code, one.category_code),
            areas.get(one.area_code.ljust(12, "0"), "") if one.area_code else "",
            units.get(one.before or 0, ""),
            units.get(one.after or 0, ""),
            one.orders,
        )
        for one in moved
    ]


def _for_ever(entries: Sequence[Entry]) -> list[Entry]:
    return [Entry(one.id, one.category_code, one.area_code, one.lead_unit_id, date.min) for one in entries]


def _as_entries(rows: Sequence[CatalogueRow]) -> list[Entry]:
    units = dict(
        Unit.objects.filter(code__in={row.lead_unit_code for row in rows}).values_list("code", "id")
        if rows
        else ()
    )
    return [
        Entry(
            -row.line,
            row.category_code,
            row.area_code,
            units[row.lead_unit_code],
            date.fromisoformat(row.effective_from),
            last,
        )
        for row, last in zip(rows, last_days(rows), strict=True)
    ]
