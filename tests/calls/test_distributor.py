"""Real SIP calls through the real exchange and a real distributor in a process of its own: who hears whom, and what is so after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connection

from hotline.calls import actions
from hotline.calls.models import (
    AgentSession,
    AgentSpell,
    Ask,
    Call,
    CallBack,
    Lane,
    Prompt,
    Rating,
    Recording,
    Segment,
    Switch,
)
from hotline.calls.rules import Spell, gaps
from hotline.calls.rules.prompting import NEXT, OWN_KEY, RATE, RATED
from tests.accounts.cast import Cast
from tests.calls.factories import at_work, fresh, make_agent, make_telephony
from tests.softswitch.conftest import NEEDS_SIP, PATIENCE, ROOT, Exchange, Phones

pytestmark = [NEEDS_SIP, pytest.mark.django_db(transaction=True)]

CITIZEN, FIRST, SECOND = 440, 1000, 1700
NUMBER = "13800001234"


def until(what: str, condition: Callable[[], Any], seconds: float = 3 * PATIENCE) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.1)
    return found


class Distributor:
    """`hotline calls run` on the tests' database; by another `port`, when the way to it is to be cut."""

    def __init__(self, folder: Path, exchange: Exchange, *, port: int | None = None) -> None:
        self._folder, self._exchange, self._port = folder, exchange, port
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        given = connection.settings_dict
        place = f"{quote(given['USER'])}:{quote(given['PASSWORD'], safe='')}@{given['HOST']}:{self._port or given['PORT']}"
        self.log = (self._folder / "distributor.log").open("ab")
        environment = {
            **os.environ,
            "DATABASE_URL": f"postgresql://{place}/{given['NAME']}",
            "HOTLINE_DATA_DIR": str(self._folder),
            "HOTLINE_SWITCH_PORT": str(self._exchange.ready["control_port"]),
            "HOTLINE_SWITCH_TOKEN": self._exchange.token,
            "HOTLINE_VOICE": "off",
            # Both read the same citizens.
            "HOTLINE_IDENTITY_KEYS": django_settings.IDENTITY_KEYS,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hotline", "calls", "run"],
            env=environment,
            cwd=ROOT,
            stdout=self.log,
            stderr=self.log,
        )

    def end(self, how: int = signal.SIGTERM) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.log.close()

    def said(self) -> str:
        return (self._folder / "distributor.log").read_text()[-4000:]


@pytest.fixture(scope="module")
def telephones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phones]:
    made = Phones(tmp_path_factory.mktemp("phones"))
    yield made
    made.end()


@pytest.fixture
def exchange(tmp_path: Path, telephones: Phones) -> Iterator[Exchange]:
    made = Exchange(tmp_path, telephones)
    # The city's own short prompts; what is missing becomes a tone.
    (tmp_path / "switch" / "prompts" / "own").mkdir(parents=True, exist_ok=True)
    made.prompt("own/greeting.wav", 600, 0.3)
    made.prompt("own/music.wav", 700, 1.0)
    yield made
    made.end()


@pytest.fixture
def distributor(tmp_path: Path, exchange: Exchange) -> Iterator[Distributor]:
    made = Distributor(tmp_path, exchange)
    until("the first reconciliation", lambda: Switch.objects.exclude(run="").exists())
    yield made
    made.end()


def call_of(exchange: Exchange, phones: Phones, name: str = NUMBER, tone: int = CITIZEN) -> None:
    phones.ask("dial", name, to=exchange.sip, tone=tone)


def state(row: Any) -> str:
    return str(fresh(row).state)


def test_a_real_call_reaches_an_agent_and_the_next_when_one_does_not_answer(
    cast: Cast, exchange: Exchange, telephones: Phones, distributor: Distributor
):
    make_telephony()
    Lane.objects.update(ring_seconds=5, wrap_seconds=1)
    phones = telephones
    phones.ask("expect", "6001", tone=FIRST, ring=True)
    phones.ask("expect", "6002", tone=SECOND)
    away = make_agent(cast, "6001", general=5)
    there = make_agent(cast, "6002", general=3)
    call_of(exchange, phones)
    call = until("the call", Call.objects.first)
    until("the agent that is away was tried", lambda: Segment.objects.filter(session=away).exists())
    until("the other one talks", lambda: state(there) == "talking")
    assert (state(away), fresh(away).aside) == ("paused", "no_answer")
    phones.hears(**{NUMBER: {SECOND}, "6002": {CITIZEN}})
    assert list(Segment.objects.order_by("pk").values_list("outcome", flat=True)) == ["no_answer", ""]

    actions.hold(actor=at_work(there), session_id=there.pk)
    phones.hears(**{NUMBER: {700}, "6002": set()})
    actions.resume(actor=at_work(there), session_id=there.pk)
    phones.hears(**{NUMBER: {SECOND}, "6002": {CITIZEN}})

    phones.ask("hangup", NUMBER)
    until("after-call work is over", lambda: state(there) == "ready")
    phones.wait("6002", state="ended")
    assert fresh(call).outcome == "answered"
    assert not CallBack.objects.exists()
    recording = until("the recording", lambda: Recording.objects.exclude(sha256="").first())
    assert recording.call == call
    assert not recording.silent_left
    for session in (away, there):
        spells = AgentSpell.objects.filter(session=session).values_list("state", "began_at", "ended_at")
        assert gaps(Spell(*spell) for spell in spells) == []


def test_two_agents_one_call_one_rings_and_whoever_waits_comes_next(
    cast: Cast, exchange: Exchange, telephones: Phones, distributor: Distributor
):
    make_telephony()
    Lane.objects.update(wrap_seconds=0)
    phones = telephones
    for name, tone in (("6001", FIRST), ("6002", SECOND)):
        phones.ask("expect", name, tone=tone)
        make_agent(cast, name)
    call_of(exchange, phones)
    until("one talks", lambda: AgentSession.objects.filter(state="talking").count() == 1)
    assert Segment.objects.count() == 1
    assert AgentSession.objects.filter(state="ready").count() == 1
    busy = AgentSession.objects.get(state="talking")
    # The agent hangs up: the citizen too, and the agent is ready again.
    phones.ask("hangup", busy.number)
    phones.wait(NUMBER, state="ended")
    until("both are ready", lambda: AgentSession.objects.filter(state="ready").count() == 2)
    # The citizen's end is told apart from the agent's, a moment later.
    until("the call has ended", lambda: Call.objects.get().state == "ended")
    assert Call.objects.get().outcome == "answered"


def test_the_distributor_is_killed_in_the_middle_and_the_next_goes_on(
    cast: Cast, exchange: Exchange, telephones: Phones, distributor: Distributor
):
    make_telephony()
    # Nobody becomes free, and nobody is asked, by waiting alone.
    Lane.objects.update(wrap_seconds=3600, call_back_seconds=None)
    phones = telephones
    phones.ask("expect", "6001", tone=FIRST)
    agent = make_agent(cast, "6001")
    call_of(exchange, phones)
    until("they talk", lambda: state(agent) == "talking")
    phones.hears(**{NUMBER: {FIRST}, "6001": {CITIZEN}})
    talking = Call.objects.get()

    distributor.end(signal.SIGKILL)
    phones.hears(**{NUMBER: {FIRST}, "6001": {CITIZEN}})
    # While nobody follows: the citizen hangs up, another calls.
    phones.ask("hangup", NUMBER)
    phones.wait(NUMBER, state="ended")
    call_of(exchange, phones, "13800005678", 500)
    distributor.start()
    until("the first call has ended", lambda: state(talking) == "ended")
    assert fresh(talking).outcome == "answered"
    phones.wait("6001", state="ended")
    second = until("the second call waits", lambda: Call.objects.filter(state="queued").first())
    until("nothing is left to be asked", lambda: not Ask.objects.exists())
    with_switch = exchange.platform()

    def legs() -> set[str]:
        return {leg["leg"] for leg in with_switch.do("snapshot")["legs"]}

    until("the switch has what the database has", lambda: legs() == {second.leg})

    # The exchange itself is killed: its calls have ended, are marked and owed, and it takes the next one.
    port, token = exchange.ready["control_port"], exchange.token
    exchange.end(signal.SIGKILL)
    again = Exchange(Path(exchange.folder), phones, token=token, control_port=port)
    try:
        until("the lost call is marked", lambda: state(second) == "ended")
        assert fresh(second).outcome == "cut"
        assert [row.call_id for row in CallBack.objects.all()] == [second.pk]
        actions.ready(actor=at_work(agent), session_id=agent.pk)
        call_of(again, phones, "13800007777", 800)
        until("the next call is taken", lambda: state(agent) == "talking")
        phones.hears(**{"13800007777": {FIRST}, "6001": {800}})
    finally:
        again.end()


def test_a_caller_is_told_to_be_the_next_rates_by_key_and_who_was_missed_is_called_back(
    cast: Cast, exchange: Exchange, telephones: Phones, tmp_path: Path, settings: Any
):
    """What is said is a tone each, long enough that nobody is too late to hear it."""
    settings.OUT_TRUNK = "carrier"
    phones = telephones
    (tmp_path / "switch" / "prompts" / "own" / "wait").mkdir()
    for name, tone in ((NEXT, 1200), (RATE, 900), (RATED, 1100)):
        exchange.prompt(f"own/{name}", tone, 60 if name != RATED else 0.3)
    made = Distributor(tmp_path, exchange)
    try:
        make_telephony()
        Lane.objects.update(wrap_seconds=3600, call_back_seconds=None)
        until("the recordings are known", lambda: Prompt.objects.filter(key=OWN_KEY).count() >= 3)
        phones.ask("expect", "6001", tone=FIRST)
        agent = make_agent(cast, "6001", is_ready=False)
        call_of(exchange, phones)
        phones.hears(**{NUMBER: {1200}})
        call = Call.objects.get()
        actions.ready(actor=at_work(agent), session_id=agent.pk)
        until("they talk", lambda: state(agent) == "talking")
        phones.hears(**{NUMBER: {FIRST}, "6001": {CITIZEN}})

        phones.ask("hangup", "6001")
        phones.hears(**{NUMBER: {900}})
        assert [state(agent), state(call)] == ["wrap_up", "rating"]
        phones.ask("press", NUMBER, digits="2")
        phones.wait(NUMBER, state="ended")
        until("the call is over", lambda: state(call) == "ended")
        assert (fresh(call).outcome, Rating.objects.get().grade) == ("answered", 2)
        assert not CallBack.objects.exists()

        # The next caller hangs up in the queue, and is called back. A telephone stands for the agent's browser.
        call_of(exchange, phones)
        missed = until("the second call waits", lambda: Call.objects.filter(state="queued").first())
        phones.ask("hangup", NUMBER)
        owed = until("it is owed a call", lambda: CallBack.objects.first())
        assert owed.call == missed
        phones.ask("expect", NUMBER, tone=CITIZEN)
        phones.ask("expect", "6002", tone=SECOND)
        me = cast.actor("shift_leader")
        session = actions.sign_in(actor=me)
        platform = exchange.platform()
        platform.do("originate", trunk="carrier", number="6002", label=f"agent:{session.pk}")
        until("the browser's leg is there", lambda: fresh(session).leg)
        actions.call_back(actor=me, call_back_id=owed.pk)
        until("they talk", lambda: state(session) == "talking")
        phones.hears(**{NUMBER: {SECOND}, "6002": {CITIZEN}})
        phones.ask("hangup", NUMBER)
        until("after-call work", lambda: state(session) == "wrap_up")
        actions.settle_call_back(actor=me, call_back_id=owed.pk, result="spoke")
        assert state(owed) == "done"
    finally:
        made.end()
