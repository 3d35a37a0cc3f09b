"""The platform's client of the embedded exchange: typed commands and events, through breaks of the connection.

Most of it runs against a double that speaks the exchange's protocol; the last test against the exchange itself.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from hotline.calls.engines import (
    Answer,
    Bridge,
    Collect,
    Consult,
    DigitsCollected,
    Engine,
    EngineAway,
    EngineRefused,
    Figures,
    Hangup,
    Join,
    LegAnswered,
    LegEnded,
    LegStarted,
    Mark,
    Number,
    Offer,
    Offered,
    Originate,
    Other,
    Play,
    Record,
    RecordingClosed,
    Reset,
    Role,
    SoftswitchEngine,
    Transfer,
    Transferring,
)
from tests.softswitch.conftest import NEEDS_SIP, ROOT, Exchange, Phones, apart

PATIENCE = 20.0


class Double:
    """Speaks softswitch/control.py's protocol; what it is asked is kept, what it answers is given."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.follows: list[dict[str, Any]] = []
        self.answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}
        self.break_before_reply = 0
        self.in_flight: list[dict[str, Any]] = []
        """Said just before the next follow is answered, to whoever followed before."""
        self.run, self.last = "run-1", 0
        self.known: list[dict[str, Any]] = []
        self.lines: list[ServerConnection] = []
        self.port = 0

    async def serve(self, line: ServerConnection) -> None:
        assert line.request is not None
        assert line.request.headers["Authorization"] == "Bearer secret"
        self.lines.append(line)
        async for message in line:
            told = json.loads(message)
            if told["do"] == "follow":
                self.follows.append(told)
                for one in self.in_flight:
                    await line.send(json.dumps(one))
                self.in_flight.clear()
                done: dict[str, Any] = {"run": self.run, "after": told.get("after"), "reset": False}
                if told.get("run") != self.run:
                    snapshot = {"run": self.run, "last": self.last, "legs": self.known}
                    done |= {"after": self.last, "reset": True, "snapshot": snapshot}
                await line.send(json.dumps({"id": told["id"], "done": done}))
                continue
            self.asked.append(told)
            if self.break_before_reply:
                self.break_before_reply -= 1
                await line.close()
                return
            reply = self.answers.get(told["do"], lambda _told: {"done": {}})(told)
            await line.send(json.dumps({"id": told["id"], **reply}))

    async def tell(self, event: str, **facts: Any) -> None:
        self.last += 1
        await self.lines[-1].send(json.dumps({"number": self.last, "at": 1000.5, "event": event, **facts}))


@asynccontextmanager
async def double() -> AsyncIterator[tuple[Double, SoftswitchEngine]]:
    made = Double()
    async with serve(made.serve, "127.0.0.1", 0, compression=None) as server:
        made.port = next(iter(server.sockets)).getsockname()[1]
        engine = SoftswitchEngine(made.port, "secret", patience=PATIENCE)
        try:
            yield made, engine
        finally:
            await engine.close()


def run(work: Callable[[Double, SoftswitchEngine], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with double() as (made, engine):
            await asyncio.wait_for(work(made, engine), PATIENCE)

    apart(lambda: asyncio.run(all_of_it()))


LEG = {
    "leg": "leg-1",
    "kind": "sip",
    "direction": "in",
    "state": "ringing",
    "began": 1000.0,
    "caller": "138",
    "called": "12345",
}


def test_commands_become_words_and_answers_types():
    async def work(made: Double, engine: SoftswitchEngine) -> None:
        assert isinstance(engine, SoftswitchEngine)
        checked: Engine = engine
        made.answers = {
            "originate": lambda told: {"done": {"leg": "leg-9"}},
            "play": lambda told: {"done": {"play": "play-1"}},
            "collect": lambda told: {"done": {"collect": "collect-1"}},
            "bridge": lambda told: {"done": {"room": "room-1"}},
            "offer": lambda told: {"done": {"leg": "leg-7", "sdp": "v=0"}},
            "transfer": lambda told: {"done": {"transfer": "transfer-1", "leg": "leg-8"}},
            "consult": lambda told: {"refused": {"code": "consulting", "why": "Busy."}},
            "figures": lambda told: {"done": {"legs": 3, "tick_p99_ms": 0.5}},
        }
        await checked.do(Answer("leg-1"), key="once")
        assert await checked.do(Originate("carrier", "110", headers={"X-Task": "7"})) == "leg-9"
        assert await checked.do(Play("leg-1", ("hello.wav",), until_digit=True)) == "play-1"
        assert await checked.do(Collect("leg-1", most=3, end="")) == "collect-1"
        assert await checked.do(Bridge(("leg-1", "leg-2"))) == "room-1"
        assert await checked.do(Offer("v=0", "agent 7")) == Offered("leg-7", "v=0")
        assert await checked.do(Transfer("leg-1", "leg-8")) == Transferring("transfer-1", "leg-8")
        await checked.do(Join("leg-3", "room-1", Role.WHISPER, "leg-2"))
        with pytest.raises(EngineRefused, match="Busy") as refused:
            await checked.do(Consult("leg-1", Number("carrier", "110"), ("music.wav",)))
        assert refused.value.code == "consulting"
        assert (await checked.do(Figures()))["tick_p99_ms"] == 0.5

        asked = [
            {name: value for name, value in one.items() if name not in ("id", "key")} for one in made.asked
        ]
        assert made.asked[0]["key"] == "once"
        assert len({one["key"] for one in made.asked}) == len(made.asked)
        assert asked[0] == {"do": "answer", "leg": "leg-1"}
        assert asked[1] == {
            **{"do": "originate", "trunk": "carrier", "number": "110", "ring_seconds": 45},
            "headers": {"X-Task": "7"},
            "label": "",
        }
        assert (asked[3]["most"], asked[3]["end"]) == (3, "")
        assert asked[6] == {"do": "transfer", "leg": "leg-1", "to": {"leg": "leg-8"}}
        assert asked[7] == {
            "do": "join",
            "leg": "leg-3",
            "room": "room-1",
            "role": "whisper",
            "target": "leg-2",
        }
        assert asked[8]["to"] == {"trunk": "carrier", "number": "110", "ring_seconds": 45, "label": ""}

    run(work)


def test_a_command_whose_reply_was_lost_is_sent_again_with_its_key():
    async def work(made: Double, engine: SoftswitchEngine) -> None:
        made.break_before_reply = 2
        await engine.do(Hangup("leg-1"))
        assert len(made.asked) == 3
        assert len({one["key"] for one in made.asked}) == 1

    run(work)


def test_events_go_on_after_the_last_one_and_a_new_run_is_told():
    async def work(made: Double, engine: SoftswitchEngine) -> None:
        made.known, made.last = [LEG], 41
        events = engine.events()
        began = await anext(events)
        assert began == Reset(Mark("run-1", 41), began.legs, new_run=True)
        assert (began.legs[0].caller, began.legs[0].began) == ("138", datetime.fromtimestamp(1000, UTC))

        await made.tell("leg.ringing", **LEG)
        await made.tell("leg.answered", leg="leg-1")
        first, second = await anext(events), await anext(events)
        assert isinstance(first, LegStarted)
        assert first.facts.called == "12345"
        assert second == LegAnswered(Mark("run-1", 43), datetime.fromtimestamp(1000.5, UTC), "leg-1")

        await made.lines[-1].close()
        while len(made.follows) < 2:
            await asyncio.sleep(0.01)
        assert (made.follows[1]["run"], made.follows[1]["after"]) == ("run-1", 43)
        await made.tell("digits.collected", leg="leg-1", collect="c", digits="12", reason="end")
        third = await anext(events)
        assert isinstance(third, DigitsCollected)
        assert third.mark == Mark("run-1", 44)

        made.run, made.last, made.known = "run-2", 2, []
        await made.lines[-1].close()
        assert await anext(events) == Reset(Mark("run-2", 2), (), new_run=True)
        await made.tell("trunk.failed", trunk="carrier", why="403 Forbidden")
        other = await anext(events)
        assert isinstance(other, Other)
        assert (other.name, other.facts) == ("trunk.failed", {"trunk": "carrier", "why": "403 Forbidden"})

        await made.lines[-1].send(
            json.dumps(
                {
                    "reset": {
                        "run": "run-2",
                        "after": 90,
                        "snapshot": {"run": "run-2", "last": 90, "legs": [LEG]},
                    }
                }
            )
        )
        lost = await anext(events)
        assert isinstance(lost, Reset)
        assert (lost.mark, lost.new_run, len(lost.legs)) == (Mark("run-2", 90), False, 1)
        await events.aclose()

    run(work)


def test_a_mark_kept_from_an_earlier_life_of_the_platform_is_gone_on_from():
    async def work(made: Double, engine: SoftswitchEngine) -> None:
        made.last = 7
        events = engine.events(Mark("run-1", 7))
        waiting = asyncio.ensure_future(anext(events))
        while not made.follows:
            await asyncio.sleep(0.01)
        await made.tell("leg.ended", leg="leg-1", reason="far", seconds=12.5, quality={"mos": 4.4})
        ended = await waiting
        assert isinstance(ended, LegEnded)
        assert (ended.reason, ended.seconds, ended.status, ended.quality) == ("far", 12.5, None, {"mos": 4.4})
        await events.aclose()

    run(work)


def test_a_reader_that_comes_again_misses_nothing_of_what_came_between():
    async def work(made: Double, engine: SoftswitchEngine) -> None:
        events = engine.events(Mark("run-1", 0))
        waiting = asyncio.ensure_future(anext(events))
        while not made.follows:
            await asyncio.sleep(0.01)
        await made.tell("leg.digit", leg="leg-1", digit="1")
        assert (await waiting).mark == Mark("run-1", 1)
        await events.aclose()

        # Events 2 and 3 came while nobody read; 4 is on its way when the next reader begins after 1.
        made.in_flight = [{"number": 4, "at": 1.0, "event": "leg.digit", "leg": "leg-1", "digit": "4"}]
        events = engine.events(Mark("run-1", 1))
        waiting = asyncio.ensure_future(anext(events))
        while len(made.follows) < 2:
            await asyncio.sleep(0.01)
        for digit in "234":
            await made.tell("leg.digit", leg="leg-1", digit=digit)
        told = [await waiting, await anext(events), await anext(events)]
        assert [(one.mark.number, one.digit) for one in told] == [(2, "2"), (3, "3"), (4, "4")]
        await events.aclose()

    run(work)


def test_a_reader_that_was_left_behind_gives_way_to_the_next():
    """Whoever is cancelled in the middle of an event leaves its reader open until it is swept up."""

    async def work(made: Double, engine: SoftswitchEngine) -> None:
        left = engine.events(Mark("run-1", 0))
        first = asyncio.ensure_future(anext(left))
        while not made.follows:
            await asyncio.sleep(0.01)
        await made.tell("leg.digit", leg="leg-1", digit="1")
        await first
        events = engine.events(Mark("run-1", 1))
        waiting = asyncio.ensure_future(anext(events))
        while len(made.follows) < 2:
            await asyncio.sleep(0.01)
        await left.aclose()
        await made.tell("leg.digit", leg="leg-1", digit="2")
        assert (await waiting).digit == "2"
        await events.aclose()

    run(work)


def test_a_reader_that_falls_far_behind_begins_anew_from_what_is_true(monkeypatch: pytest.MonkeyPatch):
    from hotline.calls.engines import softswitch

    monkeypatch.setattr(softswitch, "MOST_UNREAD", 3)

    async def work(made: Double, engine: SoftswitchEngine) -> None:
        made.known = [LEG]
        events = engine.events()
        assert (await anext(events)).mark == Mark("run-1", 0)
        for digit in "12345":
            await made.tell("leg.digit", leg="leg-1", digit=digit)
        while len(made.follows) < 2:
            await asyncio.sleep(0.01)
        assert "run" not in made.follows[1]
        anew = await anext(events)
        assert isinstance(anew, Reset)
        assert (anew.mark, anew.new_run, len(anew.legs)) == (Mark("run-1", 5), False, 1)
        await made.tell("leg.digit", leg="leg-1", digit="6")
        assert (await anext(events)).mark == Mark("run-1", 6)
        await events.aclose()

    run(work)


def test_an_event_that_cannot_be_read_is_passed_over(caplog: pytest.LogCaptureFixture):
    async def work(made: Double, engine: SoftswitchEngine) -> None:
        events = engine.events(Mark("run-1", 0))
        waiting = asyncio.ensure_future(anext(events))
        while not made.follows:
            await asyncio.sleep(0.01)
        await made.tell("leg.digit", leg="leg-1")  # which digit?
        while len(made.follows) < 2:
            await asyncio.sleep(0.01)
        assert made.follows[1]["after"] == 1
        await made.tell("leg.digit", leg="leg-1", digit="2")
        assert (await waiting).digit == "2"
        await events.aclose()

    run(work)
    assert "cannot be read" in caplog.text


def test_a_line_that_broke_this_moment_is_not_tried_for_ever():
    """The keeper of the connection must get its turn to notice, or the whole process stands still."""

    class Broken:
        tried = 0

        async def send(self, _message: str) -> None:
            self.tried += 1
            assert self.tried < 100, "the loop is starved"
            raise ConnectionClosedError(None, None)

    async def work(made: Double, engine: SoftswitchEngine) -> None:
        await engine.do(Answer("leg-1"))
        line, broken = engine._connection, Broken()
        engine._connection = broken  # type: ignore[assignment]

        async def notice() -> None:
            engine._connection = line

        noticed = asyncio.ensure_future(notice())
        await engine.do(Answer("leg-2"))
        assert broken.tried >= 1
        await noticed

    run(work)


def test_a_switch_that_is_not_there_is_said_to_be_away():
    async def work() -> None:
        engine = SoftswitchEngine(9, "secret", patience=0.3)
        with pytest.raises(EngineAway):
            await engine.do(Answer("leg-1"))
        with pytest.raises(EngineAway):
            await anext(engine.sound("leg-1"))
        await engine.close()
        with pytest.raises(EngineAway):
            await engine.do(Answer("leg-1"))

    apart(lambda: asyncio.run(asyncio.wait_for(work(), PATIENCE)))


@NEEDS_SIP
def test_a_call_through_the_exchange_and_its_next_life(tmp_path: Path):
    phones = Phones(tmp_path)
    port = None
    exchange = Exchange(tmp_path, phones)
    port = exchange.ready["control_port"]
    token = exchange.token
    phones.ask("dial", "citizen", to=exchange.sip, tone=440)

    async def work() -> None:
        nonlocal exchange
        engine = SoftswitchEngine(port, token, patience=PATIENCE)
        try:
            events = engine.events(Mark(exchange.ready["run"], 0))
            leg = await first(events, LegStarted)
            assert leg.facts.caller == "citizen"
            await engine.do(Answer(leg.leg))
            await first(events, LegAnswered)
            async for sound in engine.sound(leg.leg):
                assert len(sound.pcm) == 1600
                break
            with pytest.raises(EngineRefused):
                await anext(engine.sound("leg-none"))
            recording = await engine.do(Record(leg.leg))
            exchange.end(9)
            exchange = Exchange(tmp_path, phones, token=token, control_port=port)
            reset = await first(events, Reset)
            assert (reset.new_run, reset.legs) == (True, ())
            closed = await first(events, RecordingClosed)
            assert (closed.recording, closed.recovered) == (recording, True)
            with pytest.raises(EngineRefused) as refused:
                await engine.do(Answer(leg.leg))
            assert refused.value.code == "no_leg"
            await events.aclose()
        finally:
            await engine.close()

    try:
        apart(lambda: asyncio.run(asyncio.wait_for(work(), 60)))
    finally:
        exchange.end()
        phones.end()
        shutil.rmtree(tmp_path / "switch", ignore_errors=True)


async def first(events: AsyncIterator[Any], kind: type[Any]) -> Any:
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__}")


def test_every_word_of_the_exchange_has_its_command_and_event():
    """The protocol is written on both sides; here they are held together."""
    from hotline.calls.engines import commands, softswitch
    from softswitch.transfers import VERBS

    verbs = {one.verb for one in vars(commands).values() if isinstance(one, type) and hasattr(one, "verb")}
    assert verbs == set(VERBS) - {"snapshot"}
    source = "".join(path.read_text() for path in (ROOT / "softswitch").glob("*.py"))
    told = {word for word in softswitch.READERS if f'"{word}"' not in source}
    assert not told
    assert RecordingClosed.__dataclass_fields__.keys() >= {"sha256", "recovered"}
