"""What can be asked of an engine. Each command is a value: it can be kept, sent again, compared; `result` reads its answer.

Seconds are seconds; files are names in the folder of prompts that the engine reads (WAV, 16 bit, mono, 8 kHz or a multiple).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

Result = TypeVar("Result", covariant=True)
Answered = Mapping[str, Any]


class Role(StrEnum):
    """What a leg does in a room. Whisper is heard by its target alone; hold hears and is heard by nobody."""

    TALK = "talk"
    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    HOLD = "hold"


class Command(ABC, Generic[Result]):
    """Base of all. `verb` is the name that engines dispatch on."""

    verb: ClassVar[str]

    @abstractmethod
    def result(self, answered: Answered) -> Result:
        """The typed answer, of what the engine's switch said."""


class _Plain(Command[None]):
    def result(self, answered: Answered) -> None:
        return None


class _Named(Command[str]):
    """Answered with one name, under `gives`."""

    gives: ClassVar[str]

    def result(self, answered: Answered) -> str:
        return str(answered[self.gives])


@dataclass(frozen=True, slots=True)
class Answer(_Plain):
    """Take an incoming call; `LegAnswered` tells when it is up."""

    leg: str
    verb: ClassVar[str] = "answer"


@dataclass(frozen=True, slots=True)
class Hangup(_Plain):
    """End a leg in any state; one that has ended is no error."""

    leg: str
    verb: ClassVar[str] = "hangup"


@dataclass(frozen=True, slots=True)
class Originate(_Named):
    """Call a number out by a trunk. The answer is the leg; its outcome is an event."""

    trunk: str
    number: str
    ring_seconds: float = 45
    headers: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    verb: ClassVar[str] = "originate"
    gives: ClassVar[str] = "leg"


@dataclass(frozen=True, slots=True)
class Offered:
    """A browser's leg, and the SDP answer to give it."""

    leg: str
    sdp: str


@dataclass(frozen=True, slots=True)
class Offer(Command[Offered]):
    """A browser's WebRTC offer, its candidates gathered. `label`: whose it is. `replaces`: that person's leg before a reload; the
    new leg takes its place in its room."""

    sdp: str
    label: str
    replaces: str = ""
    verb: ClassVar[str] = "offer"

    def result(self, answered: Answered) -> Offered:
        return Offered(str(answered["leg"]), str(answered["sdp"]))


@dataclass(frozen=True, slots=True)
class StandIn(_Named):
    """A leg without a line, up at once, for somebody whose picture and sound go from browser to browser. `label`: whose it is."""

    label: str
    verb: ClassVar[str] = "stand_in"
    gives: ClassVar[str] = "leg"


@dataclass(frozen=True, slots=True)
class Play(_Named):
    """Files to one leg, one after another, for ever with `loop`; a key stops it with `until_digit`. The answer is the play."""

    leg: str
    files: tuple[str, ...]
    loop: bool = False
    until_digit: bool = False
    verb: ClassVar[str] = "play"
    gives: ClassVar[str] = "play"


@dataclass(frozen=True, slots=True)
class StopPlaying(_Plain):
    leg: str
    verb: ClassVar[str] = "stop"


@dataclass(frozen=True, slots=True)
class Collect(_Named):
    """Wait for up to `most` digits, or the `end` key, or silence. `fresh` forgets keys pressed before. `DigitsCollected` follows."""

    leg: str
    most: int = 1
    end: str = "#"
    first_seconds: float = 8
    gap_seconds: float = 4
    fresh: bool = True
    verb: ClassVar[str] = "collect"
    gives: ClassVar[str] = "collect"


@dataclass(frozen=True, slots=True)
class SendDigits(_Plain):
    """Press keys towards a leg."""

    leg: str
    digits: str
    verb: ClassVar[str] = "digits"


@dataclass(frozen=True, slots=True)
class Join(_Plain):
    """Into a room (made when it is not there) in a role, out of the one before; also changes the role. Only a whisper has a target."""

    leg: str
    room: str
    role: Role = Role.TALK
    target: str = ""
    verb: ClassVar[str] = "join"


@dataclass(frozen=True, slots=True)
class Leave(_Plain):
    leg: str
    verb: ClassVar[str] = "leave"


@dataclass(frozen=True, slots=True)
class Bridge(_Named):
    """Legs into one room, all talking. The answer is the room."""

    legs: tuple[str, ...]
    room: str = ""
    verb: ClassVar[str] = "bridge"
    gives: ClassVar[str] = "room"


@dataclass(frozen=True, slots=True)
class Hold(_Plain):
    """`files` are played to the leg again and again."""

    leg: str
    files: tuple[str, ...] = ()
    verb: ClassVar[str] = "hold"


@dataclass(frozen=True, slots=True)
class Resume(_Plain):
    leg: str
    verb: ClassVar[str] = "resume"


@dataclass(frozen=True, slots=True)
class Number:
    """Somebody outside, to be called by a trunk."""

    trunk: str
    number: str
    ring_seconds: float = 45
    label: str = ""


@dataclass(frozen=True, slots=True)
class Transferring:
    """`leg` is the target's."""

    transfer: str
    leg: str


@dataclass(frozen=True, slots=True)
class Transfer(Command[Transferring]):
    """Blind: `leg` leaves its room at once, the target comes in when it answers. `TransferDone` or `TransferFailed` follows."""

    leg: str
    to: Number | str
    verb: ClassVar[str] = "transfer"

    def result(self, answered: Answered) -> Transferring:
        return Transferring(str(answered["transfer"]), str(answered["leg"]))


@dataclass(frozen=True, slots=True)
class Consulting:
    """`leg` is the target's."""

    consult: str
    leg: str


@dataclass(frozen=True, slots=True)
class Consult(Command[Consulting]):
    """Warm: the others wait with `files`, `leg` talks with the target apart, until complete, merge or cancel."""

    leg: str
    to: Number | str
    files: tuple[str, ...] = ()
    verb: ClassVar[str] = "consult"

    def result(self, answered: Answered) -> Consulting:
        return Consulting(str(answered["consult"]), str(answered["leg"]))


@dataclass(frozen=True, slots=True)
class CompleteConsult(_Plain):
    """The target takes the place of who consulted it."""

    consult: str
    verb: ClassVar[str] = "complete"


@dataclass(frozen=True, slots=True)
class MergeConsult(_Plain):
    """All in one room."""

    consult: str
    verb: ClassVar[str] = "merge"


@dataclass(frozen=True, slots=True)
class CancelConsult(_Plain):
    consult: str
    verb: ClassVar[str] = "cancel"


@dataclass(frozen=True, slots=True)
class Record(_Named):
    """Left what the leg says, right what it hears, until it ends. The answer is the recording."""

    leg: str
    verb: ClassVar[str] = "record"
    gives: ClassVar[str] = "recording"


@dataclass(frozen=True, slots=True)
class PauseRecording(_Plain):
    leg: str
    verb: ClassVar[str] = "record_pause"


@dataclass(frozen=True, slots=True)
class ResumeRecording(_Plain):
    leg: str
    verb: ClassVar[str] = "record_resume"


@dataclass(frozen=True, slots=True)
class StopRecording(_Plain):
    leg: str
    verb: ClassVar[str] = "record_stop"


@dataclass(frozen=True, slots=True)
class Figures(Command[dict[str, float]]):
    """The engine's own figures, for the health page; their names are the engine's."""

    verb: ClassVar[str] = "figures"

    def result(self, answered: Answered) -> dict[str, float]:
        return {name: float(value) for name, value in answered.items()}
