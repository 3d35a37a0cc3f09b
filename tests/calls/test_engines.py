"""The scenes with the embedded exchange and real telephones, and what engines share. The others have files of their own."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotline.calls.engines import (
    Engine,
    Figures,
    SoftswitchEngine,
)
from tests.calls.scenes import SCENES, Scene, play_scene, tones
from tests.softswitch.conftest import NEEDS_SIP, PATIENCE, Exchange, Phones, apart


class WithTelephones:
    """Real telephones, of the exchange's tests."""

    def __init__(self, phones: Phones, to: str, engine: Engine, recordings: Path) -> None:
        self._phones, self._to = phones, to
        self.engine, self.recordings = engine, recordings

    async def expect(self, number: str, does: str) -> None:
        await self._ask("expect", number, busy=does == "busy", ring=does == "ring")

    async def dial(self, caller: str) -> None:
        await self._ask("dial", caller, to=self._to, tone=440, headers={"X-District": "310101"})

    async def press(self, caller: str, digits: str) -> None:
        await self._ask("press", caller, digits=digits)

    async def hang_up(self, who: str) -> None:
        await self._ask("hangup", who)

    async def _ask(self, do: str, name: str, **more: Any) -> None:
        await asyncio.to_thread(self._phones.ask, do, name, **more)


@pytest.fixture(scope="module")
def phones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phones]:
    made = Phones(tmp_path_factory.mktemp("phones"))
    yield made
    made.end()


@NEEDS_SIP
def test_softswitch(phones: Phones, tmp_path: Path):
    """All of them in one life of the exchange, one after another."""
    exchange = Exchange(tmp_path, phones, headers=["X-District"])
    tones(exchange.prompts)

    async def work(scene: Scene) -> None:
        engine = SoftswitchEngine(exchange.ready["control_port"], exchange.token, patience=PATIENCE)
        try:
            await play_scene(scene, WithTelephones(phones, exchange.sip, engine, exchange.recordings))
            for _attempt in range(200):
                if not (await engine.do(Figures()))["legs"]:
                    break
                await asyncio.sleep(0.05)
        finally:
            await engine.close()

    try:
        for scene in SCENES:
            apart(lambda scene=scene: asyncio.run(work(scene)))
    finally:
        exchange.end()


def test_sound_of_another_switch_is_read_however_it_comes():
    from hotline.calls.engines.rtp import Ear, decoded, payload_of

    assert [int(one) for one in np.frombuffer(decoded(b"\xd5\x55\xaa\x2a"), "<i2")] == [8, -8, 32256, -32256]
    head = bytes([0x80, 8, 0, 1]) + (160).to_bytes(4, "big") + b"abcd"
    assert payload_of(head + b"\xd5" * 160) == (160, b"\xd5" * 160)
    extended = bytes([0x90]) + head[1:] + b"\x00\x00\x00\x01" + b"more" + b"\xd5"
    assert payload_of(extended) == (160, b"\xd5")
    for rubbish in (b"", b"\x80", head, b"\x40" + head[1:] + b"x", bytes([0x80, 101]) + head[2:] + b"x"):
        assert payload_of(rubbish) is None

    async def work() -> None:
        ear = Ear(1000)
        ear.datagram_received(head + b"\xd5" * 400, None)
        later = head[:4] + (160 + 400 + 400).to_bytes(4, "big") + head[8:]
        ear.datagram_received(later + b"\xaa" * 400, None)  # 400 samples were lost: silence in their place
        ear.datagram_received(head + b"\xd5" * 400, None)  # late
        ear.end()
        pieces = [piece async for piece in ear.pieces()]
        assert [(one.first, len(one.pcm)) for one in pieces] == [(1000, 1600), (1800, 800)]
        assert np.frombuffer(pieces[0].pcm, "<i2")[[0, 399, 400, 799]].tolist() == [8, 8, 0, 0]

    apart(lambda: asyncio.run(work()))


def test_both_sides_of_a_recording_become_one_file(tmp_path: Path):
    from hotline.calls.engines.waves import file_sides, native, samples

    with pytest.raises(ValueError, match="cannot be read"):
        samples(b"rubbish")
    filed = file_sides(tmp_path / "2026" / "x.wav", native(b"\x10\x27" * 8), native(b""))
    assert (filed.seconds, filed.silent_left, filed.silent_right) == (0.0, False, True)
    with wave.open(str(tmp_path / "2026" / "x.wav")) as read:
        both = np.frombuffer(read.readframes(100), "<i2").reshape(-1, 2)
    assert (both[:, 0] == 10000).all()
    assert (both[:, 1] == 0).all()
