"""`hotline run`: the database, migrations, the demo city, then web, live and job processes, kept alive until
Ctrl-C.

A process that dies is started again, later each time it dies soon. Processes die with their supervisor (on
Linux by the kernel's parent-death signal); the database does not, the next start adopts it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from typing import IO

import psycopg

from hotline.ops.machine import PostgresFault
from hotline.ops.plan import FIRST_DELAY, Child, Plan, children
from hotline.ops.postgres import Cluster, using

OLDEST_POSTGRES = 150000
MIGRATION_LOCK = 0x78696E73686E67  # several nodes may start at once on one database; one migrates
LONGEST_DELAY, SETTLED_SECONDS = 30.0, 30.0
STOP_SECONDS = 25
DATABASE_SECONDS = 15
"""How long a database of one's own may take to answer at the start."""


class RunFault(Exception):
    """The platform cannot start; the text says why and what to do. `code` is the exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class Log:
    """One line an event, led by the time and the process it came from."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._colour = stream.isatty()

    def __call__(self, name: str, text: str) -> None:
        head = f"{time.strftime('%H:%M:%S')} {name:<8} | "
        if self._colour:
            head = f"\x1b[2m{head}\x1b[0m"
        # Whoever read the log may be gone (`hotline run | tee`); the city runs on, and still stops when told.
        with contextlib.suppress(OSError):
            for line in text.splitlines() or [""]:
                self._stream.write(f"{head}{line}\n")
            self._stream.flush()


class Supervisor:
    """Runs a plan. `run()` returns the exit code."""

    def __init__(self, plan: Plan, stream: IO[str] = sys.stdout) -> None:
        self.plan = plan
        self.log = Log(stream)
        self.stream = stream
        self.children: list[Child] = []
        self._stopping = asyncio.Event()
        self._environment: dict[str, str] = {}

    def run(self) -> int:
        """Start everything and stay until SIGINT or SIGTERM."""
        try:
            with self._only_one():
                self._check_ports()
                if not self.plan.assets_built:
                    raise RunFault("The pages' scripts and styles are not built. Run `make install` first.")
                if self.plan.database_url:
                    return asyncio.run(self._run(self.plan.database_url, None))
                with using(self.plan.data_dir, say=lambda text: self.log("postgres", text)) as cluster:
                    self.log("postgres", f"ready on 127.0.0.1:{cluster.state.port}, files in {cluster.data}")
                    try:
                        return asyncio.run(self._run(cluster.url, cluster))
                    finally:
                        self.log("postgres", "stopping")
        except RunFault as fault:
            print(f"hotline run: {fault}", file=sys.stderr)
            return fault.code
        except PostgresFault as fault:
            print(f"hotline run: {fault}", file=sys.stderr)
            return 69

    # ── before the start ──

    @contextlib.contextmanager
    def _only_one(self) -> Iterator[None]:
        self.plan.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.plan.data_dir / "run.lock").open("a+") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stream.seek(0)
                raise RunFault(
                    f"already running on {self.plan.data_dir} as process "
                    f"{stream.read().strip() or '?'}. Stop that one, or set HOTLINE_DATA_DIR."
                ) from None
            stream.truncate(0)
            stream.write(str(os.getpid()))
            stream.flush()
            yield

    def _check_ports(self) -> None:
        for setting, port in (("HOTLINE_PORT", self.plan.port), ("HOTLINE_LIVE_PORT", self.plan.live_port)):
            deadline = time.monotonic() + 5  # a predecessor may be leaving
            while True:
                try:
                    _bind(self.plan.host, port)
                    break
                except OSError as error:
                    if time.monotonic() > deadline:
                        raise RunFault(
                            f"{setting}: {self.plan.host}:{port} cannot be used ({error.strerror}). "
                            f"Free it, or set {setting} to another port."
                        ) from None
                    time.sleep(0.3)

    async def _check_database(self, url: str) -> None:
        deadline = time.monotonic() + DATABASE_SECONDS
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, connect_timeout=5) as connection:
                    version = connection.info.server_version
                break
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise RunFault(f"DATABASE_URL: the database cannot be reached: {error}", 69) from None
                await asyncio.sleep(1)
        if version < OLDEST_POSTGRES:
            raise RunFault(
                f"DATABASE_URL: PostgreSQL {version // 10000} is too old; 15 or later is needed.", 78
            )
        self.log("postgres", f"PostgreSQL {version // 10000}.{version % 10000} answers")

    # ── the whole life ──

    async def _run(self, url: str, cluster: Cluster | None) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop, number)
        self._environment = {**os.environ, "DATABASE_URL": url, "PYTHONUNBUFFERED": "1"}
        guard = asyncio.create_task(self._guard(cluster)) if cluster is not None else None
        teaching: asyncio.Task[None] | None = None
        try:
            await self._check_database(url)
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                await connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
                await self._step("migrate", "migrate", "--noinput", "--verbosity", "0")
                if self.plan.demo:
                    await self._load_demo(connection)
            if self._stopping.is_set():
                return 0
            self._start_children()
            if await self._await_ready():
                await self._announce(url)
                teaching = asyncio.create_task(self._teach())
            await self._stopping.wait()
            return 0
        except _Stopped:
            return 0
        finally:
            self._stopping.set()
            await self._stop_children()
            if teaching is not None:
                await asyncio.gather(teaching, return_exceptions=True)
            if guard is not None:
                guard.cancel()
                await asyncio.gather(guard, return_exceptions=True)

    def _stop(self, number: signal.Signals) -> None:
        self._stopping.set()
        self.log("run", f"stopping ({number.name})")

    async def _step(self, name: str, *arguments: str, niceness: int = 0) -> None:
        """One command to its end, its output in our log; Ctrl-C ends it."""
        child = Child(name, [sys.executable, "-m", "hotline", *arguments], niceness=niceness)
        began = time.monotonic()
        waiting = asyncio.create_task(self._once(child))
        stop = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({waiting, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not waiting.done():
            await self._end(child)
            await waiting
            raise _Stopped
        if (code := waiting.result()) != 0:
            raise RunFault(
                f"`hotline {' '.join(arguments)}` failed with exit code {code}; its own words are above.", 1
            )
        self.log(name, f"done in {time.monotonic() - began:.1f} s")

    async def _load_demo(self, connection: psycopg.AsyncConnection) -> None:
        """The demo city into an empty database; picks up where an interrupted start left off.

        The note in the data folder keeps demo orders out of a city that somebody entered by hand: orders are
        only made where this very function loaded the units.
        """
        note = self.plan.data_dir / "demo.json"
        state = json.loads(note.read_text()).get("state") if note.exists() else None
        if not await _empty(connection, "accounts_unit"):
            if state != "loading":
                return
        else:
            note.write_text(json.dumps({"state": "loading"}))
            self.log("demo", "the database is empty: loading the demo city (once)")
            await self._step("demo", "load-city", str(self.plan.demo_pack))
        if self.plan.demo_orders and await _empty(connection, "workorders_workorder"):
            await self._step("demo", "generate", "--orders", str(self.plan.demo_orders), "--years", "1")
        note.write_text(json.dumps({"state": "loaded"}))

    async def _teach(self) -> None:
        """The demo city's closed orders make its category model, once and beside the running city, so that the desk says how
        sure it is. Where orders were entered by hand, people decide what is learned: `hotline models train category`."""
        note = self.plan.data_dir / "demo.json"
        made = self.plan.data_dir / "models" / "registry.json"
        if (
            not (self.plan.demo and self.plan.models and self.plan.demo_orders and note.exists())
            or made.exists()
        ):
            return
        self.log("models", "the demo's closed orders teach a category model, in about a minute")
        try:
            await self._step("models", "models", "train", "category", niceness=15)
        except RunFault:
            self.log("models", "no category model was made; categories are proposed by their names alone")
        except _Stopped:
            pass

    # ── processes ──

    def _start_children(self) -> None:
        self.children = children(self.plan)
        self._plan_telephone()
        for child in self.children:
            child.task = asyncio.create_task(self._keep(child), name=child.name)

    def _plan_telephone(self) -> None:
        """The exchange, and who distributes its calls. It ends with 70 when its SIP library has died, and is started again."""
        switch = self.plan.switch
        if switch is None:
            return
        if not switch.elsewhere:
            try:
                switch.write()
            except (OSError, ValueError) as error:
                self.log("switch", f"no telephone: HOTLINE_TRUNKS cannot be read: {error}")
                return
            self.children.append(Child("switch", [sys.executable, "-m", "softswitch", str(switch.file)]))
        self.children.append(Child("calls", [sys.executable, "-m", "hotline", "calls", "run"]))
        for name, wanted in (("transcripts", switch.transcripts), ("emotion", switch.emotion)):
            if wanted:
                # Beside the calls, never before them.
                command = [sys.executable, "-m", "hotline", name, "run"]
                self.children.append(Child(name, command, niceness=10))

    async def _keep(self, child: Child) -> None:
        """Run a child for ever, with a growing pause between starts that fail soon."""
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._once(child)
            if self._stopping.is_set():
                return
            lasted = time.monotonic() - began
            child.delay = FIRST_DELAY if lasted > SETTLED_SECONDS else min(child.delay * 2, LONGEST_DELAY)
            child.restarts += 1
            how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            self.log(child.name, f"ended after {lasted:.1f} s ({how}); starting again in {child.delay:.1f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), child.delay)

    async def _once(self, child: Child) -> int:
        # A pipe of our own: asyncio's would keep `wait` from returning while an orphaned grandchild holds its
        # end.
        ours, theirs = os.pipe()
        try:
            child.process = process = await asyncio.create_subprocess_exec(
                *child.command,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                # A group of its own: Ctrl-C in the terminal reaches only us, and its own children end with
                # it.
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        if child.niceness:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, process.pid, child.niceness)
        loop = asyncio.get_running_loop()
        output = asyncio.StreamReader(limit=2**20)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(output), os.fdopen(ours, "rb")
        )
        reader = asyncio.create_task(self._relay(child.name, output))
        code = await process.wait()
        _kill_group(process.pid)
        await asyncio.wait({reader}, timeout=2)
        reader.cancel()
        transport.close()
        return code

    async def _relay(self, name: str, output: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await output.readline()
            except ValueError:  # a line beyond the limit
                continue
            if not line:
                return
            if text := line.decode(errors="replace").rstrip():
                self.log(name, text)

    async def _end(self, child: Child) -> None:
        process = child.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.log(child.name, f"did not stop within {STOP_SECONDS} s; killed")
            _kill_group(process.pid)

    async def _stop_children(self) -> None:
        # Web first: nothing new comes in while the jobs at hand are finished.
        for group in (
            ["web", "live"],
            [child.name for child in self.children if child.name not in ("web", "live")],
        ):
            await asyncio.gather(*(self._end(child) for child in self.children if child.name in group))
        await asyncio.gather(
            *(child.task for child in self.children if child.task is not None), return_exceptions=True
        )

    async def _guard(self, cluster: Cluster) -> None:
        """Start the database again when it dies; its clients reconnect by themselves."""
        delay = FIRST_DELAY
        address = cluster.url
        while not self._stopping.is_set():
            await asyncio.sleep(0.25)
            if cluster.is_running():
                continue
            self.log("postgres", f"the server died; starting it again in {delay:.1f} s")
            await asyncio.sleep(delay)
            try:
                await asyncio.to_thread(cluster.start)
                self.log("postgres", f"ready again on 127.0.0.1:{cluster.state.port}")
                delay = FIRST_DELAY
            except PostgresFault as fault:
                self.log("postgres", str(fault))
                delay = min(delay * 2, LONGEST_DELAY)
                continue
            if cluster.url != address:  # somebody took the port meanwhile: everybody learns the new address
                address = self._environment["DATABASE_URL"] = cluster.url
                await asyncio.gather(*(self._end(child) for child in self.children))

    async def _await_ready(self) -> bool:
        began = time.monotonic()
        told = began + 10
        waiting = [child for child in self.children if child.probe is not None]
        while waiting and not self._stopping.is_set():
            for child in list(waiting):
                assert child.probe is not None
                if await asyncio.to_thread(_answers, self.plan.host, *child.probe):
                    waiting.remove(child)
            if waiting:
                if time.monotonic() > told:
                    self.log("run", f"waiting for {', '.join(child.name for child in waiting)}")
                    told = time.monotonic() + 10
                await asyncio.sleep(0.2)
        return not self._stopping.is_set()

    async def _announce(self, url: str) -> None:
        base = self.plan.public_url
        lines = [
            "",
            f"  Xinsheng is ready        {base}/",
            f"  Staff sign in            {self.plan.sign_in_url}",
            f"  Health                   {base}/health",
        ]
        if self.plan.switch is not None:
            told = self.plan.switch.settings
            own = f"sip:12345@{told['address']}:{told['sip_port']}"
            lines.append(f"  Telephone                {self.plan.switch.elsewhere or own}")
        if self.plan.demo:
            lines += await _demo_lines(url, self.plan.demo_password)
        lines += ["", "  Ctrl-C stops everything; the data stays in " + str(self.plan.data_dir), ""]
        self.stream.write("\n".join(lines) + "\n")
        self.stream.flush()


class _Stopped(Exception):
    """Ctrl-C during a step before the start."""


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host.strip("[]"), port))


def _answers(host: str, port: int, path: str) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host.strip("[]"), host.strip("[]"))  # noqa: S104
    connection = http.client.HTTPConnection(reachable, port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


async def _empty(connection: psycopg.AsyncConnection, table: str) -> bool:
    cursor = await connection.execute(f"SELECT NOT EXISTS (SELECT 1 FROM {table})")
    row = await cursor.fetchone()
    return bool(row and row[0])


async def _demo_lines(url: str, password: str) -> list[str]:
    """One person of every role: at the unit with the most below it, where most arrives; of several the first entered."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute(
            "SELECT DISTINCT ON (m.role) m.role, p.username, p.name, u.short_name FROM accounts_membership m"
            " JOIN accounts_person p ON p.id = m.person_id AND p.is_active JOIN accounts_unit u ON "
            "u.id = m.unit_id ORDER BY m.role, (SELECT count(*) FROM accounts_unit b WHERE b.path LIKE u.path || '%') DESC,"
            " m.id"
        )
        rows = await cursor.fetchall()
    if not rows:
        return []
    lines = [
        "",
        f"  Demo sign-ins, password {password}",
        "  In demo mode the second step shows its code on the page itself.",
        "",
    ]
    return lines + [f"    {username:<22}{role:<18}{name}  {unit}" for role, username, name, unit in rows]


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def _kill_group(leader: int) -> None:
    """End what a dead child left of its own children."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
