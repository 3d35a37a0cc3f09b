"""Sound as numbers: one channel of float32 between -1 and 1, its rate beside it."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import firwin, lfilter, resample_poly

Samples = NDArray[np.float32]

TELEPHONE = 8_000
LISTENING = 16_000
"""The rate that recognition and activity hear."""
LOUDNESS = -20.0
"""Root mean square of a prompt, dB below full scale: what telephone announcements are levelled to."""
PEAK = 0.89
"""-1 dB: G.711 clips above."""


class BadSound(ValueError):
    """The file or the samples cannot be read as sound; the text says why."""


@dataclass(frozen=True)
class Sound:
    """`samples`: float32 (n,), -1..1. `rate`: samples a second."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def at(self, rate: int) -> Sound:
        """The same sound at another rate."""
        if rate == self.rate:
            return self
        ratio = Fraction(rate, self.rate)
        heard = resample_poly(self.samples, ratio.numerator, ratio.denominator)
        return Sound(heard.astype(np.float32), rate)

    def levelled(self) -> Sound:
        """As loud as a telephone announcement should be, peaks kept below clipping; silence stays silence."""
        root = float(np.sqrt(np.mean(np.square(self.samples)))) if len(self.samples) else 0.0
        if root < 1e-5:
            return self
        gain = 10 ** (LOUDNESS / 20) / root
        loud = self.samples * np.float32(gain)
        peak = float(np.abs(loud).max())
        if peak > PEAK:
            # A soft knee instead of turning all down: plosives of a quiet voice would make the rest inaudible.
            loud = np.where(
                np.abs(loud) > PEAK / 2,
                np.sign(loud) * (PEAK / 2 + PEAK / 2 * np.tanh((np.abs(loud) - PEAK / 2) / (PEAK / 2))),
                loud,
            )
        return Sound(loud.astype(np.float32), self.rate)

    def wav(self) -> bytes:
        """A WAV file of 16 bits."""
        memory = io.BytesIO()
        with wave.open(memory, "wb") as file:
            file.setparams((1, 2, self.rate, 0, "NONE", ""))
            file.writeframes((np.clip(self.samples, -1, 1) * 32767).astype("<i2").tobytes())
        return memory.getvalue()


def silence(seconds: float, rate: int) -> Sound:
    return Sound(np.zeros(round(seconds * rate), np.float32), rate)


def joined(parts: list[Sound]) -> Sound:
    """One after another; all of one rate."""
    return Sound(np.concatenate([part.samples for part in parts]), parts[0].rate)


def read_wav(path: Path) -> list[Sound]:
    """The channels of a WAV file of 16 bits. `BadSound` when it is none or holds nothing."""
    try:
        with wave.open(str(path), "rb") as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, OSError) as error:
        raise BadSound(f"{path.name} cannot be read as WAV: {error}") from error
    if width != 2:
        raise BadSound(f"{path.name} has {8 * width} bits a sample; 16 are needed.")
    frames = np.frombuffer(data[: len(data) // (2 * channels) * 2 * channels], "<i2").reshape(-1, channels)
    if not len(frames):
        raise BadSound(f"{path.name} is empty.")
    return [Sound(frames[:, channel].astype(np.float32) / np.float32(32768), rate) for channel in range(channels)]


class Doubler:
    """8 kHz to 16 kHz piece by piece, as a call arrives: the seams between pieces are not heard."""

    def __init__(self) -> None:
        self._taps = firwin(31, 0.45).astype(np.float32) * 2
        self._state = np.zeros(len(self._taps) - 1, np.float32)

    def __call__(self, samples: Samples) -> Samples:
        if not len(samples):
            return np.zeros(0, np.float32)
        stuffed = np.zeros(2 * len(samples), np.float32)
        stuffed[::2] = samples
        out, self._state = lfilter(self._taps, [1.0], stuffed, zi=self._state)
        return np.asarray(out, np.float32)
