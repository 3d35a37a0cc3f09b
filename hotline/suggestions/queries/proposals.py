"""The proposals of orders."""

from __future__ import annotations

from collections.abc import Iterable

from hotline.suggestions.models import RiskAlert, Suggestion


def proposals_of(order_id: int) -> dict[str, Suggestion]:
    """Kind → the last proposal of an order. One query."""
    return {row.kind: row for row in Suggestion.objects.filter(order_id=order_id).order_by("id")}


def latest_of(order_ids: Iterable[int], kind: str) -> dict[int, Suggestion]:
    """Order → its last proposal of a kind, for a page of orders. One query."""
    rows = Suggestion.objects.filter(order_id__in=list(order_ids), kind=kind).order_by("id")
    return {row.order_id: row for row in rows}


def risks_of(order_ids: Iterable[int]) -> dict[int, RiskAlert]:
    """Order → its risk, for those that have one. One query."""
    return {row.order_id: row for row in RiskAlert.objects.filter(order_id__in=list(order_ids))}
