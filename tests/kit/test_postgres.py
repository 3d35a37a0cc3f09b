"""A connection of the pool that the server has ended is found without asking the server each time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from psycopg_pool import ConnectionPool

from hotline.kit.postgres import base

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine() -> Iterator[psycopg.Connection[Any]]:
    parameters = {k: v for k, v in connection.get_connection_params().items() if k in ("dbname", "user", "password", "host", "port")}
    with psycopg.connect(**parameters, autocommit=True) as opened:
        yield opened


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each round trip."""
    calls: list[int] = []
    real = ConnectionPool.check_connection

    def counted(one: psycopg.Connection[Any]) -> None:
        calls.append(1)
        real(one)

    monkeypatch.setattr(ConnectionPool, "check_connection", staticmethod(counted))
    return calls


def test_a_used_and_silent_connection_is_trusted(mine: psycopg.Connection[Any], asked: list[int]) -> None:
    base.check(mine)
    assert len(asked) == 1  # a stranger
    mine.used_at = time.monotonic()  # type: ignore[attr-defined]
    base.check(mine)
    assert len(asked) == 1
    mine.used_at = time.monotonic() - base.TRUSTED_SECONDS - 1  # type: ignore[attr-defined]
    base.check(mine)
    assert len(asked) == 2


def test_an_ended_session_is_found_at_once(mine: psycopg.Connection[Any]) -> None:
    mine.used_at = time.monotonic()  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [mine.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        base.check(mine)


def test_the_engine_is_ours() -> None:
    assert isinstance(connections["default"], base.DatabaseWrapper)
