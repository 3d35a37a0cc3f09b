"""What the operating system gives the embedded database: a user to run as, ports, memory, private files."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

SYSTEM_USER = "xinsheng"
SYSTEM_HOME = Path("/var/lib/xinsheng")
"""Where root puts what the system user must reach and cannot reach in the project's own folder."""


class PostgresFault(Exception):
    """The embedded server cannot be made, started or stopped; the text says why and what to do."""


@dataclass(frozen=True)
class Identity:
    """The operating-system user that runs the server; `switch` is false when it is ourselves."""

    name: str
    uid: int
    gid: int
    switch: bool


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def system_identity() -> Identity:
    """The system user for root's server, made when missing."""
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        for command in (
            [
                "useradd",
                "--system",
                "--user-group",
                "--home-dir",
                str(SYSTEM_HOME),
                "--no-create-home",
                "--shell",
                "/usr/sbin/nologin",
                SYSTEM_USER,
            ],
            ["adduser", "-S", "-D", "-H", "-h", str(SYSTEM_HOME), "-s", "/sbin/nologin", SYSTEM_USER],
        ):
            with contextlib.suppress(FileNotFoundError):
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode == 0:
                    break
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            raise PostgresFault(
                f"PostgreSQL does not run as root and the system user {SYSTEM_USER} could not be "
                f"made. Make it (useradd --system {SYSTEM_USER}), "
                "start as an ordinary user, or set DATABASE_URL."
            ) from None
    return Identity(entry.pw_name, entry.pw_uid, entry.pw_gid, True)


def popen_as(identity: Identity, arguments: list[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    # The environment is bare on purpose: PG* variables of the caller must not reach the server.
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    switch: dict[str, Any] = (
        {"user": identity.uid, "group": identity.gid, "extra_groups": []} if identity.switch else {}
    )
    return subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd="/",
        env=environment,
        start_new_session=True,
        **switch,
    )


def run_as(identity: Identity, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": "UTC"}
    if identity.switch:
        return subprocess.run(
            arguments,
            capture_output=True,
            text=True,
            cwd="/",
            env=environment,
            user=identity.uid,
            group=identity.gid,
            extra_groups=[],
        )
    return subprocess.run(arguments, capture_output=True, text=True, cwd="/", env=environment)


def reaches(identity: Identity, folder: Path) -> bool:
    """Whether the user may pass through `folder`; asked of the kernel, so that ACLs and mounts count too."""
    return run_as(identity, ["test", "-x", str(folder)]).returncode == 0


def may_run(identity: Identity, program: Path) -> bool:
    try:
        return run_as(identity, [str(program), "--version"]).returncode == 0
    except OSError:
        return False


def public_folder(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)


def write_secret(path: Path, text: str) -> None:
    """Replace a file atomically, readable by its owner only."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.rename(path)


def free_port() -> int:
    """A port below the range of the system's outgoing ports, so that it is still free tomorrow."""
    for _ in range(200):
        port = 15432 + secrets.randbelow(10000)
        if port_is_free(port):
            return port
    raise PostgresFault("No free port between 15432 and 25431 on 127.0.0.1.")


def own_address() -> str | None:
    """This machine's IPv4 address in its network, None when it has none but the loopback. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        try:
            found.connect(("192.0.2.1", 9))  # of the documentation's network: nobody's
        except OSError:
            return None
        address: str = found.getsockname()[0]
    return None if address.startswith("127.") else address


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def memory_mb() -> int:
    """Memory of the machine or of its container, whichever is less."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()) // 2**20)
    return total


def shm_mb() -> int:
    try:
        usage = shutil.disk_usage("/dev/shm")  # noqa: S108 (the mount, not a file in it)
    except OSError:
        return 0
    return usage.total // 2**20
