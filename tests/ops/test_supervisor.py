"""`hotline run` as an operator meets it: started, shot at, stopped. One start serves all, for it costs
seconds."""

from __future__ import annotations

import asyncio
import http.client
import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hotline.ops.plan import Plan
from hotline.ops.postgres import Cluster
from hotline.ops.supervisor import RunFault, Supervisor
from tests.ops.folders import passable

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("supervisor")]
NEXT = 180.0
"""Seconds that anything may take on a busy machine; nothing waits that long when it is well."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Run:
    """One `hotline run` and its log."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.port, self.live_port = free_port(), free_port()
        own = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        own |= {"HOTLINE_MODE": "demo", "HOTLINE_DATA_DIR": str(folder), "HOTLINE_WEB_WORKERS": "1", "HOTLINE_TELEPHONE": "off"}
        own |= {"HOTLINE_PORT": str(self.port), "HOTLINE_LIVE_PORT": str(self.live_port), **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hotline", "run", *arguments],
            env=own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + NEXT
        while not condition():
            assert time.monotonic() < end, f"{what} did not happen:\n{self.log}"
            time.sleep(0.1)

    def told(self, pattern: str) -> None:
        self.until(
            pattern, lambda: re.search(pattern, self.log) is not None or self.process.poll() is not None
        )
        assert re.search(pattern, self.log), self.log

    def answers(self, port: int, path: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def children(self, mark: str) -> list[int]:
        """Processes of this run whose command line holds `mark`."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if mark in command and parent == self.process.pid:
                found.append(int(entry.name))
        return found

    def end(self, number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(NEXT)
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with passable() as made:
        yield made / "var"


@pytest.fixture(scope="module")
def run(folder: Path) -> Iterator[Run]:
    if not (Path(__file__).parents[2] / "hotline/ui/static/dist/manifest.json").exists():
        pytest.skip("the frontend is not built: make install")
    running = Run(folder, "--no-demo")
    try:
        running.told("is ready")
        yield running
    finally:
        running.end()
        Cluster(folder).stop()


def test_everything_answers(run: Run) -> None:
    assert run.answers(run.port, "/healthz")
    assert run.answers(run.live_port, "/live/health")
    run.told(r"jobs +\| ")  # slower to start than the others


@pytest.mark.parametrize(
    ("name", "mark"),
    [("web", "hotline.config.wsgi"), ("live", "hotline.live.app"), ("jobs", "procrastinate worker")],
)
def test_killed_process_is_started_again(run: Run, name: str, mark: str) -> None:
    run.until("one process", lambda: len(run.children(mark)) == 1)
    [pid] = run.children(mark)
    os.kill(pid, signal.SIGKILL)
    run.told(rf"{name} +\| ended after .*SIGKILL")
    run.until("a new process", lambda: bool(set(run.children(mark)) - {pid}))
    if name != "jobs":
        port, path = (run.port, "/healthz") if name == "web" else (run.live_port, "/live/health")
        run.until("an answer", lambda: run.answers(port, path))


def test_killed_database_recovers_and_everybody_reconnects(run: Run) -> None:
    url = (run.folder / "database.url").read_text().strip()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS acknowledged AS SELECT 42 AS id")
    os.kill(int((run.folder / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    run.told("the server died")
    run.told("ready again")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id FROM acknowledged").fetchone() == (42,)
    run.until("live", lambda: run.answers(run.live_port, "/live/health"))

    def worked_since() -> bool:
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT count(*) FROM procrastinate_events WHERE type = 'succeeded' AND at > "
                "pg_postmaster_start_time()"
            ).fetchone()
        return row is not None and row[0] > 0

    run.until("a job done after the crash", worked_since)


def test_second_run_on_the_same_folder_is_refused(run: Run) -> None:
    second = Run(run.folder, "--no-demo")
    assert second.process.wait(NEXT) == 1
    second.end()
    assert f"already running on {run.folder} as process {run.process.pid}" in second.log


def test_taken_port_is_named(run: Run, tmp_path: Path) -> None:
    second = Run(tmp_path / "other", "--no-demo", HOTLINE_PORT=str(run.port))
    assert second.process.wait(NEXT) == 1
    second.end()
    assert f"HOTLINE_PORT: 127.0.0.1:{run.port} cannot be used" in second.log


def test_wrong_setting_is_named(tmp_path: Path) -> None:
    second = Run(tmp_path, HOTLINE_WEB_THREADS="many")
    assert second.process.wait(NEXT) == 78
    second.end()
    assert "HOTLINE_WEB_THREADS" in second.log


def test_killed_supervisor_takes_its_processes_along_and_the_next_one_finds_everything(
    run: Run, folder: Path
) -> None:
    marks = ("hotline.config.wsgi", "hotline.live.app", "procrastinate worker")
    run.until("all three", lambda: all(len(run.children(mark)) == 1 for mark in marks))  # one may be starting again
    pids = [pid for mark in marks for pid in run.children(mark)]
    run.process.kill()
    run.process.wait()
    run.until(
        "their end",
        lambda: (
            not any(
                Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()
                for pid in pids
            )
        ),
    )
    second = Run(folder, "--no-demo")
    second.told("is ready")
    assert "adopted the running server" in second.log
    assert second.end() == 0
    assert not (folder / "postgres" / "postmaster.pid").exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", second.port)) != 0


def test_address_without_a_database_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = Run(tmp_path, "--no-demo", DATABASE_URL=f"postgresql://nobody:x@127.0.0.1:{free_port()}/none")
    assert second.process.wait(NEXT) == 69
    second.end()
    assert "DATABASE_URL: the database cannot be reached" in second.log


def run_apart(work: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: the journeys' browser keeps a loop in the main thread of the same test process."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@pytest.mark.parametrize(
    ("given", "taught"),
    [({}, True), ({"demo_orders": 0}, False), ({"demo": False}, False), ({"models": False}, False)],
)
def test_a_loaded_demo_city_learns_its_categories_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], taught: bool
) -> None:
    usual: dict[str, Any] = {"demo": True, "demo_orders": 6000, "models": True}
    plan = Plan(
        data_dir=tmp_path, database_url=None, host="", port=0, live_port=0, public_url="", sign_in_url="", web_workers=1,
        web_threads=1, job_workers=1, job_threads=1, demo_pack=tmp_path, demo_password="", assets_built=True, **{**usual, **given},
    )  # fmt: skip
    steps: list[tuple[str, ...]] = []

    async def step(_self: Supervisor, name: str, *arguments: str, niceness: int = 0) -> None:
        assert niceness > 0
        steps.append(arguments)
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "registry.json").write_text("{}")
        raise RunFault("it failed")  # the city runs on without

    monkeypatch.setattr(Supervisor, "_step", step)
    supervisor = Supervisor(plan, io.StringIO())
    run_apart(supervisor._teach())
    assert steps == [], "a city that somebody entered by hand decides itself"
    (tmp_path / "demo.json").write_text('{"state": "loaded"}')
    for _again in range(2):
        run_apart(supervisor._teach())
    assert steps == ([("models", "train", "category")] if taught else [])
