"""What long-lived processes beside the web share: one life after another, and a thread of their own for the database."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import psycopg
from django.db import close_old_connections, connection

STANDBY_SECONDS = 2.0
"""Between two looks at whether another process has ended."""
AGAIN_SECONDS = 1.0
"""Between two lives."""

Result = TypeVar("Result")


class Closing(Protocol):
    """Something to be closed after a life."""

    async def close(self) -> None: ...


Tool = TypeVar("Tool", bound=Closing)


class DatabaseThread:
    """One thread with one connection: statements of a process run one after another, and none of them blocks its loop."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def __call__(self, work: Callable[..., Result], *given: Any, **named: Any) -> Result:
        """What `work` returns, or raises."""

        def alone() -> Result:
            close_old_connections()
            return work(*given, **named)

        return await asyncio.get_running_loop().run_in_executor(self._pool, alone)

    def close(self) -> None:
        """After what is under way."""
        self._pool.submit(lambda: connection.close())
        self._pool.shutdown()


def address_of_database() -> dict[str, Any]:
    """Django's database as psycopg wants it, for a connection that listens. To be called in the database's thread."""
    given: dict[str, Any] = connection.get_connection_params()
    return {name: given[name] for name in ("host", "port", "user", "password", "dbname") if given.get(name)}


async def alone(connected: psycopg.AsyncConnection[Any], lock: int) -> None:
    """Until no other process holds this lock; it is held as long as the connection stands."""
    while True:
        row = await (await connected.execute("SELECT pg_try_advisory_lock(%s)", [lock])).fetchone()
        if row is not None and row[0]:
            return
        await asyncio.sleep(STANDBY_SECONDS)


async def serve(
    make: Callable[[], Tool], life: Callable[[Tool], Awaitable[None]], stop: asyncio.Event, log: logging.Logger
) -> None:
    """Life after life, until told to stop."""
    while not stop.is_set():
        await live_once(make, life, stop, log)


async def live_once(
    make: Callable[[], Tool], life: Callable[[Tool], Awaitable[None]], stop: asyncio.Event, log: logging.Logger
) -> None:
    """One life with a fresh tool, until it breaks or all is to stop. What ends it is logged; a moment's rest follows."""
    tool = make()
    living = asyncio.ensure_future(life(tool))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if living.done() and (error := living.exception()) is not None:
            log.warning("beginning anew: %s: %s", type(error).__name__, error)
    finally:
        stopping.cancel()
        living.cancel()
        await asyncio.gather(living, stopping, return_exceptions=True)
        await tool.close()
    await rest(stop, AGAIN_SECONDS)


async def rest(stop: asyncio.Event, seconds: float) -> None:
    """So long, unless told to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
