"""The one door for the platform: a WebSocket on the loopback, a bearer token, JSON text.

`/control`: commands in, replies and numbered events out.

    → {"id": "7", "key": "…", "do": "answer", "leg": "leg-…"}
    ← {"id": "7", "done": {}}                or {"id": "7", "refused": {"code": "no_leg", "why": "…"}}
    → {"id": "8", "do": "follow", "run": "…", "after": 41}
    ← {"id": "8", "done": {"run": "…", "after": 41, "reset": false}}, then {"number": 42, "at": …, "event": "leg.digit", …} …

With `reset` true the gap cannot be filled (another run, or too old): a `snapshot` comes with it and `after` is its number. Who
followed an earlier run is given this one from its start (`after` 0, no legs) while that is kept, so that it hears of recordings
that were closed for the dead. A reset comes again, as {"reset": …}, to a follower that falls out of the buffer. A command sent
anew with its `key` after a broken connection is not done twice: it gets the first reply.

`/audio/LEG`: what one party says, binary messages of 8 bytes (number of their first sample, big endian) and 100 ms of 16-bit
little-endian samples at 8 kHz; closed when the leg ends.
"""

from __future__ import annotations

import asyncio
import hmac
import http
import json
import logging
from collections import OrderedDict
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from softswitch.faults import Refused
from softswitch.switch import Switch
from softswitch.transfers import VERBS
from softswitch.verbs import Network

log = logging.getLogger("softswitch.control")

LONGEST_MESSAGE = 64 * 1024
KEPT_REPLIES = 4096
MOST_AT_ONCE = 256
"""Commands of one connection under way; more wait their turn."""

Reply = dict[str, Any]


class Control:
    """Serves the door; one for a process."""

    def __init__(self, switch: Switch, network: Network, token: str) -> None:
        self._switch, self._network = switch, network
        self._expected = f"Bearer {token}".encode()
        self._replies: OrderedDict[str, asyncio.Future[Reply]] = OrderedDict()
        self._server: Server | None = None
        self.port = 0

    async def open(self, port: int) -> None:
        self._server = await serve(
            self._connected,
            "127.0.0.1",
            port,
            process_request=self._admit,
            max_size=LONGEST_MESSAGE,
            compression=None,
            ping_interval=20,
            ping_timeout=20,
        )
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        given = request.headers.get_all("Authorization")
        if len(given) != 1 or not hmac.compare_digest(
            given[0].encode("utf-8", "surrogateescape"), self._expected
        ):
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, "A bearer token is needed.\n")
        if request.path != "/control" and not request.path.startswith("/audio/"):
            return connection.respond(http.HTTPStatus.NOT_FOUND, "/control or /audio/LEG.\n")
        return None

    async def _connected(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        try:
            if connection.request.path == "/control":
                await _Session(self, connection).run()
            else:
                await self._audio(connection, connection.request.path.removeprefix("/audio/"))
        except ConnectionClosed:
            return

    async def _audio(self, connection: ServerConnection, leg: str) -> None:
        try:
            ear = self._switch.listen(leg)
        except Refused as refused:
            await connection.close(1008, refused.why[:120])
            return
        gone = asyncio.ensure_future(connection.wait_closed())
        try:
            while True:
                waiting = asyncio.ensure_future(ear.messages.get())
                await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
                    return
                if (message := waiting.result()) is None:
                    return
                await connection.send(message)
        finally:
            gone.cancel()
            self._switch.deafen(leg, ear)

    async def perform(self, told: dict[str, Any]) -> Reply:
        """The reply to one command, without its id; a key seen before gets the reply of the first time."""
        key = told.get("key")
        if not isinstance(key, str) or not key or len(key) > 100:
            return await self._perform(told)
        if (earlier := self._replies.get(key)) is not None:
            return await asyncio.shield(earlier)
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[key] = reply
        while len(self._replies) > KEPT_REPLIES:
            self._replies.popitem(last=False)
        try:
            answer = await self._perform(told)
        except asyncio.CancelledError:
            answer = {"refused": {"code": "stopped", "why": "The engine was stopped."}}
            raise
        finally:
            reply.set_result(answer)
        return answer

    async def _perform(self, told: dict[str, Any]) -> Reply:
        name = told.get("do")
        verb = VERBS.get(name) if isinstance(name, str) else None
        if verb is None:
            return {"refused": {"code": "no_such_verb", "why": f"There is no command {name!r:.60}."}}
        try:
            return {"done": await verb(self._switch, self._network, told)}
        except Refused as refused:
            return {"refused": {"code": refused.code, "why": refused.why}}
        except Exception:
            log.exception("command %s failed", name)
            return {"refused": {"code": "fault", "why": "The engine failed; its log says why."}}

    @property
    def switch(self) -> Switch:
        return self._switch


class _Session:
    """One connected platform. Commands run as tasks, so a slow one holds up nobody; each is finished even when the
    connection breaks, and its reply is kept for its key."""

    def __init__(self, control: Control, connection: ServerConnection) -> None:
        self._control, self._connection = control, connection
        self._switch = control.switch
        self._follower: asyncio.Task[None] | None = None
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)

    async def run(self) -> None:
        self._switch.controllers += 1
        try:
            async for message in self._connection:
                told = _object(message)
                if told is None:
                    await self._connection.close(1007, "One JSON object a message.")
                    return
                if told.get("do") == "follow":
                    await self._follow(told)
                    continue
                await self._turn.acquire()
                self._switch.spawn(self._command(told))
        finally:
            self._switch.controllers -= 1
            if self._follower is not None:
                self._follower.cancel()

    async def _command(self, told: dict[str, Any]) -> None:
        try:
            reply = await self._control.perform(told)
            await self._send({"id": told.get("id"), **reply})
        except ConnectionClosed:
            return
        finally:
            self._turn.release()

    async def _follow(self, told: dict[str, Any]) -> None:
        if self._follower is not None:
            self._follower.cancel()
        journal = self._switch.journal
        run, after = told.get("run"), told.get("after")
        if isinstance(run, str) and isinstance(after, int) and journal.has(run, after):
            done: dict[str, Any] = {"run": run, "after": after, "reset": False}
        elif isinstance(run, str) and run != journal.run and journal.first == 1:
            after = 0
            done = {"run": journal.run, "after": 0, "reset": True, "snapshot": self._switch.nothing()}
        else:
            after = journal.last
            done = {"run": journal.run, "after": after, "reset": True, "snapshot": self._switch.snapshot()}
        await self._send({"id": told.get("id"), "done": done})
        self._follower = asyncio.ensure_future(self._tell(after))

    async def _tell(self, number: int) -> None:
        journal = self._switch.journal
        try:
            while True:
                await journal.wait(number)
                events = journal.after(number)
                if events is None:
                    number = journal.last
                    lost = {"run": journal.run, "after": number, "snapshot": self._switch.snapshot()}
                    await self._send({"reset": lost})
                    continue
                for event in events:
                    await self._send(event)
                    number = event["number"]
        except ConnectionClosed:
            return

    async def _send(self, message: dict[str, Any]) -> None:
        await self._connection.send(json.dumps(message, ensure_ascii=False, separators=(",", ":")))


def _object(message: str | bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(message)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None
