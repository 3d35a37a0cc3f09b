"""What the exchange plays: the city's own recordings; a tone for each that is missing, so that no caller hears nothing.

There is no speech synthesis yet: until a city puts recordings of the same names into the folder (16 bit, mono, 8 kHz or a multiple),
callers hear tones. `HOTLINE_DATA_DIR/switch/prompts` is the folder.
"""

from __future__ import annotations

import math
import os
import struct
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

from hotline.calls.actions.moving import CALL_BACK_ASKED, CALL_BACK_NOTED, CLOSED, FULL, MUSIC

RATE = 8000
LOUDNESS = 5000
RAMP = 80
"""Samples at either end of a tone that fade, so that nothing clicks."""

Tone = tuple[float, float]
"""Hertz (0: silence) and seconds."""

TONES: dict[str, Sequence[Tone]] = {
    "greeting.wav": ((660, 0.25), (0, 0.05), (880, 0.35)),
    MUSIC: ((523, 0.5), (0, 0.1), (659, 0.5), (0, 0.1), (784, 0.5), (0, 3.0)),
    CLOSED: ((480, 0.5), (0, 0.5), (480, 0.5), (0, 0.5)),
    FULL: ((450, 0.35), (0, 0.35), (450, 0.35), (0, 0.35), (450, 0.35)),
    CALL_BACK_ASKED: ((700, 0.2), (0, 0.1), (700, 0.2), (0, 0.1), (900, 0.4)),
    CALL_BACK_NOTED: ((900, 0.2), (700, 0.2), (523, 0.4)),
}
OTHER: Sequence[Tone] = TONES["greeting.wav"]


def prepare(folder: Path, names: Iterable[str]) -> list[str]:
    """Make a tone for every prompt that is not there; their names. A city's own file is never touched."""
    made = []
    for name in sorted({*TONES, *names}):
        path = folder / name
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        with wave.open(str(fresh), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes(samples(TONES.get(name, OTHER)))
        fresh.replace(path)
        made.append(name)
    return made


def samples(tones: Sequence[Tone]) -> bytes:
    """16-bit little-endian samples."""
    values: list[int] = []
    for hertz, seconds in tones:
        count = int(RATE * seconds)
        for place in range(count):
            fade = min(1.0, place / RAMP, (count - place) / RAMP)
            values.append(
                round(LOUDNESS * fade * math.sin(2 * math.pi * hertz * place / RATE)) if hertz else 0
            )
    return struct.pack(f"<{len(values)}h", *values)
