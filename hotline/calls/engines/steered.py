"""What is asked of an engine made of a switch that knows channels and bridges: each command looked at, done once for its key.
Transfers are in transfers.py, what a switch must be able to do in switch.py, parties and rooms in rooms.py.

Commands and events belong to one process, the distributor.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hotline.calls.engines import commands as asked
from hotline.calls.engines import events as told
from hotline.calls.engines.commands import Command, Role
from hotline.calls.engines.events import EngineEvent, Mark, Reset
from hotline.calls.engines.interface import EngineAway, EngineRefused
from hotline.calls.engines.parties import RINGING, Collecting, Party, Playing, Seat
from hotline.calls.engines.rooms import Rooms, cancelled
from hotline.calls.engines.waves import recording_name, sample_of

log = logging.getLogger("hotline.calls")

Result = TypeVar("Result")
Told = dict[str, Any]
Verb = Callable[[Any, str], Awaitable[Told]]

KEPT_REPLIES = 4096
_NUMBER = re.compile(r"\+?[0-9*#A-Za-z._\-]{1,40}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)


class Steered(Rooms):
    """See Rooms for what it is made with."""

    def __init__(self, prompts: Path, patience: float) -> None:
        super().__init__(prompts, patience)
        self._replies: OrderedDict[str, asyncio.Future[Told]] = OrderedDict()
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False
        self._verbs: dict[str, Verb] = {
            "answer": self._answer,
            "hangup": self._hangup,
            "originate": self._originate,
            "offer": self._offer,
            "stand_in": self._stand_in,
            "play": self._play,
            "stop": self._stop,
            "collect": self._collect,
            "digits": self._digits,
            "join": self._join,
            "leave": self._leave,
            "bridge": self._bridge,
            "hold": self._hold,
            "resume": self._resume,
            "record": self._record,
            "record_pause": self._record_pause,
            "record_resume": self._record_resume,
            "record_stop": self._record_stop,
            "figures": self._figures,
        }

    # -- the interface -------------------------------------------------------------------------------------------------

    async def do(self, command: Command[Result], *, key: str | None = None) -> Result:
        """See Engine.do."""
        key = key or secrets.token_hex(16)
        reply = self._replies.get(key)
        if reply is None:
            if (
                command.verb != "offer"
            ):  # which needs no switch, and may come from a process that follows no events
                self._keep()
            reply = asyncio.get_running_loop().create_future()
            reply.add_done_callback(
                lambda done: done.cancelled() or done.exception()
            )  # nobody may wait any more
            self._replies[key] = reply
            while len(self._replies) > KEPT_REPLIES:
                self._replies.popitem(last=False)
            self.spawn(self._perform(command, key, reply))
        return command.result(await asyncio.shield(reply))

    async def events(self, after: Mark | None = None) -> AsyncGenerator[EngineEvent | Reset, None]:
        """See Engine.events. Events of this process are told again; those of a time without connection are not, but a Reset."""
        self._keep()
        async with contextlib.aclosing(self._telling.read(after)) as reading:
            async for event in reading:
                yield event

    async def close(self) -> None:
        """See Engine.close."""
        self._closed = True
        for party in self._parties.values():
            cancelled(party.timer)
            cancelled(party.collecting.timer if party.collecting else None)
        tasks = [*self._tasks, *([self._keeper] if self._keeper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _keep(self) -> None:
        if self._closed:
            raise EngineAway("This engine was closed.")
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.get_running_loop().create_task(self.stay_connected())

    async def _perform(self, command: Command[Any], key: str, reply: asyncio.Future[Told]) -> None:
        fault: EngineRefused | EngineAway = EngineAway("This engine was closed.")
        try:
            if command.verb != "offer":
                await self.reached()
            answer = await self._verbs[command.verb](command, _named(key))
            reply.set_result(answer)
        except (EngineRefused, EngineAway) as error:
            fault = error
        except Exception as error:
            log.exception("command %s failed", command.verb)
            fault = EngineRefused("fault", f"The engine failed: {type(error).__name__}.")
        finally:
            if not reply.done():
                if isinstance(fault, EngineAway):
                    self._replies.pop(key, None)  # whether it was done is not known; it may be asked again
                reply.set_exception(fault)

    # -- legs ----------------------------------------------------------------------------------------------------------

    async def _answer(self, command: asked.Answer, key: str) -> Told:
        party = self.party(command.leg)
        if party.state == RINGING:
            if party.direction != "in":
                raise EngineRefused("not_incoming", "That call was made by us.")
            await self.do_answer(party)
        return {}

    async def _hangup(self, command: asked.Hangup, key: str) -> Told:
        if (party := self._parties.get(command.leg)) is not None:
            await self.hang_up(party)
        return {}

    async def _originate(self, command: asked.Originate, key: str) -> Told:
        number = asked.Number(command.trunk, command.number, command.ring_seconds, command.label)
        return {"leg": (await self.dial(number, key, command.headers)).leg}

    async def dial(self, to: asked.Number, key: str, headers: Mapping[str, str] | None = None) -> Party:
        """A new leg out, told, ringing. The key names it, so that it is placed once."""
        if not _NUMBER.fullmatch(to.number):
            raise EngineRefused(
                "bad_number", "A number has digits, letters, + * # . _ - and no more than 40 of them."
            )
        if not 0 < to.ring_seconds <= 180:
            raise EngineRefused("bad_argument", "ring_seconds must be a number of seconds up to 180.")
        if (there := self._parties.get(f"out-{key}")) is not None:
            return there
        party = Party(f"out-{key}", "out", trunk=to.trunk, called=to.number, label=to.label, early=[])
        self._parties[party.leg] = party
        try:
            await self.do_dial(party, _headers(headers or {}), to.ring_seconds)
        except BaseException:
            self._parties.pop(party.leg, None)
            raise
        self.told_of(party, to.ring_seconds, "no_answer")
        return party

    async def _offer(self, command: asked.Offer, key: str) -> Told:
        raise EngineRefused(
            "bad_offer", "With this switch a browser's telephone is its own SIP client (SIP over WSS)."
        )

    async def _stand_in(self, command: asked.StandIn, key: str) -> Told:
        raise EngineRefused("not_here", "This switch has no legs without a line: no calls by video.")

    # -- prompts and digits --------------------------------------------------------------------------------------------

    async def play(
        self,
        party: Party,
        name: str,
        files: tuple[str, ...],
        *,
        loop: bool = False,
        until_digit: bool = False,
    ) -> None:
        """What was playing ends as replaced."""
        await self.silence(party, "replaced")
        playing = Playing(name, files, loop, until_digit)
        party.playing = playing
        try:
            await self.do_play(party, playing)
        except EngineRefused:
            if party.playing is playing:
                party.playing = None
            raise

    async def silence(self, party: Party, reason: str) -> None:
        playing = party.playing
        if playing is not None:
            self._played(party, reason)
            await self.do_stop(party, playing)

    def sounds(self, names: tuple[str, ...], *, needed: bool = True) -> tuple[str, ...]:
        """Raises EngineRefused bad_argument, file_missing."""
        if len(names) > 50 or (needed and not names):
            raise EngineRefused("bad_argument", "files must be a list of one to fifty names.")
        folder = self._prompts.resolve()
        for name in names:
            path = (folder / name).resolve()
            if not path.is_relative_to(folder) or not path.is_file():
                raise EngineRefused("file_missing", f"{name} is not in the folder of prompts.")
        return names

    async def _play(self, command: asked.Play, key: str) -> Told:
        files = self.sounds(command.files)
        party, name = self.speaking(command.leg), f"play-{key}"
        await self.play(party, name, files, loop=command.loop, until_digit=command.until_digit)
        return {"play": name}

    async def _stop(self, command: asked.StopPlaying, key: str) -> Told:
        await self.silence(self.speaking(command.leg), "stopped")
        return {}

    async def _collect(self, command: asked.Collect, key: str) -> Told:
        party = self.speaking(command.leg)
        if not 1 <= command.most <= 40 or len(command.end) > 1:
            raise EngineRefused("bad_argument", "most must be from 1 to 40, end one key or none.")
        if not (0 < command.first_seconds <= 600 and 0 < command.gap_seconds <= 600):
            raise EngineRefused("bad_argument", "Seconds must be more than none, up to 600.")
        if command.fresh:
            party.typed.clear()
        self._collected(party, "replaced")
        collecting = Collecting(f"collect-{key}", command.most, command.end, command.gap_seconds)
        party.collecting = collecting
        self._wait(party, collecting, command.first_seconds)
        while party.typed and party.collecting is collecting:
            self._take(party, collecting, party.typed.popleft())
        return {"collect": collecting.name}

    async def _digits(self, command: asked.SendDigits, key: str) -> Told:
        party = self.speaking(command.leg)
        if not 1 <= len(command.digits) <= 40 or set(command.digits) - set("0123456789*#ABCD"):
            raise EngineRefused("bad_argument", "digits may be 0-9, *, # and A-D, up to 40 of them.")
        await self.do_press(party, command.digits)
        return {}

    # -- rooms ---------------------------------------------------------------------------------------------------------

    async def _join(self, command: asked.Join, key: str) -> Told:
        party, role, target = self.speaking(command.leg), Role(command.role), command.target
        if (role is Role.WHISPER) != bool(target):
            raise EngineRefused("bad_target", "A whisper has a target, and nothing else has.")
        if target and (target == party.leg or target not in {one.leg for one in self.seated(command.room)}):
            raise EngineRefused(
                "bad_target", "The target of a whisper must be another party in the same room."
            )
        if not command.room or len(command.room) > 100:
            raise EngineRefused("bad_argument", "room must be text of up to 100 characters.")
        await self.move(party, Seat(command.room, role, target))
        return {}

    async def _leave(self, command: asked.Leave, key: str) -> Told:
        await self.move(self.speaking(command.leg), None)
        return {}

    async def _bridge(self, command: asked.Bridge, key: str) -> Told:
        if len(command.legs) < 2 or len(set(command.legs)) != len(command.legs):
            raise EngineRefused("bad_argument", "legs must be a list of two or more legs.")
        found = [self.speaking(leg) for leg in command.legs]
        room = command.room or f"room-{key}"
        for party in found:
            await self.move(party, Seat(room, Role.TALK))
        return {"room": room}

    async def held(self, party: Party, name: str, music: tuple[str, ...]) -> None:
        """Raises EngineRefused no_room, not_talking."""
        if party.seat is None:
            raise EngineRefused("no_room", "A party on its own cannot be held.")
        if party.seat.role in (Role.LISTEN, Role.WHISPER):
            raise EngineRefused(
                "not_talking",
                "Who only listens or whispers cannot be held; back from it everybody would hear him.",
            )
        await self.move(party, Seat(party.seat.room, Role.HOLD))
        if music:
            await self.play(party, name, music, loop=True)

    async def resumed(self, party: Party) -> None:
        if party.seat is not None and party.seat.role is Role.HOLD:
            await self.silence(party, "stopped")
            await self.move(party, Seat(party.seat.room, Role.TALK))

    async def _hold(self, command: asked.Hold, key: str) -> Told:
        music = self.sounds(command.files, needed=False)
        await self.held(self.speaking(command.leg), f"play-{key}", music)
        return {}

    async def _resume(self, command: asked.Resume, key: str) -> Told:
        await self.resumed(self.speaking(command.leg))
        return {}

    # -- recordings ----------------------------------------------------------------------------------------------------

    async def _record(self, command: asked.Record, key: str) -> Told:
        party = self.speaking(command.leg)
        if party.recording:
            raise EngineRefused("recording_already", f"Leg {party.leg} is being recorded.")
        party.recording = recording = recording_name()
        try:
            path = await self.do_record(party, recording)
        except (EngineRefused, EngineAway):
            party.recording = ""
            raise
        self._telling.tell(told.RecordingStarted, party.leg, recording, path, sample_of(party.answered))
        return {"recording": recording}

    async def _record_pause(self, command: asked.PauseRecording, key: str) -> Told:
        return await self._mute(command.leg, True)

    async def _record_resume(self, command: asked.ResumeRecording, key: str) -> Told:
        return await self._mute(command.leg, False)

    async def _mute(self, leg: str, muted: bool) -> Told:
        party = self.speaking(leg)
        if not party.recording:
            raise EngineRefused("not_recording", f"Leg {leg} is not being recorded.")
        await self.do_mute_recording(party, party.recording, muted)
        name = "recording.paused" if muted else "recording.resumed"
        self._telling.tell(told.Other, leg, name, {"recording": party.recording})
        return {}

    async def _record_stop(self, command: asked.StopRecording, key: str) -> Told:
        party = self.speaking(command.leg)
        recording, party.recording = party.recording, ""
        if recording:
            await self.do_end_recording(party, recording)
        return {}

    async def _figures(self, command: asked.Figures, key: str) -> Told:
        rooms = {one.seat.room for one in self._parties.values() if one.seat}
        return {"legs": len(self._parties), "rooms": len(rooms), **await self.do_figures()}


def _named(key: str) -> str:
    return key if _NAME.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()[:32]


def _headers(given: Mapping[str, str]) -> Mapping[str, str]:
    plain = all(
        name.startswith(("X-", "P-")) and name.replace("-", "").isalnum() and name.isascii() for name in given
    )
    if (
        len(given) > 10
        or not plain
        or not all(one.isprintable() and len(one) <= 200 for one in given.values())
    ):
        raise EngineRefused(
            "bad_argument", "headers must be up to ten, named X-… or P-…, with one line of text each."
        )
    return given


__all__ = ["Steered", "Told"]
