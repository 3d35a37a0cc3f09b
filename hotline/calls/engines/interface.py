"""What the platform may expect of any engine: the embedded exchange, Asterisk by ARI, FreeSWITCH by its event socket.

An engine turns each command of commands.py into what its switch understands and each thing its switch tells into an event of
events.py. Legs, rooms, plays and recordings are opaque names that the engine gives; a room's name may be given by the platform.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hotline.calls.engines.commands import Command
from hotline.calls.engines.events import EngineEvent, Mark, Reset

Result = TypeVar("Result")


class EngineRefused(Exception):
    """The switch did not do it, and nothing has changed. Codes: no_leg, not_up, no_room, bad_target, bad_argument, bad_offer,
    not_connected, no_trunk, bad_number, not_dialled, file_missing, file_unusable, recording_failed, recording_already,
    not_recording, not_talking, consulting, no_consult, not_incoming, leg_gone, not_yours, too_many, not_here, fault."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class EngineAway(Exception):
    """The switch was not reached in time; whether the command was done is not known. The same key may be sent again."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What one party said: 16-bit little-endian samples at 8 kHz; `first` counts samples since the leg was answered."""

    first: int
    pcm: bytes


class Engine(Protocol):
    """Used on one asyncio loop. Connects, and connects again, by itself."""

    async def do(self, command: Command[Result], *, key: str | None = None) -> Result:
        """Carry out one command, once for its key. Raises EngineRefused, EngineAway."""
        ...

    def events(self, after: Mark | None = None) -> AsyncGenerator[EngineEvent | Reset, None]:
        """Every event after the mark, in order, without end. Begins with a Reset when there is no mark, or it cannot be gone on
        from. One reader at a time: a new one takes the place of the one before."""
        ...

    def sound(self, leg: str) -> AsyncGenerator[Sound, None]:
        """What this leg says from now on, 100 ms a piece, until it ends. Raises EngineRefused, EngineAway."""
        ...

    async def close(self) -> None:
        """Let go of the switch; calls go on."""
        ...
