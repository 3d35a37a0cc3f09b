"""Finding orders by words: Chinese is cut by rjieba, matched in a tsvector, then ranked."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, Model, QuerySet

from hotline.workorders.models import WorkOrder
from hotline.workorders.rules import search_query as tsquery_of

NEWEST = 1000
"""A word that everybody uses matches a large part of the table; the newest this many are ranked."""
WINDOW = 20_000
"""Newest orders in which a common word is looked for first."""
ENOUGH = 200
"""Four pages of matches among them: nobody reads further, who does narrows the list."""


def search_query(text: str) -> SearchQuery | None:
    """All words of `text` must occur; None when it holds no word (punctuation only)."""
    query = tsquery_of(text)
    return SearchQuery(query, search_type="raw", config="simple") if query else None


def newest_matches(rows: QuerySet[Model]) -> tuple[list[int], bool]:
    """(ids of at most `NEWEST` newest of `rows`, newest first; whether older ones may exist).

    A common word is found by looking at the newest orders alone: its matches fill the page long before the table ends.
    For any other the matches are materialised before they are ordered, because the planner, left to itself, walks the
    primary key backwards and for a rare word reads the whole table (measured: seconds instead of milliseconds).
    """
    last = WorkOrder.objects.order_by("-id").values_list("id", flat=True).first() or 0
    recent = list(rows.filter(pk__gt=last - WINDOW).order_by("-pk").values_list("pk", flat=True)[:NEWEST])
    if len(recent) >= ENOUGH:
        return recent, True
    query, parameters = rows.order_by().values("pk").query.sql_with_params()
    statement = f"WITH matches(id) AS MATERIALIZED ({query}) SELECT id FROM matches ORDER BY id DESC LIMIT {NEWEST}"
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = [row[0] for row in cursor.fetchall()]
    return found, len(found) >= NEWEST


def ranked(ids: Sequence[int], query: SearchQuery) -> list[int]:
    """`ids` by relevance, equal ones newest first."""
    if not ids:
        return []
    rows = (
        WorkOrder.objects.filter(pk__in=ids)
        .annotate(rank=SearchRank(F("search"), query))
        .order_by("-rank", "-id")
    )
    return list(rows.values_list("pk", flat=True))
