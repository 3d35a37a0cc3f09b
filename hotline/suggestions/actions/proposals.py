"""Keeping proposals and what people made of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from hotline.kit import events
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.live import publish
from hotline.suggestions import permissions
from hotline.suggestions.models import Kind, Outcome, Suggestion
from hotline.suggestions.queries.labels import canonical_labels
from hotline.suggestions.rules import Proposal, judge, judge_labels
from hotline.workorders.models import WorkOrder

SUGGESTION_MADE = events.declare("suggestion.made", "The machine has proposed what it could for a new order.")


@transaction.atomic
def keep_proposals(
    *,
    actor: Actor,
    order_id: int,
    proposals: Iterable[Proposal],
    seen_by: str = "",
    seen_at: datetime | None = None,
) -> int:
    """Store proposals for an order; those of a kind that it already has are left out, so a job may run twice.

    `seen_by` (an `Actor.key()`) already had them in view when the order was made, at `seen_at`.
    """
    # Two jobs on one order would both find nothing there.
    WorkOrder.objects.select_for_update(no_key=True).only("id").filter(pk=order_id).first()
    permissions.can(actor, "suggestions:make").require("suggestions:make")
    known = set(Suggestion.objects.filter(order_id=order_id).values_list("kind", flat=True))
    made = Suggestion.objects.bulk_create(
        Suggestion(
            order_id=order_id,
            kind=one.kind,
            model=one.model,
            candidates=[candidate.as_json() for candidate in one.candidates],
            evidence=[list(span) for span in one.evidence],
            confidence=one.confidence,
            made_at=now(),
            shown_to=seen_by,
            shown_at=seen_at if seen_by else None,
        )
        for one in proposals
        if one.kind not in known
    )
    if made:
        publish([f"order:{order_id}"], "suggestion.made", order=order_id)
        events.emit(SUGGESTION_MADE, order_id=order_id)
    return len(made)


@transaction.atomic
def note_shown(*, actor: Actor, order_id: int) -> None:
    """Somebody has the proposals of an order before their eyes: the first one counts."""
    Suggestion.objects.filter(order_id=order_id, shown_at__isnull=True).update(
        shown_to=actor.key(), shown_at=now()
    )


@transaction.atomic
def settle(*, actor: Actor, order_id: int, decided_by: str) -> int:
    """An order was dispatched: compare every open proposal with what the order is now. Returns how many were settled.

    Of what the order does not say (it went out without a category or a place) nobody has judged the machine.
    """
    permissions.can(actor, "suggestions:make").require("suggestions:make")
    order = WorkOrder.objects.select_related("category").filter(pk=order_id).first()
    if order is None:
        return 0
    final = {
        Kind.CATEGORY: order.category.code if order.category else "",
        Kind.UNIT: str(order.lead_unit_id or ""),
        Kind.PLACE: order.actual_division_id or order.division_id or "",
        Kind.URGENCY: order.urgency,
    }
    settled = 0
    for row in Suggestion.objects.select_for_update().filter(order_id=order_id, outcome=Outcome.SHOWN):
        if row.kind == Kind.LABELS:
            # A label that was renamed or merged meanwhile is still the one that was proposed.
            now_called = canonical_labels(order.labels)
            proposed = [{"value": name} for name in canonical_labels(str(one["value"]) for one in row.candidates)]
            row.outcome, row.final = judge_labels(proposed, now_called), " ".join(order.labels)[:200]
        elif row.kind in final:
            if not final[Kind(row.kind)]:
                continue
            row.final = final[Kind(row.kind)]
            row.outcome = judge(row.candidates, row.final)
        else:
            continue
        row.unit_id, row.decided_by, row.decided_at = order.lead_unit_id, decided_by, now()
        row.save(update_fields=["outcome", "final", "unit", "decided_by", "decided_at"])
        settled += 1
    return settled
