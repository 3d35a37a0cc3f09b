"""A campaign by the real exchange: citizens' telephones ring, keys and words are understood, a machine is left a message, and
the distributor is killed in the middle of it: nobody is called twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import datetime, time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hotline.accounts.queries import find_citizen
from hotline.calls.models import Prompt, Switch
from hotline.campaigns import actions, queries
from hotline.campaigns.models import Answer, AtMachine, Attempt, Campaign, Target
from hotline.campaigns.rules import Outcome, sound_of
from hotline.kit.models import Heartbeat
from hotline.speech.activity import Activity
from hotline.speech.recognition import Recogniser
from hotline.speech.sound import TELEPHONE, Sound
from hotline.speech.synthesis import write
from tests.calls.factories import make_telephony
from tests.calls.test_distributor import Distributor, until
from tests.campaigns.factories import GIVEN
from tests.softswitch.conftest import NEEDS_SIP, Exchange, Phones
from tests.speech.doubles import loud
from tests.transcripts.test_real_calls import MODELS, Writing
from tests.transcripts.test_scribe import Parrot

pytestmark = [NEEDS_SIP, pytest.mark.django_db(transaction=True)]

ASKED, THANKED, LEFT, BEEP = 800, 1300, 1900, 1000
"""Hz: what is said, and a machine's beep."""
MESSAGE = "您好，这里是12345热线，我们会再联系您。"
SCRIPT = """# ask
您反映的事情解决了吗？
1 已解决 -> thanks
2 没有解决 -> thanks

# thanks
谢谢您，再见。
"""
PRESSES, SPEAKS, MACHINE, BUSY = (f"1380000000{number}" for number in range(1, 5))
SAID = "没有解决。"


@pytest.fixture(scope="module")
def telephones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phones]:
    made = Phones(tmp_path_factory.mktemp("phones"))
    yield made
    made.end()


@pytest.fixture
def exchange(
    tmp_path: Path, telephones: Phones, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Exchange]:
    # The test is run at any hour; the hours in which citizens may be called are its own.
    monkeypatch.setenv("HOTLINE_MACHINE_HOURS", "00:00-24:00")
    settings.MACHINE_HOURS = (time(0), time.max)
    settings.SWITCH_DIR = tmp_path / "switch"
    made = Exchange(tmp_path, telephones)
    (tmp_path / "switch" / "prompts" / "own" / "campaign").mkdir(parents=True, exist_ok=True)
    yield made
    made.end()


@pytest.fixture
def distributor(tmp_path: Path, exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> Iterator[Distributor]:
    monkeypatch.setenv("HOTLINE_OUT_TRUNK", "carrier")
    made = Distributor(tmp_path, exchange)
    until("the first reconciliation", lambda: Switch.objects.exclude(run="").exists())
    yield made
    made.end()


def voice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Recogniser, str]:
    """A recogniser, and a file with words for it: the real ones where the part `speech` is installed."""
    spoken = folder / "said.wav"
    if all(find_spec(name) for name in MODELS):
        from hotline.speech.recognition import Whisper
        from hotline.speech.synthesis import Speaker as Voice

        write(spoken, Voice().say(SAID).at(TELEPHONE))
        return Whisper(threads=1), str(spoken)
    monkeypatch.setattr("hotline.speech.transcript.Activity", lambda: Activity(loud))
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, TELEPHONE).astype(np.float32)
    write(spoken, Sound(noise, TELEPHONE))
    return Parrot(SAID), str(spoken)


def attempt_of(number: str) -> Attempt:
    citizen = find_citizen(number)
    assert citizen is not None
    return Attempt.objects.get(target__citizen=citizen)


def outcome_of(number: str) -> str:
    citizen = find_citizen(number)
    found = Attempt.objects.filter(target__citizen=citizen).values_list("outcome", flat=True).first()
    return found or ""


class Speaker:
    """Answers each time when asked, as a person would."""

    def __init__(self, phones: Phones, spoken: str) -> None:
        self._phones, self._spoken = phones, spoken
        self._last: datetime | None = None

    def answered(self) -> bool:
        attempt = Attempt.objects.filter(target__citizen=find_citizen(SPEAKS)).first()
        if attempt is not None and attempt.asked_at not in (None, self._last):
            self._last = attempt.asked_at
            self._phones.ask("play", SPEAKS, file=self._spoken)
        return Answer.objects.filter(attempt=attempt, attempt__isnull=False).exists()


def test_citizens_are_called_asked_understood_and_nobody_twice(
    leader: Any,
    exchange: Exchange,
    telephones: Phones,
    distributor: Distributor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_telephony()
    recogniser, spoken = voice(tmp_path, monkeypatch)
    phones = telephones
    for number in (PRESSES, SPEAKS):
        phones.ask("expect", number, tone=0)
    phones.ask("expect", MACHINE, tone=BEEP)
    phones.ask("expect", BUSY, tone=0, busy=True)
    row = actions.save(
        actor=leader,
        campaign_id=None,
        given={
            **GIVEN,
            "script": SCRIPT,
            "opens": time(0),
            "closes": time.max,
            "lines": 1,
            "speech": True,
            "at_machine": AtMachine.LEAVE,
            "message": MESSAGE,
        },
    )
    hertz = dict(zip(queries.words(), (ASKED, THANKED, LEFT), strict=True))
    assert hertz[sound_of(MESSAGE)] == LEFT
    for name, tone in hertz.items():
        exchange.prompt(f"own/{name}", tone, 6.0 if tone == LEFT else 2.0)
    until("all of it can be heard", lambda: Prompt.objects.filter(name__in=hertz, key="own").count() == 3)
    numbers = "\n".join(["电话", PRESSES, SPEAKS, MACHINE, BUSY]).encode()
    actions.add_list(actor=leader, campaign_id=row.pk, data=numbers, dry=False)
    writing = Writing(exchange, recogniser)
    try:
        until("the scribe is at work", lambda: Heartbeat.objects.filter(kind="transcripts").exists())
        actions.start(actor=leader, campaign_id=row.pk)
        # One after another. The distributor dies while the first is being asked; the key waits for the next one.
        until("the first is asked", lambda: Attempt.objects.filter(step="ask").exists())
        distributor.end(signal.SIGKILL)
        phones.ask("press", PRESSES, digits="2")
        distributor.start()
        until("the first has been thanked", lambda: outcome_of(PRESSES) == Outcome.COMPLETE)
        until("the second has answered", Speaker(phones, spoken).answered)
        until("the second has been thanked", lambda: outcome_of(SPEAKS) == Outcome.COMPLETE)
        until("a machine was told", lambda: Attempt.objects.filter(machine=True).exists())
        phones.ask("tone", MACHINE, tone=0)
        phones.hears(**{MACHINE: {LEFT}})
        until("everybody was called", lambda: Attempt.objects.exclude(ended_at=None).count() == 4)
    finally:
        writing.end()
    assert Attempt.objects.count() == Target.objects.count() == 4
    answer = Answer.objects.get(attempt=attempt_of(SPEAKS))
    assert (answer.meaning, bool(answer.spoken)) == ("没有解决", True)
    assert outcome_of(MACHINE) == Outcome.MACHINE
    assert attempt_of(MACHINE).left
    assert (outcome_of(PRESSES), Answer.objects.get(attempt=attempt_of(PRESSES)).key) == (
        Outcome.COMPLETE,
        "2",
    )
    assert Campaign.objects.get(pk=row.pk).state == "running"  # two are tried again
