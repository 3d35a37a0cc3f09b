"""What is wrong with the catalogue as a whole, and what a change would have done. Pure.

Source: rules.md section 1.1 (the catalogue is kept up to date), functions.md E1 (coverage and conflict report).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from hotline.dispatch.rules.catalogue import Entry, category_chain, choose, in_effect


class Fault(StrEnum):
    """What may be wrong with an entry that is in effect."""

    TWICE = "twice"  # two entries for the same category and area on the same day
    CLOSED_UNIT = "closed_unit"
    RETIRED_CATEGORY = "retired_category"
    UNKNOWN_AREA = "unknown_area"
    STREET_FOR_DEPARTMENT = "street_for_department"  # 66号: department work given to a street without a basis
    ASSISTS_ITSELF = "assists_itself"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of one entry; `other` is the entry that it collides with."""

    fault: Fault
    entry_id: int
    other: int | None = None


def findings(
    entries: Sequence[Entry],
    day: date,
    *,
    open_units: frozenset[int],
    street_units: frozenset[int],
    categories: Mapping[str, str],
    areas: frozenset[str],
) -> list[Finding]:
    """Conflicts and orphans of a day. `categories`: code in effect → level of the unit that usually leads ("" any)."""
    found: list[Finding] = []
    seen: dict[tuple[str, str], Entry] = {}
    for entry in sorted(entries, key=lambda one: one.id):
        if not in_effect(entry, day):
            continue
        key = (entry.category_code, entry.area_code)
        if key in seen:
            found.append(Finding(Fault.TWICE, entry.id, seen[key].id))
        else:
            seen[key] = entry
        if entry.lead_unit_id not in open_units:
            found.append(Finding(Fault.CLOSED_UNIT, entry.id))
        if entry.category_code not in categories:
            found.append(Finding(Fault.RETIRED_CATEGORY, entry.id))
        if entry.area_code and entry.area_code not in areas:
            found.append(Finding(Fault.UNKNOWN_AREA, entry.id))
        if entry.lead_unit_id in entry.assistant_ids:
            found.append(Finding(Fault.ASSISTS_ITSELF, entry.id))
        usual = categories.get(entry.category_code, "")
        if (
            usual in DEPARTMENT_LEVELS
            and entry.lead_unit_id in street_units
            and not entry.legal_basis.strip()
        ):
            found.append(Finding(Fault.STREET_FOR_DEPARTMENT, entry.id))
    return found


DEPARTMENT_LEVELS = frozenset({"bureau", "department"})
"""Levels whose work must not sink to a street unless the catalogue gives its basis."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Orders of one category and area that would go from one unit to another (None: to nobody)."""

    category_code: str
    area_code: str
    before: int | None
    after: int | None
    orders: int


def what_would_change(
    demands: Mapping[tuple[str, str], int],
    before: Sequence[Entry],
    after: Sequence[Entry],
    day: date,
) -> list[Moved]:
    """Compare two catalogues over real demands, `(category code, division code)` → orders; most orders first."""
    one, other = _by_category(before), _by_category(after)
    moved: Counter[tuple[str, str, int | None, int | None]] = Counter()
    for (category, division), orders in demands.items():
        chain = category_chain(category)
        was = choose([entry for up in chain for entry in one.get(up, ())], category, division, day)
        now = choose([entry for up in chain for entry in other.get(up, ())], category, division, day)
        old, new = (was.lead_unit_id if was else None), (now.lead_unit_id if now else None)
        if old != new:
            moved[category, division[:6], old, new] += orders
    return [
        Moved(category, area, old, new, orders)
        for (category, area, old, new), orders in sorted(
            moved.items(), key=lambda item: (-item[1], str(item[0]))
        )
    ]


def _by_category(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        found[entry.category_code].append(entry)
    return found
