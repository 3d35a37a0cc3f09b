"""Reads of places. Places are public, so there is no `visible_to` here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from hotline.places.models import Division, DivisionLevel, Point
from hotline.places.rules import ancestors, level_of, significant


@dataclass(frozen=True, slots=True)
class PlaceHit:
    """One answer of a search: a division or a point; `code` is always the division's 12 digits."""

    label: str
    path: str
    code: str
    level: int
    latitude: float | None = None
    longitude: float | None = None


def division(code: str) -> Division | None:
    """The division with this 12-digit code."""
    return Division.objects.filter(code=code).first()


def path_text(code: str) -> str:
    """`310106013000` → names from the province down; empty when the code is unknown."""
    return Division.objects.filter(code=code).values_list("path_name", flat=True).first() or ""


def path_texts(codes: Sequence[str]) -> dict[str, str]:
    """The same for many codes in one query."""
    return dict(Division.objects.filter(code__in=set(codes)).values_list("code", "path_name"))


def children(code: str) -> list[Division]:
    """Divisions right below one, by code; those at the top for the empty code."""
    return list(Division.objects.filter(parent_id=code or None).order_by("code"))


def at_level(level: DivisionLevel, *, within: str = "") -> list[Division]:
    """All divisions of a level inside an area, by code."""
    return list(Division.objects.filter(level=level, code__startswith=significant(within)).order_by("code"))


def ancestor_at(code: str, level: DivisionLevel) -> str:
    """The code of the division of `level` that contains `code` (itself included); empty when it lies above."""
    if not code or level_of(code) < level:
        return ""
    return (
        code if level_of(code) == level else next((up for up in ancestors(code) if level_of(up) == level), "")
    )


def search(text: str, *, within: str = "", limit: int = 10) -> list[PlaceHit]:
    """Divisions and points whose name or pinyin begins with (points: contains) the text; wider areas first.

    `text`: Chinese, pinyin initials or pinyin. `within`: the area to stay inside. Serves typing, so it is at most
    two indexed queries.
    """
    typed = text.strip()
    if not typed:
        return []
    match = Q(name__startswith=typed)
    if typed.isascii():
        key = typed.lower().replace(" ", "")
        match = Q(pinyin__startswith=key) | Q(pinyin__contains=f" {key}")
    divisions = Division.objects.filter(match, code__startswith=significant(within)).order_by(
        "level", "code"
    )[:limit]
    hits = [
        PlaceHit(one.name, one.path_name, one.code, one.level, latitude=one.latitude, longitude=one.longitude)
        for one in divisions
    ]
    if len(hits) < limit and not typed.isascii():
        points = (
            Point.objects.filter(name__contains=typed, division__code__startswith=significant(within))
            .select_related("division")
            .order_by("name", "id")[: limit - len(hits)]
        )
        hits += [
            PlaceHit(
                point.name,
                point.division.path_name,
                point.division_id,
                point.division.level,
                point.latitude,
                point.longitude,
            )
            for point in points
        ]
    return hits
