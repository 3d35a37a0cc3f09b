"""Live delivery: how fast an event reaches N browsers, beside the bare LISTEN/NOTIFY of the same run.

`python bench/live.py [--listeners 800] [--events 100] [--rate 10]` starts its own live process on the
database of DATABASE_URL (or the embedded one), opens the listeners, publishes as the web process does, and
prints JSON:

    listeners, events, expected, delivered, lost, doubled, p50_ms, p95_ms, max_ms      of the product
    limit_p50_ms, limit_p95_ms      NOTIFY to one bare LISTEN, same run
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import psycopg

from hotline.config.environment import environment
from hotline.kit.livetoken import sign
from hotline.ops.postgres import using

INSERT = (
    "WITH written AS (INSERT INTO kit_live_event (topic, kind, payload)"
    " SELECT topic, %s, %s::jsonb FROM unnest(%s::text[]) AS topic RETURNING id) SELECT "
    "pg_notify('live', '') FROM written LIMIT 1"
)


class Listener(asyncio.Protocol):
    """A browser's EventSource, as little of it as counts, lest measuring outweigh what is measured."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.latencies: list[float] = []
        self.seen: list[int] = []
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
                payload = json.loads(line[6:])["payload"]
                self.seen.append(payload["n"])
                self.latencies.append((now - payload["at"]) * 1000)
            elif line.startswith(b"event: hello"):
                self.ready.set()


def quantile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 1) if ordered else float("nan")


async def bare(url: str, events: int, rate: float) -> list[float]:
    """The limit: one NOTIFY with the time in it, one LISTEN, nothing between."""
    latencies: list[float] = []
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as listener,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as writer,
    ):
        await listener.execute("LISTEN bench_live")

        async def listen() -> None:
            async for notice in listener.notifies(timeout=events / rate + 5, stop_after=events):
                latencies.append((time.time() - float(notice.payload)) * 1000)

        task = asyncio.create_task(listen())
        await asyncio.sleep(0.2)
        for _ in range(events):
            await writer.execute("SELECT pg_notify('bench_live', %s)", [repr(time.time())])
            await asyncio.sleep(1 / rate)
        await task
    return latencies


async def measure(url: str, key: str, port: int, count: int, events: int, rate: float) -> dict[str, object]:
    limit = await bare(url, min(events, 50), rate)
    topics = [f"bench:{number}" for number in range(8)]
    expires = datetime.now(UTC) + timedelta(minutes=10)
    listeners = [
        Listener(sign(["bench:all", topics[number % 8]], "bench", expires, key)) for number in range(count)
    ]
    loop = asyncio.get_running_loop()
    for number, listener in enumerate(listeners):
        await loop.create_connection(lambda own=listener: own, "127.0.0.1", port)  # type: ignore[misc]
        if number % 50 == 49:
            await asyncio.gather(*(one.ready.wait() for one in listeners[: number + 1]))
    await asyncio.gather(*(one.ready.wait() for one in listeners))
    async with await psycopg.AsyncConnection.connect(url) as connection:
        for number in range(events):
            payload = json.dumps({"n": number, "at": time.time()})
            await connection.execute(INSERT, ["bench", payload, ["bench:all"]])
            await connection.commit()
            await asyncio.sleep(1 / rate)
    expected = count * events
    deadline = time.monotonic() + 15
    while sum(len(set(one.seen)) for one in listeners) < expected and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    for one in listeners:
        one.transport.close()
    latencies = [value for one in listeners for value in one.latencies]
    delivered = sum(len(set(one.seen)) for one in listeners)
    return {
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
        "goal_p95_ms": 200,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=800)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--rate", type=float, default=10.0, help="events a second")
    options = parser.parse_args()
    env = environment()
    with ExitStack() as stack:
        url = env.database_url or stack.enter_context(using(env.hotline_data_dir)).url
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "asgi",
            "--port",
            str(port),
            "--workers",
            "1",
            "--no-ws",
            "--backlog",
            "4096",
            "--backpressure",
            "20000",
            "--log-level",
            "warning",
            "--workers-kill-timeout",
            "2s",
            "hotline.live.app:app",
        ]
        live = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": url})
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            time.sleep(0.5)
            print(
                json.dumps(
                    asyncio.run(
                        measure(url, env.secret_key(), port, options.listeners, options.events, options.rate)
                    ),
                    indent=1,
                )
            )
        finally:
            live.terminate()
            live.wait()


if __name__ == "__main__":
    main()
