"""The proposals of orders."""

from __future__ import annotations

from hotline.suggestions.models import Suggestion


def proposals_of(order_id: int) -> dict[str, Suggestion]:
    """Kind → the last proposal of an order. One query."""
    return {row.kind: row for row in Suggestion.objects.filter(order_id=order_id).order_by("id")}
