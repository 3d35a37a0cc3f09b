"""Orders by meaning: one vector an order, where the database has pgvector and the models' worker answers.

The table stands outside Django's models because it exists only where the extension does. It knows nothing of secrecy: who
asks filters what comes by what an actor may see. Everything here answers "nothing" when something is missing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection, transaction

from hotline.suggestions.queries.models import model_worker

log = logging.getLogger("hotline.suggestions")
DIMENSIONS = 384
ASK_AGAIN = 60.0
"""Seconds after which a missing table is looked for again."""
MEANT_CHARS = 220
"""Characters of an order that its vector is made of; the matter stands early."""


@dataclass(slots=True)
class _Known:
    table: bool = False
    asked_at: float = -ASK_AGAIN


_known = _Known()


def prepare(database: Any = connection) -> bool:
    """Make the table where the extension can be had; False when it cannot. Harmless when repeated."""
    try:
        with transaction.atomic(using=database.alias), database.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
            if cursor.fetchone() is None:
                return False
            cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS suggestions_ordervector ("
                f" order_id bigint PRIMARY KEY, vector halfvec({DIMENSIONS}) NOT NULL)"
            )
            cursor.execute(
                "CREATE INDEX IF NOT EXISTS suggestions_ordervector_near ON suggestions_ordervector"
                " USING hnsw (vector halfvec_cosine_ops)"
            )
    except DatabaseError as error:
        log.warning("orders are not found by meaning, the database refuses pgvector: %s", error)
        return False
    return True


def table_there() -> bool:
    """True when orders can be compared by meaning in this database."""
    if not _known.table and time.monotonic() - _known.asked_at >= ASK_AGAIN:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('suggestions_ordervector') IS NOT NULL")
            _known.table = bool(cursor.fetchone()[0])
        _known.asked_at = time.monotonic()
    return _known.table


def forget() -> None:
    """Look for the table again at the next use; for tests."""
    _known.table, _known.asked_at = False, -ASK_AGAIN


def near(text: str, most: int) -> dict[int, float]:
    """Order id → cosine of the `most` nearest, whoever may see them; empty without a table or a model's answer in time."""
    worker = model_worker() if table_there() else None
    if worker is None:
        return {}
    from hotline.language.client import Off  # where a worker is, its packages are

    found = worker.vectors([text[:MEANT_CHARS]], "query")
    if isinstance(found, Off):
        return {}
    vector = _text(found[0].tolist())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT order_id, 1 - (vector <=> %s::halfvec) FROM suggestions_ordervector ORDER BY vector <=> %s::halfvec LIMIT %s",
            [vector, vector, most],
        )
        return {int(pk): float(cosine) for pk, cosine in cursor.fetchall()}


def keep(found: Sequence[tuple[int, Sequence[float]]]) -> int:
    """Write vectors by order id, anew where there was one; returns how many."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO suggestions_ordervector (order_id, vector) VALUES (%s, %s::halfvec)"
            " ON CONFLICT (order_id) DO UPDATE SET vector = excluded.vector",
            [(pk, _text(vector)) for pk, vector in found],
        )
    return len(found)


def without(last: int, back: int, most: int) -> list[int]:
    """Ids of the newest orders (of the `back` before `last`) that have no vector yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.id FROM workorders_workorder o WHERE o.id > %s AND NOT EXISTS"
            " (SELECT 1 FROM suggestions_ordervector v WHERE v.order_id = o.id) ORDER BY o.id DESC LIMIT %s",
            [last - back, most],
        )
        return [int(row[0]) for row in cursor.fetchall()]


def _text(vector: Sequence[float]) -> str:
    return "[" + ",".join(f"{value:.6g}" for value in vector) + "]"
