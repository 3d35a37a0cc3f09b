"""Every way of a call and of an agent, told by a switch that is not there."""

from __future__ import annotations

from datetime import time, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections

from hotline.calls import actions, queries
from hotline.calls.actions.moving import SYSTEM, ask_for, command_of
from hotline.calls.engines import (
    Bridge,
    Collect,
    Hangup,
    LegEnded,
    LegStarted,
    Mark,
    Originate,
    Play,
    RecordingClosed,
    RecordingStarted,
)
from hotline.calls.models import (
    AgentSession,
    AgentSpell,
    Ask,
    Call,
    CallBack,
    CallEvent,
    CallState,
    Lane,
    Line,
    Outcome,
    Recording,
    Segment,
    Station,
)
from hotline.calls.queries.queueing import HANDLING
from hotline.calls.rules import MUSIC, Spell, gaps
from hotline.kit.clock import now, simulated
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from tests.accounts.cast import Cast
from tests.calls.factories import (
    CITIZEN,
    LATER,
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
def exchange(db: None) -> Exchange:
    return Exchange()


def talking(cast: Cast, exchange: Exchange) -> tuple[Call, AgentSession, str]:
    """A citizen and an agent in conversation; the agent's leg."""
    make_telephony()
    session = make_agent(cast, "6001")
    call = exchange.queued()
    assert distribute() == 1
    leg = exchange.dialled()
    forget()
    exchange.answered(leg)
    return fresh(call), fresh(session), leg


def test_a_call_from_the_greeting_to_the_end_of_after_call_work(cast: Cast, exchange: Exchange):
    line = make_telephony()
    session = make_agent(cast, "6001")
    call = exchange.ring()
    assert (call.state, call.line, asked()) == (CallState.ARRIVED, line, ["answer"])
    assert call.citizen is not None
    exchange.tell(LegStarted, "leg-b", exchange.facts("leg-b", caller="anonymous"))
    assert Call.objects.get(leg="leg-b").citizen is None
    exchange.ended("leg-b")

    exchange.answered(call.leg)
    assert fresh(call).state == CallState.GREETING
    greeting = command_of(Ask.objects.filter(verb="play").get())
    assert greeting == Play(call.leg, ("greeting.wav",))
    exchange.tell(*played(call))
    call = fresh(call)
    assert (call.state, call.likely_wait_seconds) == (CallState.QUEUED, 0)
    assert distribute() == 1
    assert (fresh(call).state, fresh(session).state) == ("offered", "ringing")
    assert distribute() == 0
    ring = command_of(Ask.objects.get(verb="originate"))
    assert isinstance(ring, Originate)
    assert (ring.trunk, ring.number, ring.ring_seconds) == ("carrier", "6001", 20)

    leg = exchange.dialled()
    forget()
    exchange.answered(leg)
    call = fresh(call)
    assert (call.state, fresh(session).state) == ("talking", "talking")
    assert asked(call) == ["stop", "bridge", "record"]
    assert command_of(Ask.objects.get(verb="bridge")) == Bridge((call.leg, leg), room=f"call-{call.pk}")
    forget()
    exchange.ended(call.leg)
    call, session = fresh(call), fresh(session)
    assert (call.state, call.outcome, session.state) == ("ended", Outcome.ANSWERED, "wrap_up")
    assert command_of(Ask.objects.get()) == Hangup(leg)
    assert not CallBack.objects.filter(call=call).exists()
    exchange.ended(leg, "near")
    assert fresh(session).state == "wrap_up"
    with simulated(now() + timedelta(seconds=61)):
        assert actions.watch(actor=SYSTEM) == 1
        assert fresh(session).state == "ready"
        spells = [
            Spell(one.state, one.began_at, one.ended_at) for one in AgentSpell.objects.filter(session=session)
        ]
        assert gaps(spells) == []
        accounted = queries.accounted(fresh(session), now())
        assert sum(accounted.values()) == pytest.approx((now() - session.signed_in_at).total_seconds())
    verbs = list(CallEvent.objects.filter(call=call).order_by("pk").values_list("verb", flat=True))
    assert verbs == ["arrive", "greet", "queue", "offer", "ring", "connect", "connect", "wrap_up", "end"]


def played(call: Call, reason: str = "finished"):
    from hotline.calls.engines import PlayEnded

    return PlayEnded, call.leg, "play-1", reason


def test_an_event_heard_twice_counts_once(cast: Cast, exchange: Exchange):
    make_telephony()
    call = exchange.ring()
    heard = LegEnded(exchange.mark(), now(), call.leg, "far", 0.0, None, {})
    assert not actions.hear(actor=SYSTEM, heard=heard)
    assert fresh(call).state == CallState.ARRIVED
    with pytest.raises(NotPermitted):
        actions.hear(actor=cast.actor("admin"), heard=heard)


@pytest.mark.parametrize(
    ("digit", "lane"), [("1", "english"), ("0", "general"), ("", "general"), ("7", "general")]
)
def test_one_choice_and_every_other_key_is_a_person(exchange: Exchange, digit: str, lane: str):
    make_telephony(choice=True)
    call = exchange.ring()
    exchange.answered(call.leg)
    exchange.tell(*played(call, "digit" if digit else "finished"))
    assert fresh(call).state == CallState.CHOOSING
    exchange.digits(call.leg, digit, "complete" if digit else "timeout")
    call = fresh(call)
    assert (call.state, call.lane.code) == (CallState.QUEUED, lane)


def test_a_chosen_lane_that_is_full_says_so(exchange: Exchange):
    make_telephony(choice=True)
    Lane.objects.filter(code="english").update(most_waiting=1)
    calls = [exchange.ring(caller=f"1380000000{number}") for number in (1, 2)]
    for call in calls:
        exchange.answered(call.leg)
        exchange.tell(*played(call, "digit"))
        exchange.digits(call.leg, "1")
    first, second = map(fresh, calls)
    assert (first.state, first.lane.code) == (CallState.QUEUED, "english")
    assert (second.state, second.outcome) == (CallState.LEAVING, Outcome.FULL)


def test_closed_and_full_are_said_and_called_back(exchange: Exchange):
    line = make_telephony(opens=time(0, 0), closes=time(0, 1))
    with simulated(now().replace(hour=4, minute=0)):
        call = exchange.ring()
        Line.objects.update(opens=time(0), closes=time(0))
        Lane.objects.update(most_waiting=1)
        first, second = exchange.queued(), exchange.ring()
        exchange.answered(second.leg)
        Line.objects.update(opens=time(3), closes=time(3, 1))
        exchange.answered(call.leg)
    assert fresh(first).state == CallState.QUEUED
    for one, outcome in ((call, Outcome.CLOSED), (second, Outcome.FULL)):
        assert fresh(one).state == CallState.LEAVING
        exchange.tell(*played(one))
        assert asked(one)[-1] == "hangup"
        exchange.ended(one.leg, "near")
        one = fresh(one)
        assert one.outcome == outcome
        assert one.call_back.due_at == one.ended_at + timedelta(minutes=line.call_back_minutes)
    assert [row.call_id for row in queries.call_backs_due()] == [call.pk, second.pk]


def test_whoever_hangs_up_in_the_queue_is_called_back_and_before_it_not(exchange: Exchange):
    make_telephony()
    early, late = exchange.ring(), exchange.queued()
    exchange.answered(early.leg)
    exchange.ended(early.leg)
    exchange.ended(late.leg)
    assert fresh(early).outcome == Outcome.LEFT_EARLY
    assert fresh(late).outcome == Outcome.ABANDONED
    assert [row.call_id for row in queries.call_backs_due()] == [late.pk]


def test_who_waits_long_is_asked_once_and_may_choose_to_be_called_back(exchange: Exchange):
    make_telephony()
    yes, no = exchange.queued(), exchange.queued()
    assert actions.watch(actor=SYSTEM) == 0
    forget()
    with simulated(now() + LATER):
        assert actions.watch(actor=SYSTEM) == 2
        assert actions.watch(actor=SYSTEM) == 0
        assert asked(yes) == ["play", "collect"]
        forget()
        exchange.digits(yes.leg, "1")
        exchange.digits(no.leg, "", "timeout")
    assert fresh(yes).state == CallState.LEAVING
    assert command_of(Ask.objects.get(chain=f"call:{no.pk}")) == Play(no.leg, (MUSIC,), loop=True)
    exchange.tell(*played(yes))
    exchange.ended(yes.leg, "near")
    assert fresh(yes).outcome == Outcome.CALL_BACK
    assert CallBack.objects.get().call == yes


@pytest.mark.parametrize(
    ("reason", "outcome", "aside"),
    [
        ("no_answer", "no_answer", "no_answer"),
        ("busy", "declined", "no_answer"),
        ("failed", "vanished", "vanished"),
    ],
)
def test_who_does_not_answer_is_set_aside_and_the_call_goes_on_at_the_head(
    cast: Cast, exchange: Exchange, reason: str, outcome: str, aside: str
):
    make_telephony()
    first = make_agent(cast, "6001", general=4)
    second = make_agent(cast, "6002", is_ready=False)
    call = exchange.queued()
    later = exchange.queued()
    assert distribute() == 1
    exchange.ended(exchange.dialled(), reason)
    call, first = fresh(call), fresh(first)
    assert (call.state, call.at_head) == (CallState.QUEUED, True)
    assert (first.state, first.aside, first.call) == ("paused", aside, None)
    assert Segment.objects.get().outcome == outcome
    actions.ready(actor=at_work(second), session_id=second.pk)
    assert distribute() == 1
    assert fresh(second).call == call
    assert fresh(later).state == CallState.QUEUED
    exchange.answered(exchange.dialled())
    assert not fresh(call).at_head


def test_a_switch_that_says_nothing_does_not_leave_a_call_ringing(cast: Cast, exchange: Exchange):
    make_telephony()
    session = make_agent(cast, "6001")
    call = exchange.queued()
    distribute()
    leg = exchange.dialled()
    with simulated(now() + timedelta(seconds=29)):
        assert actions.watch(actor=SYSTEM) == 0
    with simulated(now() + timedelta(seconds=31)):
        assert actions.watch(actor=SYSTEM) == 1
    assert (fresh(call).state, fresh(session).state) == ("queued", "paused")
    assert command_of(Ask.objects.get(verb="hangup")) == Hangup(leg)


def test_the_caller_hangs_up_while_it_rings_and_the_agent_is_free_at_once(cast: Cast, exchange: Exchange):
    make_telephony()
    session = make_agent(cast, "6001")
    call = exchange.queued()
    distribute()
    leg = exchange.dialled()
    exchange.ended(call.leg)
    assert (fresh(call).outcome, fresh(session).state) == (Outcome.ABANDONED, "ready")
    assert command_of(Ask.objects.filter(verb="hangup").get()) == Hangup(leg)
    exchange.answered(leg)  # at the same moment
    assert Ask.objects.filter(verb="hangup").count() == 1


def test_the_agent_hangs_up_or_vanishes(cast: Cast, exchange: Exchange):
    call, session, leg = talking(cast, exchange)
    forget()
    exchange.ended(leg, "silent")
    assert (fresh(call).state, fresh(call).at_head) == ("queued", True)
    assert (fresh(session).state, fresh(session).aside) == ("paused", "vanished")
    assert asked(call) == ["leave", "play"]
    actions.ready(actor=at_work(session), session_id=session.pk)
    distribute()
    leg = exchange.dialled()
    exchange.answered(leg)
    forget()
    exchange.ended(leg, "far")
    assert fresh(session).state == "wrap_up"
    assert command_of(Ask.objects.get()) == Hangup(call.leg)
    exchange.ended(call.leg, "near")
    call = fresh(call)
    assert call.outcome == Outcome.ANSWERED
    assert call.connected_at < Segment.objects.latest("pk").answered_at
    assert list(Segment.objects.order_by("pk").values_list("outcome", flat=True)) == ["vanished", "answered"]


def test_hold_resume_and_hang_up_by_the_desk(cast: Cast, exchange: Exchange):
    call, session, leg = talking(cast, exchange)
    me = at_work(session)
    forget()
    actions.hold(actor=me, session_id=session.pk)
    assert (fresh(call).state, fresh(session).state) == ("held", "hold")
    with pytest.raises(Refused):
        actions.hold(actor=me, session_id=session.pk)
    actions.resume(actor=me, session_id=session.pk)
    for verb in (actions.sign_out, actions.ready):
        with pytest.raises(Refused):
            verb(actor=me, session_id=session.pk)
    with pytest.raises(NotPermitted):
        actions.hang_up(actor=cast.actor("agent"), session_id=session.pk)
    actions.hang_up(actor=me, session_id=session.pk)
    assert asked(call) == ["hold", "resume", "hangup", "hangup"]
    assert fresh(session).state == "wrap_up"
    with pytest.raises(Refused):
        actions.hang_up(actor=me, session_id=session.pk)
    exchange.ended(leg, "near")
    exchange.ended(call.leg, "near")
    assert fresh(call).outcome == Outcome.ANSWERED
    actions.finish_wrap_up(actor=me, session_id=session.pk)
    actions.pause(actor=cast.actor("shift_leader"), session_id=session.pk, code="break")
    with pytest.raises(Invalid):
        actions.pause(actor=me, session_id=session.pk, code="holiday")
    actions.sign_out(actor=me, session_id=session.pk)
    assert queries.session_of(session.person_id) is None
    with pytest.raises(Refused):
        actions.ready(actor=me, session_id=session.pk)
    with pytest.raises(NotVisible):
        actions.ready(actor=me, session_id=0)


def test_signing_in_by_telephone_and_browser(cast: Cast, exchange: Exchange):
    make_telephony()
    me = cast.actor("agent")
    with pytest.raises(NotPermitted):
        actions.sign_in(actor=cast.actor("dispatcher"))
    with pytest.raises(Invalid):
        actions.sign_in(actor=me, station=Station.PHONE, number="six", trunk="carrier")
    session = actions.sign_in(actor=me)
    with pytest.raises(Refused):
        actions.sign_in(actor=me)
    with pytest.raises(Refused):
        actions.ready(actor=me, session_id=session.pk)
    own = {"kind": "browser", "label": f"agent:{session.pk}", "trunk": "", "caller": "", "called": ""}
    exchange.tell(LegStarted, "leg-me", exchange.facts("leg-me", **own))
    with pytest.raises(Refused):
        actions.ready(actor=me, session_id=session.pk)
    exchange.answered("leg-me")
    actions.ready(actor=me, session_id=session.pk)
    cast.agent.call_skills.create(skill=Lane.objects.get(code="general").skill, level=3)
    call = exchange.queued()
    assert distribute() == 1
    assert "originate" not in asked()
    actions.answer(actor=me, session_id=session.pk)
    with pytest.raises(Refused):
        actions.answer(actor=me, session_id=session.pk)
    assert fresh(call).state == CallState.TALKING
    # Loaded anew: the new leg took the old one's place, whose end means nothing.
    exchange.tell(LegStarted, "leg-2", exchange.facts("leg-2", **own))
    exchange.answered("leg-2")
    assert Segment.objects.get().leg == "leg-2"
    assert Ask.objects.latest("pk").arguments == {"leg": "leg-me"}
    exchange.ended("leg-me", "replaced")
    assert fresh(session).state == "talking"
    exchange.ended(call.leg)
    assert asked(call)[-1] == "leave"
    actions.ready(actor=me, session_id=session.pk)
    again = exchange.queued()
    distribute()
    exchange.ended("leg-2", "silent")
    assert (fresh(again).state, fresh(session).state, fresh(session).leg) == ("queued", "paused", "")


def test_what_the_switch_refuses_stops_no_call(cast: Cast, exchange: Exchange):
    make_telephony(choice=True)
    session = make_agent(cast, "6001")
    call = exchange.ring()
    exchange.answered(call.leg)

    def refuse(verb: str, code: str) -> None:
        actions.refused(actor=SYSTEM, ask_id=Ask.objects.filter(verb=verb).latest("pk").pk, code=code)

    refuse("play", "file_missing")
    assert fresh(call).state == CallState.CHOOSING
    refuse("collect", "not_up")
    assert fresh(call).state == CallState.QUEUED
    distribute()
    refuse("originate", "no_trunk")
    assert (fresh(call).state, fresh(session).aside) == ("queued", "vanished")
    actions.refused(actor=SYSTEM, ask_id=0, code="fault")


def test_after_a_new_run_of_the_switch_every_call_has_ended_and_is_owed(cast: Cast, exchange: Exchange):
    call, session, _leg = talking(cast, exchange)
    waiting = exchange.queued()
    exchange.reset(run="run-2")
    assert fresh(call).outcome == fresh(waiting).outcome == Outcome.CUT
    assert fresh(session).state == "wrap_up"
    assert set(asked()) <= {"hangup"}
    assert {row.call_id for row in queries.call_backs_due()} == {call.pk, waiting.pk}
    old = LegEnded(Mark("run-1", 999), now(), call.leg, "far", 0.0, None, {})
    assert not actions.hear(actor=SYSTEM, heard=old)


def test_after_a_gap_state_is_what_the_switch_says(cast: Cast, exchange: Exchange):
    call, session, leg = talking(cast, exchange)
    second = make_agent(cast, "6002")
    ringing = exchange.queued()
    distribute()
    own = exchange.dialled()
    arrived, greeted, gone, leaving = exchange.ring(), exchange.ring(), exchange.queued(), exchange.ring()
    exchange.answered(greeted.leg)
    exchange.answered(leaving.leg)
    Call.objects.filter(pk=leaving.pk).update(state=CallState.LEAVING, outcome=Outcome.FULL)
    forget()
    up = {"state": "up"}
    exchange.reset(
        exchange.facts(call.leg, **up, room=f"call-{call.pk}", recording="rec-1"),
        exchange.facts(leg, direction="out", **up),
        exchange.facts(ringing.leg, **up),
        exchange.facts(own, direction="out", **up, label=f"offer:{Segment.objects.latest('pk').pk}"),
        exchange.facts(arrived.leg, **up),
        exchange.facts(greeted.leg, **up),
        exchange.facts(leaving.leg, **up),
        exchange.facts("leg-new"),
        exchange.facts("leg-stray", **up),
        exchange.facts("leg-late", direction="out", label="offer:999999"),
    )
    assert (fresh(ringing).state, fresh(second).state) == ("talking", "talking")
    assert asked(call) == ["bridge"]
    assert fresh(arrived).state == CallState.GREETING
    assert fresh(greeted).state == CallState.QUEUED
    assert asked(leaving) == ["hangup"]
    assert fresh(gone).outcome == Outcome.CUT
    assert Call.objects.get(leg="leg-new").state == CallState.ARRIVED
    assert {row.arguments["leg"] for row in Ask.objects.filter(chain__startswith="leg:")} == {
        "leg-stray",
        "leg-late",
    }
    forget()
    exchange.reset(exchange.facts(call.leg, **up), exchange.facts(ringing.leg, **up))
    assert (fresh(call).state, fresh(call).at_head, fresh(session).aside) == ("queued", True, "vanished")


def test_a_recording_is_noted_with_its_checksum(cast: Cast, exchange: Exchange):
    call, _session, _leg = talking(cast, exchange)
    exchange.tell(RecordingStarted, call.leg, "rec-1", "2026/rec-1.wav")
    exchange.ended(call.leg)
    closed = ("rec-1", "2026/rec-1.wav", "ab" * 32, 4096, 2.5, False, True, now(), False)
    exchange.tell(RecordingClosed, call.leg, *closed)
    row = Recording.objects.get(call=call)
    assert (row.sha256, row.bytes, row.silent_right, row.failure) == ("ab" * 32, 4096, True, "")


def test_one_calls_trouble_holds_up_nobody(cast: Cast, exchange: Exchange):
    call, session, _leg = talking(cast, exchange)
    AgentSession.objects.filter(pk=session.pk).update(state="paused", call=None)
    assert exchange.tell(LegEnded, call.leg, "far", 1.0, None, {})
    assert CallEvent.objects.filter(verb="fault").exists()
    assert exchange.queued().state == CallState.QUEUED


def test_seats_and_lanes_for_those_who_watch(cast: Cast, exchange: Exchange):
    call, session, _leg = talking(cast, exchange)
    waiting = exchange.queued()
    [seat] = queries.seats(cast.actor("shift_leader"))
    assert (seat.name, seat.state, seat.lane) == (session.person.name, "talking", "综合受理")
    lanes = {one.lane.code: one for one in queries.lanes_now(cast.actor("supervisor"))}
    assert (lanes["general"].waiting, lanes["general"].oldest) == (1, waiting.queued_at)
    assert (lanes["general"].signed_in, lanes["general"].ready, lanes["english"].signed_in) == (1, 0, 0)
    with pytest.raises(NotPermitted):
        queries.seats(cast.actor("agent"))
    assert waiting.likely_wait_seconds == int(HANDLING.total_seconds())
    exchange.ended(call.leg)
    assert queries.handling_of(call.lane, now()) >= timedelta(seconds=60)


def test_no_line_no_call(exchange: Exchange):
    exchange.tell(LegStarted, "leg-x", exchange.facts("leg-x"))
    assert not Call.objects.exists()
    assert command_of(Ask.objects.get()) == Hangup("leg-x")


def test_an_offer_of_a_call_back_that_cannot_be_answered_leaves_nobody_in_silence(exchange: Exchange):
    make_telephony()
    call = exchange.queued()
    forget()
    moment = now()
    Call.objects.update(call_back_offered_at=moment)
    ask_for(call, moment, Collect(call.leg, most=1))
    actions.refused(actor=SYSTEM, ask_id=Ask.objects.get(verb="collect").pk, code="not_up")
    assert asked(call) == ["play"]


@pytest.mark.django_db(transaction=True)
def test_two_windows_sign_in_at_once_and_one_is_told(cast: Cast):
    make_telephony()
    actor = cast.actor("agent")
    together = Barrier(4)
    ends: list[str] = []

    def work(number: int) -> None:
        together.wait()
        try:
            actions.sign_in(actor=actor, station=Station.PHONE, number=f"600{number}", trunk="carrier")
            ends.append("in")
        except Refused as refusal:
            ends.append(refusal.code)
        finally:
            connections.close_all()

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["in", "signed_in", "signed_in", "signed_in"]


@pytest.mark.django_db(transaction=True)
def test_six_distributors_at_once_offer_each_call_to_one(cast: Cast):
    exchange = Exchange()
    make_telephony()
    for number in range(4):
        make_agent(cast, f"600{number}")
    for number in range(8):
        exchange.queued(caller=f"{CITIZEN[:-1]}{number}")
    together = Barrier(6)

    def work() -> None:
        together.wait()
        actions.distribute(actor=SYSTEM)
        connections.close_all()

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while distribute():
        pass
    open_ = list(Segment.objects.filter(ended_at=None).values_list("call_id", "session_id"))
    assert len(open_) == len({call for call, _ in open_}) == len({session for _, session in open_}) == 4
    assert Call.objects.filter(state=CallState.QUEUED).count() == 4
