"""Numbered events: told to whoever follows, kept for whoever comes back.

Numbers count from 1 within one *run* of the engine. A follower names the run and the last number it has seen; when that
run is over, or the number has left the buffer, it is told to start anew from a snapshot. There is no queue for a slow
follower: it holds a number, and reads on from there or falls off the end.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from typing import Any

Event = dict[str, Any]


class Journal:
    """`limit` events are kept. One for a process, used on its loop only."""

    def __init__(self, limit: int = 20_000) -> None:
        self.run = secrets.token_hex(6)
        self.last = 0
        self._kept: deque[Event] = deque(maxlen=limit)
        self._changed = asyncio.Event()

    @property
    def first(self) -> int:
        """Number of the oldest event kept; `last + 1` when there is none."""
        return int(self._kept[0]["number"]) if self._kept else self.last + 1

    def tell(self, event: str, **facts: Any) -> Event:
        """Record one event. Facts are JSON values; those that are None are left out."""
        self.last += 1
        entry = {"number": self.last, "at": round(time.time(), 3), "event": event}
        entry |= {name: value for name, value in facts.items() if value is not None}
        self._kept.append(entry)
        self._changed.set()
        self._changed = asyncio.Event()
        return entry

    def has(self, run: str, after: int) -> bool:
        """Whether everything after that number of that run can still be told."""
        return run == self.run and self.first - 1 <= after <= self.last

    def after(self, number: int) -> list[Event] | None:
        """The events after this number, at most 500; None when some of them are gone."""
        if not self.first - 1 <= number <= self.last:
            return None
        start = number - self.first + 1
        return [self._kept[place] for place in range(start, min(start + 500, len(self._kept)))]

    async def wait(self, number: int) -> None:
        """Until there is an event after this number."""
        while self.last <= number:
            await self._changed.wait()
