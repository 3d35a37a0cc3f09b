"""The live process: a small ASGI application, no Django, that brings the numbered stream to browsers.

Every web action writes rows into `kit_live_event` in its own transaction and notifies (`kit.live.publish`).
Here one connection listens, one reader fetches, and whoever holds a token for the row's topic is told by SSE.

Why nothing is skipped: a row is *visible* only once its transaction commits, and numbers are taken before
that, so "larger than the last number I saw" loses rows of slower neighbours. The reader remembers the oldest
transaction still open when it last looked (`frontier`, the snapshot's xmin) and looks again at all rows from
there, minus those it has delivered. So a long transaction delays only itself. An event id is
`<frontier>-<row id>`: after a reconnect everything since that frontier comes again, delivery is **at least
once**; the row's id in the data tells doubles apart.

Control events: `hello` (connected, carries the first id), `reset` (a gap that cannot be filled: load anew),
`renew` (the token ends: fetch another and reconnect), `stale` and `fresh` (the database is away, is back).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from hotline.kit.livetoken import BadToken, read
from hotline.kit.numbers import whole

log = logging.getLogger("hotline.live")

KEEP_ALIVE_SECONDS = 15.0
POLL_SECONDS = 1.0
"""Safety net below the notifications: a lost one costs at most this."""
LEAST_PAUSE = 0.03
"""Between two looks at the log, seconds."""
MOST_WAITING = 256
"""Events a slow client may lag behind before it is sent away with `reset`."""
MOST_REPLAYED = 2000
HEARTBEAT_SECONDS = 10.0
LONGEST_BACKOFF = 5.0

ROWS = "SELECT id, xid::text::bigint, topic, kind, payload FROM kit_live_event"
FIRST_ROW = (
    "INSERT INTO kit_live_event (xid, topic, kind, payload)"
    " SELECT '3'::xid8, '', 'log.began', '{}' WHERE NOT EXISTS (SELECT FROM kit_live_event)"
)
"""An empty log says where it begins, by the oldest number a transaction can have. Else its first true row would look
like the oldest that a purge has left, and whoever connected before it like one who has missed something."""


@dataclass(frozen=True)
class Row:
    """One row of the stream."""

    id: int
    xid: int
    topic: str
    kind: str
    payload: dict[str, Any]

    def encode(self, frontier: int) -> bytes:
        """The SSE text, made once for all listeners."""
        data = {"id": self.id, "topic": self.topic, "kind": self.kind, "payload": self.payload}
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        return f"id: {frontier}-{self.id}\ndata: {text}\n\n".encode()


def control(name: str, event_id: str = "", **data: object) -> bytes:
    """SSE text of a control event."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def parse_cursor(text: str) -> tuple[int, int] | None:
    """`<frontier>-<row id>`; None when it is none."""
    left, _, right = text.partition("-")
    frontier, row = whole(left), whole(right)
    return None if frontier is None or row is None else (frontier, row)


@dataclass(eq=False)
class Listener:
    """One browser. `waiting` is bounded; `closing` ends the stream once it is empty."""

    topics: frozenset[str]
    expires_at: datetime
    waiting: deque[tuple[int, bytes]] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    closing: bool = False

    def push(self, row_id: int, text: bytes) -> None:
        if self.closing:
            return
        if len(self.waiting) >= MOST_WAITING:
            self.end(control("reset", reason="slow"))
            return
        self.waiting.append((row_id, text))
        self.wake.set()

    def end(self, last: bytes | None = None) -> None:
        """Drop what waits, say one last thing, close."""
        self.waiting.clear()
        if last is not None:
            self.waiting.append((0, last))
        self.closing = True
        self.wake.set()


class Hub:
    """The reader and its listeners; one per process."""

    def __init__(
        self, url: str, key: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.url = url
        self.key = key
        self.now = now
        self.fresh = False
        self.frontier = 0
        self.delivered = 0
        self._seen: set[int] = set()
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._all: set[Listener] = set()
        self._pool = AsyncConnectionPool(
            url,
            min_size=0,
            max_size=4,
            open=False,
            timeout=10,
            kwargs={"autocommit": True, "connect_timeout": 5},
            check=AsyncConnectionPool.check_connection,
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        await self._pool.open(wait=False)
        self._tasks = [
            asyncio.create_task(work, name=work.__name__)
            for work in (self._read(), self._tick(), self._beat())
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in list(self._all):
            listener.end()
        await self._pool.close(timeout=2)

    @property
    def listeners(self) -> int:
        return len(self._all)

    # ── listeners ──

    def join(self, topics: Iterable[str], expires_at: datetime) -> Listener:
        listener = Listener(frozenset(topics), expires_at)
        self._all.add(listener)
        for topic in listener.topics:
            self._listeners[topic].add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        self._all.discard(listener)
        for topic in listener.topics:
            group = self._listeners[topic]
            group.discard(listener)
            if not group:
                del self._listeners[topic]

    def tell_all(self, text: bytes) -> None:
        for listener in list(self._all):
            listener.push(0, text)

    async def missed(self, topics: frozenset[str], cursor: tuple[int, int]) -> list[Row] | None:
        """Rows of `topics` since a cursor; None when too old, too long or of another database."""
        frontier, row_id = cursor
        async with self._pool.connection() as connection:
            found = await connection.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
                " (SELECT xid::text::bigint FROM kit_live_event ORDER BY xid, id LIMIT 1),"
                " EXISTS (SELECT 1 FROM kit_live_event WHERE id = %s)",
                [row_id],
            )
            line = await found.fetchone()
            assert line is not None
            present, oldest, known = line
            # The purge keeps the newest of what it would remove: an older frontier means removed rows.
            if frontier > present or (oldest is not None and frontier < oldest and not known):
                return None
            found = await connection.execute(
                ROWS + " WHERE xid >= %s::text::xid8 AND topic = ANY(%s) ORDER BY xid, id LIMIT %s",
                [str(frontier), list(topics), MOST_REPLAYED + 1],
            )
            rows = [Row(*line) for line in await found.fetchall()]
        return rows if len(rows) <= MOST_REPLAYED else None

    # ── reader ──

    async def _read(self) -> None:
        delay = 0.2
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    self.url, autocommit=True, connect_timeout=5
                ) as connection:
                    await connection.execute("LISTEN live")
                    await self._catch_up(connection)
                    delay = 0.2
                    while True:
                        async for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                            pass
                        took = await self._fetch(connection)
                        # Nobody sees 30 ms, and a busy city commits hundreds of times a second: one look serves them all.
                        # A long transaction elsewhere holds the frontier back and lengthens each look: look less often.
                        await asyncio.sleep(min(max(LEAST_PAUSE, 4 * took), POLL_SECONDS))
            except (psycopg.Error, OSError) as error:
                if self.fresh:
                    self.fresh = False
                    log.warning(
                        "the database is away: %s",
                        str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__,
                    )
                    self.tell_all(control("stale"))
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_BACKOFF)

    async def _catch_up(self, connection: psycopg.AsyncConnection[TupleRow]) -> None:
        await connection.execute(FIRST_ROW)
        found = await connection.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        line = await found.fetchone()
        assert line is not None
        if self.frontier == 0 or line[0] < self.frontier:
            if self.frontier:  # another database answers under this address: our numbers mean nothing there
                for listener in list(self._all):
                    listener.end(control("reset", reason="database"))
            self.frontier = line[0]
            found = await connection.execute(
                "SELECT id FROM kit_live_event WHERE xid >= %s::text::xid8", [str(self.frontier)]
            )
            self._seen = {row[0] for row in await found.fetchall()}
        else:
            await self._fetch(connection)
        if not self.fresh:
            self.fresh = True
            self.tell_all(control("fresh"))

    async def _fetch(self, connection: psycopg.AsyncConnection[TupleRow]) -> float:
        """Deliver what became visible; seconds it took. One statement: rows and xmin are of one snapshot."""
        began = time.perf_counter()
        found = await connection.execute(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
            " e.id, e.xid::text::bigint, e.topic, e.kind, e.payload"
            " FROM (SELECT 1) one LEFT JOIN kit_live_event e ON e.xid >= %s::text::xid8 ORDER BY e.xid, e.id",
            [str(self.frontier)],
        )
        lines = await found.fetchall()
        xmin = lines[0][0]
        new = [Row(*line[1:]) for line in lines if line[1] is not None and line[1] not in self._seen]
        self._seen = {line[1] for line in lines if line[1] is not None and line[2] >= xmin}
        # Ids carry the frontier of *before* this look: whoever resumes from one sees all that was open then.
        before, self.frontier = self.frontier, xmin
        for row in new:
            group = self._listeners.get(row.topic)
            if group:
                text = row.encode(before)
                for listener in list(group):
                    listener.push(row.id, text)
                self.delivered += len(group)
        return time.perf_counter() - began

    async def _tick(self) -> None:
        """Keep-alives and expiry for everybody by one timer; a timer each would cost more than the events."""
        alive = time.monotonic()
        while True:
            await asyncio.sleep(1)
            moment = self.now()
            for listener in list(self._all):
                if listener.expires_at <= moment:
                    listener.end(control("renew"))
            if time.monotonic() - alive >= KEEP_ALIVE_SECONDS:
                alive = time.monotonic()
                self.tell_all(b": alive\n\n")

    async def _beat(self) -> None:
        """The row that the health page reads."""
        started = self.now()
        name = f"live:{os.uname().nodename}:{os.getpid()}"
        while True:
            with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
                async with self._pool.connection() as connection:
                    await connection.execute(
                        "INSERT INTO kit_heartbeat (name, kind, started_at, seen_at, details)"
                        " VALUES (%s, 'live', %s, now(), %s::jsonb)"
                        " ON CONFLICT (name) DO UPDATE SET seen_at = now(), details = EXCLUDED.details",
                        [
                            name,
                            started,
                            json.dumps({"listeners": self.listeners, "delivered": self.delivered}),
                        ],
                    )
            await asyncio.sleep(HEARTBEAT_SECONDS)


async def stream(request: Request) -> Response:
    """`GET /live/stream?token=…[&last=…]`; `Last-Event-ID` counts too."""
    hub: Hub = request.app.state.hub
    try:
        token = read(request.query_params.get("token", ""), hub.key, hub.now())
    except BadToken as error:
        return JSONResponse({"error": str(error)}, status_code=401, headers=HEADERS)
    cursor = parse_cursor(request.headers.get("last-event-id") or request.query_params.get("last", ""))
    return StreamingResponse(
        _events(hub, token.topics, token.expires_at, cursor), media_type="text/event-stream", headers=HEADERS
    )


async def _events(
    hub: Hub, topics: frozenset[str], expires_at: datetime, cursor: tuple[int, int] | None
) -> AsyncIterator[bytes]:
    listener = hub.join(topics, expires_at)  # first listen, then look back: the seam may double, never gape
    try:
        frontier = hub.frontier
        replayed: set[int] = set()
        # A browser that resumes keeps its own id until it has what it missed.
        yield b"retry: 2000\n" + control(
            "hello", f"{frontier}-0" if cursor is None and frontier else "", fresh=hub.fresh
        )
        if cursor is not None:
            try:
                rows = await hub.missed(topics, cursor)
            except (psycopg.Error, OSError, TimeoutError):
                # The database is away. The browser keeps its id and comes back; a later one would hide a gap.
                yield control("stale")
                return
            if rows is None:
                yield control("reset", reason="gap")
                return
            for row in rows:
                replayed.add(row.id)
                yield row.encode(cursor[0])
        while True:
            if listener.waiting:
                texts = [text for row_id, text in listener.waiting if row_id == 0 or row_id not in replayed]
                listener.waiting.clear()
                yield b"".join(texts)
            if listener.closing:
                return
            listener.wake.clear()
            await listener.wake.wait()
    finally:
        hub.leave(listener)


async def health(request: Request) -> Response:
    """`GET /live/health`: 200 while the database answers, 503 else."""
    hub: Hub = request.app.state.hub
    body = {"database": hub.fresh, "listeners": hub.listeners, "delivered": hub.delivered}
    return JSONResponse(body, status_code=200 if hub.fresh else 503, headers=HEADERS)


HEADERS = {
    # The token is the only authority, no cookie is read: any page may ask, only a holder is answered.
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


def application(url: str, key: str) -> Starlette:
    """The ASGI application for one database."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.hub = hub = Hub(url, key)
        await hub.open()
        try:
            yield
        finally:
            await hub.close()

    return Starlette(routes=[Route("/live/stream", stream), Route("/live/health", health)], lifespan=lifespan)


def __getattr__(name: str) -> Starlette:
    """`app`, made when the server asks for it, so that importing this module needs no settings."""
    if name != "app":
        raise AttributeError(name)
    from hotline.config.environment import database_url, environment

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    return application(database_url(), environment().secret_key())
