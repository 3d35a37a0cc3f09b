"""A real engine in a process of its own, telephones in another, and the platform's end of the control door."""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 40.0
"""Seconds until a thing that must happen has not; nothing is measured by it."""

NEEDS_SIP = pytest.mark.skipif(
    find_spec("baresip") is None, reason="baresip-python is not installed here; install the extra `telephony`"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker does them all: exchanges and telephones in both at once would be late by each other's work."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("softswitch"))


def apart(work: Callable[[], object]) -> None:
    """Run this in a thread of its own, where no event loop runs: the journeys' browser keeps one in the main thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(work).result()


class Process:
    """A child that says one line when it is ready; ended by its own pid."""

    def __init__(self, command: list[str], folder: Path) -> None:
        for attempt in range(3):
            self._start(command, folder)
            if line := self.line():
                self.ready: dict[str, Any] = json.loads(line)
                return
            said = self.errors()
            Process.end(self)
            # A port that was free when it was chosen may be taken a moment later; anything else is a fault at once.
            if attempt == 2 or "already in use" not in said:
                raise AssertionError(f"did not start: {said}")

    def _start(self, command: list[str], folder: Path) -> None:
        self.log = (folder / f"{Path(command[1]).stem or 'engine'}-{secrets.token_hex(3)}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            cwd=ROOT,
        )

    def line(self) -> str:
        """The next line it says, "" when it says none: a child that hangs is killed, so that no run of all tests hangs with it."""
        assert self.process.stdout
        killer = threading.Timer(PATIENCE * 2, self.process.kill)
        killer.start()
        try:
            return self.process.stdout.readline()
        finally:
            killer.cancel()

    def errors(self) -> str:
        self.log.flush()
        return Path(self.log.name).read_text()[-3000:]

    def end(self, how: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.log):
            if pipe:
                pipe.close()
        return code


class Phones(Process):
    """Telephones by name."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        super().__init__(["tests/softswitch/phone.py", address], folder)
        self.port = int(self.ready["port"])

    def ask(self, do: str, name: str, **more: Any) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": do, "name": name, **more}) + "\n")
        self.process.stdin.flush()
        line = self.line()
        assert line, self.errors()
        seen: dict[str, Any] = json.loads(line)
        return seen

    def wait(self, name: str, **wanted: Any) -> dict[str, Any]:
        """Until `look` says all of this."""
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = self.ask("look", name)
            if all(seen.get(key) == value for key, value in wanted.items()):
                return seen
            assert time.monotonic() < deadline, f"{name}: wanted {wanted}, saw {seen}"
            time.sleep(0.1)

    def hears(self, **wanted: set[int]) -> None:
        """Until all of these hear exactly these tones, each through a whole window of half a second that began after all of
        them had been right once."""
        deadline = time.monotonic() + PATIENCE
        since: dict[str, int] | None = None
        while True:
            seen = {name: self.ask("look", name) for name in wanted}
            right = all(set(seen[name].get("hears", ())) == tones for name, tones in wanted.items())
            if not right:
                since = None
            elif since is None:
                since = {name: one["since"] for name, one in seen.items()}
            elif all(one["since"] - since[name] > 4800 for name, one in seen.items()):
                return
            assert time.monotonic() < deadline, (
                f"wanted {wanted}, heard {[(n, s['hears']) for n, s in seen.items()]}"
            )
            time.sleep(0.1)


class Platform:
    """The platform's end: commands, and every event since it connected."""

    def __init__(self, port: int, token: str, run: str | None = None, after: int | None = None) -> None:
        self.stack = contextlib.ExitStack()
        self.socket = self.stack.enter_context(
            connect(
                f"ws://127.0.0.1:{port}/control",
                additional_headers={"Authorization": f"Bearer {token}"},
                compression=None,
                max_size=None,
            )
        )
        self.events: list[dict[str, Any]] = []
        self.replies: dict[str, dict[str, Any]] = {}
        self.resets: list[dict[str, Any]] = []
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        self.followed = self.do("follow", **({"run": run, "after": after} if run else {}))
        self.run = self.followed["run"]

    def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            for message in self.socket:
                told = json.loads(message)
                with self.changed:
                    if "number" in told:
                        self.events.append(told)
                    elif "reset" in told:
                        self.resets.append(told["reset"])
                    else:
                        self.replies[told["id"]] = told
                    self.changed.notify_all()

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        number = secrets.token_hex(6)
        self.socket.send(json.dumps({"id": number, "do": do, **arguments}))
        with self.changed:
            assert self.changed.wait_for(lambda: number in self.replies, PATIENCE), f"no reply to {do}"
            return self.replies.pop(number)

    def do(self, verb: str, **arguments: Any) -> dict[str, Any]:
        reply = self.ask(verb, **arguments)
        assert "done" in reply, reply
        done: dict[str, Any] = reply["done"]
        return done

    def refused(self, verb: str, **arguments: Any) -> str:
        return str(self.ask(verb, **arguments)["refused"]["code"])

    def find(self, event: str, **wanted: Any) -> dict[str, Any] | None:
        for told in self.events:
            if told["event"] == event and all(told.get(key) == value for key, value in wanted.items()):
                return told
        return None

    def event(self, event: str, **wanted: Any) -> dict[str, Any]:
        with self.changed:
            found = self.changed.wait_for(lambda: self.find(event, **wanted), PATIENCE)
        assert found, f"no {event} {wanted} among {[one['event'] for one in self.events]}"
        return found

    def close(self) -> None:
        self.stack.close()
        self.thread.join(5)


class Exchange(Process):
    """The engine, its settings, and platforms connected to it."""

    def __init__(self, folder: Path, phones: Phones | None = None, **settings: Any) -> None:
        self.token = secrets.token_hex(32)
        self.folder = folder
        address = settings.get("address", "127.0.0.1")
        trunk = {
            "name": "carrier",
            "host": f"{address}:{phones.port if phones else 9}",
            "addresses": [f"{address}/32"],
        }
        told = {
            "folder": "switch",
            "token": self.token,
            "sip_port": 0,
            "control_port": 0,
            "trunks": [trunk],
        } | settings
        path = folder / "settings.json"
        path.write_text(json.dumps(told))
        super().__init__(["-m", "softswitch", str(path)], folder)
        self.sip = f"sip:12345@{address}:{self.ready['sip_port']}"
        self.recordings = folder / "switch" / "recordings"
        self.prompts = folder / "switch" / "prompts"
        self.platforms: list[Platform] = []

    def platform(self, run: str | None = None, after: int | None = None) -> Platform:
        self.platforms.append(Platform(self.ready["control_port"], self.token, run, after))
        return self.platforms[-1]

    def prompt(self, name: str, hertz: int, seconds: float = 1.0) -> str:
        tone = 6000 * np.sin(2 * np.pi * hertz * np.arange(int(8000 * seconds)) / 8000)
        with wave.open(str(self.prompts / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(tone.astype("<i2").tobytes())
        return name

    def end(self, how: int = signal.SIGTERM) -> int:
        for platform in self.platforms:
            platform.close()
        self.platforms.clear()
        return super().end(how)


class Call:
    """One telephone's call into the engine, answered."""

    def __init__(
        self, exchange: Exchange, phones: Phones, platform: Platform, name: str, tone: int, **more: Any
    ):
        seen = len(platform.events)
        phones.ask("dial", name, to=exchange.sip, tone=tone, **more)

        def ringing() -> list[dict[str, Any]]:
            return [
                e for e in platform.events[seen:] if e["event"] == "leg.ringing" and e.get("caller") == name
            ]

        with platform.changed:
            assert platform.changed.wait_for(ringing, PATIENCE), f"{name} did not arrive"
            self.facts = ringing()[0]
        self.leg = self.facts["leg"]
        platform.do("answer", leg=self.leg)
        platform.event("leg.answered", leg=self.leg)


@pytest.fixture(scope="module")
def phones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phones]:
    made = Phones(tmp_path_factory.mktemp("phones"))
    yield made
    made.end()


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory, phones: Phones) -> Iterator[Exchange]:
    made = Exchange(tmp_path_factory.mktemp("exchange"), phones)
    yield made
    made.end()


@pytest.fixture
def platform(exchange: Exchange) -> Iterator[Platform]:
    """Connected for one test; whatever the test left up is hung up."""
    made = exchange.platform()
    yield made
    for leg in made.do("snapshot")["legs"]:
        made.do("hangup", leg=leg["leg"])
    deadline = time.monotonic() + PATIENCE
    while made.do("snapshot")["legs"] and time.monotonic() < deadline:
        time.sleep(0.05)
    exchange.platforms.remove(made)
    made.close()
