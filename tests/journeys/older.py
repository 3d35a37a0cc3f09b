"""A PostgreSQL of Debian's package, the oldest that the platform promises to run on; made for a test, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from hotline.ops.machine import Identity, free_port, popen_as, run_as, system_identity

PREFIX = Path("/usr/lib/postgresql/15/bin")
SECONDS = 60.0


def installed() -> bool:
    """Whether Debian's postgresql-15 is there."""
    return all((PREFIX / name).exists() for name in ("initdb", "postgres"))


def _identity() -> Identity:
    if os.geteuid() == 0:
        return system_identity()
    return Identity("", os.geteuid(), os.getegid(), switch=False)


@contextlib.contextmanager
def postgresql_15() -> Iterator[str]:
    """The address of a fresh server; without fsync, for nothing in it outlives the test."""
    identity = _identity()
    folder = Path(tempfile.mkdtemp(prefix="xinsheng-pg15-"))
    if identity.switch:
        shutil.chown(folder, identity.uid, identity.gid)
    try:
        data, port = folder / "data", free_port()
        command = [
            str(PREFIX / "initdb"), "--pgdata", str(data), "--username", "postgres", "--auth", "trust", "--encoding", "UTF8",
            "--locale", "C.UTF-8", "--no-sync",
        ]  # fmt: skip
        made = run_as(identity, command)
        assert made.returncode == 0, made.stderr
        settings = {
            "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "synchronous_commit": "off",
            "full_page_writes": "off", "max_connections": 60, "shared_buffers": "64MB", "timezone": "UTC",
        }  # fmt: skip
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with tempfile.TemporaryFile() as log:
            server = popen_as(identity, [str(PREFIX / "postgres"), "-D", str(data), *arguments], log)
            try:
                url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
                _await(url, server, SECONDS)
                yield url
            finally:
                server.send_signal(signal.SIGINT)  # fast: sessions end
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(30)
                if server.poll() is None:
                    server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _await(url: str, server: subprocess.Popen[bytes], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(url, connect_timeout=3).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
