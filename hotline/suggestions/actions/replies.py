"""A reply that was begun from former ones: which orders it cites, kept with the order."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.suggestions import permissions
from hotline.suggestions.models import Kind, Outcome, Suggestion
from hotline.suggestions.rules import Candidate, judge_reply
from hotline.workorders.models import Reply
from hotline.workorders.queries import get_visible

SIMILAR = "similar orders"


@transaction.atomic
def note_reply(*, actor: Actor, order_id: int, cited: Iterable[Candidate]) -> Suggestion:
    """Somebody put the reply of other orders into the form of this one. `cited`: their numbers with likeness, the taken one first.

    Nothing is answered by it: what is sent, the person sends. Raises NotVisible, NotPermitted.
    """
    order = get_visible(actor, order_id)
    permissions.can(actor, "workorders:reply").require("workorders:reply")
    candidates = list(cited)
    return Suggestion.objects.create(
        order=order,
        kind=Kind.REPLY,
        model=SIMILAR,
        candidates=[one.as_json() for one in candidates],
        confidence=candidates[0].score if candidates else 0,
        made_at=now(),
        shown_to=actor.key(),
        shown_at=now(),
        final=candidates[0].value if candidates else "",
    )


@transaction.atomic
def settle_replies(*, actor: Actor, order_id: int) -> int:
    """The reply of an order was approved: how much of the former replies that it was begun from went out. Returns how many
    were settled.

    Decided by who took it over, since that person wrote what was sent. May run twice.
    """
    permissions.can(actor, permissions.MAKE).require(permissions.MAKE)
    rows = list(
        Suggestion.objects.select_for_update().filter(
            order_id=order_id, kind=Kind.REPLY, outcome=Outcome.SHOWN
        )
    )
    approved = Reply.objects.filter(state="approved").order_by("-id")
    sent = approved.filter(order_id=order_id).values_list("text", flat=True).first() if rows else None
    settled = 0
    for row in rows:
        former = approved.filter(order__number=row.final).values_list("text", flat=True).first()
        if sent is None or former is None:
            continue
        row.outcome = judge_reply(former, sent)
        row.decided_by, row.decided_at = row.shown_to, now()
        row.unit_id = row.order.lead_unit_id
        row.save(update_fields=["outcome", "unit", "decided_by", "decided_at"])
        settled += 1
    return settled
