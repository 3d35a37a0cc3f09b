"""The whole engine put together: SIP, browsers, switch, control; started and stopped in order."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import socket
from pathlib import Path
from typing import Any

from softswitch.browser import Door
from softswitch.control import Control
from softswitch.faults import Refused, WrongSettings
from softswitch.leg import SipLeg, SipStack
from softswitch.party import Party
from softswitch.recording import recover
from softswitch.settings import Settings
from softswitch.switch import Switch


class Engine:
    """One for a process, since the SIP library is. `dead` is set when that library's thread has died: start a new process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.switch = Switch(settings)
        self.dead = asyncio.Event()
        self.sip_port = 0
        self._browsers: dict[str, tuple[str, asyncio.Future[Party]]] = {}
        agent_user = f"desk-{secrets.token_hex(8)}"  # nobody outside can name it
        self._sip = SipStack(settings, agent_user)
        self._agent_user = agent_user
        self._door: Door | None = None
        self.control = Control(self.switch, self, settings.token)
        self._work: list[asyncio.Task[None]] = []
        self._lock: int | None = None

    async def start(self) -> None:
        """Raises WrongSettings, Refused, OSError (the control port is taken)."""
        for folder in (self.settings.folder, self.settings.prompts, self.settings.recordings):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = _only_one(self.settings.recordings)
        recovered = recover(self.settings.recordings)
        self.switch.journal.tell("switch.started", recovered=len(recovered))
        for closed in recovered:
            self.switch.journal.tell("recording.closed", **closed.facts())
        self._sip.on_incoming = self.switch.incoming
        self._sip.on_agent = self._browser_came
        self._sip.on_refused = self.switch.refuse
        self._sip.on_trunk = lambda name, state, text: self._trunk(name, state, text)
        self._sip.on_dead = self.dead.set
        self.sip_port = self.settings.sip_port or _free_port(self.settings.address)
        await self._sip.start(self.sip_port)
        self._door = Door(self.settings.address, self.sip_port, self._agent_user)
        await self._door.open()
        loop = asyncio.get_running_loop()
        self._work = [loop.create_task(self.switch.run()), loop.create_task(self.switch.watch())]
        await self.control.open(self.settings.control_port)

    def _trunk(self, name: str, state: str, text: str) -> None:
        self.switch.journal.tell(f"trunk.{state}", trunk=name, why=text or None)

    async def dial(self, trunk: str, number: str, headers: dict[str, str]) -> SipLeg:
        return await self._sip.dial(trunk, number, headers)

    async def admit(self, offer: str, label: str) -> tuple[Party, str]:
        """A browser's leg, and the answer for it. Raises Refused."""
        assert self._door is not None
        key = secrets.token_hex(16)
        came: asyncio.Future[Party] = asyncio.get_running_loop().create_future()
        self._browsers[key] = (label, came)
        try:
            answer = await self._door.call(offer, key)
            if not came.done():
                raise Refused("not_connected", "The browser's call did not arrive.")
            return came.result(), answer
        except Refused:
            if came.done():
                await self.switch.hang_up(came.result(), "failed")
            raise
        finally:
            self._browsers.pop(key, None)

    def _browser_came(self, leg: SipLeg, key: str) -> None:
        label, came = self._browsers.get(key, ("", None))
        if came is None or came.done():
            self.switch.spawn(leg.hang_up())
            return
        party = self.switch.add(leg, kind="browser", direction="in", label=label)
        self.switch.journal.tell("leg.connecting", **party.facts())
        leg.bound()
        came.set_result(party)
        self.switch.spawn(self._let_in(party))

    async def _let_in(self, party: Party) -> None:
        with contextlib.suppress(Refused):  # it has gone again, and its end is told
            await party.line.answer()

    async def stop(self) -> None:
        """Hang up, close recordings, let go of everything."""
        await self.switch.close()
        for task in self._work:
            task.cancel()
        await asyncio.sleep(0.1)  # followers are told of the last events
        await self.control.close()
        if self._door is not None:
            self._door.close()
        await self._sip.close()
        if self._lock is not None:
            os.close(self._lock)

    def ready(self) -> dict[str, Any]:
        """What whoever started us needs to know."""
        return {
            "ready": True,
            "run": self.switch.journal.run,
            "pid": os.getpid(),
            "address": self.settings.address,
            "sip_port": self.sip_port,
            "control_port": self.control.port,
        }


def _only_one(folder: Path) -> int:
    """A lock on the recordings for as long as we live: closing those of a living engine would spoil them."""
    held = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise WrongSettings(f"Another engine records into {folder}.") from None
    return held


def _free_port(address: str) -> int:
    """A port free for UDP and TCP alike; only for tests, which ask for port 0."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    while True:
        with (
            socket.socket(family, socket.SOCK_DGRAM) as datagrams,
            socket.socket(family, socket.SOCK_STREAM) as stream,
        ):
            datagrams.bind((address, 0))
            port = int(datagrams.getsockname()[1])
            with contextlib.suppress(OSError):
                stream.bind((address, port))
                return port
