"""What is measured of a voice: values alone, so that who stores or shows them needs none of the part `speech`."""

from __future__ import annotations

from dataclasses import dataclass, fields

WINDOW = 10.0
"""Seconds that are judged at once."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One window of one voice; each measure None when it could not be had.

    `loudness` N5, sone · `sharpness` acum · `pitch` semitones above 100 Hz, median · `melody` semitones between the lower and the upper
    quarter of the pitch · `rate` syllables a second of speech · `pauses` share of the window without speech · `roughness` asper, when asked.
    """

    loudness: float | None = None
    sharpness: float | None = None
    pitch: float | None = None
    melody: float | None = None
    rate: float | None = None
    pauses: float | None = None
    roughness: float | None = None


MEASURES: tuple[str, ...] = tuple(one.name for one in fields(Voice))
