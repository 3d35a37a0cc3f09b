"""Stretches of speech that wait to be understood, and those who understand them: the one thing here that costs."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hotline.kit.processes import DatabaseThread
from hotline.speech.activity import Stretch
from hotline.speech.transcript import Utterance
from hotline.speech.weights import SpeechFault
from hotline.transcripts import actions
from hotline.transcripts.scribe.following import SYSTEM, Following, Listening, Piece

log = logging.getLogger("hotline.transcripts")

LIVE, LATER = 0, 1
MOST_WAITING = 90.0
"""Seconds of speech that may wait to be understood: about as long as one core takes for them. 6 MB."""
REST = 15.0
"""Seconds without recognition after a fault of the model."""
AGAIN_SECONDS = 0.5
REMEMBERED = 200
"""Delays of which the median is told."""


class Line:
    """Bounded. What does not fit is a gap of its call."""

    def __init__(self, database: DatabaseThread, at_once: int, clock: Callable[[], float]) -> None:
        self._database, self._clock = database, clock
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="transcripts-understanding")
        self._pieces: asyncio.PriorityQueue[Piece] = asyncio.PriorityQueue()
        self._numbers = itertools.count()
        self._seconds = {LIVE: 0.0, LATER: 0.0}
        self._lag: list[float] = []
        self.fault = ""
        self.told = asyncio.Event()
        """Set when the fault has changed, so that it is said at once."""

    @property
    def waiting(self) -> float:
        """Seconds of running calls' speech."""
        return self._seconds[LIVE]

    def lag(self, share: float) -> float | None:
        """Seconds from the end of an utterance to its row, below which this share of the last ones lies; None of none."""
        ordered = sorted(self._lag)
        return round(ordered[int(len(ordered) * share)], 2) if ordered else None

    async def put(
        self, following: Following, listening: Listening, stretch: Stretch, rank: int = LIVE
    ) -> None:
        """A stretch to be understood; of a running call only while there is room and the model works."""
        shift = listening.shift(following.zero)
        piece = Piece(rank, next(self._numbers), stretch, listening.listener, listening.ear, shift, following)
        if rank == LIVE and (self.fault or self._seconds[LIVE] + piece.seconds > MOST_WAITING):
            await self.note(following, listening.ear.speaker, *piece.span, behind=not self.fault)
            return
        following.waiting += 1
        following.quiet.clear()
        self._seconds[rank] += piece.seconds
        self._pieces.put_nowait(piece)

    async def put_when_there_is_room(
        self, following: Following, listening: Listening, stretch: Stretch
    ) -> None:
        """A stretch of a recording: it can wait to be read."""
        while self._seconds[LATER] > MOST_WAITING:
            await asyncio.sleep(AGAIN_SECONDS)
        await self.put(following, listening, stretch, LATER)

    async def note(
        self, following: Following, speaker: str, start: int, end: int, *, behind: bool = False
    ) -> None:
        """Nobody has listened to this, milliseconds of the call."""
        start, end = max(0, start), max(0, end)
        following.gaps.append((speaker, start, end))
        await self._database(
            actions.note_gap,
            actor=SYSTEM, transcript_id=following.transcript_id, speaker=speaker, start_ms=start, end_ms=end, behind=behind,
        )  # fmt: skip

    async def apart(self, work: Callable[..., Any], *given: Any) -> Any:
        """For a voice that is lent out: by the same threads, after the stretch that is being understood."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    async def understand(self) -> None:
        """One who understands, without end. Raises what the database raises."""
        loop = asyncio.get_running_loop()
        while True:
            piece = await self._pieces.get()
            try:
                try:
                    found = await loop.run_in_executor(
                        self._threads, piece.listener.understand, 0, piece.stretch
                    )
                except SpeechFault as fault:
                    await self._fails(piece, fault.text)
                except (
                    Exception
                ) as error:  # whatever a model does with a sound: the next stretch is another one
                    log.exception("a stretch could not be understood")
                    await self._fails(piece, f"{type(error).__name__}: {error}"[:300])
                else:
                    if found is not None:
                        await self._say(piece, found)
            finally:
                self._seconds[piece.rank] -= piece.seconds
                piece.of.waiting -= 1
                if not piece.of.waiting:
                    piece.of.quiet.set()

    async def _say(self, piece: Piece, found: Utterance) -> None:
        start, end = piece.span
        await self._database(
            actions.say,
            actor=SYSTEM,
            transcript_id=piece.of.transcript_id,
            speaker=piece.ear.speaker,
            segment_id=piece.ear.segment_id,
            start_ms=max(0, start),
            end_ms=max(0, end),
            text=found.text,
            times=[max(0, piece.shift + round(moment * 1000)) for moment in found.times],
            sure=found.sure,
        )
        if piece.rank == LIVE:
            self._lag.append(max(0.0, self._clock() - piece.of.zero.timestamp() - end / 1000))
            del self._lag[:-REMEMBERED]

    async def _fails(self, piece: Piece, why: str) -> None:
        """The model cannot: said on the health page, tried again after a rest; what it did not hear is a gap."""
        if not self.fault:
            log.error("calls are not written down: %s", why)
        self.fault = why
        await self.note(piece.of, piece.ear.speaker, *piece.span)
        self.told.set()
        await asyncio.sleep(REST)
        self.fault = ""
        self.told.set()

    def close(self) -> None:
        """A stretch takes seconds to be understood; nobody waits for what is thrown away."""
        self._threads.shutdown(wait=False, cancel_futures=True)
