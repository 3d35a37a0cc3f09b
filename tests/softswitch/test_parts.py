"""The parts that need no network: who hears whom, numbered events, sound, settings, offers."""

from __future__ import annotations

import asyncio
import itertools
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softswitch.browser import for_browser, for_sip
from softswitch.faults import Refused, WrongSettings
from softswitch.journal import Journal
from softswitch.mixer import Role, Seat, hears, matrix, mix
from softswitch.settings import parse, read
from softswitch.sound import FRAME, Fifo, Playing, load, ringing, thin
from tests.softswitch.conftest import apart

HEARD = {
    # role of the listener: roles of the others that it hears (a whisper: that meant for it)
    Role.TALK: {Role.TALK, Role.BARGE, Role.WHISPER},
    Role.BARGE: {Role.TALK, Role.BARGE, Role.WHISPER},
    Role.LISTEN: {Role.TALK, Role.BARGE, Role.WHISPER},
    Role.WHISPER: {Role.TALK, Role.BARGE, Role.WHISPER},
    Role.HOLD: set(),
}


@pytest.mark.parametrize(("listener", "speaker"), list(itertools.product(Role, Role)))
def test_the_table_of_roles(listener: Role, speaker: Role):
    one = Seat("a", listener)
    assert hears(one, Seat("b", speaker, "a")) is (speaker in HEARD[listener])
    assert hears(one, Seat("b", speaker, "c")) is (speaker in HEARD[listener] - {Role.WHISPER})
    assert not hears(one, Seat("a", speaker, "a"))


def test_the_sum_is_cut_at_the_edges_and_nobody_hears_himself():
    seats = [Seat("a", Role.TALK), Seat("b", Role.TALK), Seat("c", Role.BARGE)]
    frames = [np.full(FRAME, value, np.int16) for value in (30_000, 20_000, -32_768)]
    heard = mix(frames, matrix(seats))
    assert [set(row) for row in heard] == [{20_000 - 32_768}, {30_000 - 32_768}, {32_767}]


def test_a_journal_tells_what_is_kept_and_says_when_it_cannot():
    journal = Journal(limit=3)
    assert journal.after(0) == []
    for number in range(1, 6):
        assert journal.tell("x", number_of=number, nothing=None).keys() == {
            "number",
            "at",
            "event",
            "number_of",
        }
    assert [one["number"] for one in journal.after(2) or []] == [3, 4, 5]
    assert journal.after(1) is None
    assert journal.after(6) is None
    assert journal.has(journal.run, 2)
    assert not journal.has(journal.run, 1)
    assert not journal.has("another", 5)
    assert not journal.has(journal.run, 6)


def test_waiting_for_an_event_ends_with_it():
    async def waits() -> None:
        journal = Journal()
        waiting = asyncio.ensure_future(journal.wait(1))
        journal.tell("one")
        await asyncio.sleep(0)
        assert not waiting.done()
        journal.tell("two")
        await asyncio.wait_for(waiting, 10)

    apart(lambda: asyncio.run(waits()))


def test_a_fifo_gives_whole_frames_and_drops_the_oldest():
    fifo = Fifo(most=2)
    fifo.put(np.arange(100, dtype=np.int16))
    assert fifo.take() is None
    fifo.put(np.arange(100, 400, dtype=np.int16))
    assert fifo.dropped == 80
    frame = fifo.take()
    assert frame is not None
    assert list(frame) == list(range(80, 240))
    fifo.put(np.arange(1000, dtype=np.int16))
    assert fifo.frames == 2


def test_sounds_follow_one_another_and_loop():
    one, other = np.full(FRAME + 10, 1, np.int16), np.full(10, 2, np.int16)
    once = Playing("p", [one, other], loop=False, until_digit=False)
    first, second, third = once.take(), once.take(), once.take()
    assert first is not None
    assert second is not None
    assert set(first) == {1}
    assert list(second[:20]) == [1] * 10 + [2] * 10
    assert not second[20:].any()
    assert third is None
    again = Playing("p", [ringing()], loop=True, until_digit=False)
    assert all(again.take() is not None for _ in range(600))


def sound(path: Path, rate: int, channels: int = 1, width: int = 2, frames: int = 4800) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        tone = 8000 * np.sin(2 * np.pi * 500 * np.arange(frames) / rate)
        file.writeframes(tone.astype("<i2").tobytes()[: frames * width] * channels)
    return path


def test_a_prompt_of_a_higher_rate_is_brought_down_without_folding(tmp_path: Path):
    samples = load(sound(tmp_path / "wide.wav", 24_000, frames=24_000))
    assert len(samples) == 8000
    spectrum = np.abs(np.fft.rfft(samples))
    assert spectrum.argmax() == 500
    high = (8000 * np.sin(2 * np.pi * 6500 * np.arange(24_000) / 24_000)).astype(np.int16)
    assert np.abs(thin(high, 3)[100:-100]).max() < 80  # would be 1,500 Hz


@pytest.mark.parametrize(
    "shape", [{"rate": 11_025}, {"rate": 8000, "channels": 2}, {"rate": 8000, "width": 1}]
)
def test_a_prompt_of_another_shape_is_refused(tmp_path: Path, shape: dict[str, int]):
    with pytest.raises(Refused) as refused:
        load(sound(tmp_path / "odd.wav", **shape))
    assert refused.value.code == "file_unusable"


TOKEN = {"token": "t" * 32}
TRUNK = {"name": "carrier", "host": "sbc.example.net:5060", "addresses": ["10.9.0.0/29", "fd00::1"]}


def test_settings_hide_their_secrets(tmp_path: Path):
    settings = parse(TOKEN | {"trunks": [TRUNK | {"password": "a secret", "register": True}]}, tmp_path)
    assert settings.trunks[0].register
    assert settings.recordings == tmp_path / "softswitch" / "recordings"
    assert "a secret" not in repr(settings)
    assert TOKEN["token"] not in repr(settings)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"token": "short"}, "token"),
        ({"tokens": 1}, "tokens"),
        ({"address": "somewhere"}, "address"),
        ({"sip_port": "5060"}, "sip_port"),
        ({"sip_port": True}, "sip_port"),
        ({"rtp_ports": [40000, 40002]}, "rtp_ports"),
        ({"most_calls": 0}, "most_calls"),
        ({"folder": "a\nb"}, "folder"),
        ({"headers": ["X A"]}, "headers"),
        ({"trunks": {}}, "trunks"),
        ({"trunks": ["carrier"]}, "trunks"),
        ({"trunks": [TRUNK | {"name": "Carrier!"}]}, "name"),
        ({"trunks": [TRUNK, TRUNK]}, "name"),
        ({"trunks": [TRUNK | {"host": "a b"}]}, "host"),
        ({"trunks": [TRUNK | {"addresses": ["10.0.0.1/8"]}]}, "addresses"),
        ({"trunks": [TRUNK | {"register": True}]}, "password"),
        ({"trunks": [TRUNK | {"user": 'a";x='}]}, "user"),
        ({"trunks": [TRUNK | {"port": 1}]}, "port"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, wrong: dict[str, Any], word: str):
    with pytest.raises(WrongSettings, match=word):
        parse(TOKEN | wrong, tmp_path)


def test_a_settings_file_that_is_none(tmp_path: Path):
    path = tmp_path / "settings.json"
    with pytest.raises(WrongSettings, match="cannot be read"):
        read(path)
    for text in ("{", "[]"):
        path.write_text(text)
        with pytest.raises(WrongSettings):
            read(path)


OFFER = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0 8\r\n"
    "c=IN IP4 0.0.0.0\r\na=candidate:1 1 udp 2122 127.0.0.1 50000 typ host\r\n"
    "a=candidate:2 1 udp 2122 8f2e.local 50001 typ host\r\na=candidate:3 1 tcp 2122 192.0.2.2 9 typ host tcptype active\r\n"
    "a=candidate:4 1 udp 2122 192.0.2.2 50002 typ host generation 0\r\na=candidate:5 1 udp 2122 fd00::2 50003 typ host\r\n"
    "a=fingerprint:sha-256 AA:BB\r\na=sendrecv\r\n"
)


def test_an_offer_keeps_the_candidates_that_can_be_reached():
    told = for_sip(OFFER, "192.0.2.9")
    assert [one for one in told.split("\r\n") if "candidate" in one] == [
        "a=candidate:4 1 udp 2122 192.0.2.2 50002 typ host generation 0"
    ]
    assert "m=audio 50002 " in told
    assert "c=IN IP4 192.0.2.2" in told
    assert "c=IN IP6 fd00::2" in for_sip(OFFER, "fd00::9")
    assert "c=IN IP4 10.0.0.9" in for_sip(OFFER.replace("192.0.2.2", "x.local"), "10.0.0.9")
    assert "a=group:BUNDLE 0\r\n" in for_browser("v=0\r\nt=0 0\r\nm=audio 1\r\n")


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "v=1",
        OFFER + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
        OFFER.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        OFFER.replace("a=fingerprint", "a=finger"),
        OFFER + "a=x:" + "y" * 20_000,
        OFFER + "a=ü\r\n",
    ],
)
def test_an_offer_of_anything_else_is_refused(offer: str):
    with pytest.raises(Refused) as refused:
        for_sip(offer, "192.0.2.9")
    assert refused.value.code == "bad_offer"
