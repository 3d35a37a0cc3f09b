"""Finding orders by words: Chinese is cut by rjieba, matched in a tsvector, then ranked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, Model, Q, QuerySet
from django.db.models.functions import Left

from hotline.knowledge.queries import terms
from hotline.knowledge.rules import question_of
from hotline.language.alike import ranking
from hotline.workorders.models import WorkOrder
from hotline.workorders.rules import search_query as tsquery_of

NEWEST = 1000
"""A word that everybody uses matches a large part of the table; the newest this many are ranked."""
WINDOW = 20_000
"""Newest orders in which a common word is looked for first."""
ENOUGH = 200
"""Four pages of matches among them: nobody reads further, who does narrows the list."""

WINDOWS = (2_000, 20_000, 200_000, None)
"""Newest orders among which candidates are looked for, step by step."""
POOL = 120
"""Candidates that one step gives at most."""
COMPARED = 80
"""Candidates by words that are compared in the process, which costs a quarter of a millisecond each."""
BEGIN = 500
"""Characters of an order's text that are compared."""
MEANT = 0.84
"""Cosine of the embedding model from which two texts speak of the same matter."""


class Meant(NamedTuple):
    """How near an order is in meaning. `cosine` says whether it speaks of the same matter at all; `centred` (what all
    orders have in common taken off) orders those that do."""

    cosine: float
    centred: float


class Near(Protocol):
    """Order id → meaning of the `most` orders nearest in meaning, and of those in `also` that have a vector."""

    def __call__(self, text: str, most: int, also: Sequence[int] = ()) -> Mapping[int, Meant]: ...


_near: Near | None = None


def use_meaning(near: Near | None) -> None:
    """Set who knows orders by meaning. None: words alone."""
    global _near
    _near = near


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
    statement = (
        f"WITH matches(id) AS MATERIALIZED ({query}) SELECT id FROM matches ORDER BY id DESC LIMIT {NEWEST}"
    )
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


def pools(rows: QuerySet[WorkOrder], query: SearchQuery) -> Iterator[list[int]]:
    """At most POOL ids of `rows` that match, among the newest orders, then further back; whoever has enough stops asking.

    Unordered, so that the planner has no reason to walk the key for a rare word; a common one fills the pool early.
    """
    last = WorkOrder.objects.order_by("-id").values_list("id", flat=True).first() or 0
    for window in WINDOWS:
        near = Q() if window is None or window >= last else Q(pk__gt=last - window)
        yield list(rows.filter(near, search=query).order_by().values_list("pk", flat=True)[:POOL])
        if not near:
            return


def alike(rows: QuerySet[WorkOrder], text: str) -> list[int]:
    """Ids of `rows` that say the same as `text` in these or other words, the likest first; some two hundred at most.

    As the knowledge base searches: synonyms and a city's abbreviations count as the word itself, all words before some, and
    meaning where vectors are kept. `rows` decide what may be found at all.
    """
    question = question_of(text, terms())
    found: dict[int, None] = {}
    if question.terms:
        indexes = range(len(question.terms))
        for expression in (question.every(indexes[:6]), question.some(indexes[:6])):
            query = SearchQuery(expression, search_type="raw", config="simple")
            for ids in pools(rows, query):
                found.update(dict.fromkeys(ids))
                if len(found) >= POOL // 2:
                    break
            if len(found) >= POOL // 2:
                break
    near = _near(text, POOL, list(found)[:COMPARED]) if _near else {}
    meant = [pk for pk, one in near.items() if one.cosine >= MEANT and pk not in found]
    if meant:
        # What is near in meaning is shown only if it belongs to `rows`: the vectors know nothing of secrecy.
        meant = list(rows.filter(pk__in=meant).values_list("pk", flat=True))
    begun = list(
        WorkOrder.objects.filter(pk__in=[*list(found)[:COMPARED], *meant])
        .annotate(begin=Left("content", BEGIN))
        .values_list("id", "title", "begin")
    )
    words = " ".join(word for term in question.terms for spelling in term for word in spelling)
    scores = ranking(
        f"{text} {words}",
        [f"{title}\n{begin}" for _pk, title, begin in begun],
        [near[pk].centred if pk in near else None for pk, _title, _begin in begun] if near else (),
    )
    value = {row[0]: score for row, score in zip(begun, scores, strict=True)}
    return sorted(value, key=lambda pk: (-round(value[pk], 4), -pk))
