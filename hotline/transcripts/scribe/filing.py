"""Calls that are over: the last words, what is missing read from the recordings, the text filed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Sequence
from datetime import datetime

import numpy as np

from hotline.calls.models import Recording
from hotline.kit.processes import DatabaseThread
from hotline.speech.sound import Samples
from hotline.speech.transcript import Listener
from hotline.transcripts import actions, queries
from hotline.transcripts.models import Speaker
from hotline.transcripts.queries import Ear, Source, Spells
from hotline.transcripts.rules import (
    BYTES_A_SECOND,
    CHANNEL,
    HEADER,
    Gap,
    Span,
    merged,
    overlap,
    without,
)
from hotline.transcripts.scribe.following import LEAST_GAP, SYSTEM, Following, Listening
from hotline.transcripts.scribe.hearing import Hearing
from hotline.transcripts.scribe.line import AGAIN_SECONDS, Line
from hotline.transcripts.scribe.threads import HearingThread
from hotline.transcripts.vault import BadRecording

log = logging.getLogger("hotline.transcripts")

CATCH_UP_SECONDS = 5.0
LAST_WORDS = 0.3
"""Seconds in which the end of a leg's sound still comes after its call is over."""
LEAST_END = 1_000
"""Milliseconds between a call's end and the last sound of a side; a shorter one is the exchange's own way to tell."""
LEAST_LEFT = 3_000
"""Milliseconds; a recording begins and ends that near to the conversation, so less is not missing from it."""
PIECE_SECONDS = 30
"""Of a recording read at a time."""
RECORDING_PATIENCE = 120.0
"""Seconds after a call's end in which its recording is waited for, when something is to be read from it."""


class Filing:
    """`finishing`: calls whose end is being written, by number; one that goes on with another agent leaves it."""

    def __init__(
        self,
        line: Line,
        hearing: Hearing,
        thread: HearingThread,
        database: DatabaseThread,
        listener: Callable[[], Listener],
        clock: Callable[[], float],
        running: Container[int],
    ) -> None:
        self._line, self._hearing, self._thread = line, hearing, thread
        self._database, self._listener, self._clock = database, listener, clock
        self._running = running
        self.finishing: dict[int, Following] = {}

    async def finish(self, following: Following) -> None:
        """The conversation is over: the last words, then what is missing from the recording, then it is filed."""
        hearing = [task for _listening, task in following.ears.values()]
        if hearing:
            await asyncio.wait(hearing, timeout=LAST_WORDS)
            following.over.set()
            await asyncio.wait(hearing, timeout=LAST_WORDS)
        for listening, task in following.ears.values():
            task.cancel()
            await self._hearing.last(following, listening)
        await self._missed_at_the_end(following)
        await following.understood()
        await self._file(following)

    async def catch_up(self, recogniser: str) -> None:
        """Calls that ended while nobody wrote, one after another, without end."""
        while True:
            for call_id in await self._database(queries.unfiled):
                if call_id not in self._running and call_id not in self.finishing:
                    await self._make_up(call_id, recogniser)
            await asyncio.sleep(CATCH_UP_SECONDS)

    async def _make_up(self, call_id: int, recogniser: str) -> None:
        begun = await self._database(actions.begin, actor=SYSTEM, call_id=call_id, recogniser=recogniser)
        following = Following(call_id, begun.transcript_id, begun.zero_at, begun.heard, begun.gaps)
        self.finishing[call_id] = following
        spells = await self._database(queries.spells_of, call_id, begun.zero_at)
        for speaker in Speaker.values:
            since = begun.heard.get(speaker, 0)
            if spells.over - since > LEAST_GAP:
                following.gaps.append((speaker, since, spells.over))
        await self._file(following)

    async def _missed_at_the_end(self, following: Following) -> None:
        """What no ear came to hear before the call was over: on a busy machine sound waits."""
        spells = await self._database(queries.spells_of, following.call_id, following.zero)
        for speaker in Speaker.values:
            ears = [
                one
                for one, _task in following.ears.values()
                if one.ear.speaker == speaker and one.first is not None
            ]
            heard = max((one.heard(following.zero) for one in ears), default=following.heard.get(speaker, 0))
            if spells.over - heard > LEAST_END:
                await self._line.note(following, speaker, heard, spells.over)

    async def _file(self, following: Following) -> None:
        left: list[Gap] = []
        recovered = False
        if following.gaps:
            gaps, following.gaps = following.gaps, []
            recovered, left = await self._recover(following, gaps)
            left += following.gaps  # what the model failed at again
        if following.call_id not in self._running:  # else the call goes on with another agent
            await self._database(
                actions.file,
                actor=SYSTEM,
                transcript_id=following.transcript_id,
                recovered=recovered,
                left=left,
            )
        if self.finishing.get(following.call_id) is following:
            del self.finishing[following.call_id]

    # -- from recordings ---------------------------------------------------------------------------------------------------

    async def _recover(self, following: Following, gaps: Sequence[Gap]) -> tuple[bool, list[Gap]]:
        """Read gaps from the call's recordings: whether anything was read, and what none of them holds."""
        spells = await self._closed(following)
        if not spells.sources:
            return False, list(gaps)
        left: list[Gap] = []
        recovered = False
        for speaker in Speaker.values:
            missing = merged((start, end) for who, start, end in gaps if who == speaker)
            for segment, talked in spells.talked:
                wanted = [span for span in overlap(missing, [talked]) if span[1] - span[0] > LEAST_GAP]
                read: list[Span] = []
                for source in spells.sources:
                    for span in overlap(wanted, [(source.begins, source.ends)]):
                        read.append((span[0], await self._read(following, source, speaker, segment, span)))
                recovered = recovered or any(end > start for start, end in read)
                left += [
                    (speaker, start, end)
                    for start, end in without(wanted, read)
                    if end - start > LEAST_LEFT or not read
                ]
        await following.understood()
        return recovered, left

    async def _closed(self, following: Following) -> Spells:
        """The call as it stands once the exchange has closed its recordings; they are not waited for without end."""
        began = self._clock()
        while True:
            spells = await self._database(queries.spells_of, following.call_id, following.zero)
            ended = spells.ended_at.timestamp() if spells.ended_at else began
            if spells.closed or self._clock() > ended + RECORDING_PATIENCE:
                return spells
            await asyncio.sleep(AGAIN_SECONDS)

    async def _read(
        self, following: Following, source: Source, speaker: str, segment: int, span: Span
    ) -> int:
        """One side of a recording from–to, as if it were spoken now; up to which millisecond there was sound."""
        listening = Listening(Ear("", speaker, segment), self._listener())
        start, end = span
        listening.first, listening.epoch = 0, following.zero.timestamp() + start / 1000
        channel = CHANNEL[Speaker(speaker)]
        try:
            while start < end:
                piece = (start, min(end, start + PIECE_SECONDS * 1000))
                samples = await self._database(_cut, source.recording, following.zero, channel, piece)
                for stretch in await self._thread(listening.listener.stretches, 0, samples):
                    await self._line.put_when_there_is_room(following, listening, stretch)
                start += len(samples) // 8
                if start < piece[1]:
                    break  # shorter than it was told
        except BadRecording as error:
            log.warning("call %s cannot be read from its recording: %s", following.call_id, error)
        for stretch in await self._thread(listening.listener.last, 0):
            await self._line.put_when_there_is_room(following, listening, stretch)
        return start


def _cut(recording_id: int, zero: datetime, channel: int, span: Span) -> Samples:
    """One side of a recording from–to, milliseconds of the call; shorter at its end. Raises BadRecording."""
    recording = Recording.objects.get(pk=recording_id)
    try:
        kept = queries.bytes_of(recording)
    except BadRecording:
        kept = queries.bytes_of(recording)  # encrypted just between the two looks
    begins = round((recording.started_at - zero).total_seconds() * 1000)
    start, end = (max(0, moment - begins) * BYTES_A_SECOND // 4000 * 4 for moment in span)
    data = kept.read(HEADER + start, end - start)
    frames = np.frombuffer(data[: len(data) // 4 * 4], "<i2").reshape(-1, 2)
    return (frames[:, channel].astype(np.float32) / np.float32(32768)).astype(np.float32)
