"""How many statements the way of a call takes, each event for itself: they are what a call costs. And what a fault leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hotline.calls import actions, queries
from hotline.calls.actions import distributing, hearing
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.models import Ask, Call, CallBack, CallEvent, Consultation, Lane, Segment
from hotline.calls.queries.queueing import HANDLING
from hotline.kit.clock import now
from hotline.kit.errors import Refused
from tests.accounts.cast import Cast
from tests.calls.factories import Exchange, distribute, forget, fresh, make_agent, make_telephony

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchange(db: None) -> Exchange:
    make_telephony()
    return Exchange()


def statements(act: Callable[..., Any], *given: Any) -> int:
    """Those of `act`, without what begins and ends transactions."""
    with CaptureQueriesContext(connection) as caught:
        act(*given)
    return sum("SAVEPOINT" not in one["sql"] for one in caught.captured_queries)


def test_no_event_of_a_calls_way_takes_more_statements_than_it_did(cast: Cast, exchange: Exchange):
    make_agent(cast, "6001")
    make_agent(cast, "6002")
    exchange.queued()  # what is read once for a process has been read
    distribute()
    spent: dict[str, int] = {}
    made: list[Call] = []
    spent["arrives"] = statements(lambda: made.append(exchange.ring(caller="13900000000")))
    call = made[0]
    spent["greeted"] = statements(exchange.answered, call.leg)
    spent["queued"] = statements(exchange.tell_played, call.leg)
    spent["offered"] = statements(distribute)
    assert fresh(call).state == "offered"
    leg = exchange.dialled()
    spent["connected"] = statements(exchange.answered, leg)
    assert fresh(call).state == "talking"
    spent["caller gone"] = statements(exchange.ended, call.leg)
    assert fresh(call).state == "ended"
    spent["agent's leg gone"] = statements(exchange.ended, leg, "near")
    spent["nothing to offer"] = statements(distribute)
    most = {
        "arrives": 7,  # one of them is the test's own
        "greeted": 6,
        "queued": 8,
        "offered": 10,
        "connected": 9,
        "caller gone": 12,
        "agent's leg gone": 5,
        "nothing to offer": 1,
    }
    assert not {name: count for name, count in spent.items() if count > most[name]}


def test_asks_of_one_moment_are_one_statement_in_their_order(exchange: Exchange):
    call = exchange.queued()
    forget()
    commands = [hearing.Answer(call.leg), hearing.Play(call.leg, ("a.wav",)), hearing.Hangup(call.leg)]
    assert statements(lambda: hearing.ask_for(call, call.arrived_at, *commands)) == 1
    rows = list(Ask.objects.order_by("pk"))
    assert [row.verb for row in rows] == ["answer", "play", "hangup"]
    assert {row.chain for row in rows} == {f"call:{call.pk}"}
    assert len({row.key for row in rows}) == 3
    actions.done(actor=SYSTEM, ask_ids=[row.pk for row in rows[:2]])
    assert [row.verb for row in Ask.objects.all()] == ["hangup"]


def test_a_queue_without_an_agent_costs_one_look(exchange: Exchange):
    for n in range(5):
        exchange.queued(caller=f"1380000{n:04}")
    assert statements(distribute) == 1


def test_the_mean_of_a_lane_is_of_its_own_conversations(cast: Cast, exchange: Exchange):
    session = make_agent(cast, "6001")
    call = exchange.queued()
    at = now()
    Segment.objects.create(
        call=call, session=session, offered_at=at - timedelta(seconds=100), answered_at=at - timedelta(seconds=90),
        ended_at=at, outcome="answered",
    )  # fmt: skip
    assert queries.handling_of(call.lane, at) == timedelta(seconds=90 + call.lane.wrap_seconds)
    other = Lane.objects.get(code="english")
    assert queries.handling_of(other, at) == HANDLING


# -- faults ------------------------------------------------------------------------------------------------------------------


def broken(*_given: Any, **_named: Any) -> None:
    raise Refused("odd", "something is not as it should be")


def test_a_callers_end_that_cannot_be_followed_ends_the_call_all_the_same(
    cast: Cast, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
):
    session = make_agent(cast, "6001")
    call = exchange.queued()
    distribute()
    leg = exchange.dialled()
    exchange.answered(leg)
    forget()
    monkeypatch.setattr(hearing, "called_again", broken)
    exchange.ended(call.leg)
    call = fresh(call)
    assert (call.state, call.outcome) == ("ended", "cut")
    assert not Segment.objects.filter(ended_at=None).exists()
    assert (fresh(session).state, fresh(session).aside) == ("paused", "vanished")
    # The agent's telephone is hung up, and the caller, who may have been cut off, is called back.
    assert list(Ask.objects.values_list("verb", "arguments__leg")) == [("hangup", leg)]
    assert CallBack.objects.filter(call=call).exists()
    assert list(CallEvent.objects.filter(verb="fault").values_list("data__of", flat=True)) == ["_ended"]
    # Told again, it counts once; and the agent's own leg's end finds nothing more to do.
    exchange.ended(leg, "near")
    assert fresh(session).state == "paused"


@pytest.mark.parametrize(("state", "outcome"), [("queued", "abandoned"), ("greeting", "left_early")])
def test_so_does_one_that_waits(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, state: str, outcome: str
):
    call = exchange.queued() if state == "queued" else exchange.ring()
    if state == "greeting":
        exchange.answered(call.leg)
    monkeypatch.setattr(hearing, "drop_consultation", broken)
    exchange.ended(call.leg)
    assert (fresh(call).state, fresh(call).outcome) == ("ended", outcome)


def test_a_fault_beside_leaves_nothing_half_written(
    cast: Cast, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
):
    """What was done before the fault is taken back, the mark moves on, other calls go on."""
    make_agent(cast, "6001")
    call = exchange.queued()
    distribute()
    leg = exchange.dialled()
    monkeypatch.setattr(hearing, "connect", broken)
    exchange.answered(leg)
    assert fresh(call).state == "offered"
    assert CallEvent.objects.get(verb="fault").data["of"] == "_answered"
    exchange.ended(leg, "no_answer")
    assert fresh(call).state == "queued"
    assert not Consultation.objects.exists()


def test_a_held_call_is_left_and_its_agent_takes_another(
    cast: Cast, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
):
    """Somebody else works on the first call: its agent is offered the second, and nobody is offered two."""
    session = make_agent(cast, "6001")
    first = exchange.queued(caller="13800000001")
    second = exchange.queued(caller="13800000002")
    whole = distributing.calls_waiting

    def without_first(ids: list[int]) -> dict[int, Call]:
        return {pk: call for pk, call in whole(ids).items() if pk != first.pk}

    monkeypatch.setattr(distributing, "calls_waiting", without_first)
    assert distribute() == 1
    assert fresh(second).state == "offered"
    assert fresh(first).state == "queued"
    assert Segment.objects.get().session == session
