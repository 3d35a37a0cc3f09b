"""Risks that wait for an answer."""

from __future__ import annotations

from hotline.kit.actor import Actor
from hotline.suggestions.models import RiskAlert
from hotline.workorders.queries import visible_to

MOST = 200


def open_risks(actor: Actor, *, climbed: bool = False) -> list[RiskAlert]:
    """Unanswered risks of orders that the actor may see, oldest first."""
    rows = RiskAlert.objects.filter(answered_at=None, order__in=visible_to(actor))
    if climbed:
        rows = rows.filter(climbed_at__isnull=False)
    return list(rows.select_related("order__category", "order__division").order_by("raised_at")[:MOST])


def risk_of(order_id: int) -> RiskAlert | None:
    """The risk of one order."""
    return RiskAlert.objects.filter(order_id=order_id).first()
