"""A voice beside itself: what is usual for one person over their recent calls, and how far a window lies from it.

Pure. Nothing here says what anybody feels: a number says how unlike themselves somebody sounds, in the direction in which voices go
when people are agitated (louder, sharper, higher, livelier, faster, with fewer pauses).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hotline.speech.voices import Voice

HALF_LIFE = 20
"""Calls after which a call counts half: a cold passes, a new headset is learnt."""
MOST_CALLS = 60
LEAST_WINDOWS = 18
"""Three minutes of speech, of which a median can be taken."""
CLIPPED = 4.0
"""One measure alone cannot cry: a cough is as loud as it likes."""
ALARM = 2.0
"""Deviation that a window must reach …"""
WINDOWS = 2
"""… so many times running …"""
CALM = 1.0
"""… and it is over when a window lies below this."""


@dataclass(frozen=True, slots=True)
class Trait:
    """`centre` and `spread` (like a standard deviation) of one measure on its scale."""

    centre: float
    spread: float


@dataclass(frozen=True, slots=True)
class Scale:
    """How a measure is compared: ratios by their logarithm; `least` spread, below which differences are the line's, not the voice's."""

    ratio: bool
    least: float
    upwards: bool = True

    def of(self, value: float) -> float:
        return math.log2(max(value, 1e-3)) if self.ratio else value


SCALES: Mapping[str, Scale] = {
    "loudness": Scale(True, 0.15),
    "sharpness": Scale(True, 0.05),
    "pitch": Scale(False, 0.5),
    "melody": Scale(True, 0.2),
    "rate": Scale(True, 0.1),
    "pauses": Scale(False, 0.1, upwards=False),
}


def baseline(calls: Iterable[Sequence[Voice]], *, least: int = LEAST_WINDOWS) -> dict[str, Trait]:
    """Of windows by call, the oldest call first. A measure heard in fewer than `least` is left out; {} when nothing can be said yet.

    Median and median deviation, weighted: an outburst of the past moves neither.
    """
    recent = [call for call in calls if call][-MOST_CALLS:]
    found = {}
    for name, scale in SCALES.items():
        rows = []
        for age, call in enumerate(reversed(recent)):
            values = [scale.of(value) for one in call if (value := getattr(one, name)) is not None]
            # Each call counts the same, however long: one long quarrel must not become the usual.
            rows += [(value, 0.5 ** (age / HALF_LIFE) / len(values)) for value in values]
        if len(rows) >= least:
            centre = _median(rows)
            spread = 1.4826 * _median([(abs(value - centre), weight) for value, weight in rows])
            found[name] = Trait(centre, max(spread, scale.least))
    return found


def parts(voice: Voice, usual: Mapping[str, Trait]) -> dict[str, float]:
    """By measure: spreads away from the usual, positive towards agitation, clipped."""
    found = {}
    for name, trait in usual.items():
        value = getattr(voice, name)
        if value is not None:
            away = (SCALES[name].of(value) - trait.centre) / trait.spread
            found[name] = max(-CLIPPED, min(CLIPPED, away if SCALES[name].upwards else -away))
    return found


def deviation(voice: Voice, usual: Mapping[str, Trait]) -> float | None:
    """How unlike themselves, in spreads: the mean of the parts, scaled so that independent parts would spread by 1. None without three
    measures to go by."""
    found = parts(voice, usual)
    if len(found) < 3:
        return None
    return sum(found.values()) / math.sqrt(len(found))


class Watch:
    """One voice of one call. `feed` is true once an episode: when `WINDOWS` windows running have reached `ALARM`."""

    def __init__(self) -> None:
        self._running = 0
        self._told = False

    def feed(self, value: float | None) -> bool:
        """The next window's deviation; None (silence, no baseline) changes nothing."""
        if value is None:
            return False
        if value >= ALARM:
            self._running += 1
        else:
            self._running = 0
            if value < CALM:
                self._told = False
        if self._running >= WINDOWS and not self._told:
            self._told = True
            return True
        return False


def _median(rows: Sequence[tuple[float, float]]) -> float:
    """Of values with weights: the lowest value that half the weight does not exceed."""
    ordered = sorted(rows)
    half = sum(weight for _, weight in ordered) / 2
    passed = 0.0
    for value, weight in ordered:
        passed += weight
        if passed >= half:
            return value
    return ordered[-1][0]
