"""Both sides on their own channel, sound to the reader, a file that survives the engine's death."""

from __future__ import annotations

import hashlib
import signal
import time
import wave
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from softswitch.recording import HEADER, Recording, header, recover
from tests.softswitch.conftest import NEEDS_SIP, PATIENCE, Call, Exchange, Phones, Platform
from tests.softswitch.phone import tones

CITIZEN, AGENT = 440, 1000


def sides(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        both = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    return both[:, 0], both[:, 1]


def spoken(side: np.ndarray, tone: int) -> bool:
    """Whether some half second of it is this tone and nothing else; a busy machine may leave holes in others."""
    return any(tones(side[place : place + 4000]) == [tone] for place in range(0, len(side) - 4000, 1000))


def longest_silence(side: np.ndarray) -> int:
    """Samples of the longest stretch of zeros."""
    loud = np.flatnonzero(side)
    return int(np.diff(np.concatenate(([-1], loud, [len(side)]))).max()) - 1


def grown(folder: Path, least: int) -> Path:
    """The recording on disk, once this many bytes of it are."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for path in folder.rglob("*.wav"):
            if path.stat().st_size >= least:
                return path
        time.sleep(0.05)
    raise AssertionError("the recording does not grow")


@NEEDS_SIP
def test_a_call_is_recorded_on_two_channels_with_its_checksum(
    exchange: Exchange, phones: Phones, platform: Platform
):
    citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
    agent = Call(exchange, phones, platform, "agent", AGENT)
    recording = platform.do("record", leg=citizen.leg)["recording"]
    assert platform.refused("record", leg=citizen.leg) == "recording_already"
    platform.do("bridge", legs=[citizen.leg, agent.leg])
    phones.hears(citizen={AGENT}, agent={CITIZEN})
    grown(exchange.recordings, 80_000)
    phones.ask("hangup", "citizen")
    closed = platform.event("recording.closed", recording=recording)
    path = exchange.recordings / closed["path"]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == closed["sha256"]
    assert path.stat().st_size == closed["bytes"]
    left, right = sides(path)
    assert abs(closed["seconds"] - len(left) / 8000) < 0.02
    assert spoken(left, CITIZEN)
    assert not spoken(left, AGENT)
    assert spoken(right, AGENT)
    assert not spoken(right, CITIZEN)
    assert (closed["silent_left"], closed["silent_right"]) == (False, False)


@NEEDS_SIP
def test_a_pause_is_silent_and_keeps_the_time(exchange: Exchange, phones: Phones, platform: Platform):
    citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
    recording = platform.do("record", leg=citizen.leg)["recording"]
    platform.do("record_pause", leg=citizen.leg)
    before = phones.ask("look", "citizen")["since"]
    while phones.ask("look", "citizen")["since"] < before + 12_000:
        time.sleep(0.1)
    platform.do("record_resume", leg=citizen.leg)
    platform.do("record_stop", leg=citizen.leg)
    closed = platform.event("recording.closed", recording=recording)
    left, right = sides(exchange.recordings / closed["path"])
    assert closed["seconds"] > 1
    assert longest_silence(left) > 4000
    assert closed["silent_right"]
    assert not right.any()


@NEEDS_SIP
def test_the_words_of_one_party_reach_a_reader(exchange: Exchange, phones: Phones, platform: Platform):
    citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
    place = f"ws://127.0.0.1:{exchange.ready['control_port']}/audio/"
    known = {"Authorization": f"Bearer {exchange.token}"}
    with pytest.raises(InvalidStatus), connect(place + citizen.leg):
        pass
    with connect(place + "leg-unknown", additional_headers=known) as reader, pytest.raises(ConnectionClosed):
        reader.recv(PATIENCE)
    with connect(place + citizen.leg, additional_headers=known, compression=None) as reader:
        heard = np.zeros(0, np.int16)
        expected = None
        deadline = time.monotonic() + PATIENCE
        while not spoken(heard[-8000:], CITIZEN):
            assert time.monotonic() < deadline
            message = reader.recv(PATIENCE)
            first = int.from_bytes(message[:8], "big")
            assert expected in (None, first)
            samples = np.frombuffer(message[8:], "<i2")
            expected = first + len(samples)
            heard = np.concatenate((heard, samples))
        phones.ask("hangup", "citizen")
        for _message in reader:
            continue  # until the leg's end closes it
        assert reader.close_code == 1000


@NEEDS_SIP
def test_killed_by_force_the_recording_plays_and_the_next_start_closes_it(phones: Phones, tmp_path: Path):
    first = Exchange(tmp_path, phones)
    try:
        platform = first.platform()
        citizen = Call(first, phones, platform, "citizen", CITIZEN)
        recording = platform.do("record", leg=citizen.leg)["recording"]
        old = platform.run
        path = grown(first.recordings, 70_000)
    finally:
        first.end(signal.SIGKILL)
    left, _right = sides(path)  # as it lies there
    assert len(left) >= 16_000
    assert spoken(left, CITIZEN)

    second = Exchange(tmp_path, phones)
    try:
        platform = second.platform(run=old, after=0)
        assert platform.followed["reset"]  # that run is over, and the platform is told
        assert (platform.followed["after"], platform.followed["snapshot"]["legs"]) == (0, [])
        closed = platform.event("recording.closed", recording=recording)
        assert closed["recovered"]
        assert closed["leg"] == citizen.leg
        assert hashlib.sha256(path.read_bytes()).hexdigest() == closed["sha256"]
        assert len(sides(path)[0]) * 4 + HEADER == closed["bytes"]
        assert not list((second.recordings / "open").iterdir())
    finally:
        assert second.end() == 0


@NEEDS_SIP
def test_stopped_in_order_it_hangs_up_and_closes_recordings(phones: Phones, tmp_path: Path):
    exchange = Exchange(tmp_path, phones)
    platform = exchange.platform()
    citizen = Call(exchange, phones, platform, "citizen", CITIZEN)
    platform.do("record", leg=citizen.leg)
    exchange.process.send_signal(signal.SIGTERM)
    assert platform.event("leg.ended", leg=citizen.leg)["reason"] == "stopped"
    assert platform.event("recording.closed", leg=citizen.leg)["sha256"]
    assert exchange.end() == 0
    assert not list((exchange.recordings / "open").iterdir())
    phones.wait("citizen", state="ended")


def test_a_full_second_is_on_disk_with_a_true_header(tmp_path: Path):
    recording = Recording(tmp_path, "rec-1", "leg-1")
    frame = np.full(160, 1000, np.int16)
    for _ in range(75):
        recording.add(frame, -frame)
    left, right = sides(tmp_path / recording.path)
    assert len(left) == 8000
    assert set(left) == {1000}
    assert set(right) == {-1000}
    closed = recording.close()
    assert closed.seconds == 1.5
    assert not list((tmp_path / "open").iterdir())


def test_what_cannot_be_recovered_is_told_and_kept_aside(tmp_path: Path):
    whole = Recording(tmp_path, "rec-1", "leg-1")
    for _ in range(60):
        whole.add(np.full(160, 7000, np.int16), np.zeros(160, np.int16))
    whole.abandon()
    path = tmp_path / whole.path
    path.write_bytes(path.read_bytes() + b"\0\1\2")  # a write cut short
    gone = Recording(tmp_path, "rec-2", "leg-2")
    gone.abandon()
    (tmp_path / gone.path).unlink()
    (tmp_path / "open" / "rec-3.json").write_text("{")
    found = recover(tmp_path)
    assert [(one.recording, one.seconds, one.bytes > 0) for one in found] == [
        ("rec-1", 1.0, True),
        ("rec-2", 0.0, False),
    ]
    assert (found[0].silent_left, found[0].silent_right) == (False, True)
    assert path.read_bytes()[:HEADER] == header(32_000)
    assert sorted(one.name for one in (tmp_path / "open").iterdir()) == ["rec-2.lost", "rec-3.lost"]
    assert recover(tmp_path) == []
