"""What the platform can ask for: one function a verb, its arguments checked, `Refused` when it cannot be done.

`VERBS` is the table that control.py calls and that README and the platform's engine agree on.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from softswitch.faults import Refused
from softswitch.mixer import Role
from softswitch.party import Collecting, Line, Party, State
from softswitch.sound import Playing, Samples, load
from softswitch.standing import NoLine
from softswitch.switch import Switch

Arguments = dict[str, Any]
Result = dict[str, Any]


class Network(Protocol):
    """The way out: a telephone number by a trunk, a browser by its offer (engine.py)."""

    async def dial(self, trunk: str, number: str, headers: dict[str, str]) -> Line: ...

    async def admit(self, offer: str, label: str) -> tuple[Party, str]: ...


Verb = Callable[[Switch, Network, Arguments], Awaitable[Result]]
VERBS: dict[str, Verb] = {}


def verb(function: Verb) -> Verb:
    VERBS[function.__name__] = function
    return function


def text(told: Arguments, name: str, default: str | None = None, most: int = 200) -> str:
    value = told.get(name, default)
    if not isinstance(value, str) or len(value) > most or (default is None and not value):
        raise Refused("bad_argument", f"{name} must be text of up to {most} characters.")
    return value


def seconds(told: Arguments, name: str, default: float, most: float = 600.0) -> float:
    value = told.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise Refused("bad_argument", f"{name} must be a number of seconds up to {most:g}.")
    return float(value)


def role(told: Arguments) -> Role:
    try:
        return Role(told.get("role", "talk"))
    except ValueError:
        raise Refused("bad_argument", f"role must be one of {', '.join(Role)}.") from None


async def sounds(
    switch: Switch, told: Arguments, name: str = "files", *, needed: bool = True
) -> list[Samples]:
    """Files named relative to the folder of prompts; none can lead out of it. Read beside the tick, which a long one would
    hold up: whatever was true before is looked at again after it."""
    names = told.get(name, [])
    if not isinstance(names, list) or len(names) > 50 or (needed and not names):
        raise Refused("bad_argument", f"{name} must be a list of one to fifty names.")
    if not names:
        return []
    folder = switch.settings.prompts.resolve()
    paths = []
    for one in names:
        path = (folder / Path(str(one))).resolve()
        if not path.is_relative_to(folder):
            raise Refused("file_missing", f"{one} is not in the folder of prompts.")
        paths.append(path)
    return await asyncio.to_thread(lambda: [load(path) for path in paths])


@verb
async def answer(switch: Switch, network: Network, told: Arguments) -> Result:
    party = switch.party(text(told, "leg"))
    if party.state is State.RINGING:
        if party.direction != "in":
            raise Refused("not_incoming", "That call was made by us.")
        await party.line.answer()
    return {}


@verb
async def hangup(switch: Switch, network: Network, told: Arguments) -> Result:
    if (party := switch.parties.get(text(told, "leg"))) is not None:
        await switch.hang_up(party)
    return {}


@verb
async def play(switch: Switch, network: Network, told: Arguments) -> Result:
    """Files to one party, one after another; what was playing ends with `replaced`."""
    files = await sounds(switch, told)
    party = switch.speaking(text(told, "leg"))
    playing = Playing(
        switch.number("play"),
        files,
        loop=bool(told.get("loop", False)),
        until_digit=bool(told.get("until_digit", False)),
    )
    switch.stop_playing(party, "replaced")
    party.playing = playing
    return {"play": playing.number}


@verb
async def stop(switch: Switch, network: Network, told: Arguments) -> Result:
    switch.stop_playing(switch.speaking(text(told, "leg")), "stopped")
    return {}


@verb
async def collect(switch: Switch, network: Network, told: Arguments) -> Result:
    """Digits of one party; `digits.collected` tells them with complete, end, timeout, replaced or hangup."""
    party = switch.speaking(text(told, "leg"))
    most = told.get("most", 1)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 40:
        raise Refused("bad_argument", "most must be a whole number from 1 to 40.")
    end, first = text(told, "end", "#", 1), seconds(told, "first_seconds", 8)
    collecting = Collecting(switch.number("collect"), most, end, seconds(told, "gap_seconds", 4))
    if told.get("fresh", True):
        party.typed.clear()
    switch.collect(party, collecting, first)
    return {"collect": collecting.number}


@verb
async def digits(switch: Switch, network: Network, told: Arguments) -> Result:
    """Press keys towards a party, as for the menu of a unit's own line. Returns when the last was sent."""
    party = switch.speaking(text(told, "leg"))
    wanted = text(told, "digits", most=40)
    if set(wanted) - set("0123456789*#ABCD"):
        raise Refused("bad_argument", "digits may be 0-9, *, # and A-D.")
    await party.line.send_digits(wanted)
    return {}


def headers(told: Arguments) -> dict[str, str]:
    value = told.get("headers", {})
    if (
        not isinstance(value, dict)
        or len(value) > 10
        or not all(
            name.startswith(("X-", "P-")) and name.replace("-", "").isalnum() and name.isascii()
            for name in value
        )
        or not all(isinstance(one, str) and one.isprintable() and len(one) <= 200 for one in value.values())
    ):
        raise Refused(
            "bad_argument", "headers must be up to ten, named X-… or P-…, with one line of text each."
        )
    return value


async def dial(switch: Switch, network: Network, told: Arguments) -> Party:
    """A new leg out by a trunk, ringing; ended with no_answer after ring_seconds."""
    ring_seconds = seconds(told, "ring_seconds", 45, 180)
    trunk, number, name = text(told, "trunk"), text(told, "number"), text(told, "label", "")
    line = await network.dial(trunk, number, headers(told))
    party = switch.add(line, kind="sip", direction="out", trunk=trunk, called=number, label=name)
    switch.journal.tell("leg.dialled", **party.facts())
    switch.after(party, ring_seconds, "no_answer")
    line.bound()
    return party


@verb
async def originate(switch: Switch, network: Network, told: Arguments) -> Result:
    return {"leg": (await dial(switch, network, told)).leg}


@verb
async def offer(switch: Switch, network: Network, told: Arguments) -> Result:
    """A browser's WebRTC offer, candidates in it; its leg and our answer.

    `replaces`: the leg of the same person before its page was loaded anew; the new one takes its place and the old one ends.
    """
    old = switch.parties.get(text(told, "replaces", ""))
    name = text(told, "label", "")
    if old is not None and (old.kind != "browser" or old.label != name):
        raise Refused("not_yours", "Only a browser's leg with the same label can be replaced.")
    party, answered = await network.admit(text(told, "sdp", most=20_000), name)
    if old is not None:

        def take_over() -> None:
            if old.room is not None:
                seat = old.room.seats[old.leg]
                whispers = [one for one in old.room.seats.values() if one.target == old.leg]
                switch.join(party, old.room.name, seat.role, seat.target)
                for one in whispers:
                    switch.join(switch.parties[one.leg], old.room.name, one.role, party.leg)
            for consultation in switch.consultations.values():
                if consultation.agent is old:
                    consultation.agent = party
                if consultation.target is old:
                    consultation.target = party
            party.on_end |= old.on_end
            old.on_end.clear()
            switch.spawn(switch.hang_up(old, "replaced"))

        party.on_up = take_over
        if party.state is State.UP:
            take_over()
    return {"leg": party.leg, "sdp": answered}


@verb
async def stand_in(switch: Switch, network: Network, told: Arguments) -> Result:
    """A leg without a line, up at once (standing.py). Raises Refused `too_many`."""
    if len(switch.parties) >= switch.settings.most_calls:
        raise Refused("too_many", "The exchange has as many legs as it may have.")
    party = switch.add(NoLine(), kind="stand_in", direction="in", label=text(told, "label", ""))
    switch.journal.tell("leg.connecting", **party.facts())
    await party.line.answer()
    return {"leg": party.leg}


@verb
async def join(switch: Switch, network: Network, told: Arguments) -> Result:
    party = switch.speaking(text(told, "leg"))
    target = text(told, "target", "") or None
    switch.join(party, text(told, "room", most=100), role(told), target)
    return {}


@verb
async def leave(switch: Switch, network: Network, told: Arguments) -> Result:
    switch.leave(switch.speaking(text(told, "leg")))
    return {}


@verb
async def bridge(switch: Switch, network: Network, told: Arguments) -> Result:
    """Parties into one room, all talking."""
    legs = told.get("legs")
    if not isinstance(legs, list) or len(legs) < 2 or len(set(map(str, legs))) != len(legs):
        raise Refused("bad_argument", "legs must be a list of two or more legs.")
    found = [switch.speaking(str(leg)) for leg in legs]
    room = text(told, "room", "", 100) or f"room-{secrets.token_hex(6)}"
    for party in found:
        switch.join(party, room, Role.TALK)
    return {"room": room}


def held(switch: Switch, party: Party, music: list[Samples]) -> None:
    if party.room is None:
        raise Refused("no_room", "A party on its own cannot be held.")
    if party.room.seats[party.leg].role in (Role.LISTEN, Role.WHISPER):
        raise Refused(
            "not_talking",
            "Who only listens or whispers cannot be held; back from it everybody would hear him.",
        )
    switch.join(party, party.room.name, Role.HOLD)
    if music:
        switch.stop_playing(party, "replaced")
        party.playing = Playing(switch.number("play"), music, loop=True, until_digit=False)


@verb
async def hold(switch: Switch, network: Network, told: Arguments) -> Result:
    """The party hears nobody and is heard by nobody; `files` are played to it, again and again."""
    music = await sounds(switch, told, needed=False)
    held(switch, switch.speaking(text(told, "leg")), music)
    return {}


def resumed(switch: Switch, party: Party) -> None:
    if party.room is None or party.room.seats[party.leg].role is not Role.HOLD:
        return
    switch.stop_playing(party, "stopped")
    switch.join(party, party.room.name, Role.TALK)


@verb
async def resume(switch: Switch, network: Network, told: Arguments) -> Result:
    resumed(switch, switch.speaking(text(told, "leg")))
    return {}


@verb
async def record(switch: Switch, network: Network, told: Arguments) -> Result:
    """Left: what the party says; right: what it hears. Until it ends or `record_stop`."""
    return {"recording": switch.record(switch.speaking(text(told, "leg")))}


@verb
async def record_pause(switch: Switch, network: Network, told: Arguments) -> Result:
    """While a card number is said: the time passes in silence, so that everything after keeps its place."""
    _pause(switch, told, paused=True)
    return {}


@verb
async def record_resume(switch: Switch, network: Network, told: Arguments) -> Result:
    _pause(switch, told, paused=False)
    return {}


def _pause(switch: Switch, told: Arguments, *, paused: bool) -> None:
    party = switch.speaking(text(told, "leg"))
    if party.recording is None:
        raise Refused("not_recording", f"Leg {party.leg} is not being recorded.")
    if party.recording.paused is not paused:
        party.recording.paused = paused
        name = "recording.paused" if paused else "recording.resumed"
        switch.journal.tell(name, leg=party.leg, recording=party.recording.number, sample=party.heard_samples)


@verb
async def record_stop(switch: Switch, network: Network, told: Arguments) -> Result:
    switch.close_recording(switch.speaking(text(told, "leg")))
    return {}


@verb
async def snapshot(switch: Switch, network: Network, told: Arguments) -> Result:
    return switch.snapshot()


@verb
async def figures(switch: Switch, network: Network, told: Arguments) -> Result:
    return switch.figures()
