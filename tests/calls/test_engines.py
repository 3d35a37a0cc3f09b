"""What the platform may expect of any engine, asked of each: the embedded exchange with real telephones, the others with doubles.

`scenes` are the same for all. What only one switch has stands below them.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from hotline.calls.engines import (
    Answer,
    Bridge,
    CancelConsult,
    Collect,
    CompleteConsult,
    Consult,
    ConsultAnswered,
    ConsultEnded,
    DigitsCollected,
    Engine,
    EngineAway,
    EngineRefused,
    Figures,
    Hangup,
    Hold,
    Join,
    Leave,
    LegAlerting,
    LegAnswered,
    LegDigit,
    LegEnded,
    LegMoved,
    LegStarted,
    Mark,
    MergeConsult,
    Number,
    Offer,
    Originate,
    PauseRecording,
    Play,
    PlayEnded,
    Record,
    RecordingClosed,
    RecordingStarted,
    Reset,
    Resume,
    ResumeRecording,
    Role,
    SendDigits,
    SoftswitchEngine,
    Sound,
    StopPlaying,
    StopRecording,
    Transfer,
    TransferDone,
    TransferFailed,
)
from hotline.calls.engines.asterisk import AsteriskEngine
from tests.calls.doubles.ari import Ari
from tests.softswitch.conftest import NEEDS_SIP, PATIENCE, Exchange, Phones, apart


class Place(Protocol):
    """A switch with telephones around it, as a test steers them. Calls out go by the trunk `carrier`."""

    engine: Engine
    recordings: Path

    async def expect(self, number: str, does: str) -> None:
        """What this telephone does when it is called: answer, busy or ring."""
        ...

    async def dial(self, caller: str) -> None: ...

    async def press(self, caller: str, digits: str) -> None: ...

    async def hang_up(self, who: str) -> None: ...


def tones(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, hertz in (("hello.wav", 700), ("music.wav", 900)):
        wave_of = 6000 * np.sin(2 * np.pi * hertz * np.arange(4000) / 8000)
        with wave.open(str(folder / name), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(wave_of.astype("<i2").tobytes())


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


class Heard:
    """Everything an engine has told, to be waited for."""

    def __init__(self, engine: Engine, after: Mark | None = None) -> None:
        self.told: list[Any] = []
        self._changed = asyncio.Condition()
        self._task = asyncio.get_running_loop().create_task(self._follow(engine, after))

    async def _follow(self, engine: Engine, after: Mark | None) -> None:
        async with contextlib.aclosing(engine.events(after)) as events:
            async for event in events:
                async with self._changed:
                    self.told.append(event)
                    self._changed.notify_all()

    async def wait(self, kind: type[Any], **wanted: Any) -> Any:
        def found() -> Any:
            if self._task.done():
                self._task.result()
            for one in self.told:
                if isinstance(one, kind) and all(
                    getattr(one, name) == value for name, value in wanted.items()
                ):
                    return one
            return None

        async with self._changed:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._changed.wait_for(found)
            except TimeoutError:
                raise AssertionError(f"no {kind.__name__} {wanted} among {self.told}") from None

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def places(self, leg: str) -> list[tuple[str | None, str | None]]:
        return [(one.room, one.role) for one in self.told if isinstance(one, LegMoved) and one.leg == leg]


async def refused(engine: Engine, command: Any) -> str:
    with pytest.raises(EngineRefused) as refusal:
        await engine.do(command)
    return refusal.value.code


async def called(place: Place, heard: Heard, caller: str) -> str:
    """A citizen's call, answered; its leg."""
    before = len(heard.told)
    await place.dial(caller)
    while not (
        new := [
            one for one in heard.told[before:] if isinstance(one, LegStarted) and one.facts.caller == caller
        ]
    ):
        await asyncio.sleep(0.01)
    leg = str(new[0].leg)
    await place.engine.do(Answer(leg))
    await heard.wait(LegAnswered, leg=leg)
    return leg


async def reached(place: Place, heard: Heard, number: str) -> str:
    """Somebody we called, who answered; the leg."""
    await place.expect(number, "answer")
    leg = await place.engine.do(Originate("carrier", number, label=f"offer:{number}"))
    await heard.wait(LegAnswered, leg=leg)
    return leg


# -- scenes: the same for every engine ------------------------------------------------------------------------------------------


async def arrival_prompts_and_digits(place: Place, heard: Heard) -> None:
    engine = place.engine
    began = await heard.wait(Reset)
    assert began.legs == ()
    await place.dial("citizen")
    arrived = (await heard.wait(LegStarted)).facts
    assert (arrived.kind, arrived.direction, arrived.state) == ("sip", "in", "ringing")
    assert (arrived.trunk, arrived.caller, arrived.called) == ("carrier", "citizen", "12345")
    assert {name.lower(): value for name, value in arrived.headers.items()} == {"x-district": "310101"}
    leg = arrived.leg
    assert await refused(engine, Play(leg, ("hello.wav",))) == "not_up"
    await engine.do(Answer(leg))
    await heard.wait(LegAnswered, leg=leg)
    await engine.do(Answer(leg))  # twice does no harm

    assert await refused(engine, Play(leg, ("none.wav",))) == "file_missing"
    assert await refused(engine, Play(leg, ("../../secret.wav",))) == "file_missing"
    assert await refused(engine, Play("leg-none", ("hello.wav",))) == "no_leg"
    first = await engine.do(Play(leg, ("hello.wav", "hello.wav")))
    await heard.wait(PlayEnded, leg=leg, play=first, reason="finished")
    music = await engine.do(Play(leg, ("music.wav",), loop=True))
    other = await engine.do(Play(leg, ("music.wav",), loop=True, until_digit=True))
    await heard.wait(PlayEnded, play=music, reason="replaced")
    collect = await engine.do(Collect(leg, most=4, first_seconds=30, gap_seconds=30))
    await place.press("citizen", "12#")
    await heard.wait(PlayEnded, play=other, reason="digit")
    collected = await heard.wait(DigitsCollected, collect=collect)
    assert (collected.digits, collected.reason) == ("12", "end")
    assert [one.digit for one in heard.told if isinstance(one, LegDigit)] == ["1", "2", "#"]
    await place.press("citizen", "7")
    await heard.wait(LegDigit, digit="7")
    kept = await engine.do(Collect(leg, most=1, fresh=False))  # pressed before it was asked for
    assert (await heard.wait(DigitsCollected, collect=kept)).digits == "7"
    quick = await engine.do(Collect(leg, first_seconds=0.2))
    assert (await heard.wait(DigitsCollected, collect=quick)).reason == "timeout"
    assert await refused(engine, Collect(leg, most=0)) == "bad_argument"
    await engine.do(SendDigits(leg, "5"))
    assert await refused(engine, SendDigits(leg, "x")) == "bad_argument"

    stopped = await engine.do(Play(leg, ("music.wav",), loop=True))
    await engine.do(StopPlaying(leg))
    await heard.wait(PlayEnded, play=stopped, reason="stopped")
    lasting = await engine.do(Play(leg, ("music.wav",), loop=True))
    assert (await engine.do(Figures()))["legs"] == 1
    await place.hang_up("citizen")
    await heard.wait(PlayEnded, play=lasting, reason="hangup")
    ended = await heard.wait(LegEnded, leg=leg)
    assert ended.reason == "far"
    assert await refused(engine, Answer(leg)) == "no_leg"
    await engine.do(Hangup(leg))  # has ended: no error
    numbers = [one.mark.number for one in heard.told]
    assert numbers == sorted(set(numbers))


async def calls_out(place: Place, heard: Heard) -> None:
    engine = place.engine
    await heard.wait(Reset)
    await place.expect("agent", "answer")
    command = Originate("carrier", "agent", label="offer:7", headers={"X-Task": "7"})
    leg = await engine.do(command, key="once")
    assert await engine.do(command, key="once") == leg
    started = await heard.wait(LegStarted, leg=leg)
    assert (started.facts.direction, started.facts.label, started.facts.called) == ("out", "offer:7", "agent")
    await heard.wait(LegAlerting, leg=leg)
    await heard.wait(LegAnswered, leg=leg)
    await engine.do(Hangup(leg))
    assert (await heard.wait(LegEnded, leg=leg)).reason == "near"

    await place.expect("taken", "busy")
    busy = await engine.do(Originate("carrier", "taken"))
    assert (await heard.wait(LegEnded, leg=busy)).reason == "busy"
    await place.expect("nobody", "ring")
    away = await engine.do(Originate("carrier", "nobody", ring_seconds=1))
    assert (await heard.wait(LegEnded, leg=away)).reason == "no_answer"
    assert await refused(engine, Originate("nowhere", "110")) == "no_trunk"
    assert await refused(engine, Originate("carrier", "11 0")) == "bad_number"
    assert await refused(engine, Originate("carrier", "110", headers={"Via": "x"})) == "bad_argument"
    assert len([one for one in heard.told if isinstance(one, LegStarted)]) == 3


async def rooms_and_roles(place: Place, heard: Heard) -> None:
    engine = place.engine
    await heard.wait(Reset)
    citizen = await called(place, heard, "citizen")
    assert await refused(engine, Hold(citizen)) == "no_room"
    agent, boss = await reached(place, heard, "agent"), await reached(place, heard, "boss")
    assert await engine.do(Bridge((citizen, agent), room="call-1")) == "call-1"
    await engine.do(Join(boss, "call-1", Role.LISTEN))
    assert await refused(engine, Hold(boss)) == "not_talking"
    assert await refused(engine, Join(boss, "call-1", Role.WHISPER, "leg-none")) == "bad_target"
    assert await refused(engine, Join(boss, "call-1", Role.TALK, agent)) == "bad_target"
    await engine.do(Join(boss, "call-1", Role.WHISPER, agent))
    await engine.do(Join(boss, "call-1", Role.BARGE))
    await engine.do(Join(boss, "call-1", Role.WHISPER, agent))
    await engine.do(Hold(citizen, ("music.wav",)))
    await engine.do(Resume(citizen))
    await engine.do(Leave(agent))  # whom boss whispers to: it goes on listening
    await heard.wait(LegMoved, leg=boss, role="listen", room="call-1")
    await heard.wait(LegMoved, leg=agent, room=None)
    assert heard.places(boss) == [
        ("call-1", role) for role in ("listen", "whisper", "barge", "whisper", "listen")
    ]
    assert heard.places(citizen) == [("call-1", role) for role in ("talk", "hold", "talk")]
    for who in ("citizen", "agent", "boss"):
        await place.hang_up(who)
    for leg in (citizen, agent, boss):
        await heard.wait(LegEnded, leg=leg)
    assert (await engine.do(Figures()))["rooms"] == 0


async def transfers(place: Place, heard: Heard) -> None:
    engine = place.engine
    await heard.wait(Reset)
    citizen = await called(place, heard, "citizen")
    agent = await reached(place, heard, "agent")
    assert await refused(engine, Transfer(agent, Number("carrier", "unit"))) == "no_room"
    await engine.do(Bridge((citizen, agent), room="call-2"))
    await place.expect("expert", "answer")
    music = ("music.wav",)
    first = await engine.do(Consult(agent, Number("carrier", "expert", label="expert"), music))
    await heard.wait(ConsultAnswered, consult=first.consult)
    assert await refused(engine, Consult(agent, Number("carrier", "expert"))) in ("consulting", "no_room")
    await engine.do(CancelConsult(first.consult))
    assert (await heard.wait(ConsultEnded, consult=first.consult)).how == "cancelled"
    await heard.wait(LegEnded, leg=first.leg)
    assert await refused(engine, MergeConsult(first.consult)) == "no_consult"

    await place.expect("taken", "busy")
    none = await engine.do(Consult(agent, Number("carrier", "taken"), music))
    assert (await heard.wait(ConsultEnded, consult=none.consult)).how == "busy"

    both = await engine.do(Consult(agent, Number("carrier", "expert"), music))
    await heard.wait(ConsultAnswered, consult=both.consult)
    await engine.do(MergeConsult(both.consult))
    await heard.wait(ConsultEnded, consult=both.consult, how="merged")
    assert heard.places(both.leg)[-1] == ("call-2", "talk")
    await engine.do(Hangup(both.leg))
    await heard.wait(LegEnded, leg=both.leg)

    warm = await engine.do(Consult(agent, Number("carrier", "expert"), music))
    await heard.wait(ConsultAnswered, consult=warm.consult)
    await engine.do(CompleteConsult(warm.consult))
    await heard.wait(ConsultEnded, consult=warm.consult, how="completed")
    assert heard.places(warm.leg)[-1] == heard.places(citizen)[-1] == ("call-2", "talk")
    assert heard.places(agent)[-1] == (None, None)

    await place.expect("unit", "answer")
    blind = await engine.do(Transfer(warm.leg, Number("carrier", "unit")))
    done = await heard.wait(TransferDone, transfer=blind.transfer)
    assert (done.leg, done.room) == (blind.leg, "call-2")
    failing = await engine.do(Transfer(blind.leg, Number("carrier", "taken")))
    failed = await heard.wait(TransferFailed, transfer=failing.transfer)
    assert (failed.room, failed.reason) == ("call-2", "busy")
    await engine.do(Bridge((citizen, blind.leg), room="call-2"))
    await place.expect("nobody", "ring")
    ringing = await engine.do(Transfer(blind.leg, Number("carrier", "nobody")))
    await place.hang_up("citizen")  # nobody waits any more: the target rings no longer
    alone = await heard.wait(TransferFailed, transfer=ringing.transfer)
    assert alone.reason == "alone"
    for leg in (agent, warm.leg, blind.leg):
        await engine.do(Hangup(leg))
        await heard.wait(LegEnded, leg=leg)


def loudest(piece: Sound) -> int:
    return int(np.abs(np.frombuffer(piece.pcm, "<i2").astype(np.int32)).max())


async def recordings_and_sound(place: Place, heard: Heard) -> None:
    engine = place.engine
    await heard.wait(Reset)
    citizen = await called(place, heard, "citizen")
    assert await refused(engine, PauseRecording(citizen)) == "not_recording"
    recording = await engine.do(Record(citizen))
    started = await heard.wait(RecordingStarted, leg=citizen)
    assert started.recording == recording
    assert await refused(engine, Record(citizen)) == "recording_already"
    await engine.do(PauseRecording(citizen))
    await engine.do(ResumeRecording(citizen))
    pieces = []
    async with contextlib.aclosing(engine.sound(citizen)) as sound:
        async for piece in sound:
            pieces.append(piece)
            if len(pieces) >= 4 and loudest(piece) > 1000:  # a telephone takes a moment to speak
                break
    assert all(len(one.pcm) == 1600 for one in pieces)
    assert {two.first - one.first for one, two in itertools.pairwise(pieces)} == {800}
    with pytest.raises(EngineRefused):
        await anext(engine.sound("leg-none"))
    await engine.do(StopRecording(citizen))
    closed = await heard.wait(RecordingClosed, recording=recording)
    assert (closed.path, closed.recovered, closed.silent_left) == (started.path, False, False)
    file = place.recordings / closed.path
    assert file.stat().st_size == closed.bytes
    with wave.open(str(file)) as read:
        assert (read.getnchannels(), read.getframerate(), read.getsampwidth()) == (2, 8000, 2)
    second = await engine.do(Record(citizen))
    assert second != recording
    await place.hang_up("citizen")
    await heard.wait(RecordingClosed, recording=second)  # ends with its leg


async def a_reader_goes_on_where_it_was(place: Place, heard: Heard) -> None:
    engine = place.engine
    began = await heard.wait(Reset)
    await heard.end()
    assert began.new_run
    behind = Heard(engine, began.mark)  # of this very run: nothing to begin anew
    citizen = await called(place, behind, "citizen")
    mark = behind.told[0].mark
    rest = list(behind.told[1:])
    assert not [one for one in behind.told if isinstance(one, Reset)]
    await behind.end()
    again = Heard(engine, mark)
    for one in rest:
        await again.wait(type(one), mark=one.mark)
    assert again.told[: len(rest)] == rest
    await again.end()
    stranger = Heard(engine, Mark("another", 7))
    fresh = await stranger.wait(Reset)
    assert (fresh.new_run, fresh.mark.run) == (True, began.mark.run)
    assert [leg.leg for leg in fresh.legs] in ([citizen], [])  # told now, or by the events that follow
    await stranger.end()
    await engine.do(Hangup(citizen))


SCENES = (
    arrival_prompts_and_digits,
    calls_out,
    rooms_and_roles,
    transfers,
    recordings_and_sound,
    a_reader_goes_on_where_it_was,
)
Scene = Callable[[Any, Heard], Awaitable[None]]


async def play_scene(scene: Scene, place: Place) -> None:
    heard = Heard(place.engine)
    try:
        async with asyncio.timeout(3 * PATIENCE):
            await scene(place, heard)
    finally:
        await heard.end()


@pytest.mark.parametrize("scene", SCENES, ids=lambda one: one.__name__)
def test_asterisk(scene: Scene, tmp_path: Path):
    async def work() -> None:
        async with asterisk(tmp_path) as place:
            await play_scene(scene, place)
            assert not [one for one in place.double.bridges if one.startswith("xs-side")]

    apart(lambda: asyncio.run(work()))


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


# -- what Asterisk alone has ----------------------------------------------------------------------------------------------------


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
                await told.end()
            assert not double.stored

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
                with pytest.raises(EngineAway):
                    await engine.do(Figures())
                await engine.close()
            assert await refused(place.engine, Offer("v=0", "agent:1")) == "bad_offer"

    apart(lambda: asyncio.run(asyncio.wait_for(work(), 3 * PATIENCE)))


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
