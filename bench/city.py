"""A running city for benchmarks: the real `hotline run` on its own data folder, fsync on."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VAR = ROOT / "var" / "bench"
PACK = ROOT / "hotline" / "demo" / "packs" / "shanghai"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class City:
    """A city that answers; `environment` makes other processes part of it."""

    folder: Path
    port: int
    live_port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def workers_paused(self) -> Iterator[None]:
        """The city's job workers stand still meanwhile, none in the middle of a transaction; their jobs wait in the queue."""
        shown = ["ps", "--ppid", str(self.process.pid), "-o", "pid=,args="]
        lines = subprocess.run(shown, capture_output=True, text=True, check=True).stdout.splitlines()
        workers = [int(line.split()[0]) for line in lines if "procrastinate worker" in line]
        for _try in range(120):
            for pid in workers:
                os.kill(pid, signal.SIGSTOP)
            if not self._writing():
                break
            for pid in workers:  # one that is stopped with its locks in hand would be waited for until the end
                os.kill(pid, signal.SIGCONT)
            time.sleep(0.5)
        try:
            yield
        finally:
            for pid in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _writing(self) -> bool:
        """Whether any transaction has written and is not over."""
        import psycopg

        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
            ).fetchone()
        return bool(found and found[0])

    def run(self, *arguments: str) -> None:
        """One `hotline` command in this city, to its end; raises when it fails."""
        subprocess.run(
            [sys.executable, "-m", "hotline", *arguments], env=self.environment, cwd=ROOT, check=True
        )

    def generate(self, orders: int) -> float:
        """Seconds of `hotline generate` for so many orders of three years, one in twenty open; the city's pack is loaded before."""
        import psycopg

        self.run("load-city", str(PACK))
        began = time.perf_counter()
        self.run("generate", "--orders", str(orders), "--years", "3", "--open", str(max(orders // 20, 1)))
        seconds = time.perf_counter() - began
        (self.folder / "generated.txt").write_text(f"{orders} orders in {seconds:.0f} s\n")
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            connection.execute("ANALYZE")
        return seconds


@contextlib.contextmanager
def city(name: str, **settings: str) -> Iterator[City]:
    """Start (or find again) the city of this name under var/bench/; stopped at the end, its data kept.

    `BENCH_SETTINGS="HOTLINE_WEB_WORKERS=4 …"` compares settings; others of ours in the environment are left out.
    """
    tried = dict(pair.split("=", 1) for pair in os.environ.get("BENCH_SETTINGS", "").split())
    folder = VAR / name
    folder.mkdir(parents=True, exist_ok=True)
    port, live_port = free_port(), free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_") and k != "DATABASE_URL"},
        "HOTLINE_DATA_DIR": str(folder),
        "HOTLINE_PORT": str(port),
        "HOTLINE_LIVE_PORT": str(live_port),
        "HOTLINE_MODE": "demo",
        "HOTLINE_TELEPHONE": "off",
        "DJANGO_SETTINGS_MODULE": "hotline.config.settings",
        **settings,
        **tried,
    }
    log = (folder / "run.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "hotline", "run", "--no-demo"],
        env=environment,
        cwd=ROOT,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        _await(process, f"http://127.0.0.1:{port}/healthz", folder / "run.log")
        environment["DATABASE_URL"] = (folder / "database.url").read_text().strip()
        yield City(folder, port, live_port, environment, process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        log.close()


@contextlib.contextmanager
def copied(name: str) -> Iterator[str]:
    """A copy of a stopped city's folder under another name, thrown away afterwards: what is done to it is done for real."""
    copy = f"{name}-copy"
    shutil.rmtree(VAR / copy, ignore_errors=True)
    try:
        subprocess.run(["cp", "-a", VAR / name, VAR / copy], check=True)
        os.sync()  # else its gigabytes are written while the copy is measured
        yield copy
    finally:
        shutil.rmtree(VAR / copy, ignore_errors=True)


def _await(process: subprocess.Popen[bytes], url: str, log: Path, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"hotline run ended with {process.returncode}:\n{log.read_text()[-2000:]}")
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(url, timeout=2) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise SystemExit(f"hotline run did not answer within {seconds} s:\n{log.read_text()[-2000:]}")


def django_in(place: City) -> None:
    """Make this process part of the city: Django set up on its database."""
    os.environ.update(place.environment)
    import django

    django.setup()
