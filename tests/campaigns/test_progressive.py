"""The machine dials for agents who are ready, one citizen each; they write down what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from hotline.calls.actions import watch
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.engines import LegStarted
from hotline.calls.models import AgentSession, AgentState, Ask, Call, CallState, Lane
from hotline.campaigns import actions, queries
from hotline.campaigns.models import Attempt, Campaign, Manner, OptOut, State, Target, TargetState
from hotline.campaigns.rules import Outcome
from hotline.kit.errors import Invalid, NotVisible, Refused
from tests.accounts.cast import Cast, sign_in
from tests.calls.factories import Exchange, fresh, make_telephony
from tests.calls.test_consulting import in_browser
from tests.campaigns.factories import GIVEN, MORNING, running

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchange(cast: Cast) -> Exchange:
    return Exchange()


@pytest.fixture
def agent(cast: Cast, exchange: Exchange, clock: Any) -> AgentSession:
    make_telephony()
    return in_browser(exchange, cast.agent)


def progressive(leader: Any, **given: Any) -> Any:
    return running(
        leader, manner=Manner.PROGRESSIVE, lane=Lane.objects.get(code="general"), **{"spare": 0, **given}
    )


def dialled() -> list[Call]:
    watch(actor=SYSTEM)
    return list(Call.objects.filter(direction="out").order_by("pk"))


def begins(exchange: Exchange, call: Call) -> Call:
    leg = f"out-leg-{call.pk}"
    exchange.tell(LegStarted, leg, exchange.facts(leg, direction="out", label=f"call:{call.pk}", caller=""))
    return Call.objects.get(pk=call.pk)


def talks(exchange: Exchange, call: Call) -> Call:
    call = begins(exchange, call)
    exchange.answered(call.leg)
    return Call.objects.get(pk=call.pk)


def test_one_citizen_for_a_ready_agent_then_the_next(leader: Any, agent: AgentSession, exchange: Exchange):
    row = progressive(leader)
    [call] = dialled()
    assert dialled() == [call]  # one call for one agent
    assert (fresh(agent).state, call.state) == (AgentState.DIALLING, CallState.DIALLING)
    [ask] = Ask.objects.filter(verb="originate")
    assert ask.arguments["number"].startswith("citizen:")
    client = sign_in(Client(), agent.person)
    assert "机器正在呼叫" in client.get("/campaigns/call").content.decode()
    talks(exchange, call)
    assert fresh(agent).state == AgentState.TALKING
    watch(actor=SYSTEM)
    attempt = Attempt.objects.get()
    assert attempt.answered_at is not None
    page = client.get("/campaigns/call").content.decode()
    assert "138****0001" in page
    assert "13800000001" not in page
    assert "解决了请按1" in page
    exchange.ended(fresh(call).leg)
    assert fresh(agent).state == AgentState.WRAP_UP
    actions_of = {"outcome": "complete", "answer-ask": "2", "note": "  已约周三上门 ", "next": "1"}
    watch(actor=SYSTEM)
    assert not fresh(attempt).ended_at  # what came of it is still to be written down
    done = client.post(f"/campaigns/call/{attempt.pk}", actions_of)
    assert done.status_code == 200
    attempt = fresh(attempt)
    assert (attempt.outcome, attempt.note, attempt.answers.get().meaning) == (
        Outcome.COMPLETE,
        "已约周三上门",
        "没有解决",
    )
    assert fresh(agent).state == AgentState.READY
    assert Target.objects.get(pk=attempt.target_id).state == TargetState.DONE
    first, second = dialled()
    assert (first.pk, second.state) == (call.pk, CallState.DIALLING)
    begins(exchange, second)
    exchange.ended(fresh(second).leg, "busy")
    watch(actor=SYSTEM)
    target = Target.objects.exclude(pk=attempt.target_id).get()
    assert (target.outcome, target.state) == (Outcome.BUSY, TargetState.WAITING)
    assert queries.page(leader, row.pk).settled == 1


def test_callers_come_first_and_some_agents_are_left_to_them(
    leader: Any, agent: AgentSession, exchange: Exchange
):
    waiting = exchange.queued(caller="13900000009")
    row = progressive(leader)
    assert dialled() == []  # somebody waits whom this agent could take
    exchange.ended(waiting.leg)
    Campaign.objects.filter(pk=row.pk).update(spare=1)
    assert dialled() == []
    Campaign.objects.filter(pk=row.pk).update(spare=0)
    assert len(dialled()) == 1


def test_what_is_not_written_down_is_unnoted_and_until_then_nobody_is_dialled(
    leader: Any, agent: AgentSession, exchange: Exchange, clock: Any
):
    progressive(leader)
    [call] = dialled()
    talks(exchange, call)
    exchange.ended(fresh(call).leg)
    clock.move_to(MORNING + timedelta(minutes=5))
    assert len(dialled()) == 1
    assert fresh(agent).state == AgentState.READY  # after-call work has ended by itself
    clock.move_to(MORNING + timedelta(minutes=11))
    watch(actor=SYSTEM)
    assert Attempt.objects.get(call=call).outcome == Outcome.UNNOTED
    assert len(dialled()) == 2


def test_only_who_spoke_writes_down_and_only_once_spoken(
    leader: Any, cast: Cast, agent: AgentSession, exchange: Exchange
):
    progressive(leader)
    [call] = dialled()
    attempt = Attempt.objects.get()
    me, other = cast.actor("agent"), cast.actor("shift_leader")
    with pytest.raises(NotVisible):
        actions.note(actor=other, attempt_id=attempt.pk, outcome="complete", answers={})
    with pytest.raises(Refused, match="not_spoken_to"):
        actions.note(actor=me, attempt_id=attempt.pk, outcome="complete", answers={})
    talks(exchange, call)
    with pytest.raises(Invalid):
        actions.note(actor=me, attempt_id=attempt.pk, outcome="cut", answers={})
    actions.note(actor=me, attempt_id=attempt.pk, outcome="complete", answers={"ask": "1", "no": "1"})
    actions.note(actor=me, attempt_id=attempt.pk, outcome="opted_out", answers={"ask": "77"})
    assert not fresh(attempt).answers.exists()
    assert OptOut.objects.get().by == me.key()
    exchange.ended(fresh(call).leg)
    watch(actor=SYSTEM)
    assert (fresh(attempt).outcome, fresh(attempt).ended_at is not None) == (Outcome.OPTED_OUT, True)


def test_ending_it_lets_go_who_is_being_dialled_and_nobody_who_speaks(
    leader: Any, agent: AgentSession, exchange: Exchange
):
    row = progressive(leader)
    [call] = dialled()
    begins(exchange, call)
    actions.end(actor=leader, campaign_id=row.pk)
    assert fresh(call).state == CallState.ENDED
    assert fresh(agent).state == AgentState.WRAP_UP
    watch(actor=SYSTEM)
    assert Attempt.objects.get().ended_at is not None
    assert fresh(row).state == State.ENDED


def test_who_left_no_number_is_skipped_and_a_lane_must_be_chosen(
    leader: Any, agent: AgentSession, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(Invalid) as fault:
        actions.save(actor=leader, campaign_id=None, given={**GIVEN, "manner": Manner.PROGRESSIVE})
    assert set(fault.value.details) == {"lane"}
    progressive(leader)
    monkeypatch.setattr("hotline.calls.actions.calling_out._number_of", lambda citizen_id: "")
    assert dialled() == []
    assert Target.objects.filter(state=TargetState.SKIPPED, why="no_number").exists()
    assert fresh(agent).state == AgentState.READY
