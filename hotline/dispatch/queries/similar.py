"""Orders that may be about the same matter, by words; models come later behind the same question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from hotline.dispatch.rules import ALIKE, likeness
from hotline.kit.actor import Actor
from hotline.places.rules import is_code, significant
from hotline.workorders.models import FINAL_STATES, OrderLink, WorkOrder
from hotline.workorders.queries import in_division, visible_to

LOOK_BACK = timedelta(days=30)
CANDIDATES = 80
FOLLOWED = "followed"
"""Kind of the link by which a citizen said that an open order is what they report (photo report)."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An open order that may be about the same matter; `percent` of likeness, `own` when the same citizen's, `told` when the citizen said so."""

    order: WorkOrder
    percent: int
    own: bool
    told: bool = False


def likely_duplicates(
    *,
    actor: Actor,
    citizen_id: int | None,
    category: str,
    division: str,
    text: str,
    moment: datetime,
    except_id: int | None = None,
    limit: int = 5,
) -> list[Duplicate]:
    """Open orders of the same citizen, and recent open orders of the same category and district, by likeness of words.

    What the citizen of `except_id` said to be the same stands first. `category`, `division` are codes; what is none counts as
    empty. At most three queries along indexes; words are compared in the process.
    """
    if not text.strip():
        return []
    rows = (
        visible_to(actor)
        .exclude(state__in=[str(state) for state in FINAL_STATES])
        .exclude(pk__in=[except_id] if except_id else [])
        .select_related("lead_unit", "category")
        .defer("search", "answers", "expectation")
    )
    found: dict[int, Duplicate] = {}
    if except_id:
        said = OrderLink.objects.filter(Q(first=except_id) | Q(second=except_id), kind=FOLLOWED).values_list("first", "second")
        for order in rows.filter(pk__in={pk for pair in said[:5] for pk in pair}):
            found[order.pk] = Duplicate(order, round(likeness(text, f"{order.title}{order.content}") * 100), own=False, told=True)
    if citizen_id:
        for order in rows.filter(citizen_id=citizen_id).order_by("-id")[:20]:
            score = likeness(text, f"{order.title}{order.content}")
            if score >= ALIKE / 2 and order.pk not in found:
                found[order.pk] = Duplicate(order, round(score * 100), own=True)
    area = significant(division) if is_code(division) else ""
    district = area[:6]
    if category or len(area) >= 9:
        near = Q(created_at__gte=moment - LOOK_BACK)
        if category:
            near &= Q(category__code=category)
        if district:
            near &= in_division(district)
        for order in rows.filter(near).order_by("-id")[:CANDIDATES]:
            score = likeness(text, f"{order.title}{order.content}")
            if score >= ALIKE and order.pk not in found:
                found[order.pk] = Duplicate(order, round(score * 100), own=False)
    return sorted(found.values(), key=lambda one: (-one.told, -one.own, -one.percent, -one.order.pk))[:limit]
