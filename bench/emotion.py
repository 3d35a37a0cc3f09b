"""Calm and agitated speech of the same voices: how well the deviation from a speaker's own baseline tells them apart, what it costs.

Six voices are made of the platform's own by WORLD (pitch, length of the throat, pace), heard through G.711 over noise, found by
Silero. Each speaks five calm calls, of which a baseline is learnt, then calm and agitated ones. Within calm calls level, pitch and pace
differ by call and by sentence as people's do; agitation adds 4 to 8 dB, 2 to 4 semitones, a third more melody and a fifth more pace,
and halves the pauses. Beside it in the same run: the level alone, without a baseline. It is made of one synthetic voice: a floor for
the method, not a promise about people.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyworld
from numpy.random import Generator

from bench.speech import SENTENCES, law
from hotline.speech.acoustics import WINDOW, Voice, voice
from hotline.speech.activity import Activity
from hotline.speech.baseline import Watch, baseline, deviation, parts
from hotline.speech.sound import LISTENING, TELEPHONE, Doubler, Samples, Sound
from hotline.speech.synthesis import Speaker

VOICES = ((0.6, 0.86, 0.95), (0.7, 0.9, 1.05), (0.8, 0.95, 1.1), (0.9, 0.98, 0.92), (1.0, 1.0, 1.0), (1.15, 1.05, 1.04))
"""Pitch, throat, pace: factors."""
LEARNT = 5
"""Calm calls for the baseline, a voice."""
JUDGED = {False: (40, 40, 40, 300), True: (40, 40, 40)}
"""Seconds of the calls to be judged, a voice: calm, agitated. The long one is for false alarms."""
SECONDS = 40


def analysed(sound: Samples) -> tuple[Any, Any, Any]:
    """A sentence as WORLD has it: pitch, envelope, noise."""
    samples = sound.astype(np.float64)
    pitch, times = pyworld.harvest(samples, LISTENING)
    return pitch, pyworld.cheaptrick(samples, pitch, times, LISTENING), pyworld.d4c(samples, pitch, times, LISTENING)


def spoken(parts: tuple[Any, Any, Any], pitch: float, melody: float, throat: float, pace: float) -> Samples:
    """The sentence in another voice. `pitch`, `throat` (formants) and `pace` are factors, `melody` widens the pitch about its middle."""
    heard, envelope, noise = parts
    count = max(2, round(len(heard) / pace))
    at = np.linspace(0, len(heard) - 1, count)
    taken = np.round(at).astype(int)
    middle = np.exp(np.mean(np.log(heard[heard > 0])))
    tone = np.where(heard[taken] > 0, middle * pitch * (np.maximum(heard[taken], 1) / middle) ** melody, 0.0)
    bins = np.minimum(np.arange(envelope.shape[1]) / throat, envelope.shape[1] - 1)
    low, share = bins.astype(int), bins % 1
    high = np.minimum(low + 1, envelope.shape[1] - 1)
    bent = envelope[taken][:, low] * (1 - share) + envelope[taken][:, high] * share
    made = pyworld.synthesize(tone, np.ascontiguousarray(bent), np.ascontiguousarray(noise[taken]), LISTENING)
    return made.astype(np.float32)


def call(sentences: list[tuple[Any, Any, Any]], kind: tuple[float, float, float], agitated: bool, chance: Generator, seconds: int = SECONDS) -> Samples:
    """A call's channel at 8 kHz."""
    pitch, throat, pace = kind
    gain, tone, speed = chance.normal(0, 2), chance.normal(0, 0.4), chance.normal(1, 0.04)
    up, higher, faster = (chance.uniform(4, 8), chance.uniform(2, 4), chance.uniform(1.1, 1.3)) if agitated else (0.0, 0.0, 1.0)
    pieces: list[Samples] = []
    while sum(map(len, pieces)) < seconds * TELEPHONE:
        said = spoken(
            sentences[chance.integers(len(sentences))],
            pitch * 2 ** ((tone + higher + chance.normal(0, 0.7)) / 12),
            (1.3 if agitated else 1.0) * chance.normal(1, 0.1),
            throat,
            pace * speed * faster * chance.normal(1, 0.07),
        )
        sound = Sound(said, LISTENING).levelled().at(TELEPHONE).samples
        pieces.append(sound * np.float32(10 ** ((gain + up + chance.normal(0, 1.5) - 8) / 20)))
        pieces.append(np.zeros(round(chance.uniform(0.5, 2.5) * (0.5 if agitated else 1) * TELEPHONE), np.float32))
    whole = np.concatenate(pieces)[: seconds * TELEPHONE]
    level = 0.1 * 10 ** (-chance.uniform(25, 35) / 20)
    return law(np.clip(whole + chance.normal(0, level, len(whole)).astype(np.float32), -1, 1))


def windows(samples: Samples) -> list[tuple[Voice, float]]:
    """Voices of the call's windows, their level in dB beside them."""
    activity = Activity()
    stretches = activity.feed(Doubler()(samples)) + activity.flush()
    speech = np.zeros(len(samples), bool)
    for one in stretches:
        speech[round(one.start * TELEPHONE) : round(one.end * TELEPHONE)] = True
    size = round(WINDOW * TELEPHONE)
    found = []
    for at in range(0, len(samples) - size + 1, size):
        heard = voice(samples[at : at + size], speech[at : at + size])
        if heard is not None:
            loud = samples[at : at + size][speech[at : at + size]]
            found.append((heard, float(10 * np.log10(np.mean(np.square(loud))))))
    return found


def area(calm: list[float], agitated: list[float]) -> float:
    """Of the ROC: the share of pairs in the right order."""
    low, high = np.array(calm), np.array(agitated)
    return float(np.mean((high[:, None] > low) + 0.5 * (high[:, None] == low)))


def run() -> dict[str, Any]:
    """The figures."""
    chance = np.random.default_rng(12345)
    speaker = Speaker(threads=2)
    sentences = [analysed(speaker.say(one).at(LISTENING).samples) for one in SENTENCES]
    values: dict[bool, list[float]] = {True: [], False: []}
    levels: dict[bool, list[float]] = {True: [], False: []}
    alarms = {True: 0, False: 0}
    seconds = {True: 0, False: 0}
    cpu = 0.0
    by_measure: dict[str, dict[bool, list[float]]] = {}
    for kind in VOICES:
        learnt = []
        for _ in range(LEARNT):
            learnt.append([heard for heard, _level in windows(call(sentences, kind, False, chance))])
        usual = baseline(learnt)
        for mood, lengths in JUDGED.items():
            for length in lengths:
                samples = call(sentences, kind, mood, chance, length)
                start = time.process_time()
                found = windows(samples)
                cpu += time.process_time() - start
                seconds[mood] += length
                watch = Watch()
                told = 0
                for heard, level in found:
                    value = deviation(heard, usual)
                    assert value is not None
                    values[mood].append(value)
                    levels[mood].append(level)
                    told += watch.feed(value)
                    for name, alone in parts(heard, usual).items():
                        by_measure.setdefault(name, {True: [], False: []})[mood].append(alone)
                alarms[mood] += bool(told) if mood else told
    whole = area(values[False], values[True])
    alone = area(levels[False], levels[True])
    return {
        "name": "emotion",
        "windows": len(values[False]) + len(values[True]),
        "area": round(whole, 3),
        "area_by_measure": {name: round(area(two[False], two[True]), 3) for name, two in by_measure.items()},
        "agitated_calls_told": round(alarms[True] / (len(JUDGED[True]) * len(VOICES)), 3),
        "calm_minutes": round(seconds[False] / 60, 1),
        "false_alarms": alarms[False],
        "false_alarms_an_hour": round(alarms[False] / (seconds[False] / 3600), 2),
        "core_seconds_a_second": round(cpu / sum(seconds.values()), 3),
        "limit": "the level alone, without a baseline: ROC area",
        "limit_area": round(alone, 3),
        "ratio": round(whole / alone, 2),
        "goal": "none is named",
    }
