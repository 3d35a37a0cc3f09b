"""How similar cases were answered: words and category find candidates in PostgreSQL, likeness orders the few of them here.

Every statement is bounded whatever the size of the table and however common the words: at most `POOL` rows leave it, an
index leads to them (`order_search`, the key, `order_category`, `involvement_once`), and it is narrowed to the newest orders
first, so that a common word is not read through to its first use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.contrib.postgres.search import SearchQuery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Left

from hotline.kit.actor import Actor, ActorKind
from hotline.language.alike import cosines
from hotline.language.phrases import key_phrases
from hotline.language.replying import MOST, adapt
from hotline.language.segment import standard
from hotline.suggestions.queries import place_finder
from hotline.workorders.models import Involvement, Outcome, Reply, WorkOrder
from hotline.workorders.queries import visible_to
from hotline.workorders.queries.visibility import paging_unit
from hotline.workorders.queries.words import POOL, pools, search_query

LOOKED_AT = 60
"""Candidates that are compared by their words."""
ENOUGH = 40
"""Candidates after which no wider step is taken."""
OWN = 3_000
"""Newest orders of a unit among which its people look; they see no others."""
SHARE = 0.09
"""Least likeness: two letters about different matters rarely reach it."""
SHARE_ELSEWHERE = 0.25
"""Least likeness where the two stand in different branches of the taxonomy: a street that both name is not yet a like matter."""
PHRASES = 5
MOST_TEXT = 2_000
"""Characters of what is asked with; the matter stands early."""
BEGIN = 200
"""Characters of a candidate that are compared."""


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
    good: bool = False,
) -> list[AnsweredCase]:
    """Answered orders like this one that the actor may see, the likest first. Confidential ones are never shown as examples.

    `good`: only what ended well: solved or explained, and the citizen did not say otherwise. A dozen queries at most.
    """
    text = f"{title}\n{content}"[:MOST_TEXT]
    if not any(letter.isalnum() for letter in text):
        return []
    replies = Reply.objects.filter(order_id=OuterRef("pk"), state="approved")
    rows = visible_to(actor).filter(secret=False)
    if good:
        replies = replies.exclude(outcome=Outcome.UNSOLVED).exclude(citizen_satisfied=False)
        rows = rows.exclude(solved=False)
    rows = rows.filter(Exists(replies))
    if except_id:
        rows = rows.exclude(pk=except_id)
    ids = _candidates(actor, rows, _telling(text), category)[:LOOKED_AT]
    begun = [
        (pk, f"{one_title}\n{begin}", least(category, code or ""))
        for pk, one_title, begin, code in WorkOrder.objects.filter(pk__in=ids)
        .annotate(begin=Left("content", BEGIN))
        .values_list("id", "title", "begin", "category__code")
    ]
    likeness = cosines(text[: BEGIN * 2], [one for _pk, one, _least in begun])
    scored = sorted(
        ((score, pk) for score, (pk, _text, enough) in zip(likeness, begun, strict=True) if score >= enough),
        reverse=True,
    )
    best = {pk: score for score, pk in scored[:limit]}
    return _with_replies(best, good)


def least(one: str, other: str) -> float:
    """The likeness that two orders with these category codes (empty: none yet) need to be shown as alike."""
    apart = bool(one and other) and one.split(".")[0] != other.split(".")[0]
    return SHARE_ELSEWHERE if apart else SHARE


@dataclass(frozen=True, slots=True)
class ReplyDraft:
    """A case's reply without that order's own facts (`gaps` to fill); never sent by itself."""

    case: AnsweredCase
    text: str
    gaps: int


def reply_drafts(actor: Actor, order: WorkOrder, limit: int = 3) -> list[ReplyDraft]:
    """What may begin the reply to an order: replies of the like that ended well, the likest first."""
    found = answered_like(
        actor,
        title=order.title,
        content=order.content,
        category=order.category.code if order.category else "",
        except_id=order.pk,
        limit=limit,
        good=True,
    )
    finder = place_finder()
    drafts = []
    for case in found:
        text = case.reply.text[:MOST]
        own = order.lead_unit.name if order.lead_unit else ""
        lead = case.order.lead_unit
        adapted = adapt(
            text,
            [(place.start, place.end) for place in finder.find(text).places],
            own=own,
            others=[case.reply.signed_unit, lead.name if lead else ""],
        )
        drafts.append(ReplyDraft(case, adapted.text, adapted.gaps))
    return drafts


def _with_replies(best: dict[int, float], good: bool) -> list[AnsweredCase]:
    if not best:
        return []
    orders = (
        WorkOrder.objects.filter(pk__in=best)
        .select_related("lead_unit")
        .only("id", "number", "title", "state", "closed_at", "lead_unit__short_name", "lead_unit__name")
        .in_bulk()
    )
    approved = Reply.objects.filter(order_id__in=best, state="approved").order_by("id")
    if good:
        approved = approved.exclude(outcome=Outcome.UNSOLVED).exclude(citizen_satisfied=False)
    replies: dict[int, Reply] = {row.order_id: row for row in approved}
    return [
        AnsweredCase(orders[pk], replies[pk], round(score * 100))
        for pk, score in best.items()
        if pk in orders and pk in replies
    ]


def _candidates(actor: Actor, rows: QuerySet[WorkOrder], telling: Sequence[str], category: str) -> list[int]:
    """Ids by the narrowest way first, each once, until there are enough to compare."""
    found: dict[int, None] = {}
    steps = _in_unit if _unit_of(actor) else _in_city
    for ids in steps(actor, rows, telling, category):
        found.update(dict.fromkeys(ids))
        if len(found) >= ENOUGH:
            break
    return list(found)


def _in_city(
    actor: Actor, rows: QuerySet[WorkOrder], telling: Sequence[str], category: str
) -> Iterator[Iterable[int]]:
    """The two most telling words together, from the newest orders back; the category's newest; then any telling word."""
    del actor
    if (together := search_query(" ".join(telling[:2])) if telling else None) is not None:
        yield from pools(rows, together)
    if category:
        yield rows.filter(category__code=category).order_by("-id").values_list("pk", flat=True)[: POOL // 2]
    if (single := _any_of(telling)) is not None:
        yield from islice(pools(rows, single), 3)


def _in_unit(
    actor: Actor, rows: QuerySet[WorkOrder], telling: Sequence[str], category: str
) -> Iterator[Iterable[int]]:
    """The newest orders of one's own unit that share a telling word or the category."""
    newest = (
        Involvement.objects.filter(unit_id=_unit_of(actor) or 0)
        .order_by("-order_id")
        .values_list("order_id", flat=True)[:OWN]
    )
    single = _any_of(telling)
    condition = Q(search=single) if single is not None else Q()
    if category:
        condition |= Q(category__code=category)
    yield rows.filter(condition, pk__in=newest).order_by("-id").values_list("pk", flat=True)[:POOL]


def _unit_of(actor: Actor) -> int | None:
    way = paging_unit(actor) if actor.kind == ActorKind.STAFF else None
    return way.unit_id if way else None


def _any_of(telling: Sequence[str]) -> SearchQuery | None:
    parts = [query for word in telling[:3] if (query := search_query(word)) is not None]
    found: SearchQuery | None = None
    for part in parts:
        found = part if found is None else found | part
    return found


def _telling(text: str) -> list[str]:
    """Words of the key phrases as the index cuts them, the most telling first."""
    cut = (word for phrase in key_phrases(text, PHRASES) for word in standard().cut(phrase.text))
    return list(dict.fromkeys(word for word in cut if len(word) > 1))[:PHRASES]
