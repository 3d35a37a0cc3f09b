"""The embedded exchange as an engine: the client of softswitch/control.py.

One connection carries commands and events; it is made again by itself, and events go on after the last one seen. A command
that was under way when it broke is sent again with its key, which the switch does only once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, WebSocketException

from hotline.calls.engines import events as heard
from hotline.calls.engines.commands import Command
from hotline.calls.engines.events import EngineEvent, Leg, Mark, Reset
from hotline.calls.engines.interface import EngineAway, EngineRefused, Sound

log = logging.getLogger("hotline.calls")

Result = TypeVar("Result")
Told = Mapping[str, Any]

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0
"""Seconds between two attempts to connect."""
BROKEN = (ConnectionClosed, InvalidHandshake, WebSocketException, OSError, TimeoutError)


class SoftswitchEngine:
    """`port` and `token` as in the switch's settings. `patience`: seconds a command waits for its answer, reconnecting included."""

    def __init__(self, port: int, token: str, *, host: str = "127.0.0.1", patience: float = 10.0) -> None:
        self._place = f"ws://{host}:{port}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._patience = patience
        self._connection: ClientConnection | None = None
        self._connected = asyncio.Event()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._told: asyncio.Queue[EngineEvent | Reset] = asyncio.Queue()
        self._mark: Mark | None = None
        self._following = False
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False

    async def do(self, command: Command[Result], *, key: str | None = None) -> Result:
        """See Engine.do."""
        message = {"do": command.verb, "key": key or secrets.token_hex(16)} | _plain(asdict(command))  # type: ignore[call-overload]
        return command.result(await self._ask(message))

    async def events(self, after: Mark | None = None) -> AsyncIterator[EngineEvent | Reset]:
        """See Engine.events."""
        if self._following:
            raise RuntimeError("one reader of events at a time")
        self._following, self._mark = True, after
        self._told = asyncio.Queue()
        self._keep()
        try:
            if self._connection is not None:
                await self._follow(self._connection)
            while True:
                yield await self._told.get()
        finally:
            self._following = False

    async def sound(self, leg: str) -> AsyncIterator[Sound]:
        """See Engine.sound."""
        try:
            async with connect(
                f"{self._place}/audio/{leg}", additional_headers=self._headers, compression=None
            ) as line:
                while True:
                    try:
                        message = await line.recv(decode=False)
                    except ConnectionClosed as closed:
                        if closed.rcvd is not None and closed.rcvd.code == 1008:
                            raise EngineRefused("no_leg", closed.rcvd.reason) from None
                        if closed.rcvd is not None and closed.rcvd.code == 1000:
                            return
                        raise
                    yield Sound(int.from_bytes(message[:8], "big"), message[8:])
        except BROKEN as error:
            raise EngineAway(f"The switch was not reached: {error}.") from None

    async def close(self) -> None:
        """See Engine.close."""
        self._closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    # -- the connection ------------------------------------------------------------------------------------------------

    def _keep(self) -> None:
        if self._closed:
            raise EngineAway("This engine was closed.")
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.get_running_loop().create_task(self._stay_connected())

    async def _stay_connected(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                async with connect(
                    f"{self._place}/control",
                    additional_headers=self._headers,
                    compression=None,
                    max_size=None,
                ) as line:
                    pause = FIRST_PAUSE
                    self._connection = line
                    if self._following:
                        await self._follow(line)
                    self._connected.set()
                    async for message in line:
                        self._heard(json.loads(message))
            except BROKEN as error:
                log.warning("the telephone exchange is away: %s", error)
            finally:
                self._connection = None
                self._connected.clear()
                for future in self._waiting.values():
                    if not future.done():
                        future.cancel()
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self._keep()
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    await self._connected.wait()
                    if (reply := await self._once(message)) is not None:
                        break
        except TimeoutError:
            raise EngineAway("The switch did not answer in time.") from None
        if (refused := reply.get("refused")) is not None:
            raise EngineRefused(str(refused["code"]), str(refused["why"]))
        done: dict[str, Any] = reply["done"]
        return done

    async def _once(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """One attempt; None when the connection broke before the reply."""
        number = secrets.token_hex(8)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        line = self._connection
        if line is None:
            return None
        self._waiting[number] = future
        try:
            await line.send(json.dumps({"id": number, **message}))
            await asyncio.wait({future})
            return None if future.cancelled() else future.result()
        except ConnectionClosed:
            return None
        finally:
            self._waiting.pop(number, None)
            future.cancel()

    async def _follow(self, line: ClientConnection) -> None:
        mark = {"run": self._mark.run, "after": self._mark.number} if self._mark else {}
        await line.send(json.dumps({"id": "follow", "do": "follow", **mark}))

    def _heard(self, told: dict[str, Any]) -> None:
        if "number" in told:
            # Followed twice within one connection, the first stream may still hold some of the second.
            if self._mark is not None and told["number"] > self._mark.number and self._following:
                self._mark = Mark(self._mark.run, told["number"])
                self._told.put_nowait(event_of(self._mark, told))
        elif "reset" in told:
            self._reset(told["reset"])
        elif told.get("id") == "follow":
            if told["done"]["reset"]:
                self._reset(told["done"])
        elif (future := self._waiting.get(str(told.get("id")))) is not None and not future.done():
            future.set_result(told)

    def _reset(self, told: dict[str, Any]) -> None:
        new_run = self._mark is None or self._mark.run != told["run"]
        self._mark = Mark(told["run"], told["after"])
        legs = tuple(leg_of(one) for one in told["snapshot"]["legs"])
        self._told.put_nowait(Reset(self._mark, legs, new_run))


# -- the switch's words to ours --------------------------------------------------------------------------------------------


def _plain(told: Any) -> Any:
    """A command's fields as the switch wants them: nothing empty that it has a default for, a leg as a target's object."""
    plain = {name: value for name, value in told.items() if value not in ("", None)}
    if isinstance(plain.get("to"), str):
        plain["to"] = {"leg": plain["to"]}
    return plain


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


_LEG = {one.name for one in fields(Leg)} - {"began", "answered"}


def leg_of(told: Told) -> Leg:
    known = {name: told[name] for name in _LEG if name in told}
    answered = _moment(told["answered"]) if told.get("answered") else None
    return Leg(**known, began=_moment(told["began"]), answered=answered)


Reader = Callable[[Mark, datetime, str, Told], EngineEvent]


def _started(mark: Mark, at: datetime, leg: str, told: Told) -> EngineEvent:
    return heard.LegStarted(mark, at, leg, leg_of(told))


READERS: dict[str, Reader] = {
    "leg.ringing": _started,
    "leg.connecting": _started,
    "leg.dialled": _started,
    "leg.alerting": lambda mark, at, leg, told: heard.LegAlerting(mark, at, leg),
    "leg.answered": lambda mark, at, leg, told: heard.LegAnswered(mark, at, leg),
    "leg.moved": lambda mark, at, leg, told: heard.LegMoved(
        mark, at, leg, told.get("room"), told.get("role"), told.get("target")
    ),
    "leg.digit": lambda mark, at, leg, told: heard.LegDigit(mark, at, leg, told["digit"]),
    "leg.ended": lambda mark, at, leg, told: heard.LegEnded(
        mark, at, leg, told["reason"], told["seconds"], told.get("status"), told.get("quality", {})
    ),
    "play.ended": lambda mark, at, leg, told: heard.PlayEnded(mark, at, leg, told["play"], told["reason"]),
    "digits.collected": lambda mark, at, leg, told: heard.DigitsCollected(
        mark, at, leg, told["collect"], told["digits"], told["reason"]
    ),
    "transfer.done": lambda mark, at, leg, told: heard.TransferDone(mark, at, leg, told["transfer"], told["room"]),
    "transfer.failed": lambda mark, at, leg, told: heard.TransferFailed(
        mark, at, leg, told["transfer"], told["room"], told["reason"]
    ),
    "consult.answered": lambda mark, at, leg, told: heard.ConsultAnswered(mark, at, leg, told["consult"]),
    "consult.ended": lambda mark, at, leg, told: heard.ConsultEnded(mark, at, leg, told["consult"], told["how"]),
    "recording.started": lambda mark, at, leg, told: heard.RecordingStarted(
        mark, at, leg, told["recording"], told["path"]
    ),
    "recording.closed": lambda mark, at, leg, told: heard.RecordingClosed(
        mark,
        at,
        leg,
        told["recording"],
        told["path"],
        told["sha256"],
        told["bytes"],
        told["seconds"],
        told["silent_left"],
        told["silent_right"],
        _moment(told["started_at"]),
        told["recovered"],
    ),
    "recording.failed": lambda mark, at, leg, told: heard.RecordingFailed(
        mark, at, leg, told["recording"], told["why"]
    ),
}


def event_of(mark: Mark, told: Told) -> EngineEvent:
    at, leg, name = _moment(told["at"]), str(told.get("leg", "")), str(told["event"])
    if (reader := READERS.get(name)) is not None:
        return reader(mark, at, leg, told)
    facts = {key: value for key, value in told.items() if key not in ("number", "at", "event", "leg")}
    return heard.Other(mark, at, leg, name, facts)
