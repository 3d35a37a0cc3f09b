"""Rooms as Asterisk's mixing bridges, whispers as snoop channels with a bridge of their own."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from hotline.calls.engines.asterisk.ari import OWN, Ari, Fault, refused
from hotline.calls.engines.commands import Role
from hotline.calls.engines.parties import Seat

ROOM, SIDE, WHISPER = f"{OWN}room-", f"{OWN}side-", f"{OWN}whisper-"


class Bridges:
    """A bridge's id is never used again: Asterisk takes a moment to forget one. Its name is the room's."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._rooms: dict[str, asyncio.Future[str]] = {}
        """By room: its bridge, which may be in the making."""
        self._whispers: dict[str, str] = {}
        """By leg: what its snoop channel and the bridge of the two are named after."""

    def __len__(self) -> int:
        return len(self._rooms)

    async def found(self, bridges: Iterable[Mapping[str, Any]], channels: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """Asterisk has these. Gives the legs' rooms; a whisperer's is what its bridge is named: the room too. What a process
        that died has left half made is taken down."""
        self._rooms.clear()
        self._whispers.clear()
        rooms: dict[str, str] = {}
        there = {str(one["id"]) for one in channels}
        for bridge in bridges:
            name, inside = str(bridge["id"]), [str(one) for one in bridge["channels"]]
            legs = [one for one in inside if not one.startswith(OWN)]
            if name.startswith(ROOM):
                if not legs or str(bridge["name"]) in self._rooms:
                    await self._ari.delete("bridges", name)
                    continue
                self._rooms[str(bridge["name"])] = _done(name)
            elif name.startswith(SIDE):
                whisper = name.removeprefix(SIDE)
                if not legs or f"{WHISPER}{whisper}" not in inside:
                    await self._take_down(whisper)
                    continue
                self._whispers[legs[0]] = whisper
            else:
                continue
            rooms |= dict.fromkeys(legs, str(bridge["name"]))
        for one in there:
            if one.startswith(WHISPER) and one.removeprefix(WHISPER) not in self._whispers.values():
                await self._ari.delete("channels", one)
        return rooms

    def whispers(self, leg: str) -> bool:
        return leg in self._whispers

    async def move(self, leg: str, before: Seat | None, after: Seat | None) -> None:
        """Into the new place first: Asterisk takes a channel out of the bridge that it was in, and a refusal leaves it there."""
        if before is not None and after is not None and _same_place(before, after):
            return
        whispered = self._whispers.get(leg, "")
        with refused():
            if after is None or after.role is Role.HOLD:
                if before is not None and before.role not in (Role.HOLD, Role.WHISPER):
                    await self._take_out(before.room, leg)
            elif after.role is Role.WHISPER:
                await self._whisper(leg, after)
            else:
                muted = "true" if after.role is Role.LISTEN else "false"
                bridge = await self._bridge_of(after.room)
                await self._ari.post_soon("bridges", bridge, "addChannel", channel=leg, mute=muted)
        if whispered:
            if self._whispers.get(leg) == whispered:
                del self._whispers[leg]
            await self._take_down(whispered)

    async def forget(self, room: str) -> None:
        if (made := self._rooms.pop(room, None)) is not None:
            with contextlib.suppress(Fault):  # it was never made
                await self._ari.delete("bridges", await made)

    async def _take_out(self, room: str, leg: str) -> None:
        if (made := self._rooms.get(room)) is not None:
            with contextlib.suppress(Fault):  # it has gone, or is in it no longer
                await self._ari.post("bridges", await made, "removeChannel", channel=leg)

    async def _bridge_of(self, room: str) -> str:
        """Whoever comes while it is being made waits for it."""
        if (made := self._rooms.get(room)) is None:
            made = self._rooms[room] = asyncio.get_running_loop().create_future()
            name = f"{ROOM}{secrets.token_hex(8)}"
            try:
                await self._ari.post("bridges", name, type="mixing", name=room)
            except BaseException as error:
                if self._rooms.get(room) is made:
                    del self._rooms[room]
                made.set_exception(error if isinstance(error, Exception) else Fault(500, "not made"))
                made.exception()  # nobody may wait for it
                raise
            made.set_result(name)
        return await made

    async def _whisper(self, leg: str, seat: Seat) -> None:
        name = secrets.token_hex(8)
        snoop, side = f"{WHISPER}{name}", f"{SIDE}{name}"
        try:
            await self._ari.post(
                "channels", seat.target, "snoop", snoop, spy="both", whisper="out", app=self._ari.app
            )
            await self._ari.post("bridges", side, type="mixing", name=seat.room)
            for channel in (snoop, leg):
                await self._ari.post_soon("bridges", side, "addChannel", channel=channel)
        except BaseException:
            await self._take_down(name)
            raise
        self._whispers[leg] = name

    async def _take_down(self, whisper: str) -> None:
        with contextlib.suppress(Fault):
            await self._ari.delete("channels", f"{WHISPER}{whisper}")
            await self._ari.delete("bridges", f"{SIDE}{whisper}")


def _same_place(before: Seat, after: Seat) -> bool:
    """Talk and barge differ for us alone."""
    heard = (Role.TALK, Role.BARGE)
    return before.room == after.room and before.role in heard and after.role in heard


def _done(name: str) -> asyncio.Future[str]:
    made: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    made.set_result(name)
    return made
