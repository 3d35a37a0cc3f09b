"""Orders by meaning: one vector an order, where the database has pgvector and the models' worker answers.

The table knows nothing of secrecy: who asks filters what comes by what an actor may see. Everything here answers "nothing"
when something is missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from django.db import connection

from hotline.kit.vectors import VectorTable, as_text, looking_for
from hotline.suggestions.queries.models import model_worker
from hotline.workorders.queries import Meant

TABLE = VectorTable("suggestions_ordervector", order_id="bigint")
MEANT_CHARS = 220
"""Characters of an order that its vector is made of; the matter stands early."""


def stamp() -> str:
    """What the vectors of today's model are known by; others are not compared with them."""
    from hotline.language import embedding  # where a worker is, its packages are

    return f"{embedding.PACKAGE}-{embedding.PACKAGE_VERSION}"


_NEAR = """
WITH far AS (
    (SELECT order_id, vector, vector <=> %(asked)s::halfvec AS far FROM suggestions_ordervector
     ORDER BY vector <=> %(asked)s::halfvec LIMIT %(most)s)
    UNION ALL
    (SELECT order_id, vector, vector <=> %(asked)s::halfvec FROM suggestions_ordervector WHERE order_id = ANY(%(also)s))
)
SELECT order_id, 1 - far, 1 - ({compared}) FROM far
"""
_CENTRED = "(vector::vector - %(stored)s::vector) <=> %(moved)s::vector"


def near(text: str, most: int, also: Sequence[int] = ()) -> dict[int, Meant]:
    """Order id → meaning of the `most` nearest and of those in `also`, whoever may see them; empty without a table or a
    model's answer in time. Centred once the city has means (`centre_orders`); till then both are the plain cosine."""
    worker = model_worker() if TABLE.is_there() else None
    if worker is None:
        return {}
    from hotline.language.client import Off  # where a worker is, its packages are

    found = worker.vectors([text[:MEANT_CHARS]], "query")
    if isinstance(found, Off):
        return {}
    asked = found[0].tolist()
    centre = TABLE.centre_of(stamp())
    values: dict[str, object] = {"asked": as_text(asked), "most": most, "also": list(also)}
    if centre is not None:
        values |= {"moved": as_text(_less(asked, centre.asked)), "stored": centre.stored}
    with looking_for(most) as cursor:
        cursor.execute(_NEAR.format(compared="far" if centre is None else _CENTRED), values)
        return {int(pk): Meant(float(plain), _number(centred, plain)) for pk, plain, centred in cursor.fetchall()}


def _less(vector: Iterable[float], mean: Iterable[float]) -> list[float]:
    return [value - common for value, common in zip(vector, mean, strict=True)]


def _number(value: float, otherwise: float) -> float:
    """A vector that is the mean itself has no direction, and no cosine."""
    return float(otherwise if value is None or math.isnan(value) else value)


def keep(found: Sequence[tuple[int, Sequence[float]]]) -> int:
    """Write vectors by order id, anew where there was one; returns how many."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO suggestions_ordervector (order_id, vector) VALUES (%s, %s::halfvec)"
            " ON CONFLICT (order_id) DO UPDATE SET vector = excluded.vector",
            [(pk, as_text(vector)) for pk, vector in found],
        )
    return len(found)


def titles(most: int) -> list[str]:
    """Titles of some orders that have a vector, drawn by chance."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.title FROM (SELECT order_id FROM suggestions_ordervector ORDER BY order_id DESC LIMIT %s) AS newest"
            " JOIN workorders_workorder o ON o.id = newest.order_id WHERE o.title <> '' ORDER BY random() LIMIT %s",
            [most * 100, most],
        )
        return [str(row[0]) for row in cursor.fetchall()]


def forget_before(order_id: int, most: int) -> int:
    """Let go of the vectors of orders before this one, `most` at a time; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM suggestions_ordervector WHERE order_id = ANY(ARRAY(SELECT order_id FROM suggestions_ordervector"
            " WHERE order_id < %s ORDER BY order_id LIMIT %s))",
            [order_id, most],
        )
        return int(cursor.rowcount)


def without(last: int, back: int, most: int) -> list[int]:
    """Ids of the newest orders (of the `back` before `last`) that have no vector yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.id FROM workorders_workorder o WHERE o.id > %s AND NOT EXISTS"
            " (SELECT 1 FROM suggestions_ordervector v WHERE v.order_id = o.id) ORDER BY o.id DESC LIMIT %s",
            [last - back, most],
        )
        return [int(row[0]) for row in cursor.fetchall()]
