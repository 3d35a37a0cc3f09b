"""Which unit should have an order, best first, with the reason: the catalogue, then what past handling taught.

Source: rules.md 4.2 (属地管理优先, 谁主管谁负责), 国办函〔2025〕66号 (department work is not passed to streets against the
catalogue); functions.md E4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

PRIOR_HANDLED = 8.0
"""How many well-handled orders the catalogue's word is worth. Measured by nobody yet; a city may find another."""
LEAST_HANDLED = 3
"""A unit outside the catalogue is named only after it has handled so many such orders to the end."""


class Reason(StrEnum):
    """Why a unit is named, in the order in which the words are shown."""

    CATALOGUE_DUTY = "catalogue_duty"  # 谁主管谁负责: the entry is of the very category
    CATALOGUE_AREA = "catalogue_area"  # 属地优先: the entry is of the place
    CATALOGUE_CITY = "catalogue_city"  # the entry holds for the whole city
    HANDLED = "handled"  # handled such orders here before
    DESIGNATED = "designated"  # an arbitration named it for the like
    RETURNED = "returned"  # gave such orders back: a warning, not a praise


@dataclass(frozen=True, slots=True)
class Past:
    """What became of orders of this category (or its parent) and place at one unit within the look-back."""

    unit_id: int
    handled: int
    returned: int
    designated: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """The catalogue's answer: the unit, whether the entry is of the very category, how small its area is (digits)."""

    unit_id: int
    exact_category: bool
    area_digits: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit with its score 0…1 and the reasons, each with its figure."""

    unit_id: int
    score: float
    reasons: tuple[tuple[Reason, int], ...]


def rank_units(
    named: Named | None,
    past: Iterable[Past],
    *,
    street_units: frozenset[int] = frozenset(),
    category_is_departmental: bool = False,
    most: int = 3,
) -> list[Ranked]:
    """Units, best first.

    The score is the expected share of orders that stay: (handled + designated×2 + prior) ÷ (handled + returned + …+ prior+1),
    where the prior belongs to the catalogue's unit alone. A street never stands for departmental work unless the
    catalogue itself names it.
    """
    found: dict[int, Past] = {one.unit_id: one for one in past}
    if named is not None and named.unit_id not in found:
        found[named.unit_id] = Past(named.unit_id, 0, 0)
    ranked: list[Ranked] = []
    total = sum(one.handled for one in found.values()) + PRIOR_HANDLED
    for unit_id, one in found.items():
        is_named = named is not None and named.unit_id == unit_id
        if not is_named and (
            one.handled + one.designated < LEAST_HANDLED
            or one.returned > one.handled
            or (category_is_departmental and unit_id in street_units)
        ):
            continue
        prior = PRIOR_HANDLED if is_named else 0.0
        kept = one.handled + 2 * one.designated + prior
        stays = kept / (kept + one.returned + 1)
        usual = min(1.0, (kept / total)) ** 0.5
        ranked.append(Ranked(unit_id, round(stays * usual, 3), _reasons(one, named if is_named else None)))
    ranked.sort(key=lambda one: (-one.score, one.unit_id))
    return ranked[:most]


def _reasons(one: Past, named: Named | None) -> tuple[tuple[Reason, int], ...]:
    reasons: list[tuple[Reason, int]] = []
    if named is not None:
        if named.exact_category:
            reasons.append((Reason.CATALOGUE_DUTY, 0))
        reasons.append(
            (Reason.CATALOGUE_AREA if named.area_digits else Reason.CATALOGUE_CITY, named.area_digits)
        )
    if one.handled:
        reasons.append((Reason.HANDLED, one.handled))
    if one.designated:
        reasons.append((Reason.DESIGNATED, one.designated))
    if one.returned:
        reasons.append((Reason.RETURNED, one.returned))
    return tuple(reasons)
