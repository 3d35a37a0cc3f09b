"""FreeSWITCH as an engine, over its event socket (ESL; from version 1.10 on).

UNVERIFIED: written from FreeSWITCH's public documentation and source, played against a double that speaks the event socket as those
say (tests/calls/doubles/esl.py). No FreeSWITCH has been at the other end yet. What has to stand in its configuration, and what to
try first, is in docs/telephony.md.

| ours                  | FreeSWITCH's                                                                            |
|-----------------------|-----------------------------------------------------------------------------------------|
| leg                   | channel with the variable xs_trunk; of a call made by us its uuid is ours               |
| alone, held           | parked                                                                                  |
| room                  | conference of the profile `hotline`; listen is muted in it                              |
| whisper               | a member that may speak to its target only (`relate … nospeak`)                         |
| play                  | the application playback, named by us                                                   |
| recording             | uuid_record of two channels into a folder that both see; filed here when it ends        |
| sound                 | likewise, a file without a head that is read while it grows                             |
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from hotline.calls.engines.freeswitch.conferences import Conferences, escaped, plain
from hotline.calls.engines.freeswitch.esl import Esl, Event, Fault, Line, Unwelcome, refused
from hotline.calls.engines.freeswitch.recorder import Recorder, listen
from hotline.calls.engines.interface import EngineAway, EngineRefused, Sound
from hotline.calls.engines.parties import RINGING, UP, Party, Playing, Seat, seat_found
from hotline.calls.engines.switch import RING_BACK, UNANSWERED_SECONDS
from hotline.calls.engines.transfers import Transferring
from hotline.calls.engines.waves import recording_path
from hotline.kit import clock

log = logging.getLogger("hotline.calls")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0
EVENTS = (
    "CHANNEL_CREATE",
    "CHANNEL_PROGRESS",
    "CHANNEL_PROGRESS_MEDIA",
    "CHANNEL_ANSWER",
    "CHANNEL_PARK",
    "CHANNEL_HANGUP",
    "CHANNEL_EXECUTE",
    "CHANNEL_EXECUTE_COMPLETE",
    "DTMF",
    "RECORD_STOP",
    "BACKGROUND_JOB",
    "CUSTOM conference::maintenance",
)
ENDS = {
    "USER_BUSY": "busy",
    "NO_ANSWER": "no_answer",
    "NO_USER_RESPONSE": "no_answer",
    "CALL_REJECTED": "declined",
}
"""Causes of a call that nobody answered; any other is `failed`."""
NO_MEDIA = "MEDIA_TIMEOUT"
VARIABLES = {
    "playback_terminators": "none",
    "RECORD_STEREO": "true",
    "record_sample_rate": "8000",
    "enable_file_write_buffering": "false",
}
"""Of every leg: keys stop no prompt by themselves; recordings have two sides and are written as they come."""
RINGING_TONE = "tone_stream://%(1000,4000,450);loops=-1"
"""As Chinese exchanges ring back: 450 Hz, one second in five."""
HEADER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _.:;@<>=/+-")
"""What may stand in a header's value of a call out: what has a meaning in a dial string may not."""


@dataclass(slots=True, eq=False)
class Running:
    """A play that FreeSWITCH was given: it takes a moment to begin, and may be stopped only then."""

    leg: str
    began: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class FreeswitchEngine(Transferring):
    """`sounds`, `fresh_there`: the folders of prompts and of what is being recorded as FreeSWITCH sees them; empty: as we do. `fresh`:
    the latter as we see it. `headers`: SIP headers of an incoming call that are read."""

    def __init__(
        self,
        host: str,
        port: int,
        password: str,
        *,
        user: str = "",
        prompts: Path,
        recordings: Path,
        fresh: Path,
        sounds: str = "",
        fresh_there: str = "",
        headers: Sequence[str] = ("X-District",),
        patience: float = 10.0,
    ) -> None:
        super().__init__(prompts, patience)
        self._seconds = min(5.0, patience)
        self._esl = Esl(host, port, password, user=user, seconds=self._seconds)
        self._line: Line | None = None
        self._sounds = sounds or str(prompts.resolve())
        self._fresh, self._there = fresh, fresh_there or str(fresh.resolve())
        self._headers = tuple(headers)
        self._conferences = Conferences(self._api, self._seconds)
        self._recorder = Recorder(fresh, recordings, self.heard_recorded)
        self._running: dict[str, Running] = {}
        """By the name that a play is spoken of by."""
        self._created: dict[str, asyncio.Event] = {}
        """By leg that is being dialled: its channel is there."""
        self._heard_kinds: dict[str, Callable[[str, Event], None]] = {
            "CHANNEL_CREATE": self._channel_made,
            "CHANNEL_PROGRESS": lambda leg, event: self.heard_ring(leg),
            "CHANNEL_PROGRESS_MEDIA": lambda leg, event: self.heard_ring(leg),
            "CHANNEL_ANSWER": self._answered_leg,
            "CHANNEL_PARK": self._parked,
            "CHANNEL_HANGUP": self._hung_up,
            "CHANNEL_EXECUTE": self._play_began,
            "CHANNEL_EXECUTE_COMPLETE": self._play_ended,
            "DTMF": lambda leg, event: self.heard_digit(leg, str(event["DTMF-Digit"])),
            "RECORD_STOP": self._recorded,
            "CUSTOM": lambda leg, event: self._conferences.heard(event),
        }

    # -- the connection ------------------------------------------------------------------------------------------------

    async def stay_connected(self) -> None:
        log.warning(
            "FreeSWITCH is followed by an engine that was never tried with a real one: docs/telephony.md"
        )
        pause = FIRST_PAUSE
        while True:
            try:
                async with self._esl.line() as line:
                    await line.follow(EVENTS)
                    self._line = line
                    await self._recover()
                    self.here()
                    pause = FIRST_PAUSE
                    async for event in line.events():
                        self._heard(event)
                self.away("FreeSWITCH closed the line.")
            except (EngineAway, Unwelcome, OSError) as error:
                self.away(str(error))
            except Exception:
                log.exception("FreeSWITCH said what cannot be read; events begin anew")
                self.away("FreeSWITCH said what cannot be read.")
            finally:
                self._line = None
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _api(self, command: str) -> str:
        return await self._on().api(command)

    def _on(self) -> Line:
        if self._line is None:
            raise EngineAway("FreeSWITCH is away.")
        return self._line

    async def _recover(self) -> None:
        since = clock.now()
        await asyncio.to_thread(self._recorder.make)
        run = (await self._api("global_getvar core_uuid")).strip()
        rooms = self._conferences.found(await self._there_are("conference json_list"))
        legs = []
        for row in json.loads(await self._api("show channels as json")).get("rows", []):
            try:
                facts = json.loads(await self._api(f"uuid_dump {row['uuid']} json"))
            except Fault:
                continue  # gone again
            if not _variable(facts, "trunk"):
                continue  # somebody else's
            party = self._party(facts)
            party.state = UP if facts.get("Answer-State") == "answered" else RINGING
            party.answered = _moment(facts, "Caller-Channel-Answered-Time")
            party.seat = party.placed = seat_found(plain(_variable(facts, "seat")), rooms.get(party.leg))
            party.recording = _variable(facts, "recording")
            if party.seat is not None and party.leg in rooms:
                self._conferences.seated(party.leg, party.seat)
            legs.append(party)
        self.recovered(f"freeswitch-{run}", legs, since)
        for name in self._recorder.over(party.recording for party in legs):
            self.spawn(self._recorder.file(name, "", recovered=True))

    async def _there_are(self, command: str) -> list[Any]:
        """A list in JSON; of none it says so in words."""
        try:
            told = json.loads(await self._api(command))
        except (ValueError, Fault):
            return []
        return told if isinstance(told, list) else []

    def _party(self, facts: Event) -> Party:
        leg, out = str(facts["Unique-ID"]), str(facts["Unique-ID"]).startswith("out-")
        headers = {name: str(facts.get(f"variable_sip_h_{name}", "")) for name in self._headers}
        return Party(
            leg,
            "out" if out else "in",
            trunk=_variable(facts, "trunk"),
            caller="" if out else str(facts.get("Caller-Caller-ID-Number", "")),
            called=plain(_variable(facts, "called"))
            if out
            else str(facts.get("Caller-Destination-Number", "")),
            label=plain(_variable(facts, "label")),
            headers={name: value for name, value in headers.items() if value},
            began=_moment(facts, "Caller-Channel-Created-Time") or clock.now(),
        )

    # -- what FreeSWITCH tells -----------------------------------------------------------------------------------------

    def _heard(self, event: Event) -> None:
        react = self._heard_kinds.get(str(event.get("Event-Name")))
        if react is not None:
            react(str(event.get("Unique-ID", "")), event)

    def _channel_made(self, leg: str, event: Event) -> None:
        if (created := self._created.get(leg)) is not None:
            created.set()

    def _answered_leg(self, leg: str, event: Event) -> None:
        party = self._parties.get(leg)
        if party is not None and party.direction == "in":
            self.heard_up(leg)  # a call of ours is up when it is parked: only then can it be steered

    def _parked(self, leg: str, event: Event) -> None:
        self._conferences.parked(leg)
        if leg in self._parties:
            if leg.startswith("out-"):
                self.heard_up(leg)
        elif leg.startswith("out-"):
            self.spawn(self._kill(leg))  # a call of ours that nobody knows of any more
        elif _variable(event, "trunk"):
            party = self._party(event)
            self.heard_new(party)
            self.spawn(self._arrived(party))

    async def _arrived(self, party: Party) -> None:
        """Nothing is asked of a leg before its variables are set."""
        with contextlib.suppress(Fault, EngineAway):
            told = ";".join(f"{name}={value}" for name, value in VARIABLES.items())
            await self._api(f"uuid_setvar_multi {party.leg} {told}")
        self.told_of(party, UNANSWERED_SECONDS, "unanswered")

    def _hung_up(self, leg: str, event: Event) -> None:
        self._conferences.ended(leg)
        for running in [one for one in self._running.values() if one.leg == leg]:
            running.began.set()
            running.ended.set()
        party, cause = self._parties.get(leg), str(event.get("Hangup-Cause", ""))
        if party is None:
            return
        status = str(event.get("variable_sip_term_status", ""))
        talked = "silent" if cause == NO_MEDIA else "far"
        reason = talked if party.state == UP or party.direction == "in" else ENDS.get(cause, "failed")
        self.heard_end(leg, reason, int(status) if status.isdigit() else None)

    def _play_began(self, leg: str, event: Event) -> None:
        if (running := self._running.get(str(event.get("Application-UUID")))) is not None:
            running.began.set()

    def _play_ended(self, leg: str, event: Event) -> None:
        spoken = str(event.get("Application-UUID"))
        if (running := self._running.pop(spoken, None)) is not None:
            running.began.set()
            running.ended.set()
            self.heard_played(leg, spoken, failed="ERROR" in str(event.get("Application-Response", "")))

    def _recorded(self, leg: str, event: Event) -> None:
        name = PurePosixPath(str(event.get("Record-File-Path", ""))).stem
        if name.startswith("rec-"):
            self.spawn(self._recorder.file(name, leg, recovered=False))

    # -- legs ----------------------------------------------------------------------------------------------------------

    async def do_answer(self, party: Party) -> None:
        with refused():
            await self._api(f"uuid_answer {party.leg}")

    async def do_hang_up(self, party: Party) -> bool:
        return await self._kill(party.leg)

    async def _kill(self, leg: str) -> bool:
        try:
            await self._api(f"uuid_kill {leg} NORMAL_CLEARING")
        except Fault:
            return False
        return True

    async def do_dial(self, party: Party, headers: Mapping[str, str], ring_seconds: float) -> None:
        line = self._on()
        trunk = party.trunk
        if not all(set(value) <= HEADER for value in headers.values()):
            raise EngineRefused(
                "bad_argument", "A header may hold letters, digits and _.:;@<>=/+- for this switch."
            )
        try:
            if not trunk or set(trunk) - HEADER or set(trunk) & set(" ;<>=/@:"):
                raise Fault("a gateway has letters, digits, . _ -")
            await line.api(f"sofia status gateway {trunk}")
        except Fault:
            raise EngineRefused("no_trunk", f"FreeSWITCH has no gateway {trunk}.") from None
        if (await line.api(f"uuid_exists {party.leg}")).strip() == "true":
            await self._placed_before(party)
            return
        variables = VARIABLES | {
            "origination_uuid": party.leg,
            "xs_trunk": trunk,
            "xs_label": escaped(party.label),
            "xs_called": escaped(party.called),
            "ignore_early_media": "true",
            "originate_timeout": str(int(ring_seconds) + 5),
        }
        variables |= {f"sip_h_{name}": value for name, value in headers.items()}
        told = ",".join(f"{name}='{value}'" for name, value in variables.items())
        created = self._created[party.leg] = asyncio.Event()
        try:
            job = await line.job(f"originate {{{told}}}sofia/gateway/{trunk}/{party.called} &park()")
            made = asyncio.get_running_loop().create_task(created.wait())
            try:
                first: set[asyncio.Future[Any]] = {job, made}
                await asyncio.wait(first, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
            finally:
                made.cancel()
            if created.is_set():
                return  # its end is an event
            if not job.done():
                raise EngineAway("FreeSWITCH has not begun to call in time.")
            job.result()
        except Fault as fault:
            raise EngineRefused("not_dialled", f"The call was not placed: {fault}.") from None
        finally:
            del self._created[party.leg]

    async def _placed_before(self, party: Party) -> None:
        try:
            facts = json.loads(await self._api(f"uuid_dump {party.leg} json"))
        except Fault:
            self.heard_end(party.leg, "failed")
            return
        if facts.get("Answer-State") == "answered":
            self.heard_up(party.leg)

    async def do_note(self, party: Party) -> None:
        with refused():
            seat = escaped(party.placed.note) if party.placed else ""
            await self._api(f"uuid_setvar {party.leg} xs_seat {seat}".strip())

    async def do_press(self, party: Party, digits: str) -> None:
        with refused():
            await self._api(f"uuid_send_dtmf {party.leg} {digits}")

    async def do_figures(self) -> dict[str, float]:
        with refused():
            count = (await self._api("show channels count")).split()
        return {
            "channels": float(count[0]) if count and count[0].isdigit() else 0.0,
            "conferences": len(self._conferences),
        }

    # -- prompts -------------------------------------------------------------------------------------------------------

    async def do_play(self, party: Party, playing: Playing) -> None:
        files = [RINGING_TONE if name == RING_BACK else f"{self._sounds}/{name}" for name in playing.files]
        argument = files[0] if len(files) == 1 else "file_string://" + "!".join(files)
        self._running[playing.spoken] = Running(party.leg)
        try:
            with refused():
                await self._on().execute(party.leg, "playback", argument, playing.spoken)
        except (EngineRefused, EngineAway):
            self._running.pop(playing.spoken, None)
            raise

    async def do_stop(self, party: Party, playing: Playing) -> None:
        """Waited for at both ends: a break that came when nothing plays would stop the next play instead."""
        running = self._running.get(playing.spoken)
        if running is None:
            return
        try:
            async with asyncio.timeout(self._seconds):
                await running.began.wait()
                if not running.ended.is_set():
                    with contextlib.suppress(Fault):  # it has gone
                        await self._api(f"uuid_break {party.leg} all")
                    await running.ended.wait()
        except TimeoutError:
            raise EngineAway("A prompt did not end in time.") from None
        finally:
            self._running.pop(playing.spoken, None)

    async def do_look_whether_it_plays(self, party: Party, playing: Playing) -> bool:
        """FreeSWITCH cannot be asked. What repeats begins anew; of what does not, the end is waited for as if it played."""
        self._running.pop(playing.spoken, None)
        if not playing.loop:
            self._running[playing.spoken] = Running(party.leg)
            self._running[playing.spoken].began.set()
            return True
        with contextlib.suppress(Fault):
            await self._api(f"uuid_break {party.leg} all")
        return False

    # -- rooms, recordings, sound --------------------------------------------------------------------------------------

    async def do_move(self, party: Party, before: Seat | None, after: Seat | None) -> None:
        await self._conferences.move(party.leg, before, after)

    async def do_forget(self, room: str) -> None:
        self._conferences.forget(room)

    def _file(self, recording: str) -> str:
        return f"{self._there}/{recording}.wav"

    async def do_record(self, party: Party, recording: str) -> str:
        try:
            await self._api(f"uuid_record {party.leg} start {self._file(recording)}")
            await self._api(f"uuid_setvar {party.leg} xs_recording {recording}")
        except Fault as fault:
            code = "no_leg" if "No such channel" in str(fault) else "recording_failed"
            raise EngineRefused(code, f"FreeSWITCH does not record: {fault}.") from None
        return recording_path(recording)

    async def do_mute_recording(self, party: Party, recording: str, muted: bool) -> None:
        """Silence is recorded meanwhile, so that everything after keeps its place."""
        with refused():
            await self._api(
                f"uuid_record {party.leg} {'mask' if muted else 'unmask'} {self._file(recording)}"
            )

    async def do_end_recording(self, party: Party, recording: str) -> None:
        with contextlib.suppress(Fault):  # ended with its leg
            await self._api(f"uuid_record {party.leg} stop {self._file(recording)}")
            await self._api(f"uuid_setvar {party.leg} xs_recording")

    async def sound(self, leg: str) -> AsyncGenerator[Sound, None]:
        """See Switch.sound."""
        try:
            async with self._esl.line() as line:
                facts = json.loads(await line.api(f"uuid_dump {escaped_leg(leg)} json"))
        except Fault:
            raise EngineRefused("no_leg", f"There is no leg {leg}, or it has ended.") from None
        except Unwelcome as unwelcome:
            raise EngineAway(str(unwelcome)) from None
        if facts.get("Answer-State") != "answered":
            raise EngineRefused("not_up", f"Leg {leg} has not been answered.")
        answered = _moment(facts, "Caller-Channel-Answered-Time")
        async with contextlib.aclosing(listen(self._esl, leg, answered, self._fresh, self._there)) as pieces:
            async for piece in pieces:
                yield piece


def escaped_leg(leg: str) -> str:
    """One word, whatever stands in it: a leg's name comes from a table."""
    return leg if leg.replace("-", "").isalnum() and leg.isascii() else "-"


def _variable(facts: Event, name: str) -> str:
    return str(facts.get(f"variable_xs_{name}", ""))


def _moment(facts: Event, name: str) -> datetime | None:
    """Microseconds since 1970; 0 is never."""
    told = str(facts.get(name, "0"))
    return datetime.fromtimestamp(int(told) / 1_000_000, UTC) if told.isdigit() and int(told) else None
