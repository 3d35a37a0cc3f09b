"""What the platform's side remembers of a switch that knows channels and bridges, but neither our roles nor our transfers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from hotline.calls.engines.commands import Role
from hotline.calls.engines.events import Leg
from hotline.kit import clock

RINGING, UP, ENDED = "ringing", "up", "ended"


@dataclass(slots=True, eq=False)
class Playing:
    """Files to one leg. `name` is ours; the switch is told it and says it back at the end, with `-2`, `-3` … for the rounds of a loop."""

    name: str
    files: tuple[str, ...]
    loop: bool = False
    until_digit: bool = False
    round: int = 1

    @property
    def spoken(self) -> str:
        return self.name if self.round == 1 else f"{self.name}-{self.round}"


@dataclass(slots=True, eq=False)
class Collecting:
    name: str
    most: int
    end: str
    gap_seconds: float
    got: str = ""
    timer: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """A leg's place: which room, doing what there, and for a whisper whom it is for."""

    room: str
    role: Role
    target: str = ""

    @property
    def note(self) -> str:
        """As it is kept with a leg at the switch: role, target, room."""
        return f"{self.role.value}|{self.target}|{self.room}"


def seat_noted(note: str) -> Seat | None:
    """Of such a note, whatever stands there."""
    role, _bar, rest = note.partition("|")
    target, _bar, room = rest.partition("|")
    return Seat(room, Role(role), target) if room and role in set(Role) else None


def seat_found(note: str, room: str | None) -> Seat | None:
    """Where a leg is that the switch has in `room`, or in none: its note tells the role, as far as the switch agrees."""
    noted = seat_noted(note)
    if room is None:
        return noted if noted is not None and noted.role is Role.HOLD else None
    agreed = noted is not None and noted.room == room and noted.role is not Role.HOLD
    return noted if agreed else Seat(room, Role.TALK)


@dataclass(slots=True, eq=False)
class Party:
    """One leg. `early`: what happened to it before it was told of at all, kept in order until then. `seat`: where it is to be;
    `placed`: where the switch has it, changed by who holds `moving`."""

    leg: str
    direction: str
    state: str = RINGING
    trunk: str = ""
    caller: str = ""
    called: str = ""
    label: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: clock.now())
    answered: datetime | None = None
    seat: Seat | None = None
    placed: Seat | None = None
    moving: asyncio.Lock = field(default_factory=asyncio.Lock)
    playing: Playing | None = None
    collecting: Collecting | None = None
    typed: deque[str] = field(default_factory=lambda: deque(maxlen=64))
    recording: str = ""
    ending: str = ""
    timer: asyncio.TimerHandle | None = None
    early: list[Callable[[], None]] | None = None
    on_up: Callable[[], None] | None = None
    on_end: dict[str, Callable[[str], None]] = field(default_factory=dict)

    def facts(self) -> Leg:
        seat = self.seat
        return Leg(
            leg=self.leg,
            kind="sip",
            direction=self.direction,
            state=self.state,
            began=self.began,
            trunk=self.trunk,
            caller=self.caller,
            called=self.called,
            label=self.label,
            headers=dict(self.headers),
            answered=self.answered,
            room=seat.room if seat else None,
            role=seat.role.value if seat else None,
            target=(seat.target or None) if seat else None,
            recording=self.recording or None,
        )


@dataclass(slots=True, eq=False)
class Consultation:
    """A warm transfer under way: the agent with the target in `apart`, the others waiting in `room`."""

    name: str
    agent: Party
    target: Party
    room: str
    apart: str
    dialled: bool
