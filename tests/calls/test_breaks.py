"""Ten seconds without the database, without a caller's network: whoever talks goes on talking, whoever waits keeps their place."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from hotline.calls import actions
from hotline.calls.models import Ask, Call, CallBack, Lane, Recording
from tests.accounts.cast import Cast
from tests.calls.factories import at_work, fresh, make_agent, make_telephony
from tests.calls.test_distributor import (
    CITIZEN,
    FIRST,
    NUMBER,
    Distributor,
    call_of,
    exchange,
    state,
    telephones,
    until,
)
from tests.softswitch.conftest import NEEDS_SIP, Exchange, Phones

pytestmark = [NEEDS_SIP, pytest.mark.django_db(transaction=True)]
__all__ = ["exchange", "telephones"]
BREAK = 10.0
WAITING, LATE = "13800005678", "13800009999"


class Way:
    """The way to the database as its user sees it: what comes is passed on, until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._open = True
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                here, _from = self._listener.accept()
            except OSError:
                return
            if not self._open:
                here.close()
                continue
            there = socket.create_connection(self._to)
            self._pairs.append((here, there))
            threading.Thread(target=self._carry, args=(here, there), daemon=True).start()

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                for one in select.select([here, there], [], [])[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    (there if one is here else here).sendall(data)

    def cut(self) -> None:
        """Every connection breaks, none is made."""
        self._open = False
        for pair in self._pairs:
            for one in pair:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
        self._pairs.clear()

    def mend(self) -> None:
        self._open = True

    def end(self) -> None:
        self.cut()
        self._listener.close()


@pytest.fixture
def way() -> Iterator[Way]:
    given = connection.settings_dict
    made = Way(str(given["HOST"] or "127.0.0.1"), int(given["PORT"] or 5432))
    yield made
    made.end()


def legs(made: Exchange) -> set[str]:
    return {leg["leg"] for leg in made.platform().do("snapshot")["legs"]}


def test_the_database_is_away_while_people_talk_and_wait(
    cast: Cast, exchange: Exchange, telephones: Phones, way: Way, tmp_path: Path
):
    make_telephony()
    Lane.objects.update(wrap_seconds=1, call_back_seconds=None)
    phones = telephones
    phones.ask("expect", "6001", tone=FIRST)
    agent = make_agent(cast, "6001")
    distributor = Distributor(tmp_path, exchange, port=way.port)
    try:
        call_of(exchange, phones)
        until("they talk", lambda: state(agent) == "talking")
        first = Call.objects.get()
        call_of(exchange, phones, WAITING, 500)
        second = until("the second waits", lambda: Call.objects.filter(state="queued").first())

        way.cut()
        cut_at = time.monotonic()
        phones.hears(**{NUMBER: {FIRST}, "6001": {CITIZEN}})
        call_of(exchange, phones, LATE, 620)  # nobody can write it down now
        time.sleep(max(0.0, BREAK - (time.monotonic() - cut_at)))
        phones.hears(**{NUMBER: {FIRST}, "6001": {CITIZEN}})
        assert Call.objects.count() == 2
        assert phones.ask("look", WAITING)["state"] != "ended"
        way.mend()

        third = until("whoever came meanwhile is written down", lambda: Call.objects.exclude(pk__in=(first.pk, second.pk)).first())
        until("and waits", lambda: state(third) == "queued")
        assert [state(first), state(second)] == ["talking", "queued"]
        assert legs(exchange) >= {first.leg, second.leg, third.leg}
        phones.ask("hangup", NUMBER)
        until("the next in turn is served", lambda: state(second) == "talking")
        phones.hears(**{WAITING: {FIRST}, "6001": {500}})
        assert fresh(first).outcome == "answered"
        phones.ask("hangup", WAITING)
        until("and the last", lambda: state(third) == "talking")
        phones.ask("hangup", LATE)
        until("all calls are over", lambda: not Call.objects.exclude(state="ended").exists())
        until("nothing is left to be asked", lambda: not Ask.objects.exists())
        assert set(Call.objects.values_list("outcome", flat=True)) == {"answered"}
        assert Call.objects.count() == 3
        assert not CallBack.objects.exists()
        until("each call's recording", lambda: Recording.objects.exclude(sha256="").count() == 3)
    finally:
        distributor.end()


def test_a_callers_network_is_away_and_the_call_is_not(
    cast: Cast, exchange: Exchange, telephones: Phones, tmp_path: Path
):
    """A telephone in a lift: nothing comes from it and nothing is acknowledged for ten seconds."""
    make_telephony()
    (tmp_path / "outside").mkdir()
    phones, outside = telephones, Phones(tmp_path / "outside")
    distributor = Distributor(tmp_path, exchange)
    try:
        phones.ask("expect", "6001", tone=FIRST)
        agent = make_agent(cast, "6001")
        outside.ask("dial", NUMBER, to=exchange.sip, tone=CITIZEN)
        until("they talk", lambda: state(agent) == "talking")
        call = Call.objects.get()
        phones.hears(**{"6001": {CITIZEN}})
        outside.process.send_signal(signal.SIGSTOP)
        try:
            phones.hears(**{"6001": set()})
            time.sleep(BREAK)
            # What is asked of the call meanwhile is done once the telephone is back.
            actions.hold(actor=at_work(agent), session_id=agent.pk)
            actions.resume(actor=at_work(agent), session_id=agent.pk)
            assert [state(agent), state(call)] == ["talking", "talking"]
        finally:
            outside.process.send_signal(signal.SIGCONT)
        phones.hears(**{"6001": {CITIZEN}})
        outside.hears(**{NUMBER: {FIRST}})
        outside.ask("hangup", NUMBER)
        until("the call is over", lambda: state(call) == "ended")
        assert fresh(call).outcome == "answered"
    finally:
        distributor.end()
        outside.end()


def test_the_exchange_is_killed_while_they_talk(
    cast: Cast, exchange: Exchange, telephones: Phones, tmp_path: Path
):
    """The call has ended and says so; its recording is closed by the exchange's next life, true to its length, and filed."""
    make_telephony()
    phones = telephones
    phones.ask("expect", "6001", tone=FIRST)
    agent = make_agent(cast, "6001")
    distributor = Distributor(tmp_path, exchange)
    again: Any = None
    try:
        call_of(exchange, phones)
        until("they talk", lambda: state(agent) == "talking")
        call = Call.objects.get()
        phones.hears(**{NUMBER: {FIRST}, "6001": {CITIZEN}})
        port, token = exchange.ready["control_port"], exchange.token
        exchange.end(signal.SIGKILL)
        again = Exchange(Path(exchange.folder), phones, token=token, control_port=port)
        until("the call is marked", lambda: state(call) == "ended")
        recording = until("its recording is filed", lambda: Recording.objects.exclude(sha256="").first())
        assert (recording.call, recording.silent_left, recording.silent_right) == (call, False, False)
        assert recording.recovered
        assert state(agent) in ("wrap_up", "ready", "paused")
    finally:
        distributor.end()
        if again is not None:
            again.end()
