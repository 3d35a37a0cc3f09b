"""Running calls: an ear for each party, the stretches it speaks, what was missed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from hotline.calls.engines import Engine, EngineAway, EngineRefused, Sound
from hotline.speech.sound import TELEPHONE
from hotline.speech.transcript import Listener
from hotline.transcripts.scribe.following import LEAST_GAP, Following, Listening
from hotline.transcripts.scribe.line import AGAIN_SECONDS, Line
from hotline.transcripts.scribe.threads import HearingThread

LONGEST_HOLE = 60 * TELEPHONE
"""Samples of lost sound that are heard as silence; after more, listening begins afresh."""


class Hearing:
    """Cheap: every party of every call is heard at once, in one thread."""

    def __init__(
        self,
        engine: Engine,
        line: Line,
        thread: HearingThread,
        listener: Callable[[], Listener],
        clock: Callable[[], float],
    ) -> None:
        self._engine, self._line, self._thread = engine, line, thread
        self._listener, self._clock = listener, clock

    async def hear(self, following: Following, listening: Listening) -> None:
        """One party until its connection ends, or the conversation is over."""
        away = False
        while not following.over.is_set():
            try:
                async for sound in self._engine.sound(listening.ear.leg):
                    if following.over.is_set():
                        return
                    await self._take(following, listening, sound, away)
                    away = False
                return  # the leg has ended
            except EngineRefused:
                return
            except EngineAway:
                away = True
                await asyncio.sleep(AGAIN_SECONDS)

    async def last(self, following: Following, listening: Listening) -> None:
        """What was still being said."""
        if listening.first is not None:
            for stretch in await self._thread(listening.listener.last, 0):
                await self._line.put(following, listening, stretch)

    async def _take(self, following: Following, listening: Listening, sound: Sound, away: bool) -> None:
        count = len(sound.pcm) // 2
        fresh = listening.first is None
        missed = listening.place(sound.first, count, self._clock())
        if fresh:
            await self._missed_before(following, listening)
        if missed > TELEPHONE * LEAST_GAP // 1000:
            await self._missed(following, listening, missed, count, behind=not away)
        samples = np.frombuffer(sound.pcm, "<i2").astype(np.float32) / np.float32(32768)
        if listening.mute:
            samples = np.zeros(count, np.float32)
        if missed > LONGEST_HOLE:
            await self.last(following, listening)
            listening.begin_anew(self._listener(), sound.first)
        elif missed:
            samples = np.concatenate([np.zeros(missed, np.float32), samples])
        for stretch in await self._thread(listening.listener.stretches, 0, samples):
            await self._line.put(following, listening, stretch)

    async def _missed_before(self, following: Following, listening: Listening) -> None:
        """What was said before this ear was opened: since the words that stand there, else since the call's first moment."""
        speaker = listening.ear.speaker
        since = following.heard.get(speaker, 0)
        if any(
            other.ear.speaker == speaker and other is not listening
            for other, _task in following.ears.values()
        ):
            return  # another agent, who has just come in
        until = listening.shift(following.zero)
        if until - since > LEAST_GAP:
            await self._line.note(following, speaker, since, until)

    async def _missed(
        self, following: Following, listening: Listening, missed: int, count: int, *, behind: bool
    ) -> None:
        until = listening.heard(following.zero) - round(count / TELEPHONE * 1000)
        since = until - round(missed / TELEPHONE * 1000)
        await self._line.note(following, listening.ear.speaker, since, until, behind=behind)
