"""Finding orders by words: Chinese is cut by rjieba, matched in a tsvector, then ranked."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Model, QuerySet

from hotline.workorders.rules import search_query as tsquery_of

NEWEST = 2000
"""A word that everybody uses matches a large part of the table; the newest this many are ranked."""


def search_query(text: str) -> SearchQuery | None:
    """All words of `text` must occur; None when it holds no word (punctuation only)."""
    query = tsquery_of(text)
    return SearchQuery(query, search_type="raw", config="simple") if query else None


def newest_matches(rows: QuerySet[Model], key: str = "id") -> list[int]:
    """Ids of the newest `NEWEST` of `rows`, newest first.

    The matches are materialised before they are ordered: left to itself the planner walks the primary key backwards
    and, for a rare word, reads the whole table (measured: seconds instead of milliseconds at a million orders).
    """
    query, parameters = rows.order_by().values(key).query.sql_with_params()
    statement = f'WITH matches(id) AS MATERIALIZED ({query}) SELECT DISTINCT id FROM matches ORDER BY id DESC LIMIT {NEWEST}'
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [row[0] for row in cursor.fetchall()]


def ranked(ids: Sequence[int], query: SearchQuery) -> list[int]:
    """`ids` by relevance, equal ones newest first."""
    if not ids:
        return []
    from django.contrib.postgres.search import SearchRank
    from django.db.models import F

    from hotline.workorders.models import WorkOrder

    rows = WorkOrder.objects.filter(pk__in=ids).annotate(rank=SearchRank(F("search"), query)).order_by("-rank", "-id")
    return list(rows.values_list("pk", flat=True))
