"""Transfer, blind and warm, made of rooms: nobody outside is asked to move a call, since carriers refuse that (REFER).

A *consultation* is a warm transfer under way: the agent talks with the target in a room of its own while the others wait. It
ends as `complete` (the target takes the agent's place), `merge` (all in one room), or `cancel` (the agent is back alone), which
also happens by itself when the target does not answer or hangs up.
"""

from __future__ import annotations

from collections.abc import Callable

from softswitch.faults import Refused
from softswitch.mixer import Role
from softswitch.party import Consultation, Party, Room, Rung, State
from softswitch.sound import Playing, ringing
from softswitch.switch import Switch
from softswitch.verbs import VERBS, Arguments, Network, Result, dial, held, resumed, sounds, text, verb

__all__ = ["VERBS"]

RINGING = ringing()


def _room_of(party: Party) -> Room:
    """The room it shares with somebody. Raises Refused `no_room`."""
    if party.room is None or len(party.room.seats) < 2:
        raise Refused("no_room", f"Leg {party.leg} is in no room with anybody.")
    return party.room


async def _target(switch: Switch, network: Network, told: Arguments, agent: Party) -> tuple[Party, bool]:
    """`to`: {"leg": …} that is up, or {"trunk": …, "number": …} to be dialled."""
    to = told.get("to")
    if not isinstance(to, dict):
        raise Refused("bad_argument", "to must name a leg, or a trunk and a number.")
    if "leg" in to:
        target = switch.speaking(text(to, "leg"))
        if target is agent:
            raise Refused("bad_argument", "A party cannot be transferred to itself.")
        return target, False
    return await dial(switch, network, to), True


def _ring(switch: Switch, parties: list[Party]) -> Rung:
    rung: Rung = []
    for one in parties:
        if one.playing is None:
            one.playing = Playing(switch.number("play"), [RINGING], loop=True, until_digit=False)
            rung.append((one, one.playing))
    return rung


def _hush(rung: Rung) -> None:
    """The ring-back tone ends; it is ours, so no event is told. What else is played by now goes on."""
    for one, tone in rung:
        if one.playing is tone:
            one.playing = None


async def _still_there(switch: Switch, agent: Party, room: Room, target: Party, dialled: bool) -> None:
    """Dialling takes a moment in which anything may happen. Raises Refused, and nobody is left ringing."""
    if agent.room is not room or len(room.seats) < 2:
        if dialled:
            await switch.hang_up(target)
        raise Refused("no_room", "The call has ended meanwhile.")


@verb
async def transfer(switch: Switch, network: Network, told: Arguments) -> Result:
    """Blind: the agent's leg leaves at once (and stays up, alone); the others hear ringing until the target is there, and wait
    no longer when they were on hold. When the last of them goes, the target rings no longer.

    Told later: `transfer.done`, or `transfer.failed` with the reason, the others still in the room.
    """
    agent = switch.speaking(text(told, "leg"))
    place = _room_of(agent)
    target, dialled = await _target(switch, network, told, agent)
    await _still_there(switch, agent, place, target, dialled)
    room, number = place.name, switch.number("transfer")
    others = [switch.parties[leg] for leg in place.seats if leg != agent.leg]
    switch.leave(agent)
    rung = _ring(switch, others) if dialled else []

    def tell_failed(reason: str) -> None:
        switch.journal.tell("transfer.failed", transfer=number, leg=target.leg, room=room, reason=reason)

    def over() -> None:
        _hush(rung)
        for one in others:
            one.on_end.pop(number, None)

    def arrived() -> None:
        over()
        if room in switch.rooms:
            switch.join(target, room, Role.TALK)
            _resume_all(switch, room)
            switch.journal.tell("transfer.done", transfer=number, leg=target.leg, room=room)
        else:
            tell_failed("alone")
            switch.spawn(switch.hang_up(target, "alone"))

    def failed(reason: str) -> None:
        if target.answered is None:
            over()
            tell_failed(reason)

    def left(_reason: str) -> None:
        if room not in switch.rooms and target.state is State.RINGING:
            switch.spawn(switch.hang_up(target, "alone"))

    for one in others:
        one.on_end[number] = left
    _when(number, target, arrived, failed)
    return {"transfer": number, "leg": target.leg}


def _when(number: str, target: Party, arrived: Callable[[], None], failed: Callable[[str], None]) -> None:
    """Also when it has happened already."""
    if target.state is State.ENDED:
        failed(target.ending)
        return
    target.on_end[number] = failed
    if target.state is State.UP:
        arrived()
    else:
        target.on_up = arrived


@verb
async def consult(switch: Switch, network: Network, told: Arguments) -> Result:
    """Warm: the others wait (`files` are played to them), the agent talks with the target in a room apart."""
    agent = switch.speaking(text(told, "leg"))
    room = _room_of(agent)
    music = await sounds(switch, told, needed=False)
    if any(one.agent is agent for one in switch.consultations.values()):
        raise Refused("consulting", "This party is consulting somebody already.")
    target, dialled = await _target(switch, network, told, agent)
    await _still_there(switch, agent, room, target, dialled)
    for leg, seat in list(room.seats.items()):
        if leg != agent.leg and seat.role is Role.TALK:
            held(switch, switch.parties[leg], music)
    number = switch.number("consult")
    apart = f"{room.name}/{number}"
    switch.join(agent, apart, Role.TALK)
    rung = _ring(switch, [agent]) if dialled else []
    switch.consultations[number] = Consultation(number, agent, target, room.name, apart, dialled, rung)

    def arrived() -> None:
        _hush(rung)
        if number in switch.consultations:
            switch.join(target, apart, Role.TALK)
            switch.journal.tell("consult.answered", consult=number, leg=target.leg)

    agent.on_end[number] = lambda _reason: _end(switch, number, "agent")
    _when(number, target, arrived, lambda reason: _end(switch, number, reason))
    return {"consult": number, "leg": target.leg}


def _end(switch: Switch, number: str, how: str) -> None:
    """Back to where it was: the agent in the old room, the others no longer waiting. An agent who has gone leaves them waiting
    for what the platform does."""
    consultation = switch.consultations.pop(number, None)
    if consultation is None:
        return
    agent, target = consultation.agent, consultation.target
    _let_go(consultation)
    if consultation.dialled and target.state is not State.ENDED:
        switch.spawn(switch.hang_up(target))
    elif target.room is not None and target.room.name == consultation.apart:
        switch.leave(target)
    if agent.state is State.UP:
        if consultation.room in switch.rooms:
            switch.join(agent, consultation.room, Role.TALK)
            _resume_all(switch, consultation.room)
        else:
            switch.leave(agent)
    switch.journal.tell("consult.ended", consult=number, how=how)


def _let_go(consultation: Consultation) -> None:
    """Nobody's end, nor a ring-back tone, hangs on it any more."""
    _hush(consultation.rung)
    for one in (consultation.agent, consultation.target):
        one.on_end.pop(consultation.number, None)


def _resume_all(switch: Switch, name: str) -> None:
    if (room := switch.rooms.get(name)) is not None:
        for leg in list(room.seats):
            resumed(switch, switch.parties[leg])


def _answered(switch: Switch, told: Arguments) -> Consultation:
    consultation = switch.consultations.get(text(told, "consult"))
    if consultation is None:
        raise Refused("no_consult", "That consultation is over.")
    if consultation.target.state is not State.UP or consultation.target.room is None:
        raise Refused("not_up", "The target has not answered yet.")
    if consultation.room not in switch.rooms:
        raise Refused("no_room", "Nobody is waiting any more.")
    return consultation


def _close(switch: Switch, consultation: Consultation, how: str) -> None:
    switch.consultations.pop(consultation.number, None)
    _let_go(consultation)
    switch.join(consultation.target, consultation.room, Role.TALK)
    _resume_all(switch, consultation.room)
    switch.journal.tell("consult.ended", consult=consultation.number, how=how)


@verb
async def complete(switch: Switch, network: Network, told: Arguments) -> Result:
    """The target takes the agent's place; the agent's leg is up and alone."""
    consultation = _answered(switch, told)
    switch.leave(consultation.agent)
    _close(switch, consultation, "completed")
    return {}


@verb
async def merge(switch: Switch, network: Network, told: Arguments) -> Result:
    """All in one room: a conference."""
    consultation = _answered(switch, told)
    switch.join(consultation.agent, consultation.room, Role.TALK)
    _close(switch, consultation, "merged")
    return {}


@verb
async def cancel(switch: Switch, network: Network, told: Arguments) -> Result:
    """The agent is back with those who waited; a target that was dialled is hung up."""
    number = text(told, "consult")
    if number not in switch.consultations:
        raise Refused("no_consult", "That consultation is over.")
    _end(switch, number, "cancelled")
    return {}
