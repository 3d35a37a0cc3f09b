"""Counting what is asked, opened, inserted and found helpful."""

from __future__ import annotations

from typing import Final

from django.db import connection

from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import NotVisible
from hotline.knowledge.queries.entries import entry_for

KINDS: Final = frozenset({"search", "miss", "opened", "inserted", "helpful", "unhelpful"})


def count_use(*, actor: Actor, kind: str, entry_id: int | None = None) -> None:
    """Count one use today. An entry must be visible to the actor; who used it is not written down."""
    if kind not in KINDS:
        raise NotVisible(kind)
    if entry_id is not None:
        entry_for(actor, entry_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO knowledge_use (day, kind, entry_id, count) VALUES (%s, %s, %s, 1)"
            " ON CONFLICT (day, kind, entry_id) DO UPDATE SET count = knowledge_use.count + 1",
            [clock.today(), kind, entry_id],
        )
