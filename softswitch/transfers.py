"""Transfer, blind and warm, made of rooms: nobody outside is asked to move a call, since carriers refuse that (REFER).

A *consultation* is a warm transfer under way: the agent talks with the target in a room of its own while the others wait. It
ends as `complete` (the target takes the agent's place), `merge` (all in one room), or `cancel` (the agent is back alone), which
also happens by itself when the target does not answer or hangs up.
"""

from __future__ import annotations

from typing import Any

from softswitch.faults import Refused
from softswitch.mixer import Role
from softswitch.party import Consultation, Party, Room, State
from softswitch.sound import Playing, Samples, ringing
from softswitch.switch import Switch
from softswitch.verbs import VERBS, Arguments, Network, Result, dial, held, resumed, sounds, text, verb

__all__ = ["VERBS"]

RINGING = ringing()


def _room_of(party: Party) -> Room:
    if party.room is None:
        raise Refused("no_room", f"Leg {party.leg} is in no room.")
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


def _ring(switch: Switch, parties: list[Party]) -> list[Party]:
    rung = [one for one in parties if one.playing is None]
    for one in rung:
        one.playing = Playing(switch.number("play"), [RINGING], loop=True, until_digit=False)
    return rung


def _hush(rung: list[Party]) -> None:
    """The ring-back tone ends; it is ours, so no event is told."""
    for one in rung:
        one.playing = None


@verb
async def transfer(switch: Switch, network: Network, told: Arguments) -> Result:
    """Blind: the agent's leg leaves at once (and stays up, alone); the others hear ringing until the target is there.

    Told later: `transfer.done`, or `transfer.failed` with the reason, the others still in the room.
    """
    agent = switch.speaking(text(told, "leg"))
    room = _room_of(agent).name
    target, dialled = await _target(switch, network, told, agent)
    if agent.room is None or agent.room.name != room:
        raise Refused("no_room", "The call has ended meanwhile.")
    number = switch.number("transfer")
    others = [switch.parties[leg] for leg in agent.room.seats if leg != agent.leg]
    switch.leave(agent)
    if not dialled:
        switch.join(target, room, Role.TALK)
        switch.journal.tell("transfer.done", transfer=number, leg=target.leg, room=room)
        return {"transfer": number, "leg": target.leg}
    rung = _ring(switch, others)

    def arrived() -> None:
        _hush(rung)
        if room in switch.rooms:
            switch.join(target, room, Role.TALK)
            switch.journal.tell("transfer.done", transfer=number, leg=target.leg, room=room)
        else:  # everybody has gone while it rang
            switch.spawn(switch.hang_up(target))

    def failed(reason: str) -> None:
        if target.answered is None:
            _hush(rung)
            switch.journal.tell("transfer.failed", transfer=number, leg=target.leg, room=room, reason=reason)

    _when(switch, target, arrived, failed)
    return {"transfer": number, "leg": target.leg}


def _when(switch: Switch, target: Party, arrived: Any, failed: Any) -> None:
    """Also when it has happened already."""
    if target.state is State.UP:
        arrived()
        target.on_end = failed
    elif target.state is State.ENDED:
        failed("failed")
    else:
        target.on_up, target.on_end = arrived, failed


@verb
async def consult(switch: Switch, network: Network, told: Arguments) -> Result:
    """Warm: the others wait (`files` are played to them), the agent talks with the target in a room apart."""
    agent = switch.speaking(text(told, "leg"))
    room = _room_of(agent)
    music: list[Samples] = sounds(switch, told, needed=False)
    if any(one.agent is agent for one in switch.consultations.values()):
        raise Refused("consulting", "This party is consulting somebody already.")
    target, dialled = await _target(switch, network, told, agent)
    if agent.room is not room:
        raise Refused("no_room", "The call has ended meanwhile.")
    for leg, seat in list(room.seats.items()):
        if leg != agent.leg and seat.role is Role.TALK:
            held(switch, switch.parties[leg], music)
    number = switch.number("consult")
    apart = f"{room.name}/{number}"
    consultation = Consultation(number, agent, target, room.name, apart, dialled)
    switch.consultations[number] = consultation
    switch.join(agent, apart, Role.TALK)
    rung = _ring(switch, [agent]) if dialled else []

    def arrived() -> None:
        _hush(rung)
        if number in switch.consultations:
            switch.join(target, apart, Role.TALK)
            switch.journal.tell("consult.answered", consult=number, leg=target.leg)

    def failed(reason: str) -> None:
        _hush(rung)
        _end(switch, number, reason)

    _when(switch, target, arrived, failed)
    agent.on_end = lambda _reason: _end(switch, number, "agent")
    return {"consult": number, "leg": target.leg}


def _end(switch: Switch, number: str, how: str) -> None:
    """Back to where it was: the agent in the old room, the others no longer waiting. An agent who has gone leaves them waiting
    for what the platform does."""
    consultation = switch.consultations.pop(number, None)
    if consultation is None:
        return
    agent, target = consultation.agent, consultation.target
    agent.on_end = target.on_end = None
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
    consultation.agent.on_end = consultation.target.on_end = None
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
