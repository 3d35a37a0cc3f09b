"""Sound as the engine holds it: 16-bit mono at 8 kHz in frames of 20 ms (160 samples), numpy int16."""

from __future__ import annotations

import wave
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from softswitch.faults import Refused

RATE = 8000
FRAME = 160
FRAME_SECONDS = FRAME / RATE
MOST_PROMPT_SECONDS = 600

Samples = NDArray[np.int16]

SILENCE: Samples = np.zeros(FRAME, np.int16)
SILENCE.setflags(write=False)


class Fifo:
    """Samples of one party between the network's clock and ours; more than `most` frames behind, the oldest go."""

    def __init__(self, most: int = 8) -> None:
        self._most = most * FRAME
        self._held = np.zeros(self._most, np.int16)
        self._length = 0
        self.dropped = 0

    @property
    def frames(self) -> int:
        return self._length // FRAME

    def put(self, samples: Samples) -> None:
        samples = samples[-self._most :]
        over = self._length + len(samples) - self._most
        if over > 0:
            self._held[: self._length - over] = self._held[over : self._length]
            self._length -= over
            self.dropped += over
        self._held[self._length : self._length + len(samples)] = samples
        self._length += len(samples)

    def take(self) -> Samples | None:
        """The next frame, or None when there is not a whole one."""
        if self._length < FRAME:
            return None
        frame = self._held[:FRAME].copy()
        self._length -= FRAME
        self._held[: self._length] = self._held[FRAME : FRAME + self._length]
        return frame


def load(path: Path) -> Samples:
    """A WAV file (16 bit, mono, 8 kHz or a whole multiple) as samples at 8 kHz.

    Raises Refused: `file_missing`, `file_unusable`.
    """
    try:
        return _load(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise Refused("file_missing", f"There is no file {path.name}.") from None
    except (OSError, EOFError, wave.Error) as error:
        raise Refused("file_unusable", f"{path.name} is not a WAV file: {error}.") from None


@lru_cache(maxsize=64)
def _load(path: Path, _changed: int) -> Samples:
    with wave.open(str(path), "rb") as sound:
        rate, frames = sound.getframerate(), sound.getnframes()
        if sound.getsampwidth() != 2 or sound.getnchannels() != 1 or rate % RATE or not rate:
            raise Refused("file_unusable", f"{path.name} must be 16 bit, mono, 8 kHz or a multiple of it.")
        if not 0 < frames <= rate * MOST_PROMPT_SECONDS:
            raise Refused("file_unusable", f"{path.name} must last up to {MOST_PROMPT_SECONDS} seconds.")
        samples = np.frombuffer(sound.readframes(frames), "<i2").astype(np.int16)
    samples = thin(samples, rate // RATE)
    samples.setflags(write=False)
    return samples


def thin(samples: Samples, factor: int) -> Samples:
    """One sample in `factor`, after a low pass at 0.45 of the new rate, so that nothing folds back."""
    if factor == 1:
        return samples
    reach = 16 * factor
    place = np.arange(-reach, reach + 1)
    kernel = np.sinc(0.9 * place / factor) * np.hamming(len(place))
    smooth = np.convolve(samples.astype(np.float64), kernel / kernel.sum(), "same")[::factor]
    return np.clip(np.rint(smooth), -32768, 32767).astype(np.int16)


def ringing() -> Samples:
    """China's ring-back tone, five seconds: 450 Hz, one second on, four off (GB/T 3380)."""
    tone = np.zeros(5 * RATE, np.int16)
    tone[:RATE] = np.rint(4000 * np.sin(2 * np.pi * 450 * np.arange(RATE) / RATE)).astype(np.int16)
    return tone


class Playing:
    """Some sounds one after another for one party, once or for ever."""

    def __init__(self, number: str, sounds: list[Samples], *, loop: bool, until_digit: bool) -> None:
        self.number = number
        self.until_digit = until_digit
        self._sound = np.concatenate(sounds)
        self._loop = loop
        self._place = 0

    def take(self) -> Samples | None:
        """The next frame; None after the last."""
        if self._place >= len(self._sound):
            if not self._loop:
                return None
            self._place = 0
        frame = self._sound[self._place : self._place + FRAME]
        self._place += FRAME
        if len(frame) < FRAME:
            frame = np.concatenate((frame, SILENCE[len(frame) :]))
        return frame
