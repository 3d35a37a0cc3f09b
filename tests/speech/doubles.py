"""A judge, a recogniser and a voice that need no model: they read what the samples say."""

from __future__ import annotations

import numpy as np

from hotline.speech.recognition import Heard, Word
from hotline.speech.sound import LISTENING, Samples, Sound


def loud(samples: Samples) -> float:
    """Speech is what is loud."""
    return float(np.abs(samples).max() > 0.1)


def tone(seconds: float, rate: int = LISTENING, hertz: float = 300.0, level: float = 0.5) -> Samples:
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def quiet(seconds: float, rate: int = LISTENING) -> Samples:
    return np.zeros(round(seconds * rate), np.float32)


class Says:
    """Hears the same in every stretch, a character each tenth of a second."""

    key = "double"

    def __init__(self, text: str) -> None:
        self.text = text
        self.stretches: list[int] = []

    def hear(self, samples: Samples) -> Heard:
        self.stretches.append(len(samples))
        words = tuple(Word(sign, at / 10, (at + 1) / 10) for at, sign in enumerate(self.text))
        return Heard(self.text, words, 0.9)


class Hums:
    """A voice whose words are a tone each."""

    key = "hum-1"

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str, *, speed: float = 1.0) -> Sound:
        self.said.append(text)
        return Sound(tone(len(text) / 10, 24_000), 24_000)
