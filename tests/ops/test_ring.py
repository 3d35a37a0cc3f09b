"""`hotline ring`: a citizen's telephone against the real exchange."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from hotline.ops import caller
from hotline.ops.management.commands.ring import _key
from tests.softswitch.conftest import NEEDS_SIP, PATIENCE, Exchange
from tests.softswitch.phone import tones

pytestmark = pytest.mark.xdist_group("softswitch")


def tone(path: Path, hertz: int) -> Path:
    samples = 6000 * np.sin(2 * np.pi * hertz * np.arange(8000) / 8000)
    caller.write(path, samples.astype("<i2").tobytes())
    return path


@NEEDS_SIP
def test_a_caller_speaks_presses_and_hears(tmp_path: Path):
    exchange = Exchange(tmp_path)
    try:
        platform = exchange.platform()
        exchange.prompt("hello.wav", 800, 3.0)
        with subprocess.Popen(
            [sys.executable, "-m", "hotline", "ring", "12345", "--from", "13700001111", "--say", str(tone(tmp_path / "said.wav", 500)),
             "--hear", str(tmp_path / "heard.wav"), "--press", "0.5:7", "--seconds", "60", "--address", "127.0.0.1", "--port", str(exchange.ready["sip_port"])],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as ringing:  # fmt: skip
            leg = platform.event("leg.ringing", caller="13700001111")["leg"]
            platform.do("answer", leg=leg)
            platform.event("leg.answered", leg=leg)
            recording = platform.do("record", leg=leg)["recording"]
            play = platform.do("play", leg=leg, files=["hello.wav"])["play"]
            platform.event("leg.digit", leg=leg, digit="7")
            platform.event("play.ended", play=play)
            platform.do("hangup", leg=leg)
            closed = platform.event("recording.closed", recording=recording)
            said, _ = ringing.communicate(timeout=PATIENCE)
        assert (ringing.returncode, said.split("\n")[-2]) == (0, "the other side hung up")
        with wave.open(str(exchange.recordings / closed["path"])) as file:
            left = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)[:, 0]
        assert tones(left[-8000:-4000]) == [500]
        with wave.open(str(tmp_path / "heard.wav")) as file:
            heard = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert any(tones(heard[at : at + 4000]) == [800] for at in range(0, len(heard) - 4000, 2000))
    finally:
        exchange.end()


@pytest.mark.parametrize("text", ["7", "x:7", "-1:7", "3:", "3:a"])
def test_keys_that_are_none_are_refused_with_how_to_give_them(text: str):
    with pytest.raises(Exception, match="SECONDS:KEYS"):
        _key(text)


def test_a_file_of_another_kind_is_refused(tmp_path: Path):
    with wave.open(str(tmp_path / "fast.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(320))
    with pytest.raises(ValueError, match="8,000"):
        caller.read(tmp_path / "fast.wav")
