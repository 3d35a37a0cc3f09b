"""What the platform may expect of any engine: the same scenes for all (test_engines.py), and what a test needs to play them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import wave
from collections.abc import Awaitable, Callable
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
    Sound,
    StopPlaying,
    StopRecording,
    Transfer,
    TransferDone,
    TransferFailed,
)
from tests.softswitch.conftest import PATIENCE


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
