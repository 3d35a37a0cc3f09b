"""What an engine tells. Every event has a mark to go on from, the moment (UTC) and, nearly always, a leg."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Mark:
    """The number of an event within one run of the switch. Numbers of different runs have nothing to do with each other."""

    run: str
    number: int


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg as it is now. `state`: ringing or up; `kind`: sip, browser or stand_in; `direction`: in or out."""

    leg: str
    kind: str
    direction: str
    state: str
    began: datetime
    trunk: str = ""
    caller: str = ""
    called: str = ""
    label: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    answered: datetime | None = None
    room: str | None = None
    role: str | None = None
    target: str | None = None
    recording: str | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """Events were missed, or nothing was known before: this is what is true now, and `mark` goes on from it. Legs known before
    and not among these have ended; `new_run` says that the switch itself was started anew, or is seen for the first time."""

    mark: Mark
    legs: tuple[Leg, ...]
    new_run: bool


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """Base of all."""

    mark: Mark
    at: datetime
    leg: str


@dataclass(frozen=True, slots=True)
class LegStarted(EngineEvent):
    """A call came in (`facts.direction` in: it waits for Answer), a browser connects, or a call was placed by us."""

    facts: Leg


@dataclass(frozen=True, slots=True)
class LegAlerting(EngineEvent):
    """The far telephone rings."""


@dataclass(frozen=True, slots=True)
class LegAnswered(EngineEvent):
    pass


@dataclass(frozen=True, slots=True)
class LegMoved(EngineEvent):
    """Into a room, into another role there, or (no room) out of it."""

    room: str | None
    role: str | None
    target: str | None


@dataclass(frozen=True, slots=True)
class LegDigit(EngineEvent):
    digit: str


@dataclass(frozen=True, slots=True)
class LegEnded(EngineEvent):
    """`reason`: far, near, busy, declined, no_answer, unanswered, failed, silent, alone, replaced, stopped. `seconds` since it was
    answered; `quality` of its sound, when the switch measured it."""

    reason: str
    seconds: float
    status: int | None
    quality: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PlayEnded(EngineEvent):
    """`reason`: finished, digit, stopped, replaced, hangup."""

    play: str
    reason: str


@dataclass(frozen=True, slots=True)
class DigitsCollected(EngineEvent):
    """`reason`: complete, end, timeout, replaced, hangup."""

    collect: str
    digits: str
    reason: str


@dataclass(frozen=True, slots=True)
class TransferDone(EngineEvent):
    """`leg` is the target's, now in `room`."""

    transfer: str
    room: str


@dataclass(frozen=True, slots=True)
class TransferFailed(EngineEvent):
    """The others are still in `room`, alone; with reason `alone` they have gone."""

    transfer: str
    room: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConsultAnswered(EngineEvent):
    consult: str


@dataclass(frozen=True, slots=True)
class ConsultEnded(EngineEvent):
    """`how`: completed, merged, cancelled, agent (it hung up), or why the target's leg ended."""

    consult: str
    how: str


@dataclass(frozen=True, slots=True)
class RecordingStarted(EngineEvent):
    """`first`: the sample of the leg, counted since it was answered as in `Sound`, at which the file begins."""

    recording: str
    path: str
    first: int = 0


@dataclass(frozen=True, slots=True)
class RecordingClosed(EngineEvent):
    """A file under the engine's folder of recordings, whole and durable. No bytes: it was lost. `recovered`: an engine that died
    left it open, and the next start closed it."""

    recording: str
    path: str
    sha256: str
    bytes: int
    seconds: float
    silent_left: bool
    silent_right: bool
    started_at: datetime
    recovered: bool


@dataclass(frozen=True, slots=True)
class RecordingFailed(EngineEvent):
    recording: str
    why: str


@dataclass(frozen=True, slots=True)
class Other(EngineEvent):
    """Anything else the switch tells, for the log and the health page (trunks, refused strangers, its start)."""

    name: str
    facts: Mapping[str, Any]
