"""A pooled connection is asked whether it lives only when something says that it may not."""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

TRUSTED_SECONDS = 30.0
"""A connection that was used within this time and has said nothing since needs no round trip."""


def check(connection: psycopg.Connection[Any]) -> None:
    """Raise psycopg.OperationalError for a connection that does not live; `ConnectionPool` then takes another.

    A server that ends (also killed) or ends our session closes the socket, which thereby becomes readable: the system
    is asked, not the server. Only a peer that vanished without a word, and long silence, cost a round trip.
    """
    used_at = getattr(connection, "used_at", None)
    if used_at is None or time.monotonic() - used_at > TRUSTED_SECONDS or _has_spoken(connection):
        ConnectionPool.check_connection(connection)


def _has_spoken(connection: psycopg.Connection[Any]) -> bool:
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return bool(poll.poll(0))


class DatabaseWrapper(base.DatabaseWrapper):
    """With `check` in place of the round trip that CONN_HEALTH_CHECKS makes at each request."""

    @property
    def pool(self) -> Any:
        pool = super().pool  # type: ignore[misc]
        if pool is not None and pool._check is not None:
            pool._check = check  # the backend gives no way to choose it
        return pool

    def _close(self) -> Any:
        if self.connection is not None:
            self.connection.used_at = time.monotonic()
        return super()._close()  # type: ignore[misc]
