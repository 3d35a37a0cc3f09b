"""Whether a machine picked up: it speaks on without a pause, or beeps. Pure, and without any model.

A person who picks up says a word or two and waits. So the first words tell: begun soon after the call was answered and going on
for more than `LONG` seconds without a pause they are a machine's; so is a clear tone of a fifth of a second. Everything is a
bound on loudness and time, as an operator can check by ear; who presses a key is a person, whatever was heard.
"""

from __future__ import annotations

import math
import sys
from array import array
from enum import StrEnum

RATE, FRAME = 8000, 160
SECONDS = FRAME / RATE
LOUD = 300.0
"""Mean amplitude (of 32,768) above which somebody speaks: about -41 dB, well above the noise of a line."""
FIRST_WITHIN = 3.0
LONG = 3.6
PAUSE = 0.6
"""Seconds: in which the first words begin, from which on they are a machine's, and of silence that ends them."""
LISTENED = 14.0
"""Seconds after the answer in which it is decided; what has not been told by then is a person."""
BEEP = 0.2
LOWEST = 380.0
"""Hz. A hummed 嗯 is below; the beeps of answering machines lie between 400 and 2,000."""
PURE = 0.01
"""Share of the sound that is no single tone."""
STEADY = 0.04
QUIET_AFTER = 1.2
"""Seconds of silence after which a message may be left when no beep came."""
LONGEST_GREETING = 30.0


class Sign(StrEnum):
    """What the first words tell: a machine by its long speech, by its beep; now it listens; a person, or nobody knows."""

    LONG = "long"
    BEEP = "beep"
    LISTENS = "listens"
    PERSON = "person"


class FirstWords:
    """One party from the moment the call was answered. Feed it what they say; it gives each sign once."""

    def __init__(self) -> None:
        self._rest = array("h")
        self._next = 0
        """Sample of the call at which the next frame begins."""
        self._began: float | None = None
        self._quiet = 0.0
        self._tone = 0.0
        self._turn = 0.0
        """Of the last tonal frame: twice the cosine of its turn a sample."""
        self._beeped = False
        self.machine = False
        self.over = False

    def hear(self, first: int, pcm: bytes) -> list[Sign]:
        """`pcm`: 16 bit, little endian, 8 kHz; `first`: its first sample, counted since the answer. Lost sound is silence."""
        heard = array("h")
        heard.frombytes(pcm[: len(pcm) // 2 * 2])
        if sys.byteorder == "big":
            heard.byteswap()
        signs: list[Sign] = []
        lost = first - self._next - len(self._rest)
        while lost > FRAME and not self.over:
            signs += self._silence()
            lost -= FRAME
        self._rest.extend(heard)
        while len(self._rest) >= FRAME and not self.over:
            frame, self._rest = self._rest[:FRAME], self._rest[FRAME:]
            signs += self._frame(frame)
        return signs

    def _silence(self) -> list[Sign]:
        return self._frame(array("h", bytes(2 * FRAME)))

    def _frame(self, frame: array[int]) -> list[Sign]:
        at = self._next / RATE
        self._next += FRAME
        level = math.sqrt(sum(one * one for one in frame) / FRAME)
        tonal = level >= LOUD and self._tonal(frame)
        if self.machine:
            return self._waits(at, level, tonal)
        if tonal and self._tone >= BEEP:
            self.machine = self._beeped = True
            return [Sign.BEEP]
        if level >= LOUD:
            self._began = at if self._began is None else self._began
            self._quiet = 0.0
            if self._began <= FIRST_WITHIN and at + SECONDS - self._began >= LONG:
                self.machine = True
                return [Sign.LONG]
        elif self._began is not None:
            self._quiet += SECONDS
            if self._quiet >= PAUSE:
                self._began = LISTENED  # the first words are over; what comes later is an answer
        if at >= LISTENED:
            self.over = True
            return [Sign.PERSON]
        return []

    def _waits(self, at: float, level: float, tonal: bool) -> list[Sign]:
        """A machine is known; from when it listens: after its beep, or when it is silent, or at last."""
        if tonal and self._tone >= BEEP:
            self._beeped = True
        self._quiet = self._quiet + SECONDS if level < LOUD else 0.0
        if (self._beeped and not tonal) or self._quiet >= QUIET_AFTER or at >= LISTENED + LONGEST_GREETING:
            self.over = True
            return [Sign.LISTENS]
        return []

    def _tonal(self, frame: array[int]) -> bool:
        """Whether this frame goes on with one tone: each sample of a pure one follows from the two before it."""
        middle = frame[1:-1]
        around = [one + other for one, other in zip(frame, frame[2:], strict=False)]
        power = sum(one * one for one in middle)
        turn = sum(one * other for one, other in zip(middle, around, strict=True)) / power if power else 2.0
        bound = 2 * math.cos(2 * math.pi * LOWEST / RATE)
        if not -1.9 < turn < bound:
            self._tone = 0.0
            return False
        missed = sum((other - turn * one) ** 2 for one, other in zip(middle, around, strict=True))
        # How far two tones lie apart in this measure depends on where: 4 sin² of the turn.
        pure = missed / ((4 - turn * turn) * power) <= PURE
        steady = self._tone == 0.0 or abs(turn - self._turn) <= STEADY
        self._tone = (self._tone if steady else 0.0) + SECONDS if pure else 0.0
        self._turn = turn
        return pure
