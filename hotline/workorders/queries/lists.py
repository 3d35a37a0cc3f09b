"""Lists of orders: narrowed, sorted along indexes, paged by key, never counted."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q, QuerySet

from hotline.kit.actor import Actor, ActorKind
from hotline.kit.paging import Page, keyset
from hotline.workorders.models import FINAL_STATES, Involvement, WorkOrder
from hotline.workorders.queries.filters import OrderFilters
from hotline.workorders.queries.visibility import VIEW, Way, paging_unit, secrets_named, visible_to, ways_of
from hotline.workorders.queries.words import NEWEST, alike, newest_matches, of_unit, ranked, search_query

PAGE_SIZE = 50
ROW = ("lead_unit", "category", "division", "citizen", "standing")
COLUMNS = (
    *(
        "number",
        "state",
        "created_at",
        "channel",
        "demand_type",
        "urgency",
        "title",
        "address",
        "anonymous",
        "secret",
    ),
    *("round", "return_count", "extension_count", "redo_count", "urge_count", "standing__level", "supervised", "listed"),
    *("difficult", "return_locked", "due_at", "replied_at", "closed_at"),
    *("lead_unit__short_name", "category__name", "category__path_name", "division__name"),
    *("citizen__name_mask", "citizen__phone_mask"),
)
"""What rows of lists show: the other half of fifty rows' columns, texts among them, would be read for nothing."""


class Sort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    DUE = "due"  # open orders with a running city clock
    RELEVANCE = "relevance"  # with words only
    ALIKE = "alike"  # with words only: what says the same, also in other words


_TERMS: dict[Sort, tuple[str, ...]] = {
    Sort.NEWEST: ("-id",),
    Sort.OLDEST: ("id",),
    Sort.DUE: ("due_at", "id"),
}


@dataclass(frozen=True)
class Listing:
    """A page of orders. `capped`: more matched than were looked at (words only)."""

    page: Page[WorkOrder]
    sort: Sort
    capped: bool = False


def list_orders(
    actor: Actor,
    filters: OrderFilters,
    *,
    now: datetime,
    sort: Sort = Sort.NEWEST,
    cursor: str = "",
    size: int = PAGE_SIZE,
) -> Listing:
    """One page of what `actor` may see, in two to three queries at any depth."""
    query = search_query(filters.words) if filters.words else None
    if filters.words:
        if query is None:
            return Listing(Page(rows=[]), sort)
        if sort == Sort.ALIKE:
            rows, unit_id = _by_unit(actor, replace(filters, words=""), now=now)
            ids = alike(rows, filters.words, unit_id)
            return _page_of(ids, sort, capped=False, cursor=cursor, size=size)
        return _by_words(actor, filters, now=now, sort=sort, cursor=cursor, size=size)
    if sort in (Sort.RELEVANCE, Sort.ALIKE):
        sort = Sort.NEWEST
    way = _paging_unit(actor, filters)
    if way is not None and sort != Sort.DUE:
        return Listing(_of_unit(actor, way, filters, now=now, sort=sort, cursor=cursor, size=size), sort)
    rows = matching(actor, filters, now=now)
    if sort == Sort.DUE:
        rows = rows.exclude(state__in=[str(state) for state in FINAL_STATES]).filter(due_at__isnull=False)
    rows = rows.select_related(*ROW).only(*COLUMNS)
    return Listing(keyset(rows, order=_TERMS[sort], cursor=cursor, size=size), sort)


def matching(actor: Actor, filters: OrderFilters, *, now: datetime, code: str = VIEW) -> QuerySet[WorkOrder]:
    """All that match, unordered; the base of lists, exports and bulk previews. Words are matched, not ranked."""
    rows = visible_to(actor, code).filter(filters.conditions(now))
    if filters.unit_id:
        rows = rows.filter(Exists(Involvement.objects.filter(order=OuterRef("pk"), unit_id=filters.unit_id)))
    if filters.words:
        query = search_query(filters.words)
        rows = rows.filter(search=query) if query is not None else rows.none()
    return rows


def export_rows(
    actor: Actor, filters: OrderFilters, *, now: datetime, chunk: int = 2000
) -> Iterator[WorkOrder]:
    """Every match, oldest first, by a server-side cursor. Confidential orders never leave by export (rules.md 9)."""
    rows = matching(actor, filters, now=now, code="workorders:export").filter(secret=False)
    return rows.select_related(*ROW).defer("search", "answers").order_by("id").iterator(chunk_size=chunk)


def _paging_unit(actor: Actor, filters: OrderFilters) -> Way | None:
    """The unit whose Involvement rows the list walks; None when it must walk the orders themselves."""
    if actor.kind != ActorKind.STAFF or filters.citizen_id is not None or filters.number or filters.ids:
        return None  # the order's own index is narrower
    way = paging_unit(actor)
    if way is not None:
        return way if not way.area and filters.unit_id in (None, way.unit_id) else None
    if filters.unit_id is not None:
        for way in ways_of(actor):
            if way.everything:
                return replace(way, unit_id=filters.unit_id)
    return None


def _of_unit(
    actor: Actor, way: Way, filters: OrderFilters, *, now: datetime, sort: Sort, cursor: str, size: int
) -> Page[WorkOrder]:
    rows = (
        Involvement.objects.filter(unit_id=way.unit_id or 0)
        .filter(filters.conditions(now, "order__"), secrets_named(actor, way, "order__"))
        .select_related(*(f"order__{name}" for name in ROW))
        .only("unit_id", *(f"order__{name}" for name in COLUMNS))
    )
    page = keyset(
        rows, order=("-order_id",) if sort == Sort.NEWEST else ("order_id",), cursor=cursor, size=size
    )
    return Page(rows=[row.order for row in page.rows], next=page.next, previous=page.previous)


def _by_unit(actor: Actor, filters: OrderFilters, *, now: datetime) -> tuple[QuerySet[WorkOrder], int | None]:
    """All that match, for whoever starts from words, and the unit that each must still concern: asked last, of what was found.
    As part of the rows' condition the planner reads every order of the unit first."""
    way = _paging_unit(actor, filters)
    if way is None:
        return matching(actor, filters, now=now), None
    return WorkOrder.objects.filter(filters.conditions(now), secrets_named(actor, way)), way.unit_id


def _by_words(
    actor: Actor, filters: OrderFilters, *, now: datetime, sort: Sort, cursor: str, size: int
) -> Listing:
    query = search_query(filters.words)
    assert query is not None
    rows, unit_id = _by_unit(actor, filters, now=now)
    if unit_id is not None:
        rows = rows.filter(of_unit(unit_id), search=query)
    ids, capped = newest_matches(rows)
    if sort in (Sort.RELEVANCE, Sort.DUE):
        sort, ids = Sort.RELEVANCE, ranked(ids, query)
    elif sort == Sort.OLDEST:
        ids = ids[::-1]
    return _page_of(ids, sort, capped=capped, cursor=cursor, size=size)


def _page_of(ids: Sequence[int], sort: Sort, *, capped: bool, cursor: str, size: int) -> Listing:
    start = _position(cursor)
    wanted = ids[start : start + size]
    found = {
        row.pk: row for row in WorkOrder.objects.filter(pk__in=wanted).select_related(*ROW).only(*COLUMNS)
    }
    rows_in_order = [found[pk] for pk in wanted if pk in found]
    page = Page(
        rows=rows_in_order,
        next=_at(start + size) if start + size < len(ids) else "",
        previous=_at(max(start - size, 0)) if start else "",
    )
    return Listing(page, sort, capped)


def _at(position: int) -> str:
    return base64.urlsafe_b64encode(json.dumps(["at", position]).encode()).decode().rstrip("=")


def _position(cursor: str) -> int:
    """The place in the ranked matches, which are at most `NEWEST`; anything unreadable is the beginning."""
    try:
        mark, position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        return 0
    return position if mark == "at" and isinstance(position, int) and 0 <= position <= NEWEST else 0


def open_condition() -> Q:
    """Open orders, phrased as the partial indexes are."""
    return ~Q(state__in=[str(state) for state in FINAL_STATES])
