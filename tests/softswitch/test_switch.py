"""The switch without a network: lines that do what they are told, so what happens in between can be put in any order."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from softswitch.faults import Refused
from softswitch.party import Party, State
from softswitch.recording import Recording
from softswitch.settings import Settings
from softswitch.sound import FRAME, Samples
from softswitch.switch import Switch
from softswitch.transfers import VERBS
from tests.softswitch.conftest import PATIENCE, apart


class Line:
    """A leg that says one value and keeps what it is sent; it goes up and ends when the test says so."""

    def __init__(self, value: int = 0) -> None:
        self.value = value
        self.sent: list[Samples] = []
        self.hung_up = False
        self.silence = 0.0
        self.on_answered: Callable[[], None] = lambda: None
        self.on_ringing: Callable[[], None] = lambda: None
        self.on_digit: Callable[[str], None] = lambda _digit: None
        self.on_ended: Callable[[str, int | None, dict[str, Any]], None] = lambda *_: None

    def bound(self) -> None: ...

    def pull(self) -> Samples | None:
        return np.full(FRAME, self.value, np.int16)

    def push(self, frame: Samples) -> None:
        self.sent.append(frame)

    def quiet(self) -> float:
        return self.silence

    async def answer(self) -> None:
        self.on_answered()

    async def hang_up(self) -> None:
        if not self.hung_up:
            self.hung_up = True
            self.on_ended("near", None, {})

    async def send_digits(self, digits: str) -> None: ...


class Network:
    """Dialled lines; `placing` is done while a number is dialled."""

    def __init__(self) -> None:
        self.dialled: list[Line] = []
        self.placing: Callable[[], Awaitable[None]] | None = None

    async def dial(self, trunk: str, number: str, headers: dict[str, str]) -> Line:
        if self.placing is not None:
            await self.placing()
        self.dialled.append(Line())
        return self.dialled[-1]

    async def admit(self, offer: str, label: str) -> tuple[Party, str]:
        raise AssertionError("no browser here")


class World:
    def __init__(self, folder: Path) -> None:
        for name in ("prompts", "recordings"):
            (folder / name).mkdir(exist_ok=True)
        self.switch = Switch(Settings(folder, "t" * 32, folder / "prompts", folder / "recordings"))
        self.network = Network()

    def leg(self, value: int = 0, kind: str = "sip") -> Party:
        party = self.switch.add(Line(value), kind=kind, direction="in")
        self.switch.went_up(party)
        return party

    async def do(self, verb: str, **told: Any) -> dict[str, Any]:
        return await VERBS[verb](self.switch, self.network, told)

    async def call(self, *values: int) -> list[Party]:
        """Parties in the room `call`."""
        found = [self.leg(value) for value in values]
        await self.do("bridge", legs=[one.leg for one in found], room="call")
        return found

    def told(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.switch.journal.after(0) or [] if one["event"] == event]

    async def settled(self) -> None:
        while self.switch._tasks:
            await asyncio.gather(*self.switch._tasks)


TO = {"trunk": "carrier", "number": "110"}


def run(tmp_path: Path, work: Callable[[World], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        await asyncio.wait_for(work(World(tmp_path)), PATIENCE)

    apart(lambda: asyncio.run(all_of_it()))


def test_a_consultation_cancelled_while_it_rings_leaves_no_ringing_tone(tmp_path: Path):
    async def work(world: World) -> None:
        citizen, agent = await world.call(1, 2)
        consult = (await world.do("consult", leg=agent.leg, to=TO))["consult"]
        assert "playing" in agent.facts()
        await world.do("cancel", consult=consult)
        await world.settled()
        assert "playing" not in agent.facts()
        assert world.network.dialled[0].hung_up
        assert agent.room is citizen.room
        assert [one["how"] for one in world.told("consult.ended")] == ["cancelled"]

    run(tmp_path, work)


def test_what_is_played_to_those_who_wait_is_not_ended_with_the_ringing_tone(tmp_path: Path):
    async def work(world: World) -> None:
        citizen, agent = await world.call(1, 2)
        await world.do("transfer", leg=agent.leg, to=TO)
        tone = citizen.playing
        assert tone is not None
        citizen.playing = other = type(tone)(
            "play-x", [np.ones(FRAME, np.int16)], loop=True, until_digit=False
        )
        world.network.dialled[0].on_answered()
        assert citizen.playing is other

    run(tmp_path, work)


def test_a_transfer_whose_citizen_goes_rings_no_longer_and_is_told(tmp_path: Path):
    async def work(world: World) -> None:
        citizen, agent = await world.call(1, 2)
        await world.do("transfer", leg=agent.leg, to=TO)
        citizen.line.on_ended("far", None, {})
        await world.settled()
        assert world.network.dialled[0].hung_up
        assert [one["reason"] for one in world.told("transfer.failed")] == ["alone"]

    run(tmp_path, work)


def test_who_was_on_hold_talks_with_the_target_of_a_transfer(tmp_path: Path):
    async def work(world: World) -> None:
        citizen, agent = await world.call(1, 2)
        await world.do("hold", leg=citizen.leg)
        await world.do("transfer", leg=agent.leg, to=TO)
        world.network.dialled[0].on_answered()
        assert citizen.room is not None
        assert {seat.role.value for seat in citizen.room.seats.values()} == {"talk"}
        assert len(world.told("transfer.done")) == 1

    run(tmp_path, work)


@pytest.mark.parametrize("role", ["listen", "whisper"])
def test_who_only_listens_does_not_come_back_from_hold_talking(tmp_path: Path, role: str):
    async def work(world: World) -> None:
        _citizen, agent = await world.call(1, 2)
        leader = world.leg(3)
        target = agent.leg if role == "whisper" else ""
        await world.do("join", leg=leader.leg, room="call", role=role, target=target)
        with pytest.raises(Refused) as refused:
            await world.do("hold", leg=leader.leg)
        assert refused.value.code == "not_talking"
        await world.do("resume", leg=leader.leg)
        assert leader.facts()["role"] == role

    run(tmp_path, work)


@pytest.mark.parametrize("verb", ["transfer", "consult"])
def test_nobody_is_left_ringing_when_the_call_ends_while_dialling(tmp_path: Path, verb: str):
    async def work(world: World) -> None:
        citizen, agent = await world.call(1, 2)

        async def gone() -> None:
            citizen.line.on_ended("far", None, {})

        world.network.placing = gone
        with pytest.raises(Refused) as refused:
            await world.do(verb, leg=agent.leg, to=TO)
        assert refused.value.code == "no_room"
        assert world.network.dialled[0].hung_up
        assert list(world.switch.parties) == [agent.leg]

    run(tmp_path, work)


@pytest.mark.parametrize("verb", ["transfer", "consult"])
def test_nobody_is_called_for_an_agent_alone(tmp_path: Path, verb: str):
    async def work(world: World) -> None:
        agent = world.leg()
        await world.do("join", leg=agent.leg, room="call")
        with pytest.raises(Refused):
            await world.do(verb, leg=agent.leg, to=TO)
        assert not world.network.dialled

    run(tmp_path, work)


def test_two_consultations_that_share_a_party_both_end_with_it(tmp_path: Path):
    """An agent who is being consulted consults somebody himself, then hangs up."""

    async def work(world: World) -> None:
        _citizen, first = await world.call(1, 2)
        second = world.leg(3)
        await world.do("consult", leg=first.leg, to={"leg": second.leg})
        await world.do("consult", leg=second.leg, to=TO)
        second.line.on_ended("far", None, {})
        await world.settled()
        assert not world.switch.consultations
        assert sorted(one["how"] for one in world.told("consult.ended")) == ["agent", "far"]
        assert first.room is not None
        assert first.room.name == "call"

    run(tmp_path, work)


def test_why_a_target_ended_before_it_was_looked_at_is_told(tmp_path: Path):
    async def work(world: World) -> None:
        _citizen, agent = await world.call(1, 2)

        class Busy(Line):
            def bound(self) -> None:
                self.on_ended("busy", 486, {})

        async def dial(trunk: str, number: str, headers: dict[str, str]) -> Line:
            return Busy()

        world.network.dial = dial  # type: ignore[method-assign]
        await world.do("transfer", leg=agent.leg, to=TO)
        assert [one["reason"] for one in world.told("transfer.failed")] == ["busy"]

    run(tmp_path, work)


def test_a_page_loaded_anew_goes_on_consulting(tmp_path: Path):
    async def work(world: World) -> None:
        citizen = world.leg(1)
        agent = world.leg(2, kind="browser")
        await world.do("bridge", legs=[citizen.leg, agent.leg], room="call")
        consult = (await world.do("consult", leg=agent.leg, to=TO))["consult"]
        world.network.dialled[0].on_answered()
        again = world.switch.add(Line(2), kind="browser", direction="in")

        async def admit(offer: str, label: str) -> tuple[Party, str]:
            return again, "v=0"

        world.network.admit = admit  # type: ignore[method-assign]
        await world.do("offer", sdp="v=0", replaces=agent.leg)
        world.switch.went_up(again)
        await world.settled()
        assert agent.state is State.ENDED
        assert not world.told("consult.ended")
        await world.do("merge", consult=consult)
        assert again.room is citizen.room
        assert citizen.room is not None
        assert len(citizen.room.seats) == 3

    run(tmp_path, work)


def test_a_browser_that_was_closed_is_let_go_and_a_muted_one_is_not(tmp_path: Path):
    async def work(world: World) -> None:
        citizen = world.leg(1)
        closed, muted = world.leg(2, kind="browser"), world.leg(0, kind="browser")
        await world.do("bridge", legs=[citizen.leg, closed.leg], room="call")
        watching = asyncio.create_task(world.switch.watch())
        citizen.line.silence = closed.line.silence = world.switch.settings.browser_seconds + 1  # type: ignore[attr-defined]
        while closed.state is not State.ENDED:
            await asyncio.sleep(0.05)
        watching.cancel()
        assert [(one["leg"], one["reason"]) for one in world.told("leg.ended")] == [(closed.leg, "silent")]
        assert (citizen.state, muted.state) == (State.UP, State.UP)

    run(tmp_path, work)


def test_one_party_that_fails_does_not_silence_the_others(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    class Broken(Line):
        def pull(self) -> Samples | None:
            raise RuntimeError("no sound here")

    async def work(world: World) -> None:
        bad = world.switch.add(Broken(), kind="sip", direction="in")
        world.switch.went_up(bad)
        citizen, agent = await world.call(1, 2)
        world.switch.tick()
        assert set(citizen.line.sent[-1]) == {2}  # type: ignore[attr-defined]
        assert set(agent.line.sent[-1]) == {1}  # type: ignore[attr-defined]
        await world.settled()
        assert [one["reason"] for one in world.told("leg.ended")] == ["failed"]
        assert list(world.switch.parties) == [citizen.leg, agent.leg]

    with caplog.at_level(logging.CRITICAL, "softswitch"):
        run(tmp_path, work)


def test_a_long_prompt_is_read_beside_the_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file that takes its time to read must not hold up everybody's sound."""

    async def work(world: World) -> None:
        party = world.leg()
        ticked = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow(path: Path) -> Samples:
            loop.call_soon_threadsafe(ticked.set)
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop).result(PATIENCE)
            return np.ones(FRAME, np.int16)

        monkeypatch.setattr("softswitch.verbs.load", slow)
        await world.do("play", leg=party.leg, files=["long.wav"])
        assert ticked.is_set()
        assert party.playing is not None

    run(tmp_path, work)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


class FullDisk:
    """`os`, where one call finds no space."""

    def __init__(self, call: str) -> None:
        self.call = call

    def __getattr__(self, name: str) -> Any:
        if name == self.call:
            raise OSError(errno.ENOSPC, "No space left on device")
        return getattr(os, name)


def test_a_recording_that_cannot_begin_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = open_files()
    monkeypatch.setattr("softswitch.recording.os", FullDisk("write"))
    with pytest.raises(OSError, match="No space"):
        Recording(tmp_path, "rec-1", "leg-1")
    monkeypatch.undo()
    assert open_files() == before
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_a_recording_that_cannot_be_closed_lets_go_of_its_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Another file may have its number by the time it is let go of again."""

    recording = Recording(tmp_path, "rec-1", "leg-1")
    recording.add(np.ones(FRAME, np.int16), np.ones(FRAME, np.int16))
    monkeypatch.setattr("softswitch.recording.os", FullDisk("pwrite"))
    with pytest.raises(OSError, match="No space"):
        recording.close()
    monkeypatch.undo()
    with (tmp_path / "other").open("w") as other:
        recording.abandon()
        other.write("mine")
    assert (tmp_path / "other").read_text() == "mine"
    assert list((tmp_path / "open").iterdir())


def test_somebody_without_a_line_holds_a_place_like_any_other(tmp_path: Path):
    async def work(world: World) -> None:
        agent = world.leg(700)
        leg = (await world.do("stand_in", label="video:7"))["leg"]
        place = world.switch.parties[leg]
        assert (place.kind, place.state) == ("stand_in", State.UP)
        await world.do("bridge", legs=[leg, agent.leg], room="call-7")
        await world.do("record", leg=leg)
        world.switch.tick()
        assert place.recording is not None
        await world.do("hold", leg=leg)
        await world.do("resume", leg=leg)
        await world.do("hangup", leg=leg)
        await world.settled()
        assert leg not in world.switch.parties
        told = [(one["event"], one.get("reason")) for one in world.switch.journal.after(0) or [] if one.get("leg") == leg]
        assert told[0] == ("leg.connecting", None)
        assert ("leg.ended", "near") in told

    run(tmp_path, work)


def test_no_more_places_than_calls(tmp_path: Path):
    async def work(world: World) -> None:
        world.switch.settings = replace(world.switch.settings, most_calls=1)
        await world.do("stand_in", label="video:1")
        with pytest.raises(Refused, match="as many legs"):
            await world.do("stand_in", label="video:2")

    run(tmp_path, work)
