"""Units for an order, best first, with the reason in words: the catalogue and what past handling taught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hotline.accounts.models import Unit, UnitLevel
from hotline.dispatch.models import CatalogueEntry
from hotline.dispatch.queries.catalogue import catalogue_unit
from hotline.dispatch.rules import DEPARTMENT_LEVELS, Named, Past, Ranked, Reason, rank_units
from hotline.places.queries import path_text
from hotline.places.rules import significant
from hotline.workorders.models import (
    Assignment,
    AssignmentRole,
    AssignmentState,
    Category,
    WorkOrder,
    WorkOrderEvent,
)
from hotline.workorders.queries import in_division

LOOK_BACK = 400
"""So many of the last orders of a category and district teach; a bound, so that the tenth million costs what the first did."""


@dataclass(frozen=True, slots=True)
class UnitProposal:
    """A unit with its score 0…1 and the reason in words; `entry_id` when the catalogue names it."""

    unit_id: int
    name: str
    score: float
    reasons: tuple[str, ...]
    entry_id: int | None = None


def ranked_units(category: str, division: str, day: date, *, most: int = 3) -> list[UnitProposal]:
    """Units for a demand `(category code, division code)`. Seven bounded queries at most."""
    row = (
        Category.objects.filter(code=category).values_list("id", "default_level").first()
        if category
        else None
    )
    if row is None:
        return []
    category_id, usual_level = row
    suggested = catalogue_unit(category, division, day)
    named = None
    if suggested is not None:
        entry = CatalogueEntry.objects.values_list("category__code", "area_code").get(pk=suggested.entry_id)
        named = Named(suggested.unit_id, entry[0] == category, len(significant(entry[1])))
    past = _past(category_id, division)
    units = {
        unit.pk: unit
        for unit in Unit.objects.filter(
            Q(closed_on=None), pk__in={one.unit_id for one in past} | ({named.unit_id} if named else set())
        )
    }
    ranked = rank_units(
        named,
        [one for one in past if one.unit_id in units],
        street_units=frozenset(
            pk for pk, unit in units.items() if unit.level in (UnitLevel.STREET, UnitLevel.STATION)
        ),
        category_is_departmental=usual_level in DEPARTMENT_LEVELS,
        most=most,
    )
    area = path_text(division) if division else ""
    return [
        UnitProposal(
            one.unit_id,
            units[one.unit_id].name,
            one.score,
            tuple(_words(one, area)),
            suggested.entry_id if suggested and suggested.unit_id == one.unit_id else None,
        )
        for one in ranked
        if one.unit_id in units
    ]


def _past(category_id: int, division: str) -> list[Past]:
    orders = WorkOrder.objects.filter(category_id=category_id)
    district = significant(division)[:6]
    if district:
        orders = orders.filter(in_division(district))
    ids = list(orders.order_by("-id").values_list("id", flat=True)[:LOOK_BACK])
    handled: Counter[int] = Counter()
    returned: Counter[int] = Counter()
    for unit, state in Assignment.objects.filter(
        order_id__in=ids,
        parent=None,
        role=AssignmentRole.LEAD,
        state__in=[AssignmentState.DONE, AssignmentState.RETURNED],
    ).values_list("unit_id", "state"):
        (handled if state == AssignmentState.DONE else returned)[unit] += 1
    designated = _designated(ids)
    return [
        Past(unit, handled[unit], returned[unit], designated[unit])
        for unit in sorted(handled.keys() | returned.keys() | designated.keys())
    ]


def _designated(order_ids: Iterable[int]) -> Counter[int]:
    rows = WorkOrderEvent.objects.filter(order_id__in=list(order_ids), verb="designate")
    return Counter(int(lead) for lead in rows.values_list("data__lead", flat=True) if lead is not None)


def _words(one: Ranked, area: str) -> Iterable[str]:
    for reason, figure in one.reasons:
        if reason == Reason.CATALOGUE_DUTY:
            yield _("the catalogue names it for this very matter")
        elif reason == Reason.CATALOGUE_AREA:
            yield (
                _("the catalogue names it for %(area)s") % {"area": area}
                if area
                else _("the catalogue names it here")
            )
        elif reason == Reason.CATALOGUE_CITY:
            yield _("the catalogue names it for the whole city")
        elif reason == Reason.HANDLED:
            yield ngettext("handled %(n)d such order here", "handled %(n)d such orders here", figure) % {
                "n": figure
            }
        elif reason == Reason.DESIGNATED:
            yield ngettext("designated for it %(n)d time", "designated for it %(n)d times", figure) % {
                "n": figure
            }
        else:
            yield ngettext("gave %(n)d back", "gave %(n)d back", figure) % {"n": figure}
