"""Which unit the catalogue names, for one demand or a page of them in one query, and where it names none."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db.models import Q, QuerySet

from hotline.dispatch.models import CatalogueEntry
from hotline.dispatch.rules import Entry, Gap, category_chain, choose, gaps
from hotline.kit.paging import Page, keyset
from hotline.places.models import DivisionLevel
from hotline.places.queries import at_level, path_texts
from hotline.places.rules import ancestors
from hotline.workorders.models import Category
from hotline.workorders.queries.reference import categories


@dataclass(frozen=True, slots=True)
class Suggested:
    """The catalogue's answer; `legal_basis` is what it rests on."""

    entry_id: int
    unit_id: int
    unit_name: str
    short_name: str
    legal_basis: str


def _running(day: date) -> Q:
    return Q(effective_from__lte=day) & (Q(effective_to=None) | Q(effective_to__gte=day))


def catalogue_units(demands: Iterable[tuple[str, str]], day: date) -> dict[tuple[str, str], Suggested]:
    """(category code, division code) → the catalogue's unit, for those that have one. One query."""
    wanted = {(category, division) for category, division in demands if category}
    if not wanted:
        return {}
    codes = {up for category, _division in wanted for up in category_chain(category)}
    areas = {""} | {
        area for _category, division in wanted if division for area in (division, *ancestors(division))
    }
    rows = CatalogueEntry.objects.filter(
        _running(day), category__code__in=codes, area_code__in=areas, lead_unit__closed_on=None
    ).values_list(
        "id",
        "category__code",
        "area_code",
        "lead_unit_id",
        "effective_from",
        "effective_to",
        "legal_basis",
        "lead_unit__name",
        "lead_unit__short_name",
    )
    listed: dict[tuple[str, str], list[Entry]] = {}
    names: dict[int, tuple[str, str]] = {}
    for pk, category, area, unit, first, last, basis, name, short in rows:
        listed.setdefault((category, area), []).append(
            Entry(pk, category, area, unit, first, last, (), basis)
        )
        names[unit] = (name, short)
    found = {}
    for category, division in wanted:
        around = ("", division, *ancestors(division)) if division else ("",)
        near = [
            one for up in category_chain(category) for area in around for one in listed.get((up, area), ())
        ]
        entry = choose(near, category, division, day)
        if entry:
            name, short = names[entry.lead_unit_id]
            found[category, division] = Suggested(
                entry.id, entry.lead_unit_id, name, short or name, entry.legal_basis
            )
    return found


SECONDS = 5.0
"""How long a list may show what the catalogue said; who opens an order or dispatches it asks anew."""

_kept: dict[str, tuple[float, date, dict[tuple[str, str], Suggested | None]]] = {}


def listed_units(demands: Iterable[tuple[str, str]], day: date) -> dict[tuple[str, str], Suggested]:
    """`catalogue_units` for a list that eight dispatchers read again at every change, mostly of the same demands."""
    if settings.TESTING:
        return catalogue_units(demands, day)
    kept = _kept.get("units")
    if kept is None or time.monotonic() > kept[0] or kept[1] != day:
        kept = _kept["units"] = (time.monotonic() + SECONDS, day, {})
    found = kept[2]
    wanted = set(demands)
    if missing := {demand for demand in wanted if demand not in found}:  # other threads fill it meanwhile
        named = catalogue_units(missing, day)
        found.update({demand: named.get(demand) for demand in missing})
    return {demand: unit for demand in wanted if (unit := found[demand]) is not None}


def catalogue_unit(category: str, division: str, at: date) -> Suggested | None:
    """The unit for one demand on a day; None when the catalogue names none."""
    return catalogue_units([(category, division)], at).get((category, division))


def assistants_of(entry_id: int) -> list[tuple[int, str]]:
    """(id, short name) of the assisting units that an entry names."""
    through = CatalogueEntry.assistants.through
    return list(
        through.objects.filter(catalogueentry_id=entry_id)
        .order_by("unit__path")
        .values_list("unit_id", "unit__short_name")
    )


def entries(
    *, text: str = "", area: str = "", ended: bool = False, day: date, cursor: str = ""
) -> Page[CatalogueEntry]:
    """A page of the catalogue by category; `text` in category, unit or code, `area` inside a division."""
    rows: QuerySet[CatalogueEntry] = CatalogueEntry.objects.select_related(
        "category", "lead_unit"
    ).prefetch_related("assistants")
    if not ended:
        rows = rows.filter(Q(effective_to=None) | Q(effective_to__gte=day))
    if text:
        rows = rows.filter(
            Q(category__name__icontains=text)
            | Q(category__code__startswith=text)
            | Q(category__pinyin__icontains=text.lower())
            | Q(lead_unit__name__icontains=text)
            | Q(lead_unit__pinyin__icontains=text.lower())
        )
    if area:
        rows = rows.filter(
            Q(area_code="")
            | Q(area_code__in=[area, *ancestors(area)])
            | Q(area_code__startswith=area.rstrip("0"))
        )
    return keyset(rows, order=["category__code", "area_code", "id"], cursor=cursor, size=50)


def entry_areas(rows: Sequence[CatalogueEntry]) -> dict[str, str]:
    """Area code → names, for a page of entries."""
    return path_texts([row.area_code for row in rows if row.area_code])


def coverage(day: date, *, within: str = "") -> tuple[list[Gap], int]:
    """(leaf categories without a unit in some district, number of leaves). Four queries over small tables."""
    listed = list(categories(day))
    parents = {one.parent_id for one in listed if one.parent_id}
    leaves = [(one.code, one.path_name or one.name) for one in listed if one.pk not in parents]
    areas = [one.code for one in at_level(DivisionLevel.DISTRICT, within=within)] or [within]
    rows = [
        Entry(pk, category, area, unit, first, last)
        for pk, category, area, unit, first, last in CatalogueEntry.objects.filter(
            _running(day), lead_unit__closed_on=None
        ).values_list("id", "category__code", "area_code", "lead_unit_id", "effective_from", "effective_to")
    ]
    return gaps(leaves, areas, rows, day), len(leaves)


def category_of(code: str) -> Category | None:
    """A category by its code."""
    return Category.objects.filter(code=code).first()
