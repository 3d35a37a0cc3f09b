"""The city's taxonomy, reasons and scripts as they are in effect on a day. Small tables, read whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Q, QuerySet

from hotline.workorders.models import Category, CitySettings, ReasonCode, ReasonKind, Script


@dataclass(slots=True)
class CategoryNode:
    """One node of the tree with its children, ordered by code."""

    category: Category
    children: list[CategoryNode] = field(default_factory=list)


def in_effect(day: date) -> Q:
    """The condition on effective dates, both inclusive."""
    begun = Q(effective_from__isnull=True) | Q(effective_from__lte=day)
    return begun & (Q(effective_to__isnull=True) | Q(effective_to__gte=day))


def categories(day: date) -> QuerySet[Category]:
    """Categories that may be chosen on that day."""
    return Category.objects.filter(in_effect(day)).order_by("code")


def category_tree(*, day: date | None = None) -> list[CategoryNode]:
    """Roots of the taxonomy; with `day` only what is in effect."""
    rows = Category.objects.select_related("default_unit", "replaced_by").order_by("code")
    nodes = {row.pk: CategoryNode(row) for row in (rows.filter(in_effect(day)) if day else rows)}
    roots: list[CategoryNode] = []
    for node in nodes.values():
        parent = nodes.get(node.category.parent_id) if node.category.parent_id else None
        (parent.children if parent else roots).append(node)
    return roots


def subtree_ids(category_id: int) -> tuple[int, ...]:
    """A category and everything below it, by its dotted code."""
    code = Category.objects.filter(pk=category_id).values_list("code", flat=True).first()
    if code is None:
        return ()
    return tuple(
        Category.objects.filter(Q(pk=category_id) | Q(code__startswith=f"{code}.")).values_list(
            "pk", flat=True
        )
    )


def search_categories(text: str, day: date, limit: int = 12) -> Sequence[Category]:
    """By Chinese, pinyin initials or code; leaves first because orders are filed under leaves."""
    text = text.strip()
    if not text:
        return []
    wanted = Q(name__icontains=text) | Q(pinyin__icontains=text.lower()) | Q(code__startswith=text)
    return list(categories(day).filter(wanted).order_by("-level", "code")[:limit])


def reasons(kind: ReasonKind | str, day: date) -> list[ReasonCode]:
    """Reason codes of a kind in effect on `day`."""
    return list(ReasonCode.objects.filter(in_effect(day), kind=kind).order_by("code"))


def reason_names(codes: set[str]) -> dict[str, str]:
    """Names for the timeline, also of reasons no longer in effect (the latest wins)."""
    if not codes:
        return {}
    rows = ReasonCode.objects.filter(code__in=codes).order_by("effective_from").values_list("code", "name")
    return dict(rows)


def script(code: str, day: date) -> Script | None:
    """The words for an occasion, as in effect on `day`."""
    return Script.objects.filter(in_effect(day), code=code).order_by("-effective_from").first()


def city() -> CitySettings | None:
    """The one row of the city's settings; None before a city is loaded."""
    return CitySettings.objects.select_related("hub").filter(pk=1).first()
