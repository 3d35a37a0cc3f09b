"""A voice beside itself: measures of made sounds whose truth is known, and the rules of what is usual."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.speech.acoustics import Voice, voice
from hotline.speech.baseline import CLIPPED, Watch, baseline, deviation, parts
from hotline.speech.sound import TELEPHONE

CALM = Voice(loudness=8.0, sharpness=1.1, pitch=9.0, melody=3.0, rate=4.5, pauses=0.4)
HEATED = Voice(loudness=13.0, sharpness=1.3, pitch=12.0, melody=4.5, rate=5.6, pauses=0.15)


def spoken(pitch: float, level: float, syllables: float, seconds: float = 6.0) -> np.ndarray:
    """A buzz of `pitch` Hz that swells so many times a second."""
    time = np.arange(round(seconds * TELEPHONE)) / TELEPHONE
    wave = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, int(3400 // pitch)))
    swell = 0.04 + np.clip(np.sin(2 * np.pi * syllables * time), 0, None)
    made = np.asarray(wave * swell)
    return np.asarray(level * made / np.abs(made).max(), np.float32)


def measured(samples: np.ndarray) -> Voice:
    pytest.importorskip("mosqito", reason="the part `speech` is not installed")
    found = voice(samples, np.ones(len(samples), bool))
    assert found is not None
    return found


def near(one: Voice, **changes: float) -> list[Voice]:
    """Ordinary windows about a voice, always the same."""
    chance = np.random.default_rng(5)
    return [
        replace(
            one,
            loudness=one.loudness * 2 ** chance.normal(0, 0.15),
            pitch=one.pitch + chance.normal(0, 0.5),
            rate=one.rate * 2 ** chance.normal(0, 0.1),
        )
        for _ in range(6)
    ]


def test_pitch_level_and_pace_are_measured_as_they_were_made():
    low, high = measured(spoken(125, 0.2, 4)), measured(spoken(250, 0.2, 4))
    assert high.pitch - low.pitch == pytest.approx(12, abs=0.3)  # an octave
    assert low.pitch == pytest.approx(12 * np.log2(1.25), abs=0.3)
    soft, loud = measured(spoken(180, 0.05, 4)), measured(spoken(180, 0.2, 4))
    # 12 dB are 12 phon, and 10 phon double the sones (ISO 532-1, above 40 phon).
    assert loud.loudness / soft.loudness == pytest.approx(2 ** 1.2, rel=0.2)
    assert loud.pitch == pytest.approx(soft.pitch, abs=0.1)
    assert measured(spoken(180, 0.2, 3)).rate == pytest.approx(3, abs=0.4)
    assert measured(spoken(180, 0.2, 5)).rate == pytest.approx(5, abs=0.6)


def test_pauses_count_for_themselves_and_too_little_speech_says_nothing():
    pytest.importorskip("mosqito", reason="the part `speech` is not installed")
    samples = np.concatenate([spoken(150, 0.2, 4), np.zeros(4 * TELEPHONE, np.float32)])
    speech = np.arange(len(samples)) < 6 * TELEPHONE
    found = voice(samples, speech)
    assert found.pauses == pytest.approx(0.4)
    assert found.loudness == pytest.approx(measured(samples[speech]).loudness)
    assert voice(samples, np.arange(len(samples)) < TELEPHONE) is None
    with pytest.raises(ValueError, match="one truth a sample"):
        voice(samples, speech[:-1])


def test_silence_called_speech_breaks_nothing():
    nothing = measured(np.zeros(6 * TELEPHONE, np.float32))
    assert (nothing.loudness, nothing.pitch, nothing.rate) == (0.0, None, 0.0)


def test_an_outburst_does_not_become_the_usual_and_a_changed_voice_does():
    calls = [near(CALM) for _ in range(10)]
    usual = baseline(calls)
    assert deviation(HEATED, usual) > 3
    assert abs(deviation(CALM, usual)) < 1
    after = baseline([*calls, [HEATED] * 200])
    assert after["pitch"].centre == pytest.approx(usual["pitch"].centre, abs=0.3)
    moved = baseline([*calls, *([[HEATED] * 6] * 30)])
    assert abs(deviation(HEATED, moved)) < 1


def test_nothing_is_said_before_three_minutes_or_of_two_measures():
    assert baseline([near(CALM)] * 2) == {}
    assert deviation(CALM, {}) is None
    usual = baseline([near(CALM)] * 6)
    assert deviation(Voice(loudness=8.0, rate=4.0), usual) is None
    # A measure that was never had is no part of the usual.
    assert "pitch" not in baseline([[replace(one, pitch=None) for one in near(CALM)]] * 6)


@given(st.floats(0.1, 100), st.floats(0, 40), st.floats(0, 12))
def test_no_measure_cries_alone(loudness: float, pitch: float, rate: float):
    usual = baseline([near(CALM)] * 6)
    found = parts(Voice(loudness=loudness, pitch=pitch, rate=rate), usual)
    assert all(abs(one) <= CLIPPED for one in found.values())


def test_louder_never_makes_calmer():
    usual = baseline([near(CALM)] * 6)
    values = [deviation(replace(CALM, loudness=8.0 * 1.2**step), usual) for step in range(8)]
    assert values == sorted(values)
    assert values[-1] > values[0]


def test_an_episode_is_told_once():
    watch = Watch()
    told = [watch.feed(value) for value in (0.1, 2.5, 1.5, 2.5, None, 2.6, 3.0, 3.0, 1.4, 2.2, 2.2, 0.3, 2.2, 2.2)]
    assert [at for at, one in enumerate(told) if one] == [5, 13]
