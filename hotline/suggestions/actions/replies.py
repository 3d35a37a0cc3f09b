"""A reply that was begun from former ones: which orders it cites, kept with the order."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.suggestions import permissions
from hotline.suggestions.models import Kind, Suggestion
from hotline.suggestions.rules import Candidate
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
