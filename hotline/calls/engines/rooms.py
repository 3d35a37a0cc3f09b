"""Parties and rooms of a switch that knows channels and bridges: who is where in which role, and what the switch tells of them.

State is changed first and the switch asked then (and the change taken back when it refuses): a command that comes meanwhile
sees what will be. What the switch has done so far is `Party.placed`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from hotline.calls.engines import events as told
from hotline.calls.engines.commands import Role
from hotline.calls.engines.events import EngineEvent
from hotline.calls.engines.interface import EngineAway, EngineRefused
from hotline.calls.engines.parties import ENDED, RINGING, UP, Collecting, Consultation, Party, Playing, Seat
from hotline.calls.engines.switch import RING_BACK, UNANSWERED_SECONDS, Switch
from hotline.calls.engines.telling import Telling
from hotline.kit import clock

log = logging.getLogger("hotline.calls")


class Rooms(Switch):
    """`prompts`: the folder of sounds as the platform sees it. `patience`: seconds that a command waits for the switch."""

    def __init__(self, prompts: Path, patience: float) -> None:
        self._prompts = prompts
        self._patience = patience
        self._parties: dict[str, Party] = {}
        self._consultations: dict[str, Consultation] = {}
        self._telling = Telling(lambda: tuple(one.facts() for one in self._parties.values()))
        self._tasks: set[asyncio.Task[Any]] = set()
        self._connected = asyncio.Event()
        self._trouble = ""
        """Why the switch is away, in words for who keeps it."""

    # -- the connection ------------------------------------------------------------------------------------------------

    def here(self) -> None:
        self._trouble = ""
        self._connected.set()

    def away(self, why: str) -> None:
        if why != self._trouble:
            log.warning("the switch is away: %s", why)
        self._trouble = why
        self._connected.clear()

    async def reached(self) -> None:
        """Raises EngineAway with what is known of why."""
        try:
            async with asyncio.timeout(self._patience):
                await self._connected.wait()
        except TimeoutError:
            raise EngineAway(f"The switch was not reached in time. {self._trouble}".strip()) from None

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
        if party.seat == seat and party.placed == seat:
            return
        party.seat = seat
        async with party.moving:  # one after another, or the switch might do the later one first
            before = party.placed
            try:
                if before != seat and party.state != ENDED:
                    await self.do_move(party, before, seat)
            except (EngineRefused, EngineAway):
                if party.seat is seat and party.state != ENDED:
                    party.seat = before
                raise
            party.placed = seat
            if party.state == ENDED:
                return  # whose end takes it out again
            await self._note(party)
        if seat == before:
            return
        if seat is None:
            self._telling.tell(told.LegMoved, party.leg, None, None, None)
        else:
            self._telling.tell(told.LegMoved, party.leg, seat.room, seat.role.value, seat.target or None)
        if before is not None and (seat is None or seat.room != before.room):
            await self._left(party, before.room)

    async def _note(self, party: Party) -> None:
        with contextlib.suppress(EngineRefused, EngineAway):  # it has gone, or the next note tells
            await self.do_note(party)

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
            if not await self.do_hang_up(party):
                self.heard_end(party.leg, reason)

    # -- what the switch tells -----------------------------------------------------------------------------------------

    def recovered(self, run: str, legs: Iterable[Party], since: datetime) -> None:
        """Connected, and this is what is true: what is known of the same legs is kept, the others have ended, but those that were
        called after `since`, when the list was begun."""
        found = {one.leg: one for one in legs}
        for leg, known in list(self._parties.items()):
            if leg not in found and known.began < since:
                self.heard_end(leg, "lost")
        for leg, one in found.items():
            known = self._parties.setdefault(leg, one)
            if known is not one:
                known.recording = one.recording
                if known.state == RINGING and one.state == UP:
                    self.heard_up(leg)
                if known.playing is not None:
                    self.spawn(self._look(known, known.playing))
            known.seat = known.placed = one.seat
            if known.state == RINGING and known.timer is None and known.early is None:
                self._after(known, UNANSWERED_SECONDS, "unanswered" if known.direction == "in" else "no_answer")
        self._telling.begin(run)

    async def _look(self, party: Party, playing: Playing) -> None:
        spoken = playing.spoken
        if not await self.do_look_whether_it_plays(party, playing):
            self.heard_played(party.leg, spoken)

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
        cancelled(party.timer)
        self._telling.tell(told.LegAnswered, party.leg)
        self.spawn(self._note(party))
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
        cancelled(party.timer)
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
        async with party.moving:
            placed, party.placed = party.placed, None
            if placed is not None:
                await self.do_move(party, placed, None)
        for room in {seat.room, placed.room if placed else seat.room}:
            await self._left(party, room)

    def _after(self, party: Party, seconds: float, reason: str) -> None:
        loop = asyncio.get_running_loop()
        party.timer = loop.call_later(seconds, lambda: self.spawn(self.hang_up(party, reason)))

    def _played(self, party: Party, reason: str) -> None:
        playing, party.playing = party.playing, None
        if playing is not None and RING_BACK not in playing.files:
            self._telling.tell(told.PlayEnded, party.leg, playing.name, reason)

    def _wait(self, party: Party, collecting: Collecting, seconds: float) -> None:
        cancelled(collecting.timer)
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
            cancelled(collecting.timer)
            self._telling.tell(told.DigitsCollected, party.leg, collecting.name, collecting.got, reason)


def cancelled(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


__all__ = ["Rooms"]
