"""Limits of how often, counted in the database so that every process counts together."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from hotline.kit.clock import now


def allow(key: str, limit: int, per_seconds: int) -> bool:
    """Count one more of `key`; False when it is more than `limit` in the running window of `per_seconds`.

    One statement. A window opens with the first hit and closes after its length. Call it before a transaction: inside
    one, the count would wait for, and vanish with, that transaction. Keys: `door:who`, e.g. `sign-in:10.0.0.1`.
    """
    moment = now()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kit_rate_limit AS r (key, opened_at, closes_at, hits) VALUES (%s, %s, %s, 1)"
            " ON CONFLICT (key) DO UPDATE SET"
            " hits = CASE WHEN r.closes_at <= excluded.opened_at THEN 1 ELSE least(r.hits + 1, 1000000) END,"
            " opened_at = CASE WHEN r.closes_at <= excluded.opened_at THEN excluded.opened_at ELSE r.opened_at END,"
            " closes_at = CASE WHEN r.closes_at <= excluded.opened_at THEN excluded.closes_at ELSE r.closes_at END"
            " RETURNING hits",
            [key[:200], moment, moment + timedelta(seconds=per_seconds)],
        )
        (hits,) = cursor.fetchone()
    return int(hits) <= limit


def purge() -> int:
    """Forget windows that closed an hour ago; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kit_rate_limit WHERE closes_at < %s", [now() - timedelta(hours=1)])
        return int(cursor.rowcount)
