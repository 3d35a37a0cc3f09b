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
from collections.abc import AsyncGenerator, Callable, Mapping
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
MOST_UNREAD = 20_000
"""Events that a reader may be behind; as many as the exchange keeps. One that is further behind begins anew from what is true."""
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
        self._follows = 0
        self._behind = False
        """The reader was too slow; what it has not read is gone, and it is to be told what is true."""
        self._in_step = False
        """The switch has answered the latest follow: what comes now goes on from our mark."""
        self._asking: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False

    async def do(self, command: Command[Result], *, key: str | None = None) -> Result:
        """See Engine.do."""
        message = {"do": command.verb, "key": key or secrets.token_hex(16)} | _plain(asdict(command))  # type: ignore[call-overload]
        return command.result(await self._ask(message))

    async def events(self, after: Mark | None = None) -> AsyncGenerator[EngineEvent | Reset, None]:
        """See Engine.events."""
        self._keep()
        self._following, self._mark, self._behind = True, after, False
        told = self._told = asyncio.Queue()
        try:
            if self._connection is not None:
                with contextlib.suppress(ConnectionClosed):  # the next connection follows by itself
                    await self._follow(self._connection)
            while True:
                yield await told.get()
        finally:
            if self._told is told:  # else another reader has taken its place
                self._following = False

    async def sound(self, leg: str) -> AsyncGenerator[Sound, None]:
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
                    self._connection = line
                    if self._following:
                        await self._follow(line)
                    self._connected.set()
                    async for message in line:
                        self._heard(json.loads(message))
                        pause = FIRST_PAUSE
            except BROKEN as error:
                log.warning("the telephone exchange is away: %s", error)
            except Exception:
                log.exception("the telephone exchange said what cannot be read; events go on after it")
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
                    # Let the keeper notice that the line is gone, or we would try it for ever.
                    await asyncio.sleep(0)
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
        self._follows += 1
        self._in_step = False
        mark = {"run": self._mark.run, "after": self._mark.number} if self._mark and not self._behind else {}
        await line.send(json.dumps({"id": f"follow-{self._follows}", "do": "follow", **mark}))

    def _heard(self, told: dict[str, Any]) -> None:
        if told.get("id") == f"follow-{self._follows}":
            self._in_step, self._behind = True, False
            if told["done"]["reset"]:
                self._reset(told["done"])
        elif "number" in told or "reset" in told:
            if not self._in_step or not self._following or self._mark is None:
                return  # of an earlier reader; the switch tells it again to this one
            if "reset" in told:
                self._reset(told["reset"])
            else:
                self._mark = Mark(self._mark.run, told["number"])
                self._told.put_nowait(event_of(self._mark, told))
                if self._told.qsize() > MOST_UNREAD:
                    self._fall_behind()
        elif (future := self._waiting.get(str(told.get("id")))) is not None and not future.done():
            future.set_result(told)

    def _fall_behind(self) -> None:
        log.warning("%d events wait to be read; the reader begins anew", self._told.qsize())
        while not self._told.empty():
            self._told.get_nowait()
        self._behind, self._in_step = True, False
        if self._connection is not None:
            self._asking = asyncio.get_running_loop().create_task(self._ask_anew(self._connection))

    async def _ask_anew(self, line: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):  # the next connection follows by itself
            await self._follow(line)

    def _reset(self, told: dict[str, Any]) -> None:
        new_run = self._mark is None or self._mark.run != told["run"]
        legs = tuple(leg_of(one) for one in told["snapshot"]["legs"])
        self._mark = Mark(told["run"], told["after"])
        self._told.put_nowait(Reset(self._mark, legs, new_run))


# -- the switch's words to ours --------------------------------------------------------------------------------------------


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    """A command's fields as the switch wants them: a leg to transfer to is an object."""
    return told | {"to": {"leg": told["to"]}} if isinstance(told.get("to"), str) else told


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
    "transfer.done": lambda mark, at, leg, told: heard.TransferDone(
        mark, at, leg, told["transfer"], told["room"]
    ),
    "transfer.failed": lambda mark, at, leg, told: heard.TransferFailed(
        mark, at, leg, told["transfer"], told["room"], told["reason"]
    ),
    "consult.answered": lambda mark, at, leg, told: heard.ConsultAnswered(mark, at, leg, told["consult"]),
    "consult.ended": lambda mark, at, leg, told: heard.ConsultEnded(
        mark, at, leg, told["consult"], told["how"]
    ),
    "recording.started": lambda mark, at, leg, told: heard.RecordingStarted(
        mark, at, leg, told["recording"], told["path"], told.get("sample", 0)
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
