"""What callers hear: a city's own recordings, else the voice, else a tone. The voice is a small program that speaks its protocol."""

from __future__ import annotations

import asyncio
import sys
import wave
from pathlib import Path

import pytest

from hotline.calls import prompts, queries
from hotline.calls.models import Announcement
from hotline.calls.rules import CLOSED, MUSIC, SOUND
from hotline.kit.clock import now
from tests.calls.factories import make_telephony

VOICE = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
for line in sys.stdin:
    said = json.loads(line)
    if said["text"] == "die":
        sys.exit(9)
    (folder / said["name"]).write_text(said["text"])
    print(said["name"], flush=True)
"""


@pytest.fixture
def voice(tmp_path: Path) -> list[str]:
    (tmp_path / "voice.py").write_text(VOICE)
    return [sys.executable, str(tmp_path / "voice.py")]


def speak(folder: Path, texts: dict[str, str], voice: list[str]) -> int:
    return asyncio.run(prompts.speak(folder, prompts.prepare(folder, texts), voice))


def test_until_somebody_speaks_a_tone_is_heard(tmp_path: Path) -> None:
    wanted = prompts.prepare(tmp_path, {"greeting.wav": "您好"})
    assert [one.text for one in wanted] == ["您好"]
    for name in ("greeting.wav", MUSIC, CLOSED):
        with wave.open(str(tmp_path / name)) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
            assert sound.getnframes() > 1000


def test_a_text_is_spoken_once_and_anew_when_it_changes(tmp_path: Path, voice: list[str]) -> None:
    assert speak(tmp_path, {"greeting.wav": "您好"}, voice) == 0
    assert (tmp_path / "greeting.wav").read_text() == "您好"
    assert prompts.prepare(tmp_path, {"greeting.wav": "您好"}) == []
    assert [one.name for one in prompts.prepare(tmp_path, {"greeting.wav": "大家好"})] == ["greeting.wav"]


def test_a_voice_that_dies_is_asked_again_for_what_it_has_not_said(tmp_path: Path, voice: list[str]) -> None:
    texts = {"a.wav": "您好", "b.wav": "die", "c.wav": "再见"}
    assert speak(tmp_path, texts, voice) == 9
    assert [one.name for one in prompts.prepare(tmp_path, texts)] == ["b.wav", "c.wav"]


def test_a_citys_own_recording_is_never_spoken_over(tmp_path: Path, voice: list[str]) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "greeting.wav").write_bytes(b"ours")
    assert speak(tmp_path, {"greeting.wav": "您好", "b.wav": "好"}, voice) == 0
    assert (tmp_path / "greeting.wav").read_bytes() == b"ours"
    (tmp_path / "own" / "b.wav").write_bytes(b"ours too")
    assert prompts.prepare(tmp_path, {"greeting.wav": "您好", "b.wav": "好"}) == []
    assert (tmp_path / "b.wav").read_bytes() == b"ours too"


def test_where_nothing_is_said_any_more_a_tone_returns(tmp_path: Path, voice: list[str]) -> None:
    assert speak(tmp_path, {MUSIC: "请稍候"}, voice) == 0
    assert prompts.prepare(tmp_path, {MUSIC: ""}) == []
    with wave.open(str(tmp_path / MUSIC)) as sound:
        assert sound.getnframes() > 1000


def test_a_broken_note_costs_a_second_speaking_only(tmp_path: Path, voice: list[str]) -> None:
    assert speak(tmp_path, {"a.wav": "您好"}, voice) == 0
    (tmp_path / prompts.SPOKEN).write_text("[not")
    assert [one.name for one in prompts.prepare(tmp_path, {"a.wav": "您好"})] == ["a.wav"]


@pytest.mark.django_db
def test_greetings_name_their_line_and_announcements_their_text() -> None:
    line = make_telephony()
    Announcement.objects.create(
        text="台风橙色预警", sound="storm.wav", begins_at=now(), created_by="test", created_at=now()
    )
    texts = queries.prompts()
    assert line.name in texts[line.greeting]
    assert texts["storm.wav"] == "台风橙色预警"
    assert all(SOUND.fullmatch(name) and text for name, text in texts.items())
