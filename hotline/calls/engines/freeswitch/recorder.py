"""What FreeSWITCH writes into a folder that both see: recordings, which are filed when they end, and the sound of one party, read
from a file that grows (FreeSWITCH's own way to give sound elsewhere takes a module of somebody else's)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable
from datetime import datetime
from pathlib import Path

from hotline.calls.engines import events as told
from hotline.calls.engines.freeswitch.esl import Esl, Fault, Line
from hotline.calls.engines.interface import EngineAway, EngineRefused, Sound
from hotline.calls.engines.waves import (
    both_sides,
    closed,
    file_sides,
    left_of,
    recording_began,
    recording_path,
    sample_of,
)

log = logging.getLogger("hotline.calls")

PIECE = 800
"""Samples of one `Sound`."""
LOOK_SECONDS = 0.1
EARS = "ears"


class Recorder:
    """`fresh`: the folder as we see it; `recordings`: ours alone, where they stay. `tell` is Rooms.heard_recorded."""

    def __init__(self, fresh: Path, recordings: Path, tell: Callable[..., None]) -> None:
        self._fresh, self._recordings, self._tell = fresh, recordings, tell
        self._filing: set[str] = set()

    def make(self) -> None:
        """FreeSWITCH makes no folders."""
        (self._fresh / EARS).mkdir(parents=True, exist_ok=True)

    def over(self, live: Iterable[str]) -> list[str]:
        """Recordings that lie there and that no leg makes any more."""
        there = {one.stem for one in self._fresh.glob("rec-*.wav") if recording_began(one.stem)}
        return sorted(there - set(live) - self._filing)

    async def file(self, recording: str, leg: str, *, recovered: bool) -> None:
        if recording in self._filing:
            return
        self._filing.add(recording)
        path, made = recording_path(recording), self._fresh / f"{recording}.wav"
        try:
            left, right = await asyncio.to_thread(both_sides, made)
            filed = await asyncio.to_thread(file_sides, self._recordings / path, left, right)
        except (ValueError, OSError) as error:
            self._tell(told.RecordingFailed, leg, recording, str(error))
            return
        finally:
            self._filing.discard(recording)
        self._tell(told.RecordingClosed, leg, recording, path, *closed(recording, filed), recovered)
        # What is filed is filed: a file that cannot be taken away is found again at the next start, and told again.
        with contextlib.suppress(OSError):
            made.unlink()


async def listen(
    esl: Esl, leg: str, answered: datetime | None, fresh: Path, there: str
) -> AsyncGenerator[Sound, None]:
    """What this leg says: the left side of a file without a head that FreeSWITCH writes and we read and delete. `there`: the folder as
    FreeSWITCH sees it. Raises EngineRefused no_leg, EngineAway."""
    name = f"{EARS}/ear-{secrets.token_hex(8)}.r8"
    async with esl.line() as line:
        try:
            first = sample_of(answered)
            await line.api(f"uuid_record {leg} start {there}/{name}")
        except Fault as fault:
            if await exists(line, leg):
                raise EngineAway(f"FreeSWITCH writes no sound: {fault}.") from None
            raise EngineRefused("no_leg", f"There is no leg {leg}, or it has ended.") from None
        path = fresh / name
        held, read, looked = bytearray(), 0, 0
        try:
            while True:
                data = await asyncio.to_thread(_after, path, read)
                read += len(data)
                held += data
                while len(held) >= 4 * PIECE:
                    yield Sound(first, left_of(bytes(held[: 4 * PIECE])))
                    del held[: 4 * PIECE]
                    first += PIECE
                looked += 1
                if not data and looked % 10 == 0 and not await exists(line, leg):
                    return
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            with contextlib.suppress(Fault, EngineAway):
                await line.api(f"uuid_record {leg} stop {there}/{name}")
            path.unlink(missing_ok=True)


def _after(path: Path, place: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(place)
            return file.read(1 << 20)
    except FileNotFoundError:
        return b""  # not yet


async def exists(line: Line, leg: str) -> bool:
    return (await line.api(f"uuid_exists {leg}")).strip() == "true"
