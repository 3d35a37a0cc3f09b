"""B12: missed callers are called back by a deadline; and a call from its first ring to what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from hotline.calls import actions, queries
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.models import (
    AgentSession,
    Ask,
    Call,
    CallBack,
    CallBackState,
    CallBackTry,
    CallEvent,
    PersonSkill,
    Rating,
    Skill,
)
from hotline.calls.queries import Lead, register_lead
from hotline.calls.queries.calls import _known
from hotline.kit.clock import now, today
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.kit.health import Level
from hotline.kit.models import LiveEvent
from tests.accounts.cast import Cast
from tests.calls.factories import CITIZEN, Exchange, at_work, distribute, fresh, make_agent, make_telephony

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchange() -> Exchange:
    made = Exchange()
    make_telephony()
    return made


def missed(exchange: Exchange, **more: Any) -> CallBack:
    """Somebody hung up in the queue."""
    call = exchange.queued(**more)
    exchange.ended(call.leg)
    return CallBack.objects.get(call=call)


def at_telephone(cast: Cast, who: str = "agent") -> Any:
    """In the browser, ready to call out."""
    actor = cast.actor(who)
    session = actions.sign_in(actor=actor)
    AgentSession.objects.filter(pk=session.pk).update(leg=f"leg-of-{who}")
    return actor


def rings(exchange: Exchange, call: Call) -> str:
    leg = f"leg-out-{call.pk}"
    label = Ask.objects.filter(verb="originate").latest("pk").arguments["label"]
    from hotline.calls.engines import LegStarted

    exchange.tell(LegStarted, leg, exchange.facts(leg, direction="out", label=label))
    return leg


def test_an_agent_calls_back_and_says_what_came_of_it(cast: Cast, exchange: Exchange):
    row, twin, other = missed(exchange), missed(exchange), missed(exchange, caller="13900002222")
    me = at_telephone(cast)
    for result, problem in (("spoke", Refused), ("dance", Invalid)):
        with pytest.raises(problem):
            actions.settle_call_back(actor=me, call_back_id=row.pk, result=result)
    call = actions.call_back(actor=me, call_back_id=row.pk)
    assert CITIZEN not in str(list(Ask.objects.values_list("arguments", flat=True)))
    assert (fresh(row).state, fresh(row).claimed_by_id, fresh(row).tries) == ("claimed", me.id, 1)
    for act in (actions.give_back_call_back, actions.call_back):
        with pytest.raises(Refused) as busy:
            act(actor=me, call_back_id=row.pk)
        assert busy.value.code == "under_way"
    leg = rings(exchange, call)
    exchange.answered(leg)
    with pytest.raises(Refused):
        actions.settle_call_back(actor=me, call_back_id=row.pk, result="spoke")
    exchange.ended(leg)
    # A conversation alone says not whether it was the right person.
    assert fresh(row).state == "claimed"
    assert [one.ended for one in queries.call_backs_shown(me.id) if one.row == row] == [True]
    actions.settle_call_back(actor=me, call_back_id=row.pk, result="spoke", note=" 已解答 ")
    attempt = CallBackTry.objects.get()
    assert (attempt.result, attempt.note, attempt.call) == ("spoke", "已解答", call)
    # One conversation settles all that is owed to the citizen.
    assert [fresh(one).state for one in (row, twin, other)] == ["done", "done", "waiting"]
    with pytest.raises(Refused) as over:
        actions.call_back(actor=me, call_back_id=row.pk)
    assert over.value.code == "over"
    with pytest.raises(NotVisible):
        actions.claim_call_back(actor=me, call_back_id=0)
    report = queries.call_back_report(now() - timedelta(hours=1), now() + timedelta(hours=1))
    assert (report.owed, report.in_time, report.late, report.again, report.unreached, report.open) == (
        3,
        1,
        0,
        1,
        0,
        1,
    )
    assert report.success == 1.0


def test_nobody_answers_three_times(cast: Cast, exchange: Exchange):
    row = missed(exchange)
    me = at_telephone(cast)
    for reason, result in (("busy", "busy"), ("no_answer", "no_answer"), ("no_answer", "no_answer")):
        call = actions.call_back(actor=me, call_back_id=row.pk)
        exchange.ended(rings(exchange, call), reason)
        attempt = CallBackTry.objects.latest("pk")
        assert (attempt.result, attempt.ended_at is not None) == (result, True)
        AgentSession.objects.update(state="paused", call=None)
    assert (fresh(row).state, fresh(row).tries) == ("unreached", 3)
    assert queries.call_back_report(now() - timedelta(hours=1), now()).success == 0.0


def test_a_wrong_number_is_not_tried_again_and_the_exchange_may_refuse(cast: Cast, exchange: Exchange):
    row = missed(exchange)
    me = at_telephone(cast)
    actions.call_back(actor=me, call_back_id=row.pk)
    ask = Ask.objects.get(verb="originate")
    actions.refused(actor=SYSTEM, ask_id=ask.pk, code="no_trunk")
    assert (fresh(row).state, CallBackTry.objects.get().result) == ("waiting", "no_answer")
    AgentSession.objects.update(state="paused", call=None)
    call = actions.call_back(actor=me, call_back_id=row.pk)
    leg = rings(exchange, call)
    exchange.answered(leg)
    exchange.ended(leg)
    actions.settle_call_back(actor=me, call_back_id=row.pk, result="wrong")
    assert fresh(row).state == "unreached"


def test_a_claimed_one_is_its_agents_or_the_shift_leaders(cast: Cast, exchange: Exchange):
    row = missed(exchange)
    me, leader = at_telephone(cast), at_telephone(cast, "shift_leader")
    actions.claim_call_back(actor=leader, call_back_id=row.pk)
    actions.claim_call_back(actor=leader, call_back_id=row.pk)
    with pytest.raises(Refused) as taken:
        actions.call_back(actor=me, call_back_id=row.pk)
    assert taken.value.code == "taken"
    with pytest.raises(NotPermitted):
        actions.give_back_call_back(actor=me, call_back_id=row.pk)
    actions.give_back_call_back(actor=leader, call_back_id=row.pk)
    actions.claim_call_back(actor=me, call_back_id=row.pk)
    actions.give_back_call_back(actor=leader, call_back_id=row.pk)
    assert (fresh(row).state, fresh(row).claimed_by) == ("waiting", None)
    with pytest.raises(NotPermitted):
        actions.claim_call_back(actor=cast.actor("dispatcher"), call_back_id=row.pk)


def test_who_calls_again_and_is_served_is_owed_nothing(cast: Cast, exchange: Exchange):
    row = missed(exchange)
    session = make_agent(cast, "6001")
    call = exchange.queued()
    distribute()
    exchange.answered(exchange.dialled())
    assert fresh(row).state == "waiting"
    actions.hang_up(actor=at_work(session), session_id=session.pk)
    exchange.ended(call.leg)
    assert fresh(row).state == CallBackState.DONE
    assert CallEvent.objects.get(verb="call_back_done").data == {"why": "called_again"}


def test_an_overdue_one_alarms_the_shift_leaders_once(cast: Cast, exchange: Exchange):
    row = missed(exchange)
    leader = cast.client("shift_leader")
    assert queries.call_backs_health().level == Level.OK
    actions.watch(actor=SYSTEM)
    assert leader.get(reverse("calls:overdue")).content.strip() == b""
    CallBack.objects.update(due_at=now() - timedelta(minutes=1))
    LiveEvent.objects.all().delete()
    actions.watch(actor=SYSTEM)
    actions.watch(actor=SYSTEM)
    assert CallEvent.objects.filter(verb="call_back_overdue").count() == 1
    person = cast.actor("shift_leader").id
    assert LiveEvent.objects.filter(kind="call_back.overdue", topic=f"person:{person}").count() == 1
    assert fresh(row).alarmed_at is not None
    assert queries.call_backs_health().level == Level.WARN
    assert b"call-backs-overdue" in leader.get(reverse("calls:overdue")).content
    assert cast.client("agent").get(reverse("calls:overdue")).status_code == 403


def test_the_page_of_call_backs(cast: Cast, exchange: Exchange):
    client, page = cast.client("agent"), reverse("calls:call_backs")
    assert "没有" in client.get(page).content.decode()
    row = missed(exchange)

    def post(verb: str, **data: str) -> int:
        return client.post(reverse("calls:call_back", args=[row.pk, verb]), data).status_code

    said = client.get(page).content.decode()
    assert f'id="call-back-call-{row.pk}"' in said
    assert CITIZEN not in said
    # Without a telephone it says what to do, and nothing is claimed for ever.
    assert post("call") == 302
    assert fresh(row).tries == 0
    assert post("claim") == 302
    assert (
        f'id="call-back-leave-{row.pk}"' in client.get(page, headers={"HX-Request": "true"}).content.decode()
    )
    assert post("give-back") == 302
    at_telephone(cast)
    assert post("call") == 302
    call = Call.objects.get(direction="out")
    assert "正在呼叫" in client.get(page).content.decode()
    leg = rings(exchange, call)
    exchange.answered(leg)
    exchange.ended(leg)
    assert f'id="call-back-settle-{row.pk}"' in client.get(page).content.decode()
    assert post("settle", result="dance") == 302
    assert post("settle", result="spoke", note="好") == 302
    assert fresh(row).state == "done"
    assert post("dance") == 404
    assert f'id="call-back-{row.pk}"' in client.get(page, {"over": "1"}).content.decode()
    assert cast.client("dispatcher").get(page).status_code == 403


def test_calls_are_found_and_one_is_told_from_its_first_ring(cast: Cast, exchange: Exchange):
    leader, page = cast.client("shift_leader"), reverse("calls:calls")
    assert "data-row" not in leader.get(page).content.decode()
    session = make_agent(cast, "6001")
    call = exchange.queued()
    distribute()
    exchange.answered(exchange.dialled())
    exchange.ended(call.leg)
    Rating.objects.create(call=call, session=session, grade=2, at=now())
    lost = missed(exchange, caller="anonymous-13900002222").call

    def found(**query: Any) -> list[bool]:
        said = leader.get(page, query).content.decode()
        assert CITIZEN not in said
        return [f'id="call-{one.pk}"' in said for one in (call, lost)]

    assert found() == [True, True]
    assert found(outcome="answered") == [True, False]
    assert found(outcome="dance", agent="x", direction="no", to="never") == [True, True]
    assert found(agent=str(session.person_id)) == [True, False]
    assert found(line="12345", lane="general", direction="in") == [True, True]
    assert found(lane="english") == [False, False]
    assert found(direction="out") == [False, False]
    day = today() - timedelta(days=3)
    assert found(**{"from": day.isoformat(), "to": day.isoformat()}) == [False, False]
    assert cast.client("agent").get(page).status_code == 403

    register_lead(Lead("test", "calls:call", "录音与文字"))
    try:
        said = leader.get(reverse("calls:call", args=[call.pk])).content.decode()
    finally:
        del _known["test"]
    assert "录音与文字" in said
    assert "满意" in said
    assert session.person.name in said
    assert CITIZEN not in said
    owed = leader.get(reverse("calls:call", args=[lost.pk])).content.decode()
    assert "待回拨" in owed or "回拨" in owed
    assert leader.get(reverse("calls:call", args=[0])).status_code == 404
    PersonSkill.objects.filter(skill__in=Skill.objects.all()).delete()
    waiting = exchange.queued()
    assert leader.get(reverse("calls:call", args=[waiting.pk])).status_code == 200
