"""What Asterisk alone has; a double of its REST Interface takes its place."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hotline.calls.engines import (
    Answer,
    Bridge,
    EngineAway,
    Figures,
    Hangup,
    Hold,
    Join,
    LegAnswered,
    LegDigit,
    LegEnded,
    LegMoved,
    Offer,
    Originate,
    Play,
    PlayEnded,
    Record,
    RecordingClosed,
    Reset,
    Resume,
    Role,
)
from hotline.calls.engines.asterisk import AsteriskEngine
from tests.calls.doubles.ari import Ari, Refusal
from tests.calls.scenes import SCENES, Heard, Scene, called, play_scene, reached, refused, tones
from tests.softswitch.conftest import PATIENCE, apart


class WithAri:
    def __init__(self, double: Ari, engine: AsteriskEngine, recordings: Path) -> None:
        self.double, self.engine, self.recordings = double, engine, recordings
        self._legs: dict[str, str] = {}

    async def expect(self, number: str, does: str) -> None:
        self.double.telephones[number] = does

    async def dial(self, caller: str) -> None:
        self._legs[caller] = self.double.call_in(caller, headers={"X-District": "310101"})

    async def press(self, caller: str, digits: str) -> None:
        self.double.press(self._legs[caller], digits)

    async def press_on(self, leg: str, digits: str) -> None:
        self.double.press(leg, digits)

    async def hang_up(self, who: str) -> None:
        leg = self._legs.get(who) or next(
            leg for (leg, name), value in self.double.variables.items() if (name, value) == ("XS_CALLED", who)
        )
        self.double.end(leg)


@contextlib.asynccontextmanager
async def asterisk(folder: Path, double: Ari | None = None) -> AsyncIterator[WithAri]:
    made = double or Ari()
    await made.open(made.port)
    tones(folder / "prompts")
    engine = AsteriskEngine(
        *("127.0.0.1", made.port, "hotline", "secret"),
        prompts=folder / "prompts",
        recordings=folder / "recordings",
        patience=PATIENCE,
    )
    try:
        yield WithAri(made, engine, folder / "recordings")
    finally:
        await engine.close()
        await made.close()


@pytest.mark.parametrize("scene", SCENES, ids=lambda one: one.__name__)
def test_asterisk(scene: Scene, tmp_path: Path):
    async def work() -> None:
        async with asterisk(tmp_path) as place:
            await play_scene(scene, place)
            assert not [one for one in place.double.bridges if one.startswith("xs-side")]

    apart(lambda: asyncio.run(work()))


def test_asterisk_events_missed_are_told_as_a_reset_with_what_is_true(tmp_path: Path):
    """ARI has no numbers: what happened while the line was broken cannot be told again."""

    async def work() -> None:
        async with asterisk(tmp_path) as place:
            heard = Heard(place.engine)
            began = await heard.wait(Reset)
            citizen, other = await called(place, heard, "citizen"), await called(place, heard, "other")
            agent = await reached(place, heard, "agent")
            await place.engine.do(Bridge((citizen, agent), room="call-1"))
            recording = await place.engine.do(Record(citizen))
            await place.double.drop()
            place.double.end(other)  # while nobody listens
            again = await heard.wait(Reset, new_run=False)
            assert again.mark.run == began.mark.run
            found = {leg.leg: leg for leg in again.legs}
            assert set(found) == {citizen, agent}
            assert (found[citizen].room, found[citizen].recording) == ("call-1", recording)
            assert (found[agent].label, found[agent].state) == ("offer:agent", "up")
            place.double.end(citizen)
            await heard.wait(RecordingClosed, recording=recording)

            # Another process of the platform takes over: it finds the same, and its number lies after every earlier one.
            await heard.end()
            await place.engine.close()
            async with asterisk_beside(place, tmp_path) as next_engine:
                fresh = Heard(next_engine, again.mark)
                reset = await fresh.wait(Reset)
                assert (reset.new_run, reset.mark.number > again.mark.number) == (False, True)
                assert reset.legs[0].answered is not None
                async with contextlib.aclosing(next_engine.sound(agent)) as sound:
                    assert (await anext(sound)).first > 0  # counted since it was answered, whoever listens
                assert [(leg.leg, leg.room, leg.label) for leg in reset.legs] == [
                    (agent, "call-1", "offer:agent")
                ]
                place.double.started = "2026-11-23T11:00:00.000+0000"
                place.double.channels.clear()
                await place.double.drop()
                anew = await fresh.wait(Reset, new_run=True)
                assert anew.legs == ()
                await fresh.end()

    apart(lambda: asyncio.run(asyncio.wait_for(work(), 3 * PATIENCE)))


@contextlib.asynccontextmanager
async def asterisk_beside(place: WithAri, folder: Path) -> AsyncIterator[AsteriskEngine]:
    engine = AsteriskEngine(
        *("127.0.0.1", place.double.port, "hotline", "secret"),
        prompts=folder / "prompts",
        recordings=folder / "recordings",
        patience=PATIENCE,
    )
    try:
        yield engine
    finally:
        await engine.close()


def test_asterisk_does_a_command_once_whichever_process_asks(tmp_path: Path):
    async def work() -> None:
        async with asterisk(tmp_path) as place:
            command = Originate("carrier", "agent", label="offer:1")
            leg = await place.engine.do(command, key="0123456789abcdef")
            await place.engine.close()
            async with asterisk_beside(place, tmp_path) as other:
                heard = Heard(other)
                await heard.wait(Reset)
                assert await other.do(command, key="0123456789abcdef") == leg
                await heard.end()
            asked = [path for method, path, _query in place.double.asked if method == "POST"]
            assert asked.count(f"channels/{leg}") <= 2
            assert len(place.double.channels) == 1

    apart(lambda: asyncio.run(asyncio.wait_for(work(), 3 * PATIENCE)))


def test_asterisk_recordings_that_ended_unseen_are_filed_at_the_next_start(tmp_path: Path):
    async def work() -> None:
        double = Ari()
        name = "rec-1795456288944-0a1b2c3d"
        async with asterisk(tmp_path, double) as place:
            heard = Heard(place.engine)
            await heard.wait(Reset)
            citizen = await called(place, heard, "citizen")
            await heard.end()
            await place.engine.close()
            for side in ("in", "out"):
                double.live[f"{name}-{side}"] = citizen
                double._finish(f"{name}-{side}")
            async with asterisk_beside(place, tmp_path) as later:
                told = Heard(later)
                closed = await told.wait(RecordingClosed, recording=name)
                assert closed.recovered
                assert (place.recordings / closed.path).stat().st_size == closed.bytes
                await until(lambda: not double.stored)  # forgotten once it was told
                await told.end()

    apart(lambda: asyncio.run(asyncio.wait_for(work(), 3 * PATIENCE)))


def test_asterisk_away_or_with_another_password_is_said(tmp_path: Path):
    async def work() -> None:
        async with asterisk(tmp_path) as place:
            for port, password in ((9, "secret"), (place.double.port, "wrong")):
                engine = AsteriskEngine(
                    *("127.0.0.1", port, "hotline", password),
                    prompts=tmp_path,
                    recordings=tmp_path,
                    patience=0.3,
                )
                why = "ENGINE_PASSWORD" if password == "wrong" else "away"
                with pytest.raises(EngineAway, match=why):
                    await engine.do(Figures())
                await engine.close()
            assert await refused(place.engine, Offer("v=0", "agent:1")) == "bad_offer"

    apart(lambda: asyncio.run(asyncio.wait_for(work(), 3 * PATIENCE)))


def asterisk_case(
    folder: Path,
    work: Callable[[WithAri, Heard], Awaitable[None]],
    before: Callable[[Ari], None] | None = None,
) -> None:
    """One engine with its double, its events heard from the first on."""

    async def all_of_it() -> None:
        double = Ari()
        if before is not None:
            before(double)
        async with asterisk(folder, double) as place:
            heard = Heard(place.engine)
            try:
                await work(place, heard)
            finally:
                await heard.end()

    apart(lambda: asyncio.run(asyncio.wait_for(all_of_it(), 3 * PATIENCE)))


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.01)


def ours(double: Ari, *kinds: str) -> list[str]:
    """Channels and bridges that the engine made and that are still there."""
    return [one for one in (*double.channels, *double.bridges) if one.startswith(kinds)]


def test_a_call_that_arrives_while_we_connect_is_not_taken_for_answered(tmp_path: Path):
    """It stands in the list of channels, and its arrival is told after that list was asked for."""

    async def work(place: WithAri, heard: Heard) -> None:
        (leg,) = (await heard.wait(Reset)).legs
        assert (leg.state, leg.direction) == ("ringing", "in")
        await place.press_on(leg.leg, "1")
        await heard.wait(LegDigit)  # all that was told before has been heard
        assert not [one for one in heard.told if isinstance(one, LegAnswered)]
        await place.engine.do(Answer(leg.leg))
        await heard.wait(LegAnswered, leg=leg.leg)

    def before(double: Ari) -> None:
        double.at_line = lambda: double.call_in("citizen")

    asterisk_case(tmp_path, work, before)


def test_roles_outlive_a_broken_line_and_the_process(tmp_path: Path):
    async def work(place: WithAri, heard: Heard) -> None:
        engine, double = place.engine, place.double
        await heard.wait(Reset)
        citizen = await called(place, heard, "citizen")
        agent, boss, other = [await reached(place, heard, one) for one in ("agent", "boss", "other")]
        await engine.do(Bridge((citizen, agent), room="call-1"))
        await engine.do(Join(boss, "call-1", Role.WHISPER, agent))
        await engine.do(Join(other, "call-1", Role.LISTEN))
        await engine.do(Hold(citizen))
        expected = {
            citizen: ("call-1", "hold", None),
            agent: ("call-1", "talk", None),
            boss: ("call-1", "whisper", agent),
            other: ("call-1", "listen", None),
        }
        await double.drop()
        again = await heard.wait(Reset, new_run=False)
        assert {leg.leg: (leg.room, leg.role, leg.target) for leg in again.legs} == expected
        await heard.end()
        await engine.close()
        # Of a process that died in the middle of things.
        double._channel("xs-whisper-half", f"Snoop/{agent}-1", "Up")
        double._do("POST", ["bridges", "xs-side-half"], {"name": "call-1"}, {})
        double._channel("xs-media-dead", "UnicastRTP/127.0.0.1-1", "Up")
        double._do("POST", ["bridges", "xs-hear-dead"], {"name": "xs-hear-dead"}, {})
        async with asterisk_beside(place, tmp_path) as later:
            told = Heard(later)
            legs = (await told.wait(Reset)).legs
            assert {leg.leg: (leg.room, leg.role, leg.target) for leg in legs} == expected
            assert len(ours(double, "xs-whisper", "xs-side")) == 2
            assert not ours(double, "xs-media", "xs-hear")
            await later.do(Join(boss, "call-1", Role.LISTEN))
            assert not ours(double, "xs-whisper", "xs-side")
            assert double.seats(boss) == ["call-1"]
            await told.end()

    asterisk_case(tmp_path, work)


def test_what_is_asked_at_once_is_done_one_after_another(tmp_path: Path):
    async def work(place: WithAri, heard: Heard) -> None:
        engine, double = place.engine, place.double
        await heard.wait(Reset)
        citizen, agent = await called(place, heard, "citizen"), await reached(place, heard, "agent")
        make = double._do

        def slowly(method: str, path: list[str], query: dict[str, str], body: dict[str, Any]) -> Any:
            double.trouble[path[-1]] = 0.1  # a second one asking for the same would be done first
            return make(method, path, query, body)

        double._do = slowly  # type: ignore[method-assign]
        double.trouble |= {"removeChannel": 0.1}
        await asyncio.gather(engine.do(Join(citizen, "call-1")), engine.do(Join(agent, "call-1")))
        assert double.seats(citizen) == double.seats(agent) == ["call-1"]
        assert len(ours(double, "xs-room")) == 1
        double.trouble = {"removeChannel": 0.1}
        double._do = make  # type: ignore[method-assign]
        await asyncio.gather(engine.do(Hold(citizen)), engine.do(Resume(citizen)))
        assert double.seats(citizen) == ["call-1"]

    asterisk_case(tmp_path, work)


def test_a_move_that_was_not_answered_is_made_when_it_is_asked_again(tmp_path: Path):
    async def work(place: WithAri, heard: Heard) -> None:
        engine, double = place.engine, place.double
        await heard.wait(Reset)
        citizen = await called(place, heard, "citizen")
        double.trouble = {"addChannel": None}
        with pytest.raises(EngineAway):
            await engine.do(Join(citizen, "call-1"), key="same")
        double.trouble = {}
        await engine.do(Join(citizen, "call-1"), key="same")
        await heard.wait(LegMoved, leg=citizen, room="call-1")
        assert double.seats(citizen) == ["call-1"]

    asterisk_case(tmp_path, work)


def test_a_refused_move_leaves_everything_where_it_was(tmp_path: Path):
    async def work(place: WithAri, heard: Heard) -> None:
        engine, double = place.engine, place.double
        await heard.wait(Reset)
        citizen, agent = await called(place, heard, "citizen"), await reached(place, heard, "agent")
        await engine.do(Bridge((citizen, agent), room="call-1"))
        double.trouble = {"addChannel": Refusal(500, "Out of memory")}
        for command in (Join(agent, "call-1", Role.WHISPER, citizen), Join(agent, "call-2")):
            assert await refused(engine, command) == "fault"
        assert double.seats(agent) == ["call-1"]
        assert heard.places(agent) == [("call-1", "talk")]
        assert not ours(double, "xs-whisper", "xs-side")
        double.trouble = {}
        await engine.do(Join(agent, "call-2"))
        assert double.seats(agent) == ["call-2"]

    asterisk_case(tmp_path, work)


def test_legs_that_nobody_knows_of_or_that_are_gone_already_end(tmp_path: Path):
    async def work(place: WithAri, heard: Heard) -> None:
        double = place.double
        await heard.wait(Reset)
        double._channel("out-nobody", "PJSIP/carrier-0000000c", "Ringing")
        double.answer("out-nobody")
        await until(lambda: "out-nobody" not in double.channels)
        citizen = await called(place, heard, "citizen")
        del double.channels[citizen]  # without a word
        await place.engine.do(Hangup(citizen))
        await heard.wait(LegEnded, leg=citizen, reason="near")

    asterisk_case(tmp_path, work)


def test_sound_that_asterisk_cannot_give_yet_may_be_asked_for_again(tmp_path: Path):
    async def work(place: WithAri, heard: Heard) -> None:
        await heard.wait(Reset)
        citizen = await called(place, heard, "citizen")
        place.double.trouble = {"externalMedia": Refusal(500, "The application is not there")}
        with pytest.raises(EngineAway):
            await anext(place.engine.sound(citizen))
        await until(lambda: not ours(place.double, "xs-ear", "xs-media", "xs-hear"))

    asterisk_case(tmp_path, work)


def test_two_processes_do_not_take_the_application_from_each_other_for_ever(tmp_path: Path):
    async def work(place: WithAri, heard: Heard) -> None:
        await heard.wait(Reset)
        async with asterisk_beside(place, tmp_path) as second:
            other = Heard(second)
            await other.wait(Reset)
            place.engine._patience = 0.5
            with pytest.raises(EngineAway, match="only one"):
                await place.engine.do(Figures())  # waits longer than the pause before an ordinary new attempt
            assert place.double.lines == 2
            await second.do(Figures())
            await other.end()

    asterisk_case(tmp_path, work)


def test_music_that_ended_while_nobody_listened_begins_again(tmp_path: Path):
    async def work(place: WithAri, heard: Heard) -> None:
        double = place.double
        await heard.wait(Reset)
        citizen = await called(place, heard, "citizen")
        play = await place.engine.do(Play(citizen, ("music.wav",), loop=True))
        double._sockets.clear()  # what is told now is lost
        await until(lambda: not double.playbacks)
        await double.drop()
        await heard.wait(Reset, new_run=False)
        await until(lambda: bool(double.playbacks))
        assert not [one for one in heard.told if isinstance(one, PlayEnded) and one.play == play]

    asterisk_case(tmp_path, work)
