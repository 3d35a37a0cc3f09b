"""FreeSWITCH as an engine, by a double of its event socket: the scenes of all engines, and what it alone has."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from hotline.calls.engines import (
    Answer,
    Bridge,
    EngineAway,
    EngineRefused,
    Figures,
    Hangup,
    Hold,
    Join,
    LegAnswered,
    LegDigit,
    LegEnded,
    LegMoved,
    Originate,
    Play,
    Record,
    RecordingClosed,
    RecordingFailed,
    Reset,
    Resume,
    Role,
    StopPlaying,
)
from hotline.calls.engines.freeswitch import FreeswitchEngine
from hotline.calls.engines.freeswitch.conferences import conference_name, room_of
from hotline.calls.engines.freeswitch.esl import Esl, Unwelcome
from tests.calls.doubles.esl import SOUND, Fs
from tests.calls.scenes import SCENES, Heard, Scene, called, play_scene, reached, refused, tones
from tests.softswitch.conftest import PATIENCE, apart

PASSWORD = "secret"


class WithFs:
    def __init__(self, double: Fs, engine: FreeswitchEngine, folder: Path) -> None:
        self.double, self.engine, self.folder, self.recordings = double, engine, folder, folder / "recordings"
        self._legs: dict[str, str] = {}

    async def expect(self, number: str, does: str) -> None:
        self.double.telephones[number] = does

    async def dial(self, caller: str) -> None:
        self._legs[caller] = self.double.call_in(caller, headers={"X-District": "310101"})

    async def press(self, caller: str, digits: str) -> None:
        self.double.press(self._legs[caller], digits)

    async def hang_up(self, who: str) -> None:
        legs = self.double.channels
        self.double.end(
            self._legs.get(who) or next(leg for leg in legs if legs[leg].get("variable_xs_called") == who)
        )


def made(
    double: Fs, folder: Path, password: str = PASSWORD, patience: float = PATIENCE, user: str = ""
) -> FreeswitchEngine:
    return FreeswitchEngine(
        *("127.0.0.1", double.port, password),
        user=user,
        prompts=folder / "prompts",
        recordings=folder / "recordings",
        fresh=folder / "recorded",
        patience=patience,
    )


@contextlib.asynccontextmanager
async def freeswitch(folder: Path, double: Fs | None = None) -> AsyncIterator[WithFs]:
    double = double or Fs()
    await double.open(double.port)
    tones(folder / "prompts")
    engine = made(double, folder)
    try:
        yield WithFs(double, engine, folder)
    finally:
        await engine.close()
        await double.close()


def case(folder: Path, work: Callable[[WithFs, Heard], Awaitable[None]], double: Fs | None = None) -> None:
    async def all_of_it() -> None:
        async with freeswitch(folder, double) as place:
            heard = Heard(place.engine)
            try:
                await work(place, heard)
            finally:
                await heard.end()

    apart(lambda: asyncio.run(asyncio.wait_for(all_of_it(), 3 * PATIENCE)))


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("scene", SCENES, ids=lambda one: one.__name__)
def test_freeswitch(scene: Scene, tmp_path: Path):
    async def work() -> None:
        async with freeswitch(tmp_path) as place:
            await play_scene(scene, place)

    apart(lambda: asyncio.run(work()))


def test_who_hears_whom_in_each_role(tmp_path: Path):
    async def work(place: WithFs, heard: Heard) -> None:
        engine, double = place.engine, place.double
        await heard.wait(Reset)
        citizen = await called(place, heard, "citizen")
        agent, boss, expert = [await reached(place, heard, one) for one in ("agent", "boss", "expert")]
        await asyncio.gather(engine.do(Join(citizen, "call-1")), engine.do(Join(agent, "call-1")))
        conference = double.place(citizen)["conference"]
        assert double.place(agent) == {"conference": conference, "mute": False, "not_to": set()}
        await engine.do(Join(boss, "call-1", Role.LISTEN))
        assert double.place(boss) == {"conference": conference, "mute": True, "not_to": set()}
        await engine.do(Join(boss, "call-1", Role.WHISPER, agent))
        assert double.place(boss) == {"conference": conference, "mute": False, "not_to": {citizen}}
        before = len(double.asked)
        await engine.do(Join(expert, "call-1"))  # comes while somebody whispers: is never whispered to
        assert double.place(boss) == {"conference": conference, "mute": False, "not_to": {citizen, expert}}
        done = [
            one.split()[1:4:2]
            for one in double.asked[before:]
            if one.startswith(("api conference", "api uuid_tr"))
        ]
        assert [verb for _what, verb in done[:1]] == ["mute"]
        await engine.do(Join(boss, "call-1", Role.BARGE))
        assert double.place(boss) == {"conference": conference, "mute": False, "not_to": set()}
        await asyncio.gather(engine.do(Hold(citizen)), engine.do(Resume(citizen)))
        assert double.place(citizen)["conference"] == conference
        await engine.do(Hold(citizen, ("music.wav",)))
        assert double.place(citizen) == {}

    case(tmp_path, work)


def test_after_a_broken_line_or_a_new_process_what_is_true_is_told(tmp_path: Path):
    async def work(place: WithFs, heard: Heard) -> None:
        engine, double = place.engine, place.double
        began = await heard.wait(Reset)
        citizen, other = await called(place, heard, "citizen"), await called(place, heard, "other")
        agent, boss = await reached(place, heard, "agent"), await reached(place, heard, "boss")
        await engine.do(Bridge((citizen, agent), room="call-1/of 7"))
        await engine.do(Join(boss, "call-1/of 7", Role.WHISPER, agent))
        await engine.do(Hold(citizen, ("music.wav",)))
        recording = await engine.do(Record(citizen))
        double._channel("somebody-elses", "inbound", {})
        await double.drop()
        double.end(other)  # while nobody listens
        again = await heard.wait(Reset, new_run=False)
        expected = {
            citizen: ("call-1/of 7", "hold", None, recording),
            agent: ("call-1/of 7", "talk", None, None),
            boss: ("call-1/of 7", "whisper", agent, None),
        }
        assert {leg.leg: (leg.room, leg.role, leg.target, leg.recording) for leg in again.legs} == expected
        await until(lambda: citizen in double.plays)  # music begins again
        await heard.end()
        await engine.close()
        later = made(double, tmp_path, user="hotline@city")
        told = Heard(later, again.mark)
        fresh = await told.wait(Reset)
        assert (fresh.new_run, fresh.mark.run, fresh.mark.number > again.mark.number) == (
            False,
            began.mark.run,
            True,
        )
        assert {leg.leg: (leg.room, leg.role, leg.target, leg.recording) for leg in fresh.legs} == expected
        assert {leg.label for leg in fresh.legs} == {"", "offer:agent", "offer:boss"}
        await later.do(Join(boss, "call-1/of 7", Role.BARGE))
        assert double.place(boss)["not_to"] == set()
        await later.do(Resume(citizen))
        assert double.place(citizen)["conference"] == double.place(agent)["conference"]
        async with contextlib.aclosing(later.sound(agent)) as sound:
            first = await anext(sound)
            assert first.first > 0  # counted since it was answered, whoever listens
            assert first.pcm == b"\x10\x27" * 800  # what it says, not what it hears
        await until(lambda: not list((tmp_path / "recorded" / "ears").iterdir()))
        # FreeSWITCH was started anew, in the middle of a recording: its file says that it is empty.
        file = tmp_path / "recorded" / f"{recording}.wav"
        head = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x40\x1f\0\0\0\x7d\0\0\x04\0\x10\0data\0\0\0\0"
        file.write_bytes(head + SOUND)
        double.core = "core-2"
        for one in (double.channels, double.conferences, double.records):
            one.clear()
        await double.drop()
        assert (await told.wait(Reset, new_run=True)).legs == ()
        closed = await told.wait(RecordingClosed, recording=recording)
        assert (closed.recovered, closed.seconds, closed.silent_left) == (True, 0.2, False)
        assert not file.exists()
        await told.end()
        await later.close()

    case(tmp_path, work)


def test_a_call_that_arrives_while_we_connect_is_told_once_and_not_answered(tmp_path: Path):
    double = Fs()
    double.at_line = lambda: double.call_in("citizen")

    async def work(place: WithFs, heard: Heard) -> None:
        (leg,) = (await heard.wait(Reset)).legs
        assert (leg.state, leg.direction, leg.caller) == ("ringing", "in", "citizen")
        double.press(leg.leg, "1")
        await heard.wait(LegDigit)
        assert not [one for one in heard.told if isinstance(one, LegAnswered)]
        await place.engine.do(Answer(leg.leg))
        await heard.wait(LegAnswered, leg=leg.leg)

    case(tmp_path, work, double)


def test_a_command_is_done_once_and_one_without_an_answer_may_be_asked_again(tmp_path: Path):
    async def work(place: WithFs, heard: Heard) -> None:
        engine, double = place.engine, place.double
        await heard.wait(Reset)
        citizen = await called(place, heard, "citizen")
        double.deaf = "api uuid_transfer"
        with pytest.raises(EngineAway):
            await engine.do(Join(citizen, "call-1"), key="same")
        double.deaf = ""
        await engine.do(Join(citizen, "call-1"), key="same")
        await heard.wait(LegMoved, leg=citizen, room="call-1")
        assert room_of(double.place(citizen)["conference"]) == "call-1"
        command = Originate("carrier", "agent", label="x{y},'z'", headers={"X-Task": "7"})
        leg = await engine.do(command, key="0123456789abcdef")
        await heard.end()
        await engine.close()
        later = made(double, tmp_path)
        told = Heard(later)
        found = {one.leg: one for one in (await told.wait(Reset)).legs}
        assert found[leg].label == "x{y},'z'"
        assert await later.do(command, key="0123456789abcdef") == leg
        assert len([one for one in double.asked if one.startswith("bgapi originate")]) == 1
        await told.end()
        await later.close()

    case(tmp_path, work)


def test_what_would_mean_something_in_a_dial_string_is_refused(tmp_path: Path):
    async def work(place: WithFs, heard: Heard) -> None:
        await heard.wait(Reset)
        for value in ("a}b", "a,b", "a'b", "${x}", "a\\b"):
            assert (
                await refused(place.engine, Originate("carrier", "110", headers={"X-Task": value}))
                == "bad_argument"
            )
        for trunk in ("", "carrier/1,sofia", "x y"):
            assert await refused(place.engine, Originate(trunk, "110")) == "no_trunk"
        assert not place.double.channels
        with pytest.raises(EngineRefused):
            await anext(place.engine.sound("x\napi shutdown"))

    case(tmp_path, work)


def test_a_prompt_is_stopped_and_the_next_one_is_not(tmp_path: Path):
    async def work(place: WithFs, heard: Heard) -> None:
        await heard.wait(Reset)
        citizen = await called(place, heard, "citizen")
        for _round in range(3):  # a break that comes too late or too soon would end the one after
            await place.engine.do(Play(citizen, ("music.wav",), loop=True))
            await place.engine.do(StopPlaying(citizen))
        last = await place.engine.do(Play(citizen, ("music.wav",), loop=True))
        await until(lambda: place.double.plays.get(citizen, ("", ""))[0] == f"{last}-2")

    case(tmp_path, work)


def test_legs_that_nobody_knows_of_or_that_are_gone_already_end(tmp_path: Path):
    async def work(place: WithFs, heard: Heard) -> None:
        double = place.double
        await heard.wait(Reset)
        double._channel("out-nobody", "outbound", {"xs_trunk": "carrier"})
        double.answer("out-nobody")
        await until(lambda: "out-nobody" not in double.channels)
        citizen = await called(place, heard, "citizen")
        recording = await place.engine.do(Record(citizen))
        del double.channels[citizen]  # without a word
        (place.folder / "recorded" / f"{recording}.wav").write_bytes(b"rubbish")
        double._record_stops(str(place.folder.resolve() / "recorded" / f"{recording}.wav"))
        await heard.wait(RecordingClosed, recording=recording)
        await place.engine.do(Hangup(citizen))
        await heard.wait(LegEnded, leg=citizen, reason="near")
        lost = "rec-1795456288944-0a1b2c3d"
        double.tell("RECORD_STOP", **{"Record-File-Path": f"/x/{lost}.wav"})
        await heard.wait(RecordingFailed, recording=lost)

    case(tmp_path, work)


def test_freeswitch_away_or_with_another_password_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async def work(place: WithFs, heard: Heard) -> None:
        await heard.wait(Reset)
        engine = made(place.double, tmp_path, "wrong", 0.5)
        with pytest.raises(EngineAway, match="ENGINE_PASSWORD"):
            await engine.do(Figures())
        await engine.close()
        await place.engine.close()
        await place.double.close()
        with pytest.raises(EngineAway, match="away"):
            await (gone := made(place.double, tmp_path, patience=0.5)).do(Figures())
        await gone.close()

    case(tmp_path, work)
    assert "never tried with a real one" in caplog.text


def test_freeswitch_that_lets_nobody_in_from_here_says_what_to_change():
    async def reject(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")
        writer.close()

    async def work() -> None:
        async with await asyncio.start_server(reject, "127.0.0.1", 0) as server:
            esl = Esl("127.0.0.1", server.sockets[0].getsockname()[1], PASSWORD, seconds=PATIENCE)
            with pytest.raises(Unwelcome, match="apply-inbound-acl"):
                async with esl.line():
                    pass

    apart(lambda: asyncio.run(work()))


def test_a_conferences_name_says_its_room():
    for room in ("call-7", "call-7/consult-ab", "话务 {1},'@+", "x" * 100):
        name = conference_name(room)
        assert room_of(name) == room
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
        assert name != conference_name(room)
    assert room_of("3000") is None
    assert len({conference_name("a") for _one in itertools.repeat(None, 20)}) == 20
