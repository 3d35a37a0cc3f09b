"""An engine made of a switch that knows channels and bridges, and of what it does not know: roles, digits waited for, keys done once,
numbered events. Transfers are in transfers.py. What a switch must be able to do is below, in `Steered`, as methods that raise
NotImplementedError: a switch's engine (asterisk.py) fills them in and tells what it hears by the `heard_…` methods.

State is changed first and the switch asked then (and the change taken back when it refuses): a command that comes meanwhile
sees what will be. Commands and events belong to one process, the distributor.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from hotline.calls.engines import commands as asked
from hotline.calls.engines import events as told
from hotline.calls.engines.commands import Command, Role
from hotline.calls.engines.events import EngineEvent, Leg, Mark, Reset
from hotline.calls.engines.interface import EngineAway, EngineRefused, Sound
from hotline.calls.engines.parties import ENDED, RINGING, UP, Collecting, Consultation, Party, Playing, Seat
from hotline.calls.engines.telling import Telling
from hotline.kit import clock

log = logging.getLogger("hotline.calls")

Result = TypeVar("Result")
Told = dict[str, Any]
Verb = Callable[[Any, str], Awaitable[Told]]

KEPT_REPLIES = 4096
RATE = 8000
UNANSWERED_SECONDS = 90
"""A call that nobody answers for so long is let go."""
RING_BACK = "\x00ring"
"""In place of a file: the tone that one hears while the other's telephone rings."""
_NUMBER = re.compile(r"\+?[0-9*#A-Za-z._\-]{1,40}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)


class Steered:
    """`prompts`: the folder of sounds as the platform sees it. `patience`: seconds that a command waits for the switch."""

    def __init__(self, prompts: Path, patience: float) -> None:
        self._prompts = prompts
        self._patience = patience
        self._parties: dict[str, Party] = {}
        self._consultations: dict[str, Consultation] = {}
        self._telling = Telling(lambda: tuple(one.facts() for one in self._parties.values()))
        self._replies: OrderedDict[str, asyncio.Future[Told]] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._connected = asyncio.Event()
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

    # -- what a switch must do -----------------------------------------------------------------------------------------

    async def stay_connected(self) -> None:
        """For ever: connect, `recovered` what is true, set `_connected`, read; and again when it breaks."""
        raise NotImplementedError

    async def do_answer(self, party: Party) -> None:
        raise NotImplementedError

    async def do_hang_up(self, party: Party) -> None:
        """One that has gone already is no error."""
        raise NotImplementedError

    async def do_dial(self, party: Party, headers: Mapping[str, str], ring_seconds: float) -> None:
        """Call `party.called` by `party.trunk` under the name `party.leg`. When such a leg is there already (an earlier attempt whose
        answer was lost), what has become of it is told by `heard_…`. Raises EngineRefused no_trunk, not_dialled."""
        raise NotImplementedError

    async def do_play(self, party: Party, playing: Playing) -> None:
        """Ends with `heard_played(leg, playing.spoken)`."""
        raise NotImplementedError

    async def do_stop(self, party: Party, playing: Playing) -> None:
        raise NotImplementedError

    async def do_press(self, party: Party, digits: str) -> None:
        raise NotImplementedError

    async def do_move(self, party: Party, before: Seat | None, after: Seat | None) -> None:
        """Out of one seat, into another; `party.seat` is `after` already. A room is made when needed."""
        raise NotImplementedError

    async def do_forget(self, room: str) -> None:
        """Nobody is in this room any more."""
        raise NotImplementedError

    async def do_record(self, party: Party, recording: str) -> str:
        """Begin; the path of the file to be. It ends with `heard_recorded`."""
        raise NotImplementedError

    async def do_mute_recording(self, party: Party, recording: str, muted: bool) -> None:
        raise NotImplementedError

    async def do_end_recording(self, party: Party, recording: str) -> None:
        """Also when its leg has ended."""
        raise NotImplementedError

    async def do_figures(self) -> dict[str, float]:
        raise NotImplementedError

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

    def sound(self, leg: str) -> AsyncGenerator[Sound, None]:
        raise NotImplementedError

    async def close(self) -> None:
        """See Engine.close."""
        self._closed = True
        for party in self._parties.values():
            _cancel(party.timer)
            _cancel(party.collecting.timer if party.collecting else None)
        tasks = [*self._tasks, *([self._keeper] if self._keeper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _keep(self) -> None:
        if self._closed:
            raise EngineAway("This engine was closed.")
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.get_running_loop().create_task(self.stay_connected())

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._spent)

    def _spent(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, EngineRefused | EngineAway):
            log.warning("the switch did not follow: %s", error)
        else:
            log.error("a task of the engine failed", exc_info=error)

    async def _perform(self, command: Command[Any], key: str, reply: asyncio.Future[Told]) -> None:
        fault: EngineRefused | EngineAway = EngineAway("This engine was closed.")
        try:
            if command.verb != "offer":
                await self._reached()
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

    async def _reached(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._connected.wait()
        except TimeoutError:
            raise EngineAway("The switch was not reached in time.") from None

    # -- parties -------------------------------------------------------------------------------------------------------

    def party(self, leg: str) -> Party:
        """Raises EngineRefused no_leg."""
        if (found := self._parties.get(leg)) is None:
            raise EngineRefused("no_leg", f"There is no leg {leg}, or it has ended.")
        return found

    def speaking(self, leg: str) -> Party:
        """Raises EngineRefused no_leg, not_up."""
        found = self.party(leg)
        if found.state != UP:
            raise EngineRefused("not_up", f"Leg {leg} has not been answered.")
        return found

    def seated(self, room: str) -> list[Party]:
        return [one for one in self._parties.values() if one.seat is not None and one.seat.room == room]

    async def move(self, party: Party, seat: Seat | None) -> None:
        """Into a seat or out of any, told. Who whispered to it goes on listening; an empty room is forgotten."""
        before = party.seat
        if before == seat:
            return
        party.seat = seat
        try:
            await self.do_move(party, before, seat)
        except EngineRefused:
            if party.seat is seat:
                party.seat = before
            raise
        if party.state == ENDED:
            return
        if seat is None:
            self._telling.tell(told.LegMoved, party.leg, None, None, None)
        else:
            self._telling.tell(told.LegMoved, party.leg, seat.room, seat.role.value, seat.target or None)
        if before is not None and (seat is None or seat.room != before.room):
            await self._left(party, before.room)

    async def _left(self, party: Party, room: str) -> None:
        others = self.seated(room)
        if not others:
            await self.do_forget(room)
        for one in others:
            if one.seat is not None and one.seat.target == party.leg:
                await self.move(one, Seat(room, Role.LISTEN))

    async def hang_up(self, party: Party, reason: str = "near") -> None:
        if party.state != ENDED:
            party.ending = party.ending or reason
            await self.do_hang_up(party)

    # -- what the switch tells -----------------------------------------------------------------------------------------

    def recovered(self, run: str, legs: Iterable[Party]) -> None:
        """Connected, and this is what is true: what is known of the same legs is kept, the others have ended."""
        found = {one.leg: one for one in legs}
        for leg in [one for one in self._parties if one not in found]:
            self.heard_end(leg, "lost")
        for leg, one in found.items():
            known = self._parties.setdefault(leg, one)
            if known is not one:
                known.seat = one.seat if one.seat is not None or known.seat is None else _apart(known.seat)
                if known.state == RINGING and one.state == UP:
                    self.heard_up(leg)
        self._telling.begin(run)

    def heard_new(self, party: Party) -> None:
        """A call came in. What is heard of it from now on waits until it is `told_of`."""
        party.early = []
        self._parties[party.leg] = party

    def told_of(self, party: Party, seconds: float, reason: str) -> None:
        """Everything is known of a new leg: it is told, then what was heard of it meanwhile. After `seconds` unanswered it is let go."""
        early, party.early = party.early or [], None
        if self._parties.get(party.leg) is not party:
            return
        self._telling.tell(told.LegStarted, party.leg, party.facts())
        self._after(party, seconds, reason)
        for react in early:
            react()

    def heard_ring(self, leg: str) -> None:
        self._in_order(leg, self._rings)

    def heard_up(self, leg: str) -> None:
        self._in_order(leg, self._went_up)

    def heard_digit(self, leg: str, digit: str) -> None:
        self._in_order(leg, lambda party: self._typed(party, digit))

    def heard_end(self, leg: str, reason: str, status: int | None = None) -> None:
        self._in_order(leg, lambda party: self._ended(party, reason, status))

    def heard_played(self, leg: str, spoken: str, *, failed: bool = False) -> None:
        party = self._parties.get(leg)
        if party is None or party.playing is None or party.playing.spoken != spoken:
            return
        if party.playing.loop and not failed:
            party.playing.round += 1
            self.spawn(self.do_play(party, party.playing))
        else:
            self._played(party, "finished")

    def heard_recorded(self, kind: type[EngineEvent], leg: str, *facts: object) -> None:
        """`kind`: RecordingClosed or RecordingFailed, with its facts."""
        self._telling.tell(kind, leg, *facts)

    def _in_order(self, leg: str, react: Callable[[Party], None]) -> None:
        party = self._parties.get(leg)
        if party is None:
            return
        if party.early is not None:
            party.early.append(lambda: react(party))
        else:
            react(party)

    def _rings(self, party: Party) -> None:
        if party.state == RINGING:
            self._telling.tell(told.LegAlerting, party.leg)

    def _went_up(self, party: Party) -> None:
        if party.state != RINGING:
            return
        party.state, party.answered = UP, clock.now()
        _cancel(party.timer)
        self._telling.tell(told.LegAnswered, party.leg)
        if party.on_up is not None:
            party.on_up()

    def _typed(self, party: Party, digit: str) -> None:
        self._telling.tell(told.LegDigit, party.leg, digit)
        if party.playing is not None and party.playing.until_digit:
            self.spawn(self.do_stop(party, party.playing))
            self._played(party, "digit")
        if party.collecting is not None:
            self._take(party, party.collecting, digit)
        else:
            party.typed.append(digit)

    def _ended(self, party: Party, reason: str, status: int | None) -> None:
        if party.state == ENDED:
            return
        party.state = ENDED
        self._parties.pop(party.leg, None)
        _cancel(party.timer)
        self._played(party, "hangup")
        self._collected(party, "hangup")
        if party.recording:
            self.spawn(self.do_end_recording(party, party.recording))
        seat, party.seat = party.seat, None
        if seat is not None:
            self.spawn(self._gone(party, seat))
        seconds = (clock.now() - party.answered).total_seconds() if party.answered else 0.0
        party.ending = party.ending or reason
        self._telling.tell(told.LegEnded, party.leg, party.ending, round(seconds, 2), status, {})
        for react in list(party.on_end.values()):
            react(party.ending)

    async def _gone(self, party: Party, seat: Seat) -> None:
        await self.do_move(party, seat, None)
        await self._left(party, seat.room)

    def _after(self, party: Party, seconds: float, reason: str) -> None:
        loop = asyncio.get_running_loop()
        party.timer = loop.call_later(seconds, lambda: self.spawn(self.hang_up(party, reason)))

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

    def _played(self, party: Party, reason: str) -> None:
        playing, party.playing = party.playing, None
        if playing is not None and RING_BACK not in playing.files:
            self._telling.tell(told.PlayEnded, party.leg, playing.name, reason)

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

    def _wait(self, party: Party, collecting: Collecting, seconds: float) -> None:
        _cancel(collecting.timer)
        loop = asyncio.get_running_loop()
        collecting.timer = loop.call_later(seconds, lambda: self._collected(party, "timeout"))

    def _take(self, party: Party, collecting: Collecting, digit: str) -> None:
        if digit == collecting.end:
            self._collected(party, "end")
            return
        collecting.got += digit
        if len(collecting.got) >= collecting.most:
            self._collected(party, "complete")
        else:
            self._wait(party, collecting, collecting.gap_seconds)

    def _collected(self, party: Party, reason: str) -> None:
        collecting, party.collecting = party.collecting, None
        if collecting is not None:
            _cancel(collecting.timer)
            self._telling.tell(told.DigitsCollected, party.leg, collecting.name, collecting.got, reason)

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


def sample_of(answered: datetime | None) -> int:
    """Of now, counted since the leg was answered."""
    return int((clock.now() - answered).total_seconds() * RATE) if answered else 0


def recording_name() -> str:
    """Says when it began, in milliseconds: whoever finds its file after a restart needs nothing else."""
    return f"rec-{time.time_ns() // 1_000_000}-{secrets.token_hex(4)}"


def recording_began(name: str) -> datetime | None:
    """None: that is no recording of ours."""
    found = re.fullmatch(r"rec-(\d{13})-[0-9a-f]{8}", name)
    return datetime.fromtimestamp(int(found[1]) / 1000, UTC) if found else None


def recording_path(name: str) -> str:
    """Relative to the folder of recordings: by day, as the embedded exchange keeps them."""
    began = recording_began(name) or clock.now()
    return f"{began:%Y/%m/%d}/{name}.wav"


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


def _apart(seat: Seat) -> Seat | None:
    """Of a leg that the switch has in no bridge: held still is, anything else is not."""
    return seat if seat.role is Role.HOLD else None


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


__all__ = ["RING_BACK", "Leg", "Steered", "recording_began", "recording_name", "recording_path"]
