"""Live delivery: how fast an event reaches N browsers, beside the bare LISTEN/NOTIFY of the same run.

The real `hotline run` on an embedded PostgreSQL with fsync on; the listeners are as little of a browser as counts. Goal: p95 ≤ 200 ms
to 800 listeners, nothing lost, nothing doubled.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bench.city import City, city, django_in
from hotline.kit.livetoken import sign

LISTENERS, EVENTS, RATE = 800, 150, 10.0
INSERT = (
    "WITH written AS (INSERT INTO kit_live_event (topic, kind, payload)"
    " SELECT topic, %s, %s::jsonb FROM unnest(%s::text[]) AS topic RETURNING id) SELECT "
    "pg_notify('live', '') FROM written LIMIT 1"
)


class Listener(asyncio.Protocol):
    """A browser's EventSource, as little of it as counts, lest measuring outweigh what is measured.

    `seen`: ids of the rows told, as they came; `latencies` in ms of those that carry the moment they were sent at.
    """

    def __init__(self, token: str, topics: Iterable[str]) -> None:
        self.token, self.topics = token, tuple(topics)
        self.latencies: list[float] = []
        self.seen: list[int] = []
        self.resets = 0
        self.ready = asyncio.Event()
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(f"GET /live/stream?token={self.token} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b'data: {"id"'):
                told = json.loads(line[6:])
                self.seen.append(told["id"])
                if "sent" in told["payload"]:
                    self.latencies.append((now - told["payload"]["sent"]) * 1000)
            elif line.startswith(b"event: hello"):
                self.ready.set()
            elif line.startswith((b"event: reset", b"event: renew")):
                self.resets += 1


@asynccontextmanager
async def listening(port: int, key: str, topics: Iterable[list[str]]) -> AsyncIterator[list[Listener]]:
    """One connected browser for each list of topics; all have said hello."""
    expires = datetime.now(UTC) + timedelta(hours=6)
    listeners = [Listener(sign(own, "bench", expires, key), own) for own in topics]
    loop = asyncio.get_running_loop()
    for number, listener in enumerate(listeners):
        await loop.create_connection(lambda own=listener: own, "127.0.0.1", port)  # type: ignore[misc]
        if number % 50 == 49:
            await asyncio.gather(*(one.ready.wait() for one in listeners[: number + 1]))
    await asyncio.gather(*(one.ready.wait() for one in listeners))
    try:
        yield listeners
    finally:
        for one in listeners:
            one.transport.close()


def quantile(values: list[float], part: float) -> float | None:
    """Of milliseconds; None of nothing."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 1) if ordered else None


async def bare(url: str, events: int, rate: float) -> list[float]:
    """The limit: one NOTIFY with the time in it, one LISTEN, nothing between; both commit with fsync, as the product does."""
    latencies: list[float] = []
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as listener,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as writer,
    ):
        await listener.execute("LISTEN bench_live")

        async def listen() -> None:
            async for notice in listener.notifies(timeout=events / rate + 30, stop_after=events):
                latencies.append((time.time() - float(notice.payload)) * 1000)

        task = asyncio.create_task(listen())
        await asyncio.sleep(0.2)
        for _ in range(events):
            await writer.execute("SELECT pg_notify('bench_live', %s)", [repr(time.time())])
            await asyncio.sleep(1 / rate)
        await task
    return latencies


async def measure(place: City, key: str, count: int, events: int, rate: float) -> dict[str, Any]:
    url = place.environment["DATABASE_URL"]
    limit = await bare(url, min(events, 50), rate)
    wanted = [["bench:all", f"bench:{number % 8}"] for number in range(count)]
    async with listening(place.live_port, key, wanted) as listeners:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            for _ in range(events):
                await connection.execute(INSERT, ["bench", json.dumps({"sent": time.time()}), ["bench:all"]])
                await connection.commit()
                await asyncio.sleep(1 / rate)
        expected = count * events
        deadline = time.monotonic() + 60
        while sum(len(set(one.seen)) for one in listeners) < expected and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
    latencies = [value for one in listeners for value in one.latencies]
    delivered = sum(len(set(one.seen)) for one in listeners)
    return {
        "name": "live",
        "listeners": count,
        "events": events,
        "events_per_s": rate,
        "expected": expected,
        "delivered": delivered,
        "lost": expected - delivered,
        "doubled": sum(len(one.seen) for one in listeners) - delivered,
        "p50_ms": quantile(latencies, 0.5),
        "p95_ms": quantile(latencies, 0.95),
        "max_ms": quantile(latencies, 1.0),
        "limit_p50_ms": round(statistics.median(limit), 1),
        "limit_p95_ms": quantile(limit, 0.95),
        "goal": "p95 ≤ 200 ms, lost 0",
    }


def run(listeners: int = LISTENERS, events: int = EVENTS, rate: float = RATE) -> dict[str, Any]:
    """Start a city, open the listeners, publish as the web process does."""
    with city("live") as place:
        django_in(place)
        from hotline.config.environment import environment

        return asyncio.run(measure(place, environment().secret_key(), listeners, events, rate))
