"""Somebody else is brought to a call, an agent calls out, a leader listens: states, accounts and what the switch is asked."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from hotline.accounts.actions import find_or_create_citizen
from hotline.accounts.models import Role
from hotline.accounts.queries import actor_for
from hotline.audit.models import AuditEntry
from hotline.calls import actions
from hotline.calls.actions.calling_out import with_number
from hotline.calls.actions.moving import SYSTEM, command_of
from hotline.calls.engines import (
    ConsultAnswered,
    ConsultEnded,
    LegStarted,
    TransferDone,
    TransferFailed,
)
from hotline.calls.models import (
    AgentSession,
    AgentSpell,
    Ask,
    Call,
    CallBack,
    CallEvent,
    Consultation,
    Contact,
    Lane,
    PersonSkill,
    Segment,
    Skill,
    Watching,
)
from hotline.calls.rules import Dial, bare, may_dial, may_sign_in
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from tests.accounts.cast import Cast
from tests.accounts.factories import make_person
from tests.calls.factories import (
    CITIZEN,
    Exchange,
    asked,
    at_work,
    distribute,
    forget,
    fresh,
    make_agent,
    make_telephony,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def in_browser(exchange: Exchange, person: Any, skill: str = "general") -> AgentSession:
    """Ready, with the browser's leg up."""
    PersonSkill.objects.update_or_create(
        person=person, skill=Skill.objects.get(code=skill), defaults={"level": 4}
    )
    actor = actor_for(person)
    session = actions.sign_in(actor=actor)
    comes(exchange, session, f"browser-{session.pk}")
    actions.ready(actor=actor, session_id=session.pk)
    session.refresh_from_db()
    return session


def comes(exchange: Exchange, session: AgentSession, leg: str, label: str = "") -> None:
    facts = {
        "kind": "browser",
        "label": label or f"agent:{session.pk}",
        "trunk": "",
        "caller": "",
        "called": "",
    }
    exchange.tell(LegStarted, leg, exchange.facts(leg, **facts))
    exchange.answered(leg)


@pytest.fixture
def talking(cast: Cast, exchange: Exchange) -> tuple[Actor, AgentSession, Call]:
    """An agent in the browser with a caller; a contact."""
    make_telephony()
    Contact.objects.create(code="police", name="公安110", number="110")
    session = in_browser(exchange, cast.agent)
    me = cast.actor("agent")
    call = exchange.queued()
    distribute()
    actions.answer(actor=me, session_id=session.pk)
    forget()
    return me, session, call


def out_leg(exchange: Exchange, row: Any, leg: str = "leg-out") -> str:
    """The switch dials: the newest leg that was asked for with this label."""
    label = f"consult:{row.pk}" if isinstance(row, Consultation) else f"call:{row.pk}"
    exchange.tell(LegStarted, leg, exchange.facts(leg, direction="out", state="ringing", label=label))
    return leg


def last() -> dict[str, Any]:
    row = Ask.objects.latest("pk")
    return {"verb": row.verb, **row.arguments}


def states(*rows: Any) -> list[str]:
    return [str(fresh(row).state) for row in rows]


def test_110_is_asked_and_all_three_talk(talking, exchange: Exchange):
    me, session, call = talking
    police = Contact.objects.get()
    row = actions.consult(actor=me, session_id=session.pk, target=f"contact:{police.pk}")
    assert states(session, call, row) == ["consulting", "held", "ringing"]
    assert (last()["verb"], last()["to"]["number"], last()["leg"]) == ("consult", "110", session.leg)
    with pytest.raises(Refused, match="agent_state"):
        actions.consult(actor=me, session_id=session.pk, target=f"contact:{police.pk}")
    with pytest.raises(Refused, match="not_there"):
        actions.make_conference(actor=me, session_id=session.pk)
    leg = out_leg(exchange, row)
    exchange.tell(ConsultAnswered, leg, "consult-1")
    actions.make_conference(actor=me, session_id=session.pk)
    assert last() == {"verb": "merge", "consult": "consult-1"}
    assert states(session, call, row) == ["talking", "talking", "conference"]
    # The agent goes, the other two talk on; the one outside ends it.
    actions.hand_over(actor=me, session_id=session.pk)
    assert states(session, call, row) == ["wrap_up", "passed", "passed"]
    exchange.ended(leg)
    assert last() == {"verb": "hangup", "leg": call.leg}
    exchange.ended(call.leg, "near")
    assert states(call, row) == ["ended", "ended"]
    assert (fresh(call).outcome, fresh(row).outcome) == ("answered", "handed_over")
    assert not CallBack.objects.exists()
    moments = AgentSpell.objects.filter(session=session).order_by("pk").values_list("began_at", "ended_at")
    assert all(one[1] == other[0] for one, other in pairwise(moments))


@pytest.mark.parametrize(
    ("reason", "outcome"), [("busy", "busy"), ("no_answer", "no_answer"), ("failed", "failed")]
)
def test_nobody_there_and_the_agent_is_back(talking, exchange: Exchange, reason: str, outcome: str):
    me, session, call = talking
    row = actions.consult(actor=me, session_id=session.pk, target="number:021-63212345")
    assert fresh(row).name == "021****2345"
    exchange.ended(out_leg(exchange, row), reason)
    assert states(session, call, row) == ["talking", "talking", "ended"]
    assert fresh(row).outcome == outcome


def test_the_agent_takes_the_caller_back(talking, exchange: Exchange):
    me, session, call = talking
    row = actions.consult(actor=me, session_id=session.pk, target="number:13900001111")
    # Before the switch has dialled: its leg is let go when it begins.
    actions.take_back(actor=me, session_id=session.pk)
    assert states(session, call, row) == ["talking", "talking", "ended"]
    leg = out_leg(exchange, row)
    assert last() == {"verb": "hangup", "leg": leg}
    row = actions.consult(actor=me, session_id=session.pk, target="number:13900001111")
    exchange.tell(ConsultAnswered, out_leg(exchange, row, "leg-3"), "consult-2")
    actions.take_back(actor=me, session_id=session.pk)
    assert last() == {"verb": "cancel", "consult": "consult-2"}
    exchange.tell(ConsultEnded, "", "consult-2", "cancelled")
    assert states(session, call, row) == ["talking", "talking", "ended"]
    row = actions.consult(actor=me, session_id=session.pk, target="number:13900001111")
    exchange.tell(ConsultAnswered, out_leg(exchange, row, "leg-4"), "consult-3")
    exchange.tell(ConsultEnded, "", "consult-3", "far")
    assert (states(session, call), fresh(row).outcome) == (["talking", "talking"], "they_left")
    with pytest.raises(Refused):
        actions.take_back(actor=me, session_id=session.pk)


def test_what_the_switch_cannot_put_through(talking, exchange: Exchange):
    me, session, call = talking
    row = actions.consult(actor=me, session_id=session.pk, target="number:13900001111")
    actions.refused(actor=SYSTEM, ask_id=Ask.objects.latest("pk").pk, code="no_trunk")
    assert (states(session, call), fresh(row).outcome) == (["talking", "talking"], "failed")
    row = actions.pass_on(actor=me, session_id=session.pk, target="number:13900001111")
    actions.refused(actor=SYSTEM, ask_id=Ask.objects.get(verb="transfer").pk, code="no_trunk")
    assert (states(session, call), fresh(row).outcome) == (["wrap_up", "queued"], "failed")
    assert fresh(call).at_head


def test_the_caller_hangs_up_while_somebody_is_asked(talking, exchange: Exchange):
    me, session, call = talking
    row = actions.consult(actor=me, session_id=session.pk, target="number:13900001111")
    leg = out_leg(exchange, row)
    exchange.tell(ConsultAnswered, leg, "consult-1")
    exchange.ended(call.leg)
    assert states(session, call, row) == ["wrap_up", "ended", "ended"]
    assert fresh(row).outcome == "caller_left"
    assert {"leg": leg} in Ask.objects.filter(verb="hangup").values_list("arguments", flat=True)


def test_an_expert_helps_and_takes_the_caller_over(cast: Cast, talking, exchange: Exchange):
    me, session, call = talking
    english = Lane.objects.get(code="english")
    with pytest.raises(Refused, match="not_free"):
        actions.consult(actor=me, session_id=session.pk, target=f"lane:{english.pk}")
    expert = make_expert(cast, exchange)
    row = actions.consult(actor=me, session_id=session.pk, target=f"lane:{english.pk}")
    # It rings on the expert's screen; agent and caller talk on until then.
    assert states(session, call, expert, row) == ["talking", "talking", "asked", "ringing"]
    assert distribute() == 0
    them = at_work(expert)
    actions.help_colleague(actor=them, session_id=expert.pk)
    assert states(session, call, expert) == ["consulting", "held", "helping"]
    assert (last()["verb"], last()["to"]) == ("consult", expert.leg)
    exchange.tell(ConsultAnswered, expert.leg, "consult-1")
    # The expert's page is loaded anew in the middle of it.
    comes(exchange, expert, "browser-again")
    assert (fresh(row).leg, fresh(expert).leg) == ("browser-again", "browser-again")
    exchange.ended(expert.leg, "replaced")
    actions.hand_over(actor=me, session_id=session.pk)
    assert states(session, call, expert, row) == ["wrap_up", "talking", "talking", "ended"]
    now_with = Segment.objects.get(call=call, ended_at=None)
    assert (now_with.session, now_with.leg) == (expert, "browser-again")
    actions.hang_up(actor=them, session_id=expert.pk)
    exchange.ended(call.leg, "near")
    assert (states(call, expert), fresh(call).outcome) == (["ended", "wrap_up"], "answered")


def make_expert(cast: Cast, exchange: Exchange) -> AgentSession:
    return in_browser(exchange, make_person("专家", (Role.AGENT, cast.hub)), "english")


def test_a_colleague_declines_leaves_or_does_not_answer(cast: Cast, talking, exchange: Exchange):
    me, session, call = talking
    expert = make_expert(cast, exchange)
    them = at_work(expert)
    target = f"seat:{expert.pk}"
    row = actions.consult(actor=me, session_id=session.pk, target=target)
    actions.leave_colleague(actor=them, session_id=expert.pk)
    assert (states(session, call, expert), fresh(row).outcome) == (["talking", "talking", "ready"], "busy")
    row = actions.consult(actor=me, session_id=session.pk, target=target)
    actions.help_colleague(actor=them, session_id=expert.pk)
    exchange.tell(ConsultAnswered, expert.leg, "consult-1")
    actions.make_conference(actor=me, session_id=session.pk)
    actions.leave_colleague(actor=them, session_id=expert.pk)
    assert states(session, call, expert) == ["talking", "talking", "wrap_up"]
    assert fresh(row).outcome == "conference"
    actions.ready(actor=them, session_id=expert.pk)
    row = actions.consult(actor=me, session_id=session.pk, target=target)
    other = busy_agent(cast, exchange)
    with pytest.raises(Refused, match="not_free"):
        actions.pass_on(actor=at_work(other), session_id=other.pk, target=target)
    AgentSession.objects.filter(pk=expert.pk).update(until=fresh(expert).state_since)
    actions.watch(actor=SYSTEM)
    assert (fresh(expert).state, fresh(expert).aside, fresh(row).outcome) == (
        "paused",
        "no_answer",
        "no_answer",
    )
    assert states(session, call) == ["talking", "talking"]
    with pytest.raises(Refused):
        actions.leave_colleague(actor=them, session_id=expert.pk)
    with pytest.raises(Refused):
        actions.help_colleague(actor=them, session_id=expert.pk)


def busy_agent(cast: Cast, exchange: Exchange) -> AgentSession:
    """Another one, with another caller."""
    session = make_agent(cast, "6009")
    exchange.queued(caller="13800007777")
    distribute()
    exchange.answered(exchange.dialled())
    return session


def test_a_desk_telephone_rings_for_help(cast: Cast, talking, exchange: Exchange):
    me, session, call = talking
    helper = make_agent(cast, "6007", english=4)
    row = actions.consult(actor=me, session_id=session.pk, target=f"seat:{helper.pk}")
    assert states(session, call, helper) == ["consulting", "held", "asked"]
    assert last()["to"]["number"] == "6007"
    leg = out_leg(exchange, row)
    exchange.tell(ConsultAnswered, leg, "consult-1")
    assert states(helper, row) == ["helping", "talking"]
    exchange.ended(leg)
    assert states(session, call, helper, row) == ["talking", "talking", "wrap_up", "ended"]


def test_passing_on_without_asking(cast: Cast, talking, exchange: Exchange):
    me, session, call = talking
    expert = make_expert(cast, exchange)
    row = actions.pass_on(actor=me, session_id=session.pk, target=f"seat:{expert.pk}")
    assert states(session, call, expert) == ["wrap_up", "offered", "ringing"]
    assert fresh(row).outcome == "handed_over"
    actions.answer(actor=at_work(expert), session_id=expert.pk)
    english = Lane.objects.get(code="english")
    actions.pass_on(actor=at_work(expert), session_id=expert.pk, target=f"lane:{english.pk}")
    assert (states(expert, call), fresh(call).lane, fresh(call).at_head) == (
        ["wrap_up", "queued"],
        english,
        True,
    )
    actions.ready(actor=at_work(expert), session_id=expert.pk)
    assert distribute() == 1
    actions.answer(actor=at_work(expert), session_id=expert.pk)
    row = actions.pass_on(actor=at_work(expert), session_id=expert.pk, target="number:13900001111")
    assert states(expert, call, row) == ["wrap_up", "passed", "ringing"]
    leg = out_leg(exchange, row)
    exchange.ended(leg, "busy")
    exchange.tell(TransferFailed, leg, "transfer-1", f"call-{call.pk}", "busy")
    assert (states(call), fresh(row).outcome, fresh(call).at_head) == (["queued"], "busy", True)
    actions.ready(actor=at_work(expert), session_id=expert.pk)
    distribute()
    actions.answer(actor=at_work(expert), session_id=expert.pk)
    row = actions.pass_on(actor=at_work(expert), session_id=expert.pk, target="number:13900001111")
    leg = out_leg(exchange, row, "leg-9")
    exchange.tell(TransferDone, leg, "transfer-2", f"call-{call.pk}")
    assert states(row) == ["passed"]
    exchange.ended(call.leg)
    assert (states(call, row), fresh(call).outcome) == (["ended", "ended"], "answered")


def test_whom_one_may_ask(cast: Cast, talking):
    me, session, _call = talking
    for target, error in (
        ("", Invalid),
        ("number:abc", Invalid),
        ("number:0081312345678", Refused),
        ("number:16899999", Refused),
        ("number:12", Refused),
        ("contact:0", NotVisible),
        ("lane:x", NotVisible),
        (f"seat:{session.pk}", Invalid),
        ("seat:999999", NotVisible),
    ):
        with pytest.raises(error):
            actions.consult(actor=me, session_id=session.pk, target=target)
    with pytest.raises(NotPermitted):
        actions.consult(actor=cast.actor("dispatcher"), session_id=session.pk, target="number:110")
    assert not Consultation.objects.exists()


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("110", Dial.YES),
        ("12345", Dial.YES),
        ("13800001234", Dial.YES),
        ("02163212345", Dial.YES),
        ("63212345", Dial.YES),
        ("4008001234", Dial.YES),
        ("0081312345678", Dial.ABROAD),
        ("+81312345678", Dial.ABROAD),
        ("16812345", Dial.PREMIUM),
        ("125901234", Dial.PREMIUM),
        ("99", Dial.NOT_ALLOWED),
        ("1", Dial.NO_NUMBER),
        ("sip:a@b", Dial.NO_NUMBER),
    ],
)
def test_what_may_be_dialled(number: str, answer: Dial):
    assert may_dial(number) == answer


def test_numbers_are_read_as_people_write_them():
    assert bare("+86 138-0000-1234") == bare("013800001234") == "13800001234"
    assert bare("（021）6321 2345") == "02163212345"
    assert may_dial("13800001234", "021.*") == Dial.NOT_ALLOWED
    assert [may_sign_in(one) for one in ("6001", "110", "12345", "63212345", "no", "008112345678")] == [
        Dial.YES,
        Dial.NOT_ALLOWED,
        Dial.NOT_ALLOWED,
        Dial.YES,
        Dial.NO_NUMBER,
        Dial.ABROAD,
    ]


# ---- calling out


def test_a_citizen_is_called_without_their_number_being_seen(cast: Cast, exchange: Exchange):
    make_telephony()
    me = cast.actor("agent")
    citizen = find_or_create_citizen(actor=SYSTEM, phone=CITIZEN)
    with pytest.raises(Refused, match="not_signed_in"):
        actions.call_citizen(actor=me, citizen_id=citizen.pk)
    session = in_browser(exchange, cast.agent)
    forget()
    call = actions.call_citizen(actor=me, citizen_id=citizen.pk, order_number="JD1")
    assert states(session, call) == ["dialling", "dialling"]
    assert asked(call) == ["join", "originate"]
    row = Ask.objects.get(verb="originate")
    assert CITIZEN not in str(row.arguments)
    assert with_number(command_of(row)).number == CITIZEN
    assert CITIZEN not in str(list(CallEvent.objects.values_list("data", flat=True)))
    assert AuditEntry.objects.get(verb="calls.call_citizen").data["order"] == "JD1"
    exchange.answered(out_leg(exchange, call))
    assert states(session, call) == ["talking", "talking"]
    assert "record" in asked(call)
    exchange.ended("leg-out")
    assert (states(session, call), fresh(call).outcome) == (["wrap_up", "ended"], "answered")
    with pytest.raises(NotVisible):
        actions.call_citizen(actor=me, citizen_id=0)
    with pytest.raises(NotPermitted):
        actions.call_citizen(actor=cast.actor("dispatcher"), citizen_id=citizen.pk)


def test_nobody_answers_a_call_out_and_nobody_is_owed_one(cast: Cast, exchange: Exchange):
    make_telephony()
    session = in_browser(exchange, cast.agent)
    me = cast.actor("agent")
    call = actions.call_number(actor=me, number="139 0000 1111")
    exchange.ended(out_leg(exchange, call), "no_answer")
    assert (states(session, call), fresh(call).outcome) == (["wrap_up", "ended"], "unreached")
    call = actions.call_number(actor=me, number="13900001111")
    actions.stop_dialling(actor=me, session_id=session.pk)
    assert states(session, call) == ["wrap_up", "ended"]
    leg = out_leg(exchange, call, "leg-late")
    assert last() == {"verb": "hangup", "leg": leg}
    call = actions.call_number(actor=me, number="13900001111")
    actions.refused(
        actor=SYSTEM, ask_id=Ask.objects.filter(verb="originate").latest("pk").pk, code="no_trunk"
    )
    assert states(session, call) == ["wrap_up", "ended"]
    with pytest.raises(Refused, match="agent_state"):
        actions.stop_dialling(actor=me, session_id=session.pk)
    with pytest.raises(Refused, match="may_not_dial"):
        actions.call_number(actor=me, number="0044123456789")
    exchange.ended(session.leg, "silent")
    with pytest.raises(Refused, match="no_telephone"):
        actions.call_number(actor=me, number="13900001111")
    assert not CallBack.objects.exists()


# ---- browsers


def test_nobody_takes_anothers_telephone(cast: Cast, exchange: Exchange):
    make_telephony()
    me, other = cast.actor("agent"), cast.actor("shift_leader")
    session = actions.sign_in(actor=me)
    with pytest.raises(NotPermitted):
        actions.place_of(actor=other, session_id=session.pk, last="", here=True)
    assert actions.place_of(actor=me, session_id=session.pk, last="", here=False).replaces == ""
    actions.leg_comes(actor=me, session_id=session.pk, leg="leg-a")
    exchange.tell(LegStarted, "leg-a", exchange.facts("leg-a", kind="browser", label=f"agent:{session.pk}"))
    exchange.answered("leg-a")
    with pytest.raises(Refused, match="elsewhere"):
        actions.place_of(actor=me, session_id=session.pk, last="", here=False)
    with pytest.raises(Refused, match="elsewhere"):
        actions.place_of(actor=me, session_id=session.pk, last="leg-old", here=False)
    for last_leg, here in (("leg-a", False), ("", True)):
        place = actions.place_of(actor=me, session_id=session.pk, last=last_leg, here=here)
        assert (place.label, place.replaces) == (f"agent:{session.pk}", "leg-a")
    # A second try that came to nothing leaves the first where it was.
    comes_only = "leg-b"
    actions.leg_comes(actor=me, session_id=session.pk, leg=comes_only)
    exchange.ended(comes_only, "failed")
    assert (fresh(session).leg, fresh(session).coming) == ("leg-a", "")
    actions.sign_out(actor=me, session_id=session.pk)
    with pytest.raises(NotVisible):
        actions.place_of(actor=me, session_id=session.pk, last="", here=True)
    exchange.tell(LegStarted, "leg-c", exchange.facts("leg-c", kind="browser", label=f"agent:{session.pk}"))
    assert last() == {"verb": "hangup", "leg": "leg-c"}


# ---- the shift leader


def test_a_leader_listens_whispers_speaks_and_leaves(cast: Cast, talking, exchange: Exchange):
    me, session, call = talking
    leader = cast.actor("shift_leader")
    with pytest.raises(NotPermitted):
        actions.watch_call(actor=me, session_id=session.pk, role="listen")
    with pytest.raises(Invalid):
        actions.watch_call(actor=leader, session_id=session.pk, role="shout")
    row = actions.watch_call(actor=leader, session_id=session.pk, role="listen")
    actions.watcher_comes(actor=leader, watching_id=row.pk, leg="leg-leader")
    with pytest.raises(NotVisible):
        actions.watcher_comes(actor=me, watching_id=row.pk, leg="leg-thief")
    comes(exchange, session, "leg-leader", f"watch:{row.pk}")
    room = f"call-{call.pk}"
    assert last() == {"verb": "join", "leg": "leg-leader", "room": room, "role": "listen", "target": ""}
    actions.watch_as(actor=leader, role="whisper")
    assert (last()["role"], last()["target"]) == ("whisper", session.leg)
    actions.watch_as(actor=leader, role="barge")
    assert last()["role"] == "barge"
    assert command_of(Ask.objects.latest("pk")).role == "barge"
    verbs = [one.verb for one in AuditEntry.objects.filter(object_type="call").order_by("pk")]
    assert verbs == ["calls.listen", "calls.whisper", "calls.barge"]
    actions.hold(actor=me, session_id=session.pk)
    with pytest.raises(Refused, match="nothing_to_hear"):
        actions.watch_as(actor=leader, role="whisper")
    exchange.ended(call.leg)
    assert fresh(row).ended_at is not None
    assert {"leg": "leg-leader"} in Ask.objects.filter(verb="hangup").values_list("arguments", flat=True)
    with pytest.raises(Refused, match="not_watching"):
        actions.watch_as(actor=leader, role="listen")
    with pytest.raises(Refused, match="nothing_to_hear"):
        actions.watch_call(actor=leader, session_id=session.pk, role="listen")
    # Late: the leg of a watching that is over is let go.
    exchange.tell(LegStarted, "leg-x", exchange.facts("leg-x", kind="browser", label=f"watch:{row.pk}"))
    assert last() == {"verb": "hangup", "leg": "leg-x"}


def test_a_leader_goes_to_another_seat_or_is_cut_off(cast: Cast, talking, exchange: Exchange):
    _me, session, _call = talking
    leader = cast.actor("shift_leader")
    first = actions.watch_call(actor=leader, session_id=session.pk, role="listen")
    other = busy_agent(cast, exchange)
    second = actions.watch_call(actor=leader, session_id=other.pk, role="barge")
    assert fresh(first).ended_at is not None
    comes(exchange, other, "leg-l", f"watch:{second.pk}")
    exchange.ended("leg-l", "silent")
    assert not Watching.objects.filter(ended_at=None).exists()
    actions.stop_watching(actor=leader)
    third = actions.watch_call(actor=leader, session_id=other.pk, role="listen")
    actions.stop_watching(actor=leader)
    assert fresh(third).ended_at is not None
