"""The live process as browsers meet it: a real server, a real database, real transactions."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection as django_connection

from hotline.kit.livetoken import sign
from hotline.kit.models import Heartbeat, LiveEvent

KEY = "k" * 40
PATIENCE = 60.0
"""Seconds until a thing that must happen has not; nothing is measured by it."""
PUBLISH = (
    "WITH written AS (INSERT INTO kit_live_event (topic, kind, payload)"
    " SELECT topic, 'test.happened', %s::jsonb FROM unnest(%s::text[]) AS topic RETURNING id)"
    " SELECT pg_notify('live', '') FROM written LIMIT 1"
)


@dataclass
class Server:
    """`marks` parts one test's topics from the next one's: what a test published last may reach whoever connects
    just after it, as "at least once" allows."""

    url: str
    port: int
    streams: list[Stream] = field(default_factory=list)
    marks: Iterator[int] = field(default_factory=count)
    mark: int = 0

    def own(self, topics: Iterable[str]) -> list[str]:
        return [f"{topic}:{self.mark}" for topic in topics]

    def open(
        self, *topics: str, last: str = "", life: timedelta = timedelta(minutes=5), header: bool = False
    ) -> Stream:
        token = sign(self.own(topics), "staff:1", datetime.now(UTC) + life, KEY)
        stream = Stream(self.port, token, last, header=header)
        self.streams.append(stream)
        return stream

    def publish(self, number: int, *topics: str) -> None:
        with psycopg.connect(self.url) as connection:
            self.insert(connection, number, *topics)

    def insert(self, connection: psycopg.Connection, number: int, *topics: str) -> None:
        connection.execute(PUBLISH, [json.dumps({"n": number}), self.own(topics)])

    def sql(self, statement: str) -> object:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


class Stream:
    """An EventSource, by hand."""

    def __init__(self, port: int, token: str, last: str = "", *, header: bool = False) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        query = f"&last={quote(last)}" if last and not header else ""
        self.connection.request(
            "GET", f"/live/stream?token={token}{query}", headers={"Last-Event-ID": last} if header else {}
        )
        self.response = self.connection.getresponse()
        self.last = last

    def event(self) -> tuple[str, dict[str, object]]:
        """The next event's name and data, keep-alives left out; ("end", {}) when the stream is over."""
        name, data = "message", ""
        while True:
            line = self.response.readline().decode()
            if not line:
                return "end", {}
            line = line.rstrip("\n")
            if line.startswith("id: "):
                self.last = line[4:]
            elif line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data = line[6:]
            elif not line and data:
                return name, json.loads(data)

    def hello(self) -> Stream:
        assert self.event()[0] == "hello"
        return self

    def numbers(self, count: int) -> list[object]:
        """`n` of the next `count` messages."""
        found = []
        while len(found) < count:
            name, data = self.event()
            assert name == "message", (name, data)
            payload = data["payload"]
            assert isinstance(payload, dict)
            found.append(payload["n"])
        return found

    def close(self) -> None:
        self.response.close()
        self.connection.close()


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    given = settings.DATABASES["default"]
    home = urlunsplit(
        (
            "postgresql",
            f"{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}",
            "/postgres",
            "",
            "",
        )
    )
    name = f"live_{secrets.token_hex(4)}"
    with psycopg.connect(home, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = urlunsplit(urlsplit(home)._replace(path=f"/{name}"))
    with django_connection.schema_editor(collect_sql=True, atomic=False) as editor:
        editor.create_model(LiveEvent)
        editor.create_model(Heartbeat)
    with psycopg.connect(url) as connection:
        for statement in editor.collected_sql:
            connection.execute(statement.encode())
    yield url
    with psycopg.connect(home, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def process(database: str) -> Iterator[Server]:
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
        "--no-ws",
        "--workers-kill-timeout",
        "1s",
    ]
    environment = {**os.environ, "DATABASE_URL": database, "HOTLINE_SECRET_KEY": KEY}
    child = subprocess.Popen(
        [*command, "--log-level", "error", "hotline.live.app:app"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until("the live process starts", lambda: health(port)[0] == 200)
        yield Server(database, port)
    finally:
        child.terminate()
        child.wait()


def until(what: str, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"not so: {what}"
        time.sleep(0.1)


@pytest.fixture
def server(process: Server) -> Iterator[Server]:
    process.mark = next(process.marks)
    yield process
    while process.streams:
        process.streams.pop().close()


def health(port: int) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/live/health")
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except OSError:
        return 0, {}
    finally:
        connection.close()


def test_topics_reach_their_listeners_only(server: Server) -> None:
    pool, order = server.open("pool").hello(), server.open("order:1", "order:2").hello()
    server.publish(1, "pool")
    server.publish(2, "order:2", "order:3")
    server.publish(3, "pool", "order:1")
    assert pool.numbers(2) == [1, 3]
    assert order.numbers(2) == [2, 3]


def test_answer_may_be_read_by_other_origins_and_is_never_stored(server: Server) -> None:
    headers = server.open("pool").response.headers
    assert headers["Content-Type"].startswith("text/event-stream")
    assert (
        headers["Access-Control-Allow-Origin"],
        headers["Cache-Control"],
        headers["X-Accel-Buffering"],
    ) == ("*", "no-store", "no")


def test_row_that_commits_late_is_not_skipped(server: Server) -> None:
    stream = server.open("pool").hello()
    with psycopg.connect(server.url) as slow:
        server.insert(slow, 1, "pool")
        server.publish(2, "pool")
        assert stream.numbers(1) == [2], "a slow neighbour holds nobody up"
        slow.commit()
    assert stream.numbers(1) == [1]


def test_rolled_back_row_is_never_told(server: Server) -> None:
    stream = server.open("pool").hello()
    with psycopg.connect(server.url) as connection:
        server.insert(connection, 1, "pool")
        connection.rollback()
    server.publish(2, "pool")
    assert stream.numbers(1) == [2]


@pytest.mark.parametrize("header", [False, True], ids=["by query", "by header"])
def test_gap_is_replayed(server: Server, header: bool) -> None:
    first = server.open("pool").hello()
    server.publish(1, "pool")
    assert first.numbers(1) == [1]
    first.close()
    with psycopg.connect(server.url) as slow:
        server.insert(slow, 2, "pool")
        server.publish(3, "pool")
        server.publish(4, "desk")
        slow.commit()
    again = server.open("pool", last=first.last, header=header).hello()
    # At least once: what was open at that moment may come twice, and live before what is read from the log.
    replayed: set[int] = set()
    while not {2, 3} <= replayed:
        replayed.update(again.numbers(1))
    assert replayed <= {1, 2, 3}
    server.publish(5, "pool")
    while (number := again.numbers(1)[0]) != 5:
        assert number in {1, 2, 3}


def test_first_id_comes_before_the_first_event(server: Server) -> None:
    first = server.open("pool").hello()
    assert first.last
    first.close()
    server.publish(1, "pool")
    assert server.open("pool", last=first.last).hello().numbers(1) == [1]


def test_first_event_of_an_empty_log_is_no_gap(server: Server) -> None:
    server.sql("TRUNCATE kit_live_event")
    server.sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()"
    )
    until("the log says where it begins", lambda: bool(server.sql("SELECT count(*) FROM kit_live_event")))
    until("its `fresh` was told", lambda: health(server.port)[0] == 200)
    with psycopg.connect(server.url) as slow:  # somebody older is still at work and holds the frontier back
        slow.execute("SELECT pg_current_xact_id()")
        first = server.open("pool").hello()
        first.close()
        server.publish(1, "pool")
        assert server.open("pool", last=first.last).hello().numbers(1) == [1]


def test_cursor_of_another_database_is_reset(server: Server) -> None:
    stream = server.open("pool", last="999999999999-7").hello()
    assert stream.event() == ("reset", {"reason": "gap"})
    assert stream.event()[0] == "end"


def test_cursor_older_than_what_is_kept_is_reset(server: Server) -> None:
    first = server.open("pool").hello()
    server.publish(1, "pool")
    first.numbers(1)
    first.close()
    server.publish(2, "pool")
    server.publish(3, "pool")
    server.sql("DELETE FROM kit_live_event WHERE id < (SELECT max(id) FROM kit_live_event)")
    stream = server.open("pool", last=first.last).hello()
    assert stream.event() == ("reset", {"reason": "gap"})


@pytest.mark.parametrize("last", ["", "x", "1", "-", "1-2-3", "9" * 60 + "-1"])
def test_odd_cursors_start_at_the_present(server: Server, last: str) -> None:
    stream = server.open("pool", last=last).hello()
    server.publish(1, "pool")
    assert stream.numbers(1) == [1]


@pytest.mark.parametrize("token", ["", "x", "a.b", "e30.e30"])
def test_no_stream_without_a_genuine_token(server: Server, token: str) -> None:
    stream = Stream(server.port, token)
    server.streams.append(stream)
    assert stream.response.status == 401


def test_expired_token_opens_nothing(server: Server) -> None:
    assert server.open("pool", life=timedelta(seconds=-1)).response.status == 401


def test_stream_ends_with_its_token(server: Server) -> None:
    stream = server.open("pool", life=timedelta(seconds=2)).hello()
    assert stream.event()[0] == "renew"
    assert stream.event()[0] == "end"


def test_database_that_goes_away_and_comes_back(server: Server) -> None:
    stream = server.open("pool").hello()
    # The live process' own sessions die, as they do when the server restarts; a row is written meanwhile.
    server.sql(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()"
    )
    server.publish(1, "pool")
    seen = [stream.event() for _ in range(3)]
    assert {name for name, _ in seen} == {"stale", "fresh", "message"}
    assert seen[0][0] == "stale"
    server.publish(2, "pool")
    assert stream.numbers(1) == [2]
    assert health(server.port)[0] == 200


def test_health_counts_listeners(server: Server) -> None:
    server.open("pool").hello()
    status, body = health(server.port)
    assert (status, body["database"]) == (200, True)
    assert isinstance(body["listeners"], int)
    assert body["listeners"] >= 1
