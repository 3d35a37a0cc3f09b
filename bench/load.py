"""A small HTTP/1.1 load client on asyncio: keep-alive connections, exact latencies, little of its own weight."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random


def _fine(status: int) -> bool:
    return 200 <= status < 300


@dataclass
class Result:
    """Latencies in seconds of the answers counted as good, and every status seen."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    sample: bytes = b""

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, part: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000 if ordered else float("nan")

    def note(self, status: int, body: bytes, seconds: float, good: Callable[[int], bool] = _fine) -> None:
        """An answer came (status 0: none did): counted, timed when it is good, else kept as the sample of what was not."""
        self.statuses[status] += 1
        if good(status):
            self.latencies.append(seconds)
        elif not self.sample:
            self.sample = body[:600]


async def _one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes, bool]:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lowered = head.lower()
    body = b""
    if b"content-length:" in lowered:
        length = int(lowered.split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
    elif b"transfer-encoding: chunked" in lowered:
        while (size := int((await reader.readline()).split(b";")[0], 16)) > 0:
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readline()
    return status, body, b"connection: close" in lowered


async def drive(
    host: str,
    port: int,
    make: Callable[[int], bytes],
    *,
    connections: int,
    seconds: float,
    good: Callable[[int], bool] = _fine,
) -> Result:
    """Send `make(n)` (a whole request) over `connections` for `seconds`; bounded, ends by itself."""
    result = Result()
    counter = iter(range(10**9))
    stop = time.perf_counter() + seconds
    began = time.perf_counter()

    async def worker() -> None:
        reader, writer = await asyncio.open_connection(host, port, limit=2**22)
        while time.perf_counter() < stop:
            request = make(next(counter))
            sent = time.perf_counter()
            try:
                status, body, closed = await _one(reader, writer, request)
            except (asyncio.IncompleteReadError, ConnectionError):
                status, body, closed = 0, b"", True
            result.note(status, body, time.perf_counter() - sent, good)
            if closed:
                writer.close()
                reader, writer = await asyncio.open_connection(host, port, limit=2**22)
        writer.close()

    await asyncio.gather(*(worker() for _ in range(connections)))
    result.seconds = time.perf_counter() - began
    return result


async def repeat(host: str, port: int, wanted: bytes, times: int) -> Result:
    """One request after another over one connection."""
    result = Result()
    reader, writer = await asyncio.open_connection(host, port, limit=2**22)
    began = time.perf_counter()
    for _ in range(times):
        sent = time.perf_counter()
        status, body, closed = await _one(reader, writer, wanted)
        result.note(status, body, time.perf_counter() - sent)
        if closed:
            writer.close()
            reader, writer = await asyncio.open_connection(host, port, limit=2**22)
    writer.close()
    result.seconds = time.perf_counter() - began
    return result


async def arrive(
    host: str,
    port: int,
    schedule: Sequence[tuple[float, str, bytes]],
    *,
    seconds: float,
    people: int = 200,
) -> dict[str, Result]:
    """Send each request at its moment whether or not the former are answered, as people do; results by name.

    `schedule` is (second from the beginning, name, request) in the order of the seconds. A latency counts from the moment
    that was scheduled: a server that falls behind cannot hide it by making the client wait. Each of the `people` has a
    connection of their own, as browsers have, so that the server's processes share them; who asks is chance. A
    connection that the server closed while it was idle is opened anew (RFC 9112, 9.3.1), as every browser does.
    """
    results: dict[str, Result] = {}
    chance = Random(54321)
    idle: list[list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = [[] for _ in range(people)]
    began = time.perf_counter()

    async def one(at: float, name: str, wanted: bytes, own: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
        result = results.setdefault(name, Result(seconds=seconds))
        while True:
            kept = bool(own)
            reader, writer = own.pop() if own else await asyncio.open_connection(host, port, limit=2**22)
            try:
                status, body, closed = await _one(reader, writer, wanted)
            except (asyncio.IncompleteReadError, ConnectionError) as fault:
                writer.close()
                if kept and not getattr(fault, "partial", b""):
                    continue
                status, body, closed = 0, b"", True
            break
        result.note(status, body, time.perf_counter() - began - at)
        if closed:
            writer.close()
        else:
            own.append((reader, writer))

    async with asyncio.TaskGroup() as group:
        for at, name, wanted in schedule:
            await asyncio.sleep(max(0.0, began + at - time.perf_counter()))
            group.create_task(one(at, name, wanted, chance.choice(idle)))
    for own in idle:
        for _reader, writer in own:
            writer.close()
    return results


def request(method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """The bytes of one request."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{k}: {v}" for k, v in (headers or {}).items()),
    ]
    if body:
        lines += [f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
