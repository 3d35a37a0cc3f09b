"""What the scribe knows of a call while it writes it down: whom it hears, up to where, what nobody has listened to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from hotline.kit.actor import system_actor
from hotline.speech.activity import Stretch
from hotline.speech.sound import TELEPHONE
from hotline.speech.transcript import Listener
from hotline.transcripts.permissions import WRITE
from hotline.transcripts.queries import Ear
from hotline.transcripts.rules import Gap, Span

SYSTEM = system_actor("scribe", WRITE)
LEAST_GAP = 300
"""Milliseconds; a shorter hole is a breath."""


class Listening:
    """One party's connection as it is heard: pieces of sound with their place, holes filled, muted parts silent."""

    def __init__(self, ear: Ear, listener: Listener) -> None:
        self.ear, self.listener = ear, listener
        self.mute = False
        self.first: int | None = None
        """Sample of the leg at which the listener's time begins."""
        self.next = 0
        self.epoch = float("inf")
        """The leg's sample 0 as a moment of the wall clock: the earliest that any message allows."""

    def place(self, first: int, count: int, at: float) -> int:
        """Samples missed before this message; at: when it came."""
        self.epoch = min(self.epoch, at - (first + count) / TELEPHONE)
        if self.first is None:
            self.first = self.next = first
        missed = max(0, first - self.next)
        self.next = first + count
        return missed

    def begin_anew(self, listener: Listener, first: int) -> None:
        """After a hole too long to be filled: the listener's time begins with this sample."""
        self.listener, self.first = listener, first

    def heard(self, zero: datetime) -> int:
        """Milliseconds of the call up to which sound has come."""
        return self.shift(zero) + round((self.next - (self.first or 0)) / TELEPHONE * 1000)

    def shift(self, zero: datetime) -> int:
        """Milliseconds of the call at which the listener's time begins; negative when the leg is older than the call."""
        began = self.epoch + (self.first or 0) / TELEPHONE
        return round((began - zero.timestamp()) * 1000)


@dataclass(eq=False)
class Following:
    """A call that is being written down."""

    call_id: int
    transcript_id: int
    zero: datetime
    heard: dict[str, int] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)
    ears: dict[str, tuple[Listening, asyncio.Task[None]]] = field(default_factory=dict)
    waiting: int = 0
    """Pieces that are not understood yet."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    quiet: asyncio.Event = field(default_factory=asyncio.Event)

    async def understood(self) -> None:
        """Until none of its pieces waits."""
        if self.waiting:
            await self.quiet.wait()


@dataclass(order=True)
class Piece:
    """A stretch to be understood. Running calls first, then in the order of their ends."""

    rank: int
    number: int
    stretch: Stretch = field(compare=False)
    listener: Listener = field(compare=False)
    ear: Ear = field(compare=False)
    shift: int = field(compare=False)
    """Milliseconds of the call at which the listener's own time begins."""
    of: Following = field(compare=False)

    @property
    def seconds(self) -> float:
        return self.stretch.end - self.stretch.start

    @property
    def span(self) -> Span:
        return self.shift + round(self.stretch.start * 1000), self.shift + round(self.stretch.end * 1000)
