"""From what is heard to a shift leader who is told, hears and answers."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from hotline.audit.models import AuditEntry
from hotline.calls.engines.interface import Sound
from hotline.calls.models import AgentSession, Segment
from hotline.emotion import actions, queries
from hotline.emotion.ear import SYSTEM, Hearer, Window
from hotline.emotion.models import Alert, Side, Trace
from hotline.emotion.views import drawn
from hotline.kit.clock import now, simulated
from hotline.kit.errors import Invalid, NotPermitted, NotVisible
from hotline.kit.models import LiveEvent
from hotline.speech.acoustics import Voice
from hotline.speech.activity import Activity
from hotline.speech.sound import TELEPHONE
from tests.accounts.cast import Cast, sign_in
from tests.calls.factories import Exchange, distribute, make_agent, make_telephony

CALM = Voice(loudness=8.0, sharpness=1.1, pitch=9.0, melody=3.0, rate=4.5, pauses=0.4)
HEATED = Voice(loudness=14.0, sharpness=1.3, pitch=12.5, melody=4.5, rate=5.8, pauses=0.1)
MOMENT = (np.sin(np.arange(20 * TELEPHONE) / 3) * 9000).astype("<i2").tobytes()


def spoken_with(cast: Cast, exchange: Exchange, session: AgentSession) -> Segment:
    """A conversation of this agent, under way."""
    call = exchange.queued()
    assert distribute() == 1
    exchange.answered(exchange.dialled())
    return Segment.objects.get(call=call, session=session, ended_at=None)


def past(segment: Segment, voice: Voice = CALM, windows: int = 24) -> Trace:
    """What the agent's voice was like the day before."""
    rows = [[at * 10, {"loudness": voice.loudness * (1 + at % 3 / 20), "sharpness": voice.sharpness,
            "pitch": voice.pitch + at % 3 / 2, "melody": voice.melody, "rate": voice.rate, "pauses": voice.pauses}, None]
            for at in range(windows)]  # fmt: skip
    began = now() - timedelta(days=1)
    return Trace.objects.create(
        segment=segment, call=segment.call, person=segment.session.person, side=Side.CITIZEN, began_at=began, seconds=240, windows=rows
    )


def of_agent(trace: Trace) -> Trace:
    trace.side = Side.AGENT
    trace.save()
    return trace


@pytest.fixture
def segment(cast: Cast, settings) -> Segment:
    settings.TELEPHONE_ON = True
    exchange = Exchange()
    make_telephony()
    return spoken_with(cast, exchange, make_agent(cast, "6001"))


def alerted(segment: Segment) -> Alert:
    trace = actions.write_window(
        actor=SYSTEM, segment_id=segment.pk, side=Side.AGENT, began_at=now(), voice=HEATED, deviation=3.2
    )
    alert = actions.raise_alert(
        actor=SYSTEM, trace=trace, deviation=3.2, parts={"loudness": 3.1, "pitch": 1.4, "rate": 0.2}, moment=MOMENT
    )
    assert alert is not None
    return alert


@pytest.mark.django_db
def test_windows_make_a_trace_and_silence_is_no_voice(segment: Segment):
    for voice, value in ((CALM, None), (None, None), (HEATED, 2.345)):
        trace = actions.write_window(
            actor=SYSTEM, segment_id=segment.pk, side=Side.AGENT, began_at=now(), voice=voice, deviation=value
        )
    row = Trace.objects.get()
    assert row == trace
    assert (row.seconds, [one[0] for one in row.windows], row.windows[1][1]) == (30, [0, 10, 20], {})
    assert [one.deviation for one in queries.points_of(row)] == [None, None, 2.35]
    assert queries.voices_of(row.windows) == [CALM, HEATED]
    assert (row.call_id, row.person_id) == (segment.call_id, segment.session.person_id)
    assert actions.write_window(
        actor=SYSTEM, segment_id=0, side=Side.AGENT, began_at=now(), voice=CALM, deviation=None
    ) is None  # fmt: skip


@pytest.mark.django_db
def test_a_baseline_is_ones_own_and_of_before(segment: Segment):
    of_agent(past(segment))
    person = segment.session.person_id
    assert queries.usual_of(person, now())["pitch"].centre == pytest.approx(9.5)
    assert queries.usual_of(person, now() - timedelta(days=2)) == {}
    assert queries.usual_of(person + 1, now()) == {}


@pytest.mark.django_db
def test_a_shift_leader_is_told_hears_and_answers(cast: Cast, segment: Segment):
    leader = cast.shift_leader
    alert = alerted(segment)
    assert LiveEvent.objects.filter(kind="voice.alert", topic=f"person:{leader.pk}").count() == 1
    assert actions.raise_alert(actor=SYSTEM, trace=alert.trace, deviation=4, parts={}, moment=b"") is None
    assert MOMENT[:200] not in bytes(alert.sound)
    client = cast.client("shift_leader")
    assert LiveEvent.objects.filter(kind="voice.alert", topic="seats").count() == 1
    assert "声音与平时不同" in client.get(reverse("calls:seats")).content.decode()
    said = client.get(reverse("emotion:alerts")).content.decode()
    assert segment.session.person.name in said
    assert "更响" in said
    assert "更快" not in said  # a fifth of a spread is nothing
    assert segment.session.person.name in client.get(reverse("emotion:alerted")).content.decode()
    heard = client.get(reverse("emotion:sound", args=[alert.pk]))
    with wave.open(BytesIO(heard.content)) as file:
        assert (file.getframerate(), file.getnframes()) == (TELEPHONE, 20 * TELEPHONE)
    assert AuditEntry.objects.filter(verb="emotion.hear").count() == 1
    assert client.post(reverse("emotion:answer", args=[alert.pk]), {"verdict": "nonsense"}).status_code == 422
    assert client.post(reverse("emotion:answer", args=[alert.pk]), {"verdict": "false"}).status_code == 302
    client.post(reverse("emotion:answer", args=[alert.pk]), {"verdict": "helped"})
    alert.refresh_from_db()
    assert (alert.verdict, alert.answered_by_id) == ("false", cast.shift_leader.pk)
    assert client.get(reverse("emotion:alerted")).content.strip() == b""
    assert "声音与平时不同" not in client.get(reverse("calls:seats")).content.decode()
    worth = queries.reliability(cast.actor("shift_leader"))
    assert (worth.alerts, worth.answered, worth.false, worth.false_an_hour) == (1, 1, 1, None)
    Trace.objects.update(seconds=2 * 3600)
    assert queries.reliability(cast.actor("shift_leader")).false_an_hour == 0.5


@pytest.mark.django_db
def test_nobody_else_sees_an_agents_voice(cast: Cast, segment: Segment):
    alert = alerted(segment)
    for role in ("agent", "handler", "dispatcher"):
        client = cast.client(role)
        assert client.get(reverse("emotion:alerts")).status_code == 403
        assert client.get(reverse("emotion:sound", args=[alert.pk])).status_code == 403
        assert client.post(reverse("emotion:answer", args=[alert.pk]), {"verdict": "false"}).status_code == 403
    # Another agent's page is empty; their own holds what was measured.
    assert f"trace-{alert.trace_id}" not in cast.client("agent").get(reverse("emotion:mine")).content.decode()
    with pytest.raises(NotPermitted):
        actions.hear(actor=cast.actor("agent"), alert_id=alert.pk)
    with pytest.raises(NotPermitted):
        actions.write_window(
            actor=cast.actor("shift_leader"), segment_id=segment.pk, side="agent", began_at=now(), voice=CALM, deviation=None
        )  # fmt: skip
    with pytest.raises(NotVisible):
        actions.hear(actor=cast.actor("shift_leader"), alert_id=alert.pk + 1)
    with pytest.raises(Invalid):
        actions.answer_alert(actor=cast.actor("shift_leader"), alert_id=alert.pk, verdict="")


@pytest.mark.django_db
def test_a_trace_is_drawn_with_holes_and_goes_after_its_time(cast: Cast, segment: Segment):
    trace = of_agent(past(segment, windows=0))
    trace.windows = [[0, {}, 0.0], [10, {}, 9.0], [20, {}, None], [30, {}, 1.0], [40, {}, -9.0]]
    trace.save()
    picture = drawn(trace)
    assert [len(line.split()) for line in picture.lines] == [2, 2]
    assert [dot.high for dot in picture.dots] == [False, True, False, False]
    assert all(0 <= dot.y <= 60 for dot in picture.dots)
    assert picture.peak == 9.0
    assert actions.forget_old(actor=SYSTEM) == 0
    alerted(segment)
    Trace.objects.update(began_at=now() - actions.KEPT - timedelta(hours=1))
    assert actions.forget_old(actor=SYSTEM) > 0
    assert not Alert.objects.exists()


@pytest.mark.django_db
def test_an_agent_is_told_of_a_caller_who_has_grown_upset_and_nobody_else(cast: Cast, segment: Segment):
    agent = sign_in(Client(), segment.session.person)
    said = "来电人"
    for value, shown in ((0.2, False), (2.4, False), (2.6, True), (0.4, False)):
        actions.write_window(
            actor=SYSTEM, segment_id=segment.pk, side=Side.CITIZEN, began_at=now(), voice=HEATED, deviation=value
        )
        assert (said in agent.get(reverse("emotion:hint")).content.decode()) is shown
        assert said not in cast.client("agent").get(reverse("emotion:hint")).content.decode()
    Trace.objects.update(windows=[[0, {}, 3.0], [10, {}, 3.0]])
    assert said in agent.get(reverse("emotion:hint")).content.decode()
    Exchange().ended(segment.call.leg)
    assert said not in agent.get(reverse("emotion:hint")).content.decode()
    assert reverse("emotion:hint") in agent.get(reverse("emotion:mine")).content.decode()


@pytest.mark.django_db
def test_a_window_after_a_hole_stands_where_it_was_spoken(segment: Segment):
    began = now()
    for minutes in (0, 0, 2):
        with simulated(began + timedelta(minutes=minutes)):
            trace = actions.write_window(
                actor=SYSTEM, segment_id=segment.pk, side=Side.AGENT, began_at=began, voice=HEATED, deviation=1.0
            )
    assert trace is not None
    assert [row[0] for row in trace.windows] == [0, 10, 110]
    assert trace.seconds == 30  # listened to
    assert [len(line.split()) for line in drawn(trace).lines] == [2]
    assert len(drawn(trace).dots) == 3


class Line:
    """An exchange of which nothing is needed but its sound: 20 ms at a time, as fast as it is taken."""

    def __init__(self, said: dict[str, list[float]]) -> None:
        self.said = said

    async def sound(self, leg: str) -> AsyncIterator[Sound]:
        first = 0
        for level in self.said.get(leg, []):
            for _piece in range(500):
                pcm = (np.sin(np.arange(160) / 3) * level * 30000).astype("<i2")
                yield Sound(first, pcm.tobytes())
                first += 160
        await asyncio.Event().wait()

    async def close(self) -> None:
        pass


def loud_is_heated(samples: np.ndarray, speech: np.ndarray) -> Voice | None:
    """In place of the measures: as loud as it is; of what is too loud they know nothing."""
    if np.abs(samples).max() > 0.95:
        raise IndexError("a library's fault")
    if speech.sum() < 2 * TELEPHONE:
        return None
    return HEATED if np.abs(samples[speech]).max() > 0.5 else CALM


def by_level() -> Activity:
    return Activity(lambda chunk: float(np.abs(chunk).max() > 0.05))


@pytest.mark.django_db(transaction=True)
def test_the_process_listens_writes_and_tells_once(cast: Cast, settings):
    settings.TELEPHONE_ON = True
    exchange = Exchange()
    make_telephony()
    session = make_agent(cast, "6001")
    segment = spoken_with(cast, exchange, session)
    older = of_agent(past(segment))
    Trace.objects.filter(pk=older.pk).update(segment_id=_earlier(segment))
    # Calm, something that cannot be measured, then a minute of shouting: one episode, one alert, of its second loud window.
    engine = Line({segment.leg: [0.2, 1.05, 0.9, 0.9, 0.9, 0.9], segment.call.leg: [0.2]})

    async def work() -> None:
        life = asyncio.create_task(Hearer(engine, activity=by_level, measure=loud_is_heated).run())
        try:
            while await asyncio.to_thread(_windows, segment.pk) < 7:
                assert not life.done(), life.exception()
                await asyncio.sleep(0.05)
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)

    asyncio.run(asyncio.wait_for(work(), 60))
    mine = Trace.objects.get(segment=segment, side=Side.AGENT)
    assert [bool(row[1]) for row in mine.windows] == [True, False, True, True, True, True]
    alert = Alert.objects.get()
    assert (alert.trace, alert.second) == (mine, 20)
    assert alert.parts["loudness"] == 4.0
    assert Trace.objects.get(segment=segment, side=Side.CITIZEN).windows[0][2] is None
    assert queries.emotion_health().level == "ok"


def _earlier(segment: Segment) -> int:
    return Segment.objects.create(
        call=segment.call, session=segment.session, offered_at=now(), ended_at=now(), outcome="no_answer"
    ).pk


def _windows(segment: int) -> int:
    from django.db import connection

    try:
        return sum(len(row.windows) for row in Trace.objects.filter(segment=segment))
    finally:
        connection.close()


def test_what_is_being_said_when_a_window_ends_belongs_to_both():
    window = Window(by_level())
    tone = (np.sin(np.arange(160) / 3) * 0.5).astype(np.float32)
    silence = np.zeros(160, np.float32)
    found = []
    for at in range(1500):  # thirty seconds, spoken from the 8th to the 14th
        found += window.feed(tone if 400 <= at < 700 else silence)
    shares = [speech.mean() for _samples, speech in found]
    assert len(found) == 3
    assert shares[0] == pytest.approx(0.2, abs=0.04)
    assert shares[1] == pytest.approx(0.4, abs=0.08)
    assert shares[2] == 0
