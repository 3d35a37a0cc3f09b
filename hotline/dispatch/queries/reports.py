"""The catalogue as a whole: conflicts, orphans, idle units, and what a change would have moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count
from django.db.models.functions import Coalesce

from hotline.accounts.models import Unit, UnitLevel
from hotline.dispatch.models import CatalogueEntry
from hotline.dispatch.rules import Entry, Finding, findings, what_would_change
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


def preview(day: date, later: date) -> list[MovedRow]:
    """What the catalogue of `later` would have changed over the orders of the month before `day`."""
    entries = all_entries()
    demands = (
        WorkOrder.objects.filter(created_at__date__gt=day - LOOK_BACK, category__isnull=False)
        .values_list("category__code", Coalesce("actual_division_id", "division_id"))
        .annotate(orders=Count("id"))
    )
    before = [one for one in entries if one.effective_from <= day and (not one.effective_to or one.effective_to >= day)]
    after = [
        one for one in entries if one.effective_from <= later and (not one.effective_to or one.effective_to >= later)
    ]
    # Both are asked for one and the same day, so that only the entries differ.
    wide = [Entry(o.id, o.category_code, o.area_code, o.lead_unit_id, date.min) for o in before]
    other = [Entry(o.id, o.category_code, o.area_code, o.lead_unit_id, date.min) for o in after]
    listed = [(category, area or "") for category, area, orders in demands for _ in range(orders)]
    moved = what_would_change(listed, wide, other, day)[:MOST_SHOWN]
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
