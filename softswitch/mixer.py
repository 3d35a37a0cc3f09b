"""Who hears whom, and the sum of it. Pure: no clock, no network.

| role    | hears        | is heard by                       |
|---------|--------------|-----------------------------------|
| talk    | the room     | everyone who is not held          |
| barge   | the room     | everyone who is not held          |
| listen  | the room     | nobody                            |
| whisper | the room     | its target alone                  |
| hold    | nobody       | nobody                            |

"The room" is talk and barge, never oneself; a whisper reaches its target only, not even another supervisor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from softswitch.sound import Samples


class Role(StrEnum):
    """What a party does in a room."""

    TALK = "talk"
    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    HOLD = "hold"


SPEAKING = (Role.TALK, Role.BARGE)


@dataclass(frozen=True, slots=True)
class Seat:
    """A party's place in a room. `target` is whom a whisper is for; nobody else has one."""

    leg: str
    role: Role
    target: str | None = None


def hears(listener: Seat, speaker: Seat) -> bool:
    """The table above."""
    if listener.leg == speaker.leg or listener.role is Role.HOLD:
        return False
    if speaker.role is Role.WHISPER:
        return speaker.target == listener.leg
    return speaker.role in SPEAKING


def matrix(seats: Sequence[Seat]) -> NDArray[np.int32]:
    """Row: who hears; column: who is heard."""
    return np.array([[hears(one, other) for other in seats] for one in seats], np.int32)


def mix(frames: Sequence[Samples], heard: NDArray[np.int32]) -> NDArray[np.int16]:
    """What each party hears, one row a party; too loud a sum is cut at the edges of 16 bits."""
    summed = heard @ np.asarray(frames, np.int32)
    np.clip(summed, -32768, 32767, out=summed)
    return summed.astype(np.int16)
