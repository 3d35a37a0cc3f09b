"""The tree of units."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from hotline.accounts.models import Membership, Unit
from hotline.kit.clock import CITY_ZONE, now


def open_units(day: date | None = None) -> QuerySet[Unit]:
    """Units that are not closed (on `day`, default today)."""
    when = day or now().astimezone(CITY_ZONE).date()
    return Unit.objects.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=when))


def subtree_ids(unit_ids: Iterable[int]) -> list[int]:
    """Ids of these units and of all below them."""
    paths = list(Unit.objects.filter(id__in=list(unit_ids)).values_list("path", flat=True))
    if not paths:
        return []
    condition = Q()
    for path in paths:
        condition |= Q(path__startswith=path)
    return list(Unit.objects.filter(condition).order_by("id").values_list("id", flat=True))


def unit_path_ids(unit: Unit) -> list[int]:
    """Ids from the root down to the unit itself; no statement."""
    return [int(part) for part in unit.path.split("/") if part]


def search_units(text: str, *, limit: int = 20, within: Iterable[int] = ()) -> list[Unit]:
    """Open units by name, short name, code, full pinyin or initials; the nearest first.

    `within`: ids of units; only they and units below them are found.
    """
    wanted = "".join(text.split()).lower()
    if not wanted:
        return []
    found = open_units().filter(
        Q(name__icontains=wanted)
        | Q(short_name__icontains=wanted)
        | Q(pinyin__contains=wanted)
        | Q(code__iexact=wanted)
    )
    roots = list(Unit.objects.filter(id__in=list(within)).values_list("path", flat=True))
    if roots:
        condition = Q()
        for path in roots:
            condition |= Q(path__startswith=path)
        found = found.filter(condition)
    rank = Case(
        When(Q(code__iexact=wanted) | Q(short_name__iexact=wanted) | Q(name__iexact=wanted), then=Value(0)),
        When(Q(short_name__istartswith=wanted) | Q(name__istartswith=wanted), then=Value(1)),
        When(pinyin__startswith=wanted, then=Value(2)),
        When(pinyin__contains=" " + wanted, then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
    return list(found.annotate(rank=rank).order_by("rank", "path")[:limit])


def unit(unit_id: int) -> Unit | None:
    """One unit, open or closed."""
    return Unit.objects.select_related("parent").filter(pk=unit_id).first()


def children_of(unit_id: int | None, *, closed: bool = False) -> list[Unit]:
    """Units directly below one (None: the roots), with `has_children` and `staff_count`."""
    rows = Unit.objects.filter(parent_id=unit_id) if closed else open_units().filter(parent_id=unit_id)
    below = (
        Unit.objects.filter(parent=OuterRef("pk")) if closed else open_units().filter(parent=OuterRef("pk"))
    )
    return list(
        rows.annotate(
            has_children=Exists(below), staff_count=Count("memberships__person", distinct=True)
        ).order_by("level", "code")
    )


def trail(unit: Unit) -> list[Unit]:
    """The units above, from the root down, without the unit itself."""
    ids = unit_path_ids(unit)[:-1]
    found = Unit.objects.in_bulk(ids)
    return [found[number] for number in ids if number in found]


def with_paths(units: Iterable[Unit]) -> list[tuple[Unit, str]]:
    """Each unit with the short names above it, "a › b"; one statement."""
    rows = list(units)
    names = dict(
        Unit.objects.filter(id__in={n for row in rows for n in unit_path_ids(row)[:-1]}).values_list(
            "id", "short_name"
        )
    )
    return [(row, " › ".join(names[n] for n in unit_path_ids(row)[:-1] if n in names)) for row in rows]


def staff_of(unit: Unit) -> list[Membership]:
    """Roles held at this very unit."""
    return list(
        Membership.objects.filter(unit=unit, person__is_active=True)
        .select_related("person")
        .order_by("role", "person__name", "id")
    )


def unit_with_code(code: str) -> Unit | None:
    """The open unit with this code."""
    return open_units().filter(code__iexact=code.strip()).first()
