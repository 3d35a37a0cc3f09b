"""How a voice sounds, in windows of ten seconds: loud, sharp, rough, high, lively, fast, pausing. Psychoacoustics and pitch.

Loudness after Zwicker (ISO 532-1, stationary method in segments of 0.1 s) and sharpness (DIN 45692) by MoSQITo; pitch by WORLD's DIO
and StoneMask; syllables by the peaks of the envelope within voiced speech (de Jong and Wempe, 2009). A telephone has no absolute
level: full scale is taken as `FULL_SCALE` pascal, so sones compare one voice with itself and with nothing else.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import find_peaks, resample_poly

from hotline.speech.sound import TELEPHONE, Samples
from hotline.speech.voices import WINDOW, Voice
from hotline.speech.weights import SpeechFault

__all__ = ["FULL_SCALE", "LEAST_SPEECH", "WINDOW", "Voice", "voice"]

LEAST_SPEECH = 2.0
"""Seconds of speech in a window; less says nothing about a voice."""
FULL_SCALE = 0.356
"""Pascal: speech at -20 dB below full scale, as prompts are levelled, is then 65 dB, a conversation at one metre."""
_EAR = 48_000
"""The rate that the standard's filters are made for."""
_SEGMENT = 0.1
_FRAME = 0.01
_LOWEST, _HIGHEST = 70.0, 500.0
"""Hz of a speaking voice."""
_DIP = 2.0
"""dB that the envelope falls between two syllables."""
_SOFT = 25.0
"""dB below the window's loudest: no syllable."""


def voice(samples: Samples, speech: NDArray[np.bool_], *, roughness: bool = False) -> Voice | None:
    """The window's voice; `samples` at 8 kHz, `speech` says of each sample whether the person spoke. None: too little speech.

    Raises SpeechFault `missing` when the libraries of the part `speech` are not installed.
    """
    if speech.shape != samples.shape:
        raise ValueError("`speech` needs one truth a sample.")
    spoken = samples[speech]
    if len(spoken) < LEAST_SPEECH * TELEPHONE:
        return None
    loud, sharp = _loudness(spoken)
    pitch = _pitch(spoken)
    heard = pitch[pitch > 0]
    tones = 12 * np.log2(heard / 100) if len(heard) >= 50 else None
    return Voice(
        loudness=loud,
        sharpness=sharp,
        pitch=None if tones is None else float(np.median(tones)),
        melody=None if tones is None else float(np.subtract(*np.percentile(tones, [75, 25]))),
        rate=_syllables(spoken, pitch) / (len(spoken) / TELEPHONE),
        pauses=1 - len(spoken) / len(samples),
        roughness=_roughness(spoken) if roughness else None,
    )


def _loudness(spoken: Samples) -> tuple[float, float | None]:
    ear = _mosqito()
    # Whole segments only: the library pads the last one with silence, which would pull the sharpness.
    size = round(_SEGMENT * _EAR)
    sound = resample_poly(spoken.astype(float) * FULL_SCALE, _EAR // TELEPHONE, 1)
    sones, specific, _bark, _times = ear.loudness_zwst_perseg(
        sound[: len(sound) // size * size], _EAR, nperseg=size, noverlap=0
    )
    sones = np.asarray(sones)
    audible = sones > 0.2
    if not audible.any():
        return 0.0, None
    acums = np.asarray(ear.sharpness_din_from_loudness(sones, np.asarray(specific)))
    return float(np.percentile(sones, 95)), float(np.mean(acums[audible]))


def _pitch(spoken: Samples) -> NDArray[np.float64]:
    """Hz a frame of 10 ms, 0 where nothing is voiced; single frames that jump by an octave are put right."""
    world = _world()
    sound = spoken.astype(np.float64)
    found, times = world.dio(sound, TELEPHONE, f0_floor=_LOWEST, f0_ceil=_HIGHEST, frame_period=_FRAME * 1000)
    found = np.asarray(world.stonemask(sound, found, times, TELEPHONE))
    return np.where(found > 0, median_filter(found, 5), 0.0)


def _syllables(spoken: Samples, pitch: NDArray[np.float64]) -> int:
    frame = round(_FRAME * TELEPHONE)
    count = min(len(spoken) // frame, len(pitch))
    power = np.mean(np.square(spoken[: count * frame].astype(float).reshape(count, frame)), axis=1)
    smooth = np.convolve(power, np.hanning(9) / np.hanning(9).sum(), mode="same")
    level = 10 * np.log10(smooth + 1e-10)
    peaks, _ = find_peaks(level, height=level.max() - _SOFT, prominence=_DIP, distance=round(0.08 / _FRAME))
    return int(np.count_nonzero(pitch[peaks] > 0))


def _roughness(spoken: Samples) -> float:
    """Of the middle second: the model costs as much as the sound lasts."""
    middle = len(spoken) // 2
    second = spoken[middle - TELEPHONE // 2 : middle + TELEPHONE // 2].astype(float)
    sound = resample_poly(second * FULL_SCALE, _EAR // TELEPHONE, 1)
    return float(np.mean(_mosqito().roughness_dw(sound, _EAR, overlap=0)[0]))


@cache
def _mosqito() -> ModuleType:
    try:
        import mosqito
    except ImportError as error:
        raise _missing("mosqito", error) from error
    found: ModuleType = mosqito
    return found


@cache
def _world() -> Any:
    try:
        import pyworld
    except ImportError as error:
        raise _missing("pyworld-prebuilt", error) from error
    return pyworld


def _missing(name: str, error: ImportError) -> SpeechFault:
    return SpeechFault("missing", f"{name} is not installed; it belongs to the part `speech` ({error.name}).")
