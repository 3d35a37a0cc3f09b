"""Finding orders by words: Chinese is cut by rjieba, matched in a tsvector, then ranked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import Exists, F, Model, OuterRef, QuerySet
from django.db.models.functions import Left

from hotline.knowledge.queries import terms
from hotline.knowledge.rules import question_of
from hotline.language.alike import ranking
from hotline.workorders.models import Involvement, WorkOrder
from hotline.workorders.rules import search_query as tsquery_of

NEWEST = 1000
"""A word that everybody uses matches a large part of the table; the newest this many are ranked."""
WINDOW = 20_000
"""Newest orders in which a common word is looked for first."""
ENOUGH = 200
"""Four pages of matches among them: nobody reads further, who does narrows the list."""

WINDOWS = (50_000, 400_000, None)
"""Newest orders among which candidates are looked for, step by step. Each step reads the index of words anew, and below 50,000 the
planner walks the key instead (measured: bench/README.md)."""
OF_UNIT = 3_000
"""Newest orders of a unit among which its people's words are looked for first."""
POOL = 120
"""Candidates that one step gives at most."""
MANY_WORDS = 4
"""So many different words stand together in few orders."""
RANKED = 400
"""Matches of a step that the database puts in order, where the likest are wanted rather than any."""
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


def newest_of_unit(unit_id: int, rows: QuerySet[WorkOrder], most: int = POOL) -> list[int]:
    """At most `most` newest ids of `rows` among the `OF_UNIT` newest orders of a unit, newest first.

    The unit's orders are walked from the newest and the walk ends with the last one wanted. Django has no words for that:
    as a condition on the orders the planner reads everything that the unit ever had.
    """
    involved = Involvement.objects.filter(unit_id=unit_id).order_by("-order_id").values("order_id")
    own, own_values = involved[:OF_UNIT].query.sql_with_params()
    wanted, values = rows.order_by().values("pk").query.sql_with_params()
    statement = (
        f"SELECT own.id FROM ({own}) AS own(id) WHERE EXISTS"
        f" (SELECT 1 FROM ({wanted}) AS wanted(id) WHERE wanted.id = own.id) ORDER BY own.id DESC LIMIT {most}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*own_values, *values])
        return [row[0] for row in cursor.fetchall()]


def pools(
    rows: QuerySet[WorkOrder],
    query: SearchQuery,
    *,
    windows: Sequence[int | None] = WINDOWS,
    likest: SearchQuery | None = None,
) -> Iterator[list[int]]:
    """At most POOL ids of `rows` that match, among the newest orders, then further back; whoever has enough stops asking.

    Unordered, so that the planner has no reason to walk the key for a rare word; a common one fills the pool early. With
    `likest` the pool is the best by that query of the first `RANKED` found.
    """
    rows = rows.filter(search=query).order_by()
    last = WorkOrder.objects.order_by("-id").values_list("id", flat=True).first() or 0
    for window in windows:
        near = rows if window is None or window >= last else rows.filter(pk__gt=last - window)
        if likest is not None:
            near = (
                WorkOrder.objects.filter(pk__in=near.values("pk")[:RANKED])
                .annotate(rank=SearchRank(F("search"), likest))
                .order_by("-rank", "-id")
            )
        yield list(near.values_list("pk", flat=True)[:POOL])
        if window is None or window >= last:
            return


def of_unit(unit_id: int) -> Exists:
    """The condition that an order concerns a unit, now or before."""
    return Exists(Involvement.objects.filter(order=OuterRef("pk"), unit_id=unit_id))


def alike(rows: QuerySet[WorkOrder], text: str, unit_id: int | None = None) -> list[int]:
    """Ids of `rows` that say the same as `text` in these or other words, the likest first; some two hundred at most.

    As the knowledge base searches: synonyms and a city's abbreviations count as the word itself, all words before some, and
    meaning where vectors are kept. `rows` decide what may be found at all, `unit_id` that it is the unit's own.
    """
    question = question_of(text, terms())
    mine = rows if unit_id is None else rows.filter(of_unit(unit_id))
    found: dict[int, None] = {}
    if question.terms:
        indexes = range(len(question.terms))
        for expression, many in (
            (question.every(indexes[:6]), len(indexes) >= MANY_WORDS),
            (question.some(indexes[:6]), False),
        ):
            query = SearchQuery(expression, search_type="raw", config="simple")
            steps = pools(mine, query, windows=(WINDOWS[0], None) if many else WINDOWS)
            if unit_id is not None and not many:
                steps = chain([newest_of_unit(unit_id, rows.filter(search=query))], steps)
            for ids in steps:
                found.update(dict.fromkeys(ids))
                if len(found) >= POOL // 2:
                    break
            if len(found) >= POOL // 2:
                break
    near = _near(text, POOL, list(found)[:COMPARED]) if _near else {}
    meant = [pk for pk, one in near.items() if one.cosine >= MEANT and pk not in found]
    if meant:
        # What is near in meaning is shown only if it belongs to `rows`: the vectors know nothing of secrecy.
        meant = list(mine.filter(pk__in=meant).values_list("pk", flat=True))
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
