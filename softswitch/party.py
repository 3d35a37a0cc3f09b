"""Parties and rooms: the state that the engine keeps about a call, and nothing that acts on the network."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from softswitch.mixer import Seat, matrix, mix
from softswitch.recording import Recording
from softswitch.sound import SILENCE, Playing, Samples


class Line(Protocol):
    """What a party needs of its leg (leg.SipLeg; tests give another)."""

    def bound(self) -> None: ...

    def pull(self) -> Samples | None: ...

    def push(self, frame: Samples) -> None: ...

    def quiet(self) -> float: ...

    async def answer(self) -> None: ...

    async def hang_up(self) -> None: ...

    async def send_digits(self, digits: str) -> None: ...


class State(StrEnum):
    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


@dataclass(slots=True)
class Collecting:
    """Digits being waited for: at most `most`, or up to the `end` key, or until nothing comes."""

    number: str
    most: int
    end: str
    gap_seconds: float
    got: str = ""
    timer: asyncio.TimerHandle | None = None


class Ear:
    """One reader of what a party says: 100 ms a message, the oldest dropped when the reader is slow."""

    MOST = 100

    def __init__(self) -> None:
        self.messages: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._frames: list[Samples] = []
        self._first = 0

    def hear(self, frame: Samples, sample: int) -> None:
        if not self._frames:
            self._first = sample
        self._frames.append(frame)
        if len(self._frames) == 5:
            self._send()

    def end(self) -> None:
        self._send()
        self.messages.put_nowait(None)

    def _send(self) -> None:
        if not self._frames:
            return
        if self.messages.qsize() >= self.MOST:
            self.messages.get_nowait()
        sound = np.concatenate(self._frames).astype("<i2", copy=False).tobytes()
        self._frames.clear()
        self.messages.put_nowait(self._first.to_bytes(8, "big") + sound)


@dataclass(slots=True, eq=False)
class Party:
    """One leg in the engine. Times are of the wall clock; `heard_samples` counts since it was answered."""

    leg: str
    line: Line
    kind: str
    direction: str
    trunk: str = ""
    caller: str = ""
    called: str = ""
    label: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    state: State = State.RINGING
    room: Room | None = None
    playing: Playing | None = None
    collecting: Collecting | None = None
    typed: deque[str] = field(default_factory=lambda: deque(maxlen=64))
    recording: Recording | None = None
    ears: list[Ear] = field(default_factory=list)
    began: float = field(default_factory=time.time)
    answered: float | None = None
    alone_since: float | None = None
    heard_samples: int = 0
    ending: str = ""
    on_up: Callable[[], None] | None = None
    on_end: dict[str, Callable[[str], None]] = field(default_factory=dict)
    """What hangs on its end, by the transfer or consultation whose business it is."""
    timer: asyncio.TimerHandle | None = None

    def facts(self) -> dict[str, Any]:
        """For the snapshot and the first event."""
        seat = self.room.seats[self.leg] if self.room else None
        told = {
            "leg": self.leg,
            "kind": self.kind,
            "direction": self.direction,
            "state": self.state.value,
            "trunk": self.trunk,
            "caller": self.caller,
            "called": self.called,
            "label": self.label,
            "headers": self.headers,
            "began": round(self.began, 3),
            "answered": round(self.answered, 3) if self.answered else None,
            "room": self.room.name if self.room else None,
            "role": seat.role.value if seat else None,
            "target": seat.target if seat else None,
            "playing": self.playing.number if self.playing else None,
            "recording": self.recording.number if self.recording else None,
        }
        return {name: value for name, value in told.items() if value not in (None, "", {})}


Rung = list[tuple[Party, Playing]]


@dataclass(slots=True, eq=False)
class Consultation:
    """A warm transfer under way: the agent with the target in `apart`, the others waiting in `room`. `dialled`: the target's
    leg was made for this and ends with it. `rung`: who hears ours ring until the target is there."""

    number: str
    agent: Party
    target: Party
    room: str
    apart: str
    dialled: bool
    rung: Rung


class Room:
    """Parties that hear one another by their roles (mixer.py)."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seats: dict[str, Seat] = {}
        self._order: list[str] = []
        self._heard: NDArray[np.int32] = np.zeros((0, 0), np.int32)
        self._pair = False

    def put(self, seat: Seat) -> None:
        self.seats[seat.leg] = seat
        self._changed()

    def take(self, leg: str) -> None:
        self.seats.pop(leg, None)
        self._changed()

    def _changed(self) -> None:
        self._order = list(self.seats)
        seats = list(self.seats.values())
        self._heard = matrix(seats)
        self._pair = len(seats) == 2 and bool(self._heard[0, 1] and self._heard[1, 0])

    def hear(self, said: dict[str, Samples], out: dict[str, Samples]) -> None:
        """Put into `out` what each party of this room hears, given what each says."""
        if self._pair:  # nearly every call: nothing to add up
            one, other = self._order
            out[one], out[other] = said.get(other, SILENCE), said.get(one, SILENCE)
            return
        frames: Sequence[Samples] = [said.get(leg, SILENCE) for leg in self._order]
        out.update(zip(self._order, mix(frames, self._heard), strict=True))

    def heard_by_anyone(self, leg: str) -> bool:
        return bool(self._heard[:, self._order.index(leg)].any())
