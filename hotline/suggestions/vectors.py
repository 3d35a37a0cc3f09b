"""Orders by meaning: one vector an order, where the database has pgvector and the models' worker answers.

The table knows nothing of secrecy: who asks filters what comes by what an actor may see. Everything here answers "nothing"
when something is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from hotline.kit.vectors import VectorTable, as_text, looking_for
from hotline.suggestions.queries.models import model_worker

TABLE = VectorTable("suggestions_ordervector", order_id="bigint")
MEANT_CHARS = 220
"""Characters of an order that its vector is made of; the matter stands early."""


def near(text: str, most: int, also: Sequence[int] = ()) -> dict[int, float]:
    """Order id → cosine of the `most` nearest and of those in `also`, whoever may see them; empty without a table or a
    model's answer in time."""
    worker = model_worker() if TABLE.is_there() else None
    if worker is None:
        return {}
    from hotline.language.client import Off  # where a worker is, its packages are

    found = worker.vectors([text[:MEANT_CHARS]], "query")
    if isinstance(found, Off):
        return {}
    vector = as_text(found[0].tolist())
    with looking_for(most) as cursor:
        cursor.execute(
            "(SELECT order_id, 1 - (vector <=> %(asked)s::halfvec) FROM suggestions_ordervector"
            " ORDER BY vector <=> %(asked)s::halfvec LIMIT %(most)s)"
            " UNION SELECT order_id, 1 - (vector <=> %(asked)s::halfvec) FROM suggestions_ordervector"
            " WHERE order_id = ANY(%(also)s)",
            {"asked": vector, "most": most, "also": list(also)},
        )
        return {int(pk): float(cosine) for pk, cosine in cursor.fetchall()}


def keep(found: Sequence[tuple[int, Sequence[float]]]) -> int:
    """Write vectors by order id, anew where there was one; returns how many."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO suggestions_ordervector (order_id, vector) VALUES (%s, %s::halfvec)"
            " ON CONFLICT (order_id) DO UPDATE SET vector = excluded.vector",
            [(pk, as_text(vector)) for pk, vector in found],
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
