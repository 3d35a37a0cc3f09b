"""The switch: legs, rooms, the 20 ms tick, and the events they cause. Verbs on it are in verbs.py and transfers.py."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from softswitch.faults import Refused
from softswitch.journal import Journal
from softswitch.mixer import Role, Seat
from softswitch.party import Collecting, Consultation, Ear, Line, Party, Room, State
from softswitch.recording import Recording
from softswitch.settings import Settings
from softswitch.sound import FRAME, FRAME_SECONDS, SILENCE, Samples

log = logging.getLogger("softswitch")

LONGEST_LATE = 1.0
"""Seconds: a process that slept longer does not make up for the frames it missed."""


class Switch:
    """One for a process; everything happens on its loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.journal = Journal(settings.events_kept)
        self.parties: dict[str, Party] = {}
        self.rooms: dict[str, Room] = {}
        self.consultations: dict[str, Consultation] = {}
        self.controllers = 0
        """Platforms that are connected; with none, parties that nobody hears are let go after a while."""
        self.took: deque[float] = deque(maxlen=3000)
        self.late: deque[float] = deque(maxlen=3000)
        """Seconds each of the last minute's ticks took, and began after its time."""
        self.skipped = 0
        self.refused = 0
        self._serial = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._refusals_told = 0.0

    # -- names ---------------------------------------------------------------------------------------------------------

    def number(self, kind: str) -> str:
        """A name never given twice, in no run."""
        self._serial += 1
        return f"{kind}-{self.journal.run}-{self._serial}"

    def party(self, leg: str) -> Party:
        """Raises Refused `no_leg`."""
        if (found := self.parties.get(leg)) is None:
            raise Refused("no_leg", f"There is no leg {leg}, or it has ended.")
        return found

    def speaking(self, leg: str) -> Party:
        """A leg that is up. Raises Refused `no_leg`, `not_up`."""
        found = self.party(leg)
        if found.state is not State.UP:
            raise Refused("not_up", f"Leg {leg} has not been answered.")
        return found

    def spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task failed", exc_info=error)

    # -- legs ----------------------------------------------------------------------------------------------------------

    def add(self, line: Line, **facts: Any) -> Party:
        """A new leg, ringing. Its line's callbacks are bound here."""
        party = Party(self.number("leg"), line, **facts)
        self.parties[party.leg] = party
        for name, reaction in (
            ("on_answered", lambda: self.went_up(party)),
            ("on_ringing", lambda: self._rings(party)),
            ("on_digit", lambda digit: self.typed(party, digit)),
            ("on_ended", lambda reason, status, told: self.ended(party, reason, status, told)),
        ):
            setattr(line, name, reaction)
        return party

    def incoming(self, line: Line, trunk: str, caller: str, called: str, headers: Mapping[str, str]) -> None:
        """A call from a trunk: told, and let go if nobody answers it in time."""
        party = self.add(
            line, kind="sip", direction="in", trunk=trunk, caller=caller, called=called, headers=dict(headers)
        )
        self.journal.tell("leg.ringing", **party.facts())
        self.after(party, self.settings.unanswered_seconds, "unanswered")
        line.bound()

    def after(self, party: Party, seconds: float, reason: str) -> None:
        """Hang up for this reason unless the party is answered before."""
        loop = asyncio.get_running_loop()
        party.timer = loop.call_later(seconds, lambda: self.spawn(self.hang_up(party, reason)))

    async def hang_up(self, party: Party, reason: str = "near") -> None:
        if party.state is State.ENDED:
            return
        party.ending = party.ending or reason
        await party.line.hang_up()

    def _rings(self, party: Party) -> None:
        if party.state is State.RINGING and party.direction == "out":
            self.journal.tell("leg.alerting", leg=party.leg)

    def went_up(self, party: Party) -> None:
        if party.state is not State.RINGING:
            return
        party.state = State.UP
        party.answered = time.time()
        if party.timer is not None:
            party.timer.cancel()
        self.journal.tell("leg.answered", leg=party.leg, label=party.label or None)
        if party.on_up is not None:
            party.on_up()

    def ended(self, party: Party, reason: str, status: int | None, quality: Mapping[str, Any]) -> None:
        """Everything that hangs on a leg is let go, then its end is told."""
        if party.state is State.ENDED:
            return
        party.state = State.ENDED
        self.parties.pop(party.leg, None)
        if party.timer is not None:
            party.timer.cancel()
        self.stop_playing(party, "hangup")
        self.collected(party, "hangup")
        self.close_recording(party)
        for ear in party.ears:
            ear.end()
        party.ears.clear()
        self.leave(party, told=False)
        seconds = round(time.time() - party.answered, 2) if party.answered else 0.0
        why = party.ending if party.ending and reason in ("near", "failed") else reason
        party.ending = why
        self.journal.tell(
            "leg.ended",
            leg=party.leg,
            reason=why,
            status=status,
            seconds=seconds,
            label=party.label or None,
            quality=dict(quality) or None,
        )
        for react in list(party.on_end.values()):
            react(why)

    def refuse(self, source: str) -> None:
        """A call from nobody we know; told at most once a second, so that a flood cannot push events out."""
        self.refused += 1
        if time.monotonic() - self._refusals_told >= 1.0:
            self._refusals_told = time.monotonic()
            self.journal.tell("sip.refused", source=source or "unknown", refused=self.refused)

    # -- rooms ---------------------------------------------------------------------------------------------------------

    def join(self, party: Party, name: str, role: Role, target: str | None = None) -> None:
        """Into a room, made when it is not there; out of the room it was in.

        Raises Refused `bad_target`: a whisper needs a party of the same room, nothing else has one.
        """
        room = self.rooms.get(name)
        if (role is Role.WHISPER) != (target is not None):
            raise Refused("bad_target", "A whisper has a target, and nothing else has.")
        if target is not None and (target == party.leg or room is None or target not in room.seats):
            raise Refused("bad_target", "The target of a whisper must be another party in the same room.")
        if party.room is not None and party.room.name != name:
            self.leave(party)
        if room is None:
            room = self.rooms[name] = Room(name)
        seat = Seat(party.leg, role, target)
        if room.seats.get(party.leg) == seat:
            return
        room.put(seat)
        party.room = room
        self.journal.tell("leg.moved", leg=party.leg, room=name, role=role.value, target=target)

    def leave(self, party: Party, *, told: bool = True) -> None:
        room, party.room = party.room, None
        if room is None:
            return
        room.take(party.leg)
        for seat in [one for one in room.seats.values() if one.target == party.leg]:
            room.put(Seat(seat.leg, Role.LISTEN))  # whom it whispered to has gone; it goes on listening
            self.journal.tell("leg.moved", leg=seat.leg, room=room.name, role=Role.LISTEN.value)
        if not room.seats:
            self.rooms.pop(room.name, None)
        if told:
            self.journal.tell("leg.moved", leg=party.leg)

    # -- prompts and digits --------------------------------------------------------------------------------------------

    def stop_playing(self, party: Party, reason: str) -> None:
        playing, party.playing = party.playing, None
        if playing is not None:
            self.journal.tell("play.ended", leg=party.leg, play=playing.number, reason=reason)

    def typed(self, party: Party, digit: str) -> None:
        self.journal.tell("leg.digit", leg=party.leg, digit=digit)
        if party.playing is not None and party.playing.until_digit:
            self.stop_playing(party, "digit")
        if party.collecting is None:
            party.typed.append(digit)
        else:
            self._collect(party, party.collecting, digit)

    def collect(self, party: Party, collecting: Collecting, first_seconds: float) -> None:
        """Wait for digits; those typed before count when nobody emptied `typed`."""
        self.collected(party, "replaced")
        party.collecting = collecting
        self._wait_digit(party, collecting, first_seconds)
        while party.typed and party.collecting is collecting:
            self._collect(party, collecting, party.typed.popleft())

    def _wait_digit(self, party: Party, collecting: Collecting, seconds: float) -> None:
        if collecting.timer is not None:
            collecting.timer.cancel()
        loop = asyncio.get_running_loop()
        collecting.timer = loop.call_later(seconds, lambda: self.collected(party, "timeout"))

    def _collect(self, party: Party, collecting: Collecting, digit: str) -> None:
        if digit == collecting.end:
            self.collected(party, "end")
            return
        collecting.got += digit
        if len(collecting.got) >= collecting.most:
            self.collected(party, "complete")
        else:
            self._wait_digit(party, collecting, collecting.gap_seconds)

    def collected(self, party: Party, reason: str) -> None:
        collecting, party.collecting = party.collecting, None
        if collecting is None:
            return
        if collecting.timer is not None:
            collecting.timer.cancel()
        self.journal.tell(
            "digits.collected", leg=party.leg, collect=collecting.number, digits=collecting.got, reason=reason
        )

    # -- recordings and ears -------------------------------------------------------------------------------------------

    def record(self, party: Party) -> str:
        """Raises Refused `recording_failed`, `recording_already`."""
        if party.recording is not None:
            raise Refused("recording_already", f"Leg {party.leg} is being recorded.")
        try:
            party.recording = Recording(self.settings.recordings, self.number("rec"), party.leg)
        except OSError as error:
            raise Refused("recording_failed", f"The recording could not be opened: {error}.") from None
        recording = party.recording
        self.journal.tell(
            "recording.started",
            leg=party.leg,
            recording=recording.number,
            path=recording.path,
            sample=party.heard_samples,
        )
        return recording.number

    def close_recording(self, party: Party) -> None:
        recording, party.recording = party.recording, None
        if recording is not None:
            self.spawn(self._close(recording))

    async def _close(self, recording: Recording) -> None:
        try:
            closed = await asyncio.to_thread(recording.close)
        except OSError as error:
            self._lost(recording, error)
            return
        self.journal.tell("recording.closed", **closed.facts())

    def _lost(self, recording: Recording, error: OSError) -> None:
        recording.abandon()
        self.journal.tell("recording.failed", recording=recording.number, leg=recording.leg, why=str(error))

    # -- the tick ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Twenty milliseconds after twenty milliseconds, until cancelled. A late tick is made up for at once."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            late = loop.time() - due
            if late > LONGEST_LATE:
                self.skipped += int(late / FRAME_SECONDS)
                due = loop.time()
            began = time.perf_counter()
            try:
                self.tick()
            except Exception:
                log.exception("a tick failed")
            self.took.append(time.perf_counter() - began)
            self.late.append(late)
            due += FRAME_SECONDS

    def tick(self) -> None:
        up = [party for party in self.parties.values() if party.state is State.UP]
        said: dict[str, Samples] = {}
        for party in up:
            try:
                frame = party.line.pull()
            except Exception:
                self._broken(party)
                continue
            if frame is not None:
                said[party.leg] = frame
        out: dict[str, Samples] = {}
        for room in self.rooms.values():
            room.hear(said, out)
        for party in up:
            try:
                self._give(party, said.get(party.leg, SILENCE), out.get(party.leg, SILENCE))
            except Exception:
                self._broken(party)

    def _give(self, party: Party, says: Samples, hears: Samples) -> None:
        """One party's 20 ms: to its line, to those who listen in, on disk."""
        if party.playing is not None:
            played = party.playing.take()
            if played is None:
                self.stop_playing(party, "finished")
            else:
                hears = played if hears is SILENCE else _add(hears, played)
        party.line.push(hears)
        for ear in party.ears:
            ear.hear(says, party.heard_samples)
        party.heard_samples += FRAME
        if party.recording is not None:
            try:
                party.recording.add(says, hears)
            except OSError as error:
                recording, party.recording = party.recording, None
                self._lost(recording, error)

    def _broken(self, party: Party) -> None:
        """A fault in one party's part ends that party; the others talk on."""
        log.exception("leg %s failed", party.leg)
        if not party.ending:
            self.spawn(self.hang_up(party, "failed"))

    async def watch(self) -> None:
        """Once a second: browsers that have gone, and parties that nobody hears and nothing is played to, while no platform is
        there to care."""
        while True:
            await asyncio.sleep(1.0)
            for party in list(self.parties.values()):
                self._watch(party)

    def _watch(self, party: Party) -> None:
        # A closed window says nothing, and a citizen may be in the room with it: it is not waited for as long as a telephone.
        gone = party.kind == "browser" and party.state is State.UP and not party.ending
        if gone and party.line.quiet() > self.settings.browser_seconds:
            self.spawn(self.hang_up(party, "silent"))
            return
        cared = self.controllers or party.playing or party.kind != "sip" or party.state is not State.UP
        heard = party.room is not None and party.room.heard_by_anyone(party.leg)
        if cared or heard:
            party.alone_since = None
        elif party.alone_since is None:
            party.alone_since = time.monotonic()
        elif time.monotonic() - party.alone_since > self.settings.alone_seconds:
            self.spawn(self.hang_up(party, "alone"))

    # -- looking -------------------------------------------------------------------------------------------------------

    def listen(self, leg: str) -> Ear:
        ear = Ear()
        self.speaking(leg).ears.append(ear)
        return ear

    def deafen(self, leg: str, ear: Ear) -> None:
        if (party := self.parties.get(leg)) is not None and ear in party.ears:
            party.ears.remove(ear)

    def snapshot(self) -> dict[str, Any]:
        """What is true now, after event `last`."""
        return {
            "run": self.journal.run,
            "last": self.journal.last,
            "legs": [party.facts() for party in self.parties.values()],
        }

    def nothing(self) -> dict[str, Any]:
        """What was true when this run began."""
        return {"run": self.journal.run, "last": 0, "legs": []}

    def figures(self) -> dict[str, Any]:
        """Of the last minute: milliseconds a tick takes and begins late; calls, refusals, ticks skipped for ever."""
        return {
            "legs": len(self.parties),
            "rooms": len(self.rooms),
            "tick_p50_ms": _quantile(self.took, 0.5),
            "tick_p99_ms": _quantile(self.took, 0.99),
            "late_p99_ms": _quantile(self.late, 0.99),
            "ticks_skipped": self.skipped,
            "sip_refused": self.refused,
        }

    async def close(self) -> None:
        """Hang up everybody, then wait until recordings are closed."""
        for party in list(self.parties.values()):
            await self.hang_up(party, "stopped")
        deadline = time.monotonic() + 3.0
        while self.parties and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        for party in list(self.parties.values()):
            self.ended(party, "stopped", None, {})
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


def _add(one: Samples, other: Samples) -> Samples:
    both: Samples = np.clip(one.astype(np.int32) + other, -32768, 32767).astype(np.int16)
    return both


def _quantile(values: deque[float], part: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000, 2) if ordered else 0.0
