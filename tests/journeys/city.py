"""A whole running city for a test: `hotline run` in a folder and a database of its own, and its log."""

from __future__ import annotations

import csv
import ctypes
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]
COUNTY = ROOT / "hotline" / "demo" / "packs" / "county"
PASSWORD = "Xinsheng-12345"
LONGEST = 240.0
"""Seconds that anything may take on a busy machine; nothing waits that long when it is well."""

MORE_UNITS = [
    (
        "ZJ1",
        "澄湖县市政设施管理站",
        "市政管理站",
        "ZJ",
        "station",
        "事业单位",
        "990123000000",
        "路灯、道路维修",
        "08:30-17:30",
        "",
        "",
    ),
]
MORE_STAFF = [
    ("reviewer", "顾审言", "CENTER", "reviewer", "", "审核员"),
    ("follow2", "纪青", "CENTER", "follow_up", "", "回访员"),
    ("station", "陆站长", "ZJ1", "unit_manager;handler", "", "站长"),
    ("ga2", "石安", "GA", "handler", "", "民警"),
    ("shift", "方振", "CENTER", "shift_leader", "", "值班长"),
    ("dispatcher2", "简明", "CENTER", "dispatcher", "", "派单员"),
]
"""What journeys need beyond the county: a station below a bureau, and colleagues of the same role."""


def built() -> bool:
    """Whether the pages' scripts are built; without them a city does not start."""
    return (ROOT / "hotline/ui/static/dist/manifest.json").exists()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_pack(folder: Path) -> Path:
    """The county's pack with `MORE_UNITS` and `MORE_STAFF` in a folder of its own."""
    shutil.copytree(COUNTY, folder)
    for name, rows in (("units.csv", MORE_UNITS), ("staff.csv", MORE_STAFF)):
        path = folder / name
        text = path.read_text()
        with path.open("a", newline="") as stream:
            if not text.endswith("\n"):
                stream.write("\n")
            csv.writer(stream, lineterminator="\n").writerows(rows)
    return folder


@contextmanager
def own_database(url: str, name: str) -> Iterator[str]:
    """A fresh database beside the one of `url`; gone afterwards."""
    beside = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    admin = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield beside
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class City:
    """One `hotline run`. `database_url` None: its own embedded cluster in the folder."""

    def __init__(
        self, folder: Path, *, pack: Path = COUNTY, database_url: str | None = None, **environment: str
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self.port, self.live_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name != "DATABASE_URL" and not name.startswith(("HOTLINE_", "PYTEST_", "COV_"))
        }
        self.environment |= {
            "HOTLINE_MODE": "demo",
            "HOTLINE_DATA_DIR": str(folder),
            "HOTLINE_DEMO_PASSWORD": PASSWORD,
        }
        self.environment |= {"HOTLINE_PORT": str(self.port), "HOTLINE_LIVE_PORT": str(self.live_port)}
        self.environment |= {
            "HOTLINE_WEB_WORKERS": "1",
            "HOTLINE_WEB_THREADS": "6",
            "HOTLINE_TELEPHONE": "off",
            **environment,
        }
        if database_url:
            self.environment["DATABASE_URL"] = database_url
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hotline", "run", "--demo-pack", str(pack), "--demo-orders", "0"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_end_with_parent,
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
        return "\n".join(self.lines[-200:])

    def until(self, what: str, condition: Callable[[], Any], seconds: float = LONGEST) -> Any:
        """Wait for a condition; returns what it returned. Fails with the city's log."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert self.process.poll() is None, f"the city ended with {self.process.returncode}:\n{self.log}"
            assert time.monotonic() < end, f"{what} did not happen:\n{self.log}"
            time.sleep(0.1)
        return found

    def told(self, pattern: str, *, times: int = 1) -> None:
        """Wait until the log holds `pattern` so many times."""
        self.until(pattern, lambda: len(re.findall(pattern, "\n".join(self.lines))) >= times)

    def answers(self, path: str = "/healthz", port: int = 0) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    # ── what an operator sees ──

    def address(self) -> str:
        return self.database_url or (self.folder / "database.url").read_text().strip()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read from, or as an operator would mend, the city's database."""
        with psycopg.connect(self.address(), autocommit=True, connect_timeout=10) as connection:
            cursor = connection.execute(sql, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def value(self, sql: str, *values: Any) -> Any:
        rows = self.rows(sql, *values)
        return rows[0][0] if rows else None

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A `hotline` command beside the running city."""
        return subprocess.run(
            [sys.executable, "-m", "hotline", *arguments],
            env={**self.environment, "DATABASE_URL": self.address()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )

    def children(self, mark: str) -> list[int]:
        """Direct children of the supervisor whose command line holds `mark`."""
        return [
            pid for pid, parent, command in _processes() if parent == self.process.pid and mark in command
        ]

    def below(self, pid: int) -> list[int]:
        """Children of a process."""
        return [child for child, parent, _command in _processes() if parent == pid]

    def postmaster(self) -> int:
        """The embedded server's process; 0 while none writes its file."""
        try:
            return int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])
        except (OSError, IndexError):
            return 0

    def end(self) -> int:
        """Ctrl-C, then its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(90)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(30)
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextmanager
def ready_city(folder: Path, **options: Any) -> Iterator[City]:
    """A `City` whose pages and jobs answer, ended after the block."""
    running = City(folder, **options)
    try:
        running.told("is ready")
        running.told(r"jobs +\| ")
        yield running
    finally:
        running.end()


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    """A killed test session leaves no city behind."""
    if _libc is not None:
        _libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _processes() -> Iterator[tuple[int, int, str]]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        yield int(entry.name), parent, command
