"""While a replay lives in a time of its own, jobs that watch the real clock keep away from its orders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

LOCK = 0x68_6F_74_72_65_70_6C_61


@contextmanager
def hold() -> Iterator[None]:
    """Hold the mark of a running simulation on a connection of its own; it falls with the process."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as own:
        own.execute("SELECT pg_advisory_lock_shared(%s)", [LOCK])
        yield


def running() -> bool:
    """True while some process holds the mark."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted"
                       " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                       " AND classid = %s AND objid = %s)", [LOCK >> 32, LOCK & 0xFFFFFFFF])  # fmt: skip
        return bool(cursor.fetchone()[0])
