"""How similar cases were answered: words and category find candidates in PostgreSQL, likeness orders the few of them here.

Every statement is bounded whatever the size of the table and however common the words: at most `POOL` rows leave it, an
index leads to them (`order_search`, the key, `order_category`, `involvement_once`), and it is narrowed to the newest orders
first, so that a common word is not read through to its first use. What each way costs and finds: bench/README.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from django.contrib.postgres.search import SearchQuery
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Left

from hotline.kit.actor import Actor, ActorKind
from hotline.language.alike import cosines
from hotline.language.phrases import key_phrases
from hotline.language.replying import MOST, adapt
from hotline.language.segment import standard
from hotline.suggestions.queries import place_finder
from hotline.workorders.models import Category, Outcome, Reply, WorkOrder
from hotline.workorders.queries import visible_to
from hotline.workorders.queries.visibility import paging_unit
from hotline.workorders.queries.words import POOL, WINDOWS, newest_of_unit, pools, search_query

LOOKED_AT = 60
"""Candidates that are compared by their words."""
ENOUGH = 40
"""Candidates after which no wider step is taken."""
SHARE = 0.09
"""Least likeness: two letters about different matters rarely reach it."""
SHARE_ELSEWHERE = 0.25
"""Least likeness where the two stand in different branches of the taxonomy: a street that both name is not yet a like matter."""
PHRASES = 5
TOGETHER = (4, 3, 2)
"""Telling words that are asked for together, step by step."""
BACK = (400_000, None)
"""Newest orders among which more than two words together are looked for: few orders have them."""
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
    unit_id = _unit_of(actor)
    # Of a unit's own orders few enough are looked at that whether they may be seen is asked of those alone, below.
    rows = visible_to(actor) if unit_id is None else WorkOrder.objects.all()
    rows = rows.filter(secret=False)
    if good:
        replies = replies.exclude(outcome=Outcome.UNSOLVED).exclude(citizen_satisfied=False)
        rows = rows.exclude(solved=False)
    rows = rows.filter(Exists(replies))
    if except_id:
        rows = rows.exclude(pk=except_id)
    ids = _candidates(unit_id, rows, _telling(text), category)[:LOOKED_AT]
    begun = [
        (pk, f"{one_title}\n{begin}", least(category, code or ""))
        for pk, one_title, begin, code in visible_to(actor)
        .filter(pk__in=ids)
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


def _candidates(
    unit_id: int | None, rows: QuerySet[WorkOrder], telling: Sequence[str], category: str
) -> list[int]:
    """Ids by the narrowest way first, each once, until there are enough to compare."""
    if unit_id is not None:
        return _in_unit(unit_id, rows, telling, category)
    found: dict[int, None] = {}
    for ids in _in_city(rows, telling, category):
        found.update(dict.fromkeys(ids))
        if len(found) >= ENOUGH:
            break
    return list(found)


def _in_city(rows: QuerySet[WorkOrder], telling: Sequence[str], category: str) -> Iterator[Iterable[int]]:
    """The most telling words together, four, three, then two of them; the category's newest; then any telling word. Of what
    matches, what has most of the telling words."""
    likest = _any_of(telling, PHRASES)
    for many in TOGETHER:
        if len(telling) >= many and (query := search_query(" ".join(telling[:many]))) is not None:
            yield from pools(rows, query, windows=BACK if many > 2 else WINDOWS, likest=likest)
    if category:
        yield rows.filter(_of_category(category)).order_by("-id").values_list("pk", flat=True)[: POOL // 2]
    if (single := _any_of(telling, 3)) is not None:
        yield from islice(pools(rows, single, likest=likest), 2)


def _in_unit(unit_id: int, rows: QuerySet[WorkOrder], telling: Sequence[str], category: str) -> list[int]:
    """The newest orders of one's own unit that share a telling word or the category."""
    single = _any_of(telling, 3)
    condition = Q(search=single) if single is not None else Q()
    if category:
        condition |= _of_category(category)
    return newest_of_unit(unit_id, rows.filter(condition))


def _of_category(code: str) -> Q:
    """By the category's id, along the index of orders; through its code the planner joins the two whole tables."""
    return Q(category_id=Subquery(Category.objects.filter(code=code).values("pk")[:1]))


def _unit_of(actor: Actor) -> int | None:
    way = paging_unit(actor) if actor.kind == ActorKind.STAFF else None
    return way.unit_id if way else None


def _any_of(telling: Sequence[str], most: int) -> SearchQuery | None:
    parts = [query for word in telling[:most] if (query := search_query(word)) is not None]
    found: SearchQuery | None = None
    for part in parts:
        found = part if found is None else found | part
    return found


def _telling(text: str) -> list[str]:
    """Words of the key phrases as the index cuts them, the most telling first."""
    cut = (word for phrase in key_phrases(text, PHRASES) for word in standard().cut(phrase.text))
    return list(dict.fromkeys(word for word in cut if len(word) > 1))[:PHRASES]
