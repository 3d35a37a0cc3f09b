"""How similar cases were answered: words find candidates in PostgreSQL, likeness orders the few of them in the process."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.db.models.functions import Left

from hotline.dispatch.rules import likeness
from hotline.kit.actor import Actor
from hotline.language.phrases import key_phrases
from hotline.language.segment import standard
from hotline.workorders.models import Reply, WorkOrder
from hotline.workorders.queries import visible_to
from hotline.workorders.queries.words import newest_matches, search_query

LOOKED_AT = 120
"""Newest matches that are compared by their words."""
LEAST = 0.15
PHRASES = 5
MOST_TEXT = 2_000
"""Characters of what is asked with; the matter stands early."""


@dataclass(frozen=True, slots=True)
class AnsweredCase:
    """An order with the reply that a unit gave and the hotline approved; `percent` of likeness."""

    order: WorkOrder
    reply: Reply
    percent: int


def answered_like(
    actor: Actor,
    *,
    title: str,
    content: str,
    category: str = "",
    except_id: int | None = None,
    limit: int = 3,
) -> list[AnsweredCase]:
    """Answered orders like this one that the actor may see, the likest first. Confidential ones are never shown as examples.

    A dozen queries at most. A search takes two telling words together, then one alone, until there is enough to compare; each is
    bounded by `newest_matches`, so that common words cost the same at a million orders as at a thousand.
    """
    text = f"{title}\n{content}"[:MOST_TEXT]
    telling = _telling(text)
    answered = Exists(Reply.objects.filter(order_id=OuterRef("pk"), state="approved"))
    rows = visible_to(actor).filter(answered, secret=False)
    if except_id:
        rows = rows.exclude(pk=except_id)
    ids: dict[int, None] = {}
    for words in _searches(telling):
        query = search_query(words)
        if query is None:
            continue
        matching = rows.filter(search=query)
        if category:
            matching = matching.filter(category__code=category)
        found, _capped = newest_matches(matching)
        ids.update(dict.fromkeys(found[:LOOKED_AT]))
        if len(ids) >= LOOKED_AT // 2:
            break
    if not ids and category:
        # Nobody used these words: the newest of the same matter.
        ids.update(dict.fromkeys(newest_matches(rows.filter(category__code=category))[0][:LOOKED_AT]))
    scored = sorted(
        (
            (likeness(text, f"{one_title}{begin}"), pk)
            for pk, one_title, begin in WorkOrder.objects.filter(pk__in=list(ids)[:LOOKED_AT])
            .annotate(begin=Left("content", 400))
            .values_list("id", "title", "begin")
        ),
        reverse=True,
    )
    best = {pk: score for score, pk in scored[:limit] if score >= LEAST}
    if not best:
        return []
    orders = (
        WorkOrder.objects.filter(pk__in=best)
        .select_related("lead_unit")
        .only("id", "number", "title", "state", "lead_unit__short_name", "lead_unit__name")
        .in_bulk()
    )
    replies: dict[int, Reply] = {
        row.order_id: row for row in Reply.objects.filter(order_id__in=best, state="approved").order_by("id")
    }
    return [
        AnsweredCase(orders[pk], replies[pk], round(score * 100))
        for pk, score in best.items()
        if pk in orders and pk in replies
    ]


def _telling(text: str) -> list[str]:
    """Words of the key phrases as the index cuts them, the most telling first."""
    cut = (word for phrase in key_phrases(text, PHRASES) for word in standard().cut(phrase.text))
    return list(dict.fromkeys(word for word in cut if len(word) > 1))[:PHRASES]


def _searches(words: list[str]) -> list[str]:
    """From the narrow to the wide: the two most telling together, then each of the first two alone."""
    return [" ".join(words[:2]), *words[:2]] if len(words) > 1 else words
