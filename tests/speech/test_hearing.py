"""Activity, transcript and sound, without a model."""

from __future__ import annotations

import json
import wave
from io import StringIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.speech.__main__ import speak
from hotline.speech.activity import LEAD, LEAST_SILENCE, MOST, Activity, Stretch
from hotline.speech.recognition import Heard, Word, believable, spectrum
from hotline.speech.sound import PEAK, BadSound, Doubler, Samples, Sound, read_wav
from hotline.speech.synthesis import Prompts
from hotline.speech.transcript import Listener, Terms, transcribe, utterance
from tests.speech.doubles import Hums, Says, loud, quiet, tone


def stretches(sound: Samples, piece: int = 1600) -> list[Stretch]:
    activity = Activity(loud)
    found = []
    for at in range(0, len(sound), piece):
        found += activity.feed(sound[at : at + piece])
    return found + activity.flush()


def test_a_pause_within_a_sentence_does_not_cut_it() -> None:
    sound = np.concatenate([quiet(1), tone(1), quiet(LEAST_SILENCE / 2), tone(1), quiet(1), tone(0.5), quiet(1)])
    first, second = stretches(sound)
    assert first.start == pytest.approx(1 - LEAD, abs=0.07)
    assert first.end == pytest.approx(3.25 + LEAST_SILENCE, abs=0.07)
    assert second.start == pytest.approx(4.25 - LEAD, abs=0.07)


def test_a_click_is_no_speech() -> None:
    assert stretches(np.concatenate([quiet(1), tone(0.03), quiet(1)])) == []


def test_who_never_pauses_is_cut_before_the_model_is_deaf() -> None:
    found = stretches(np.concatenate([tone(65), quiet(1)]))
    assert len(found) >= 4
    assert all(one.end - one.start <= MOST + 0.1 for one in found)
    assert all(later.start == pytest.approx(one.end, abs=0.01) for one, later in pairwise(found))


def test_speech_at_the_end_of_the_call_is_kept() -> None:
    (only,) = stretches(np.concatenate([quiet(0.5), tone(0.7)]))
    assert only.end == pytest.approx(1.2, abs=0.07)


@given(st.integers(1, 5000))
def test_pieces_of_any_size_give_the_same(piece: int) -> None:
    sound = np.concatenate([quiet(0.4), tone(0.6), quiet(0.8), tone(0.4), quiet(0.3)])
    assert [(one.start, one.end) for one in stretches(sound, piece)] == [(one.start, one.end) for one in stretches(sound)]


@given(st.lists(st.integers(0, 900), min_size=1, max_size=6))
def test_doubling_has_no_seams(lengths: list[int]) -> None:
    sound = tone(sum(lengths) / 8000, 8000)
    doubler, at, pieces = Doubler(), 0, []
    for length in lengths:
        pieces.append(doubler(sound[at : at + length]))
        at += length
    assert np.allclose(np.concatenate(pieces), Doubler()(sound[:at]), atol=1e-5)


def test_doubled_sound_is_the_same_tone() -> None:
    heard = Doubler()(tone(1, 8000, 1000))
    line = np.argmax(np.abs(np.fft.rfft(heard[800:])))
    assert line * 16_000 / len(heard[800:]) == pytest.approx(1000, abs=2)


def test_levelling_never_clips_and_leaves_silence_alone() -> None:
    soft = tone(1, level=0.02)
    soft[100] = 0.9
    assert np.abs(Sound(soft, 16_000).levelled().samples).max() <= PEAK
    assert not Sound(quiet(1), 16_000).levelled().samples.any()


# ── transcript ──


def heard(text: str) -> Heard:
    return Heard(text, tuple(Word(sign, at / 10, (at + 1) / 10) for at, sign in enumerate(text)), 0.8)


STRETCH = Stretch(10.0, 20.0, np.zeros(0, np.float32))


def test_an_utterance_is_levelled_and_keeps_its_times() -> None:
    found = utterance(1, STRETCH, heard("我在嘉定區那個路燈壞了"))
    assert found is not None
    assert found.text.startswith("我在嘉定区")
    assert len(found.times) == len(found.text)
    lamp = found.text.index("灯")
    assert found.times[lamp] == pytest.approx(10 + "我在嘉定區那個路燈壞了".index("燈") / 10)


def test_a_number_told_digit_by_digit_is_written_in_figures() -> None:
    found = utterance(0, STRETCH, heard("电话幺三八零零幺三八零零零，三百二十元"))
    assert found is not None
    assert found.text == "电话13800138000，三百二十元"


def test_terms_are_found_by_their_sound() -> None:
    terms = Terms(["曹杨新村", "真北路", "万里"])
    assert terms.correct("我住在草羊新春，就在真贝路边上，万力城") == "我住在曹杨新村，就在真北路边上，万力城"
    assert terms.correct("曹杨新村真北路") == "曹杨新村真北路"
    assert Terms([]).correct("真贝路") == "真贝路"


@given(st.text(max_size=60))
def test_terms_keep_the_length(text: str) -> None:
    assert len(Terms(["真北路", "曹杨新村"]).correct(text)) == len(text)


@pytest.mark.parametrize("text", ["", "。", "，，", "\u200b"])
def test_what_says_nothing_is_left_out(text: str) -> None:
    assert utterance(0, STRETCH, heard(text)) is None


@pytest.mark.parametrize(
    ("text", "score", "no_speech", "believed"),
    [
        ("路灯坏了三天没人修", -0.3, 0.1, True),
        ("路灯坏了三天没人修", -1.5, 0.9, False),
        ("好的" * 60, -0.2, 0.1, False),
        ("请不吝点赞订阅", -0.8, 0.3, False),
        ("我没有收到字幕", -0.2, 0.1, True),
        ("", 0.0, 0.0, False),
    ],
)
def test_dreams_over_noise_are_not_believed(text: str, score: float, no_speech: float, believed: bool) -> None:
    assert believable(text, score, no_speech) is believed


def recording(path: Path, left: Samples, right: Samples, rate: int = 8000) -> Path:
    frames = (np.stack([left, right], axis=1) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, rate, 0, "NONE", ""))
        file.writeframes(frames.tobytes())
    return path


@pytest.fixture
def _loud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.speech.activity.silero", lambda: loud)


@pytest.mark.usefixtures("_loud")
def test_a_recording_says_who_spoke_when(tmp_path: Path) -> None:
    left = np.concatenate([tone(1, 8000), quiet(3, 8000), tone(1, 8000), quiet(1, 8000)])
    right = np.concatenate([quiet(2, 8000), tone(1, 8000), quiet(3, 8000)])
    said = transcribe(recording(tmp_path / "call.wav", left, right), Says("你好"))
    assert [(one.channel, round(one.start)) for one in said] == [(0, 0), (1, 2), (0, 4)]


@pytest.mark.usefixtures("_loud")
def test_a_listener_hears_the_same_as_the_recording(tmp_path: Path) -> None:
    left = np.concatenate([quiet(0.5, 8000), tone(1, 8000), quiet(1, 8000)])
    right = np.concatenate([quiet(1.5, 8000), tone(1, 8000)])
    path = recording(tmp_path / "call.wav", left, right)
    listener, live = Listener(Says("你好")), []
    for at in range(0, len(left), 160):
        live += listener.feed(0, left[at : at + 160])
        live += listener.feed(1, right[at : at + 160])
    live += listener.flush()
    filed = transcribe(path, Says("你好"))
    assert [(one.channel, one.start, one.text) for one in live] == [
        (one.channel, one.start, one.text) for one in filed
    ]


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all" * 20])
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(BadSound, match=r"bad\.wav"):
        transcribe(path, Says("你好"))


def test_other_rates_are_refused(tmp_path: Path) -> None:
    path = recording(tmp_path / "music.wav", quiet(1, 44_100), quiet(1, 44_100), 44_100)
    with pytest.raises(BadSound, match="44100"):
        transcribe(path, Says("你好"))


def test_the_spectrum_is_what_the_model_was_trained_on() -> None:
    seen = spectrum(tone(1, hertz=1000))
    assert seen.shape == (80, 3000)
    assert seen[:, 50].argmax() == pytest.approx(26, abs=1), "1 kHz is 15 mels of 3/200, in bands of about 0.56"
    assert seen[:, 200:].max() < seen[:, 50].max()


# ── prompts ──


def test_a_prompt_is_rendered_once_and_whole(tmp_path: Path) -> None:
    voice = Hums()
    prompts = Prompts(tmp_path / "prompts", voice)
    assert prompts.ready("您好") is None
    path = prompts.render("您好")
    assert prompts.render("您好") == path == prompts.ready("您好")
    assert voice.said == ["您好"]
    (sound,) = read_wav(path)
    assert (sound.rate, round(sound.seconds, 1)) == (8000, 0.2)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_lines_are_spoken_one_by_one_and_a_bad_one_harms_no_other(tmp_path: Path) -> None:
    lines = [
        json.dumps({"name": "greeting.wav", "text": "您好"}),
        "no json",
        json.dumps({"name": "../out.wav", "text": "您好"}),
        json.dumps({"text": "您好"}),
        json.dumps(["greeting.wav", "您好"]),
        json.dumps({"name": "full.wav", "text": "线路正忙"}),
    ]
    out, faults = StringIO(), StringIO()
    assert speak(tmp_path / "prompts", StringIO("\n".join(lines)), Hums(), out, faults) == 2
    assert out.getvalue().split() == ["greeting.wav", "full.wav"]
    assert [line.split(":")[0] for line in faults.getvalue().splitlines()] == [f"Line {n}" for n in (2, 3, 4, 5)]
    assert sorted(path.name for path in tmp_path.rglob("*.wav")) == ["full.wav", "greeting.wav"]


def test_another_voice_has_files_of_its_own(tmp_path: Path) -> None:
    one, other = Hums(), Hums()
    other.key = "hum-2"
    assert Prompts(tmp_path, one).path("您好") != Prompts(tmp_path, other).path("您好")
