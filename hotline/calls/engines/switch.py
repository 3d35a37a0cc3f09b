"""What a switch must do to become an engine: one that knows channels and bridges, and nothing of our roles, keys and numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping

from hotline.calls.engines.interface import Sound
from hotline.calls.engines.parties import Party, Playing, Seat

UNANSWERED_SECONDS = 90
"""A call that nobody answers for so long is let go."""
RING_BACK = "\x00ring"
"""In place of a file: the tone that one hears while the other's telephone rings."""


class Switch(ABC):
    """Every method raises EngineRefused when the switch says no, EngineAway when it is not reached. What it tells of itself goes
    to the `heard_…` methods of rooms.py."""

    @abstractmethod
    async def stay_connected(self) -> None:
        """For ever: connect, `recovered` what is true, `here()`, read; `away(why)` when it breaks, and again."""

    @abstractmethod
    async def do_answer(self, party: Party) -> None: ...

    @abstractmethod
    async def do_hang_up(self, party: Party) -> bool:
        """False: it has gone already, and nothing more will be heard of it."""

    @abstractmethod
    async def do_dial(self, party: Party, headers: Mapping[str, str], ring_seconds: float) -> None:
        """Call `party.called` by `party.trunk` under the name `party.leg`. When such a leg is there already (an earlier attempt whose
        answer was lost), what has become of it is told by `heard_…`. Raises EngineRefused no_trunk, not_dialled."""

    @abstractmethod
    async def do_play(self, party: Party, playing: Playing) -> None:
        """Ends with `heard_played(leg, playing.spoken)`."""

    @abstractmethod
    async def do_stop(self, party: Party, playing: Playing) -> None:
        """One that has ended is no error."""

    @abstractmethod
    async def do_look_whether_it_plays(self, party: Party, playing: Playing) -> bool:
        """After a time without connection. False: it has ended, or was stopped now because nobody can know."""

    @abstractmethod
    async def do_press(self, party: Party, digits: str) -> None: ...

    @abstractmethod
    async def do_move(self, party: Party, before: Seat | None, after: Seat | None) -> None:
        """Out of one seat, into another, or refused and where it was. A room is made when needed. One at a time for a party; not
        for a room."""

    @abstractmethod
    async def do_forget(self, room: str) -> None:
        """Nobody is in this room any more."""

    @abstractmethod
    async def do_note(self, party: Party) -> None:
        """Keep `party.placed` and when it was answered with the leg at the switch, for the next process to find."""

    @abstractmethod
    async def do_record(self, party: Party, recording: str) -> str:
        """Begin; the path of the file to be. It ends with `heard_recorded`."""

    @abstractmethod
    async def do_mute_recording(self, party: Party, recording: str, muted: bool) -> None: ...

    @abstractmethod
    async def do_end_recording(self, party: Party, recording: str) -> None:
        """Also when its leg has ended."""

    @abstractmethod
    async def do_figures(self) -> dict[str, float]: ...

    @abstractmethod
    def sound(self, leg: str) -> AsyncGenerator[Sound, None]:
        """See Engine.sound. Needs no events: it may be asked for in any process."""


__all__ = ["RING_BACK", "UNANSWERED_SECONDS", "Switch"]
