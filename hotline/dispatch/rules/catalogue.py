"""Which unit the catalogue names, and what is wrong with a list of entries. Pure; dates are arguments.

Source: rules.md section 1.1 (派单目录) and 4.2 (属地管理优先, 谁主管谁负责).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hotline.places.rules import covers, significant


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue; `effective_to` is the last day it counts, None for ever."""

    id: int
    category_code: str
    area_code: str
    lead_unit_id: int
    effective_from: date
    effective_to: date | None = None
    assistant_ids: tuple[int, ...] = ()
    legal_basis: str = ""


def category_chain(code: str) -> tuple[str, ...]:
    """A category and those above it, nearest first: `05.03.02` → (`05.03.02`, `05.03`, `05`)."""
    parts = code.split(".") if code else []
    return tuple(".".join(parts[:depth]) for depth in range(len(parts), 0, -1))


def in_effect(entry: Entry, day: date) -> bool:
    """True from the first to the last day, both included."""
    return entry.effective_from <= day and (entry.effective_to is None or day <= entry.effective_to)


def choose(entries: Iterable[Entry], category_code: str, division: str, day: date) -> Entry | None:
    """The entry for a demand: nearest category first, then the smallest area that holds the place, then the newest.

    The category decides before the area because an entry for a leaf says whose duty the matter is (谁主管谁负责), while
    the area says which of the like units has it (属地管理优先). Without a place only entries for the whole city count.
    """
    depth = {code: place for place, code in enumerate(category_chain(category_code))}
    fitting = [
        entry
        for entry in entries
        if entry.category_code in depth and covers(entry.area_code, division) and in_effect(entry, day)
    ]
    return min(
        fitting,
        key=lambda one: (
            depth[one.category_code],
            -len(significant(one.area_code)),
            -one.effective_from.toordinal(),
            one.id,
        ),
        default=None,
    )


@dataclass(frozen=True, slots=True)
class Gap:
    """A leaf category without a unit: nowhere, or outside the areas that have one."""

    code: str
    name: str
    areas_with_unit: int
    areas: int


def gaps(
    leaves: Sequence[tuple[str, str]], areas: Sequence[str], entries: Sequence[Entry], day: date
) -> list[Gap]:
    """Leaf categories `(code, name)` that lack a unit in some of `areas` (districts)."""
    by_category: dict[str, list[Entry]] = {}
    for entry in entries:
        by_category.setdefault(entry.category_code, []).append(entry)
    found = []
    for code, name in leaves:
        fitting = [one for up in category_chain(code) for one in by_category.get(up, ())]
        served = sum(choose(fitting, code, area, day) is not None for area in areas)
        if served < len(areas):
            found.append(Gap(code, name, served, len(areas)))
    return found


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One line of an imported list, as read."""

    line: int
    category_code: str
    area_code: str
    lead_unit_code: str
    assistant_codes: tuple[str, ...]
    legal_basis: str
    effective_from: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a line: the field and a code that the view puts into words."""

    line: int
    field: str
    code: str
    value: str


def check_rows(
    rows: Iterable[CatalogueRow],
    *,
    categories: Collection[str],
    divisions: Collection[str],
    units: Mapping[str, bool],
    known: Mapping[tuple[str, str], date],
) -> list[RowFault]:
    """Faults of a list before it is imported.

    `units`: code → still open; `known`: (category, area) → first day of the newest entry that the catalogue has.
    """
    faults: list[RowFault] = []
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        if row.category_code not in categories:
            faults.append(RowFault(row.line, "category_code", "unknown_category", row.category_code))
        if row.area_code and row.area_code not in divisions:
            faults.append(RowFault(row.line, "area_code", "unknown_area", row.area_code))
        for code in (row.lead_unit_code, *row.assistant_codes):
            if code not in units:
                faults.append(RowFault(row.line, "lead_unit_code", "unknown_unit", code))
            elif not units[code]:
                faults.append(RowFault(row.line, "lead_unit_code", "closed_unit", code))
        if row.lead_unit_code in row.assistant_codes:
            faults.append(
                RowFault(row.line, "assistant_unit_codes", "lead_assists_itself", row.lead_unit_code)
            )
        try:
            first = date.fromisoformat(row.effective_from)
        except ValueError:
            faults.append(RowFault(row.line, "effective_from", "bad_date", row.effective_from))
            continue
        newest = known.get((row.category_code, row.area_code))
        key = (row.category_code, row.area_code, row.effective_from)
        if key in seen:
            faults.append(RowFault(row.line, "category_code", "twice_in_list", row.category_code))
        elif newest == first:
            faults.append(RowFault(row.line, "category_code", "already_known", row.category_code))
        elif newest is not None and first < newest:
            faults.append(RowFault(row.line, "effective_from", "later_known", newest.isoformat()))
        seen.add(key)
    return faults


def last_days(rows: Sequence[CatalogueRow]) -> list[date | None]:
    """The last day of each of the rows: the day before the next of its category and area begins; None for ever.

    For rows without faults.
    """
    firsts: dict[tuple[str, str], list[date]] = {}
    for row in rows:
        firsts.setdefault((row.category_code, row.area_code), []).append(date.fromisoformat(row.effective_from))
    return [
        min(
            (
                first - timedelta(days=1)
                for first in firsts[row.category_code, row.area_code]
                if first > date.fromisoformat(row.effective_from)
            ),
            default=None,
        )
        for row in rows
    ]


# Ping-pong (推诿): returned so often that the pool says so; the same unit again after its return says so too.
PING_PONG_RETURNS = 2


def is_ping_pong(return_count: int) -> bool:
    """True when an order has come back so often that a person should look before sending it on."""
    return return_count >= PING_PONG_RETURNS
