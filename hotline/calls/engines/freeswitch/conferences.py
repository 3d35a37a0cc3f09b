"""Rooms as conferences of FreeSWITCH (mod_conference). Who listens is muted; who whispers may not speak to anybody but the target."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from hotline.calls.engines.commands import Role
from hotline.calls.engines.freeswitch.esl import Event, Fault, refused
from hotline.calls.engines.interface import EngineAway
from hotline.calls.engines.parties import Seat

OWN = "xs-"
PROFILE = "hotline"
PARKED = ""
"""In place of a conference's name: a leg on its own."""


class Conferences:
    """`api` is Line.api of the connection there is. A name is never used twice: a conference takes a moment to end."""

    def __init__(self, api: Callable[[str], Awaitable[str]], seconds: float) -> None:
        self._api, self._seconds = api, seconds
        self._names: dict[str, str] = {}
        """By room."""
        self._members: dict[str, tuple[str, str]] = {}
        """By leg: its conference, its number there."""
        self._seats: dict[str, Seat] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        """By room: who comes, and who may hear whom, is settled by one at a time."""
        self._arrivals: dict[tuple[str, str], asyncio.Future[None]] = {}
        """By leg and conference (PARKED: none) that it is on its way to."""

    def __len__(self) -> int:
        return len(self._names)

    def found(self, conferences: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        """FreeSWITCH has these. Gives the legs' rooms."""
        self._names.clear()
        self._members.clear()
        self._seats.clear()
        rooms = {}
        for one in conferences:
            if (room := room_of(name := str(one["conference_name"]))) is None:
                continue
            self._names[room] = name
            for member in one.get("members", []):
                if leg := str(member.get("uuid", "")):
                    self._members[leg] = (name, str(member["id"]))
                    rooms[leg] = room
        return rooms

    def seated(self, leg: str, seat: Seat) -> None:
        """As it was found."""
        self._seats[leg] = seat

    def heard(self, event: Event) -> None:
        """A conference's event of a member."""
        leg, name = str(event.get("Unique-ID")), str(event.get("Conference-Name"))
        if event.get("Action") == "add-member":
            self._members[leg] = (name, str(event.get("Member-ID")))
            self._arrived(leg, name)
        elif event.get("Action") == "del-member" and self._members.get(leg, ("", ""))[0] == name:
            self.gone(leg)

    def parked(self, leg: str) -> None:
        self._arrived(leg, PARKED)

    def gone(self, leg: str) -> None:
        self._members.pop(leg, None)

    def forget(self, room: str) -> None:
        """It ends with its last member."""
        self._names.pop(room, None)
        self._locks.pop(room, None)

    async def move(self, leg: str, before: Seat | None, after: Seat | None) -> None:
        with refused():
            if after is None or after.role is Role.HOLD:
                self._seats.pop(leg, None)
                if leg in self._members:
                    await self._go(leg, PARKED, f"uuid_park {leg}")
                return
            async with self._locks.setdefault(after.room, asyncio.Lock()):
                name = self._names.setdefault(after.room, conference_name(after.room))
                if self._members.get(leg, ("", ""))[0] == name:
                    await self._change(leg, after)
                else:
                    await self._enter(leg, name, after)

    async def _enter(self, leg: str, name: str, seat: Seat) -> None:
        """Muted first, and so are whisperers until they are kept from the newcomer: nobody hears for a moment what is not for him."""
        whisperers = [
            one for one, its in self._seats.items() if its.room == seat.room and its.role is Role.WHISPER
        ]
        for one in whisperers:
            await self._mute(one, True)
        try:
            flags = "+flags{mute}" if seat.role in (Role.LISTEN, Role.WHISPER) else ""
            await self._go(leg, name, f"uuid_transfer {leg} conference:{name}@{PROFILE}{flags} inline")
            self._seats[leg] = seat
            if seat.role is Role.WHISPER:
                await self._change(leg, seat)
        finally:
            for one in whisperers:
                if leg in self._members and one != leg:
                    await self._relate(one, leg, "nospeak")
                await self._mute(one, False)

    async def _change(self, leg: str, seat: Seat) -> None:
        await self._mute(leg, True)
        name = self._members[leg][0]
        for other, (place, _number) in list(self._members.items()):
            if place == name and other != leg:
                kept = seat.role is Role.WHISPER and other != seat.target
                await self._relate(leg, other, "nospeak" if kept else "clear")
        self._seats[leg] = seat
        if seat.role is not Role.LISTEN:
            await self._mute(leg, False)

    async def _mute(self, leg: str, muted: bool) -> None:
        name, number = self._members[leg]
        await self._api(f"conference {name} {'mute' if muted else 'unmute'} {number}")

    async def _relate(self, leg: str, other: str, how: str) -> None:
        (name, number), (_name, their) = self._members[leg], self._members[other]
        await self._api(f"conference {name} relate {number} {their} {how}")

    async def _go(self, leg: str, place: str, command: str) -> None:
        """The command is taken at once and done a moment later; its event tells."""
        arrival = self._arrivals[leg, place] = asyncio.get_running_loop().create_future()
        try:
            await self._api(command)
            async with asyncio.timeout(self._seconds):
                await arrival
        except TimeoutError:
            raise EngineAway(f"Leg {leg} was sent to another place and has not come there.") from None
        finally:
            self._arrivals.pop((leg, place), None)

    def _arrived(self, leg: str, place: str) -> None:
        if (arrival := self._arrivals.get((leg, place))) is not None and not arrival.done():
            arrival.set_result(None)

    def ended(self, leg: str) -> None:
        """It has hung up: it comes nowhere any more."""
        self.gone(leg)
        self._seats.pop(leg, None)
        for (one, _place), arrival in list(self._arrivals.items()):
            if one == leg and not arrival.done():
                arrival.set_exception(Fault("No such channel"))


def conference_name(room: str) -> str:
    """Says the room, in letters that mean nothing to FreeSWITCH, for the process after this one."""
    return f"{OWN}{secrets.token_hex(4)}-{escaped(room)}"


def room_of(conference: str) -> str | None:
    """None: that is none of ours."""
    found = re.fullmatch(rf"{OWN}[0-9a-f]{{8}}-([A-Za-z0-9_-]*)", conference)
    return plain(found[1]) if found else None


def escaped(text: str) -> str:
    return "".join(
        chr(one) if (chr(one).isalnum() and one < 128) or one == 45 else f"_{one:02x}"
        for one in text.encode()
    )


def plain(text: str) -> str:
    """Of what was escaped; anything else comes back as it may."""
    return re.sub(rb"_([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode()).decode(
        "utf-8", "replace"
    )


__all__ = ["Conferences", "escaped", "plain", "room_of"]
