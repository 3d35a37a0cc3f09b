"""Limits of how often, counted in the database so that every process counts together."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from django.db import connection

from hotline.kit.clock import now
from hotline.kit.statements import fetch_one

_COUNT = (
    "INSERT INTO kit_rate_limit AS r (key, opened_at, closes_at, hits) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (key) DO UPDATE SET"
    " hits = CASE WHEN r.closes_at <= excluded.opened_at THEN excluded.hits ELSE least(r.hits + excluded.hits, 100000000) END,"
    " opened_at = CASE WHEN r.closes_at <= excluded.opened_at THEN excluded.opened_at ELSE r.opened_at END,"
    " closes_at = CASE WHEN r.closes_at <= excluded.opened_at THEN excluded.closes_at ELSE r.closes_at END"
    " RETURNING hits, closes_at"
)


def allow(key: str, limit: int, per_seconds: int) -> bool:
    """Count one more of `key`; False when it is more than `limit` in the running window of `per_seconds`.

    One statement. A window opens with the first hit and closes after its length. Call it before a transaction: inside
    one, the count would wait for, and vanish with, that transaction. Keys: `door:who`, e.g. `sign-in:10.0.0.1`.
    """
    return _count(key, 1, per_seconds)[0] <= limit


def _count(key: str, more: int, per_seconds: int) -> tuple[int, datetime]:
    moment = now()
    row = fetch_one(_COUNT, [key[:200], moment, moment + timedelta(seconds=per_seconds), more])
    assert row is not None
    return int(row[0]), row[1]


LEASES = 200
"""A busy door takes this part of its limit at once, so that a machine which calls all day costs one statement in many."""
_leases: dict[str, tuple[int, datetime]] = {}
_lock = threading.Lock()


def allow_leased(key: str, limit: int, per_seconds: int) -> bool:
    """As `allow`, for busy doors: this process counts a two-hundredth of the limit ahead and spends it by itself.

    Never more than `limit` passes in a window; what a process had counted and not spent is lost to the others until the
    window closes. Limits below 400 are counted one by one.
    """
    share = limit // LEASES
    if share < 2:
        return allow(key, limit, per_seconds)
    with _lock:
        left, closes_at = _leases.get(key, (0, now()))
        if left > 0 and now() < closes_at:
            _leases[key] = (left - 1, closes_at)
            return True
    hits, closes_at = _count(key, share, per_seconds)
    granted = share - max(hits - limit, 0)
    with _lock:
        before, window = _leases.get(key, (0, closes_at))
        _leases[key] = (max(granted - 1, 0) + (before if window == closes_at else 0), closes_at)
    return granted > 0


def purge() -> int:
    """Forget windows that closed an hour ago; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM kit_rate_limit WHERE closes_at < %s", [now() - timedelta(hours=1)])
        return int(cursor.rowcount)
