"""Numbers for the events of a switch that gives none, and their readers.

A number is the moment in microseconds (later than the one before, always), so that a mark of yesterday's process is never taken
for one of today's. What was told is kept for a while: a reader that comes again goes on after its mark. What happened while
nobody was connected cannot be told again by any such switch; the reader is then told honestly to begin anew, from a snapshot.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable

from hotline.calls.engines.events import EngineEvent, Leg, Mark, Reset
from hotline.kit import clock

KEPT = 5000


class Telling:
    """One for an engine. `legs` gives what is true now."""

    def __init__(self, legs: Callable[[], tuple[Leg, ...]], kept: int = KEPT) -> None:
        self._legs = legs
        self._kept: deque[EngineEvent] = deque(maxlen=kept)
        self._run = ""
        self._last = self._floor = 0
        self._changed = asyncio.Event()
        self._reader: object = None

    def begin(self, run: str) -> None:
        """Connected to this life of the switch, its present state known: who reads is told to begin anew from it."""
        self._kept.clear()
        self._run, self._last = run, self._next()
        self._floor = self._last
        self._wake()

    def tell(self, kind: Callable[..., EngineEvent], leg: str, *facts: object) -> None:
        """One event of now; `facts` are what the kind holds besides mark, moment and leg."""
        self._last = self._next()
        event = kind(Mark(self._run, self._last), clock.now(), leg, *facts)
        if len(self._kept) == self._kept.maxlen:
            self._floor = self._kept[0].mark.number
        self._kept.append(event)
        self._wake()

    async def read(self, after: Mark | None) -> AsyncGenerator[EngineEvent | Reset, None]:
        """See Engine.events. A reader that another has taken the place of ends."""
        reader = self._reader = object()
        self._wake()
        run, number = (after.run, after.number) if after else ("", -1)
        while True:
            if self._run and (run != self._run or not self._floor <= number <= self._last):
                new_run, run, number = run != self._run, self._run, self._last
                yield Reset(Mark(run, number), self._legs(), new_run)
            elif self._run and number < self._last:
                for event in self._since(number):
                    if run != self._run or number < self._floor:
                        break  # fell off the end, or the switch was started anew, while the one before was being read
                    number = event.mark.number
                    yield event
                    if self._reader is not reader:
                        return
            else:
                await self._changed.wait()
            if self._reader is not reader:
                return

    def _since(self, number: int) -> list[EngineEvent]:
        newer = []
        for event in reversed(self._kept):
            if event.mark.number <= number:
                break
            newer.append(event)
        return newer[::-1]

    def _next(self) -> int:
        return max(self._last + 1, time.time_ns() // 1000)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
