"""The card that stands against an order: written by the scanner many at once, by people one at a time."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from hotline.workorders.models import StandingCard, WorkOrder
from hotline.workorders.rules.clocks import CARDS, RANK

LEVELS = sorted(RANK, key=lambda level: RANK[level])
"""Level of a rank r: `LEVELS[r]`, in SQL `[r + 1]`."""


def set_card(order: WorkOrder, level: str) -> None:
    """Make `level` the order's card, or take it away when that is none (green, warning). The order is locked."""
    if level in CARDS:
        order.standing = StandingCard.objects.update_or_create(order=order, defaults={"level": str(level)})[0]
    else:
        StandingCard.objects.filter(order=order).delete()
        order._state.fields_cache.pop("standing", None)


def raise_cards(cards: Mapping[int, str]) -> None:
    """Order → card: each becomes the order's card unless a graver one stands. The orders are locked."""
    if not cards:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workorders_standingcard AS standing (order_id, level)"
            " SELECT id, (%s::text[])[rank] FROM unnest(%s::bigint[], %s::int[]) AS given(id, rank)"
            " ON CONFLICT (order_id) DO UPDATE SET level = EXCLUDED.level"
            " WHERE array_position(%s::text[], EXCLUDED.level::text) > array_position(%s::text[], standing.level::text)",
            [LEVELS, list(cards), [RANK[card] + 1 for card in cards.values()], LEVELS, LEVELS],
        )
