"""Calls by video: begun without an account, queued and answered like any, seen by their parties alone, ended when the page has gone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from hotline.accounts.queries import actor_for, citizen_actor
from hotline.calls import actions, queries
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.engines import Leg, LegAnswered, LegStarted
from hotline.calls.models import (
    AgentSession,
    Ask,
    Call,
    CallBack,
    Lane,
    LaneKind,
    Line,
    PersonSkill,
    Rating,
    Skill,
    Station,
    TypedLine,
    VideoSignal,
    VideoVisit,
)
from hotline.calls.queries.video import Party
from hotline.calls.rules import ConsultState
from hotline.calls.rules.video import (
    AWAY,
    LEAVING,
    LONGEST_SIGNAL,
    Part,
    gone,
    in_view,
    is_mobile,
    is_page,
    signal_fault,
)
from hotline.kit.errors import ActionError, Invalid, NotPermitted, NotVisible, Refused
from tests.accounts.cast import Cast
from tests.calls.factories import Exchange, at_work, distribute, fresh, make_telephony

pytestmark = pytest.mark.django_db
VISITOR = citizen_actor(0)
PAGES = {Part.CITIZEN: "c" * 16, Part.AGENT: "a" * 16, Part.HELPER: "b" * 16}
PHONE = "13900005678"


@pytest.fixture
def sign_lane(settings: Any) -> Lane:
    settings.TELEPHONE_ON = True
    make_telephony()
    signs = Skill.objects.create(code="sign", name="手语")
    return Lane.objects.create(
        code="sign", name="手语专席", kind=LaneKind.SIGN, skill=signs, most_waiting=2, position=3
    )


def signer(cast: Cast, name: str, exchange: Exchange) -> AgentSession:
    """An agent who signs, at their browser's telephone, ready."""
    from hotline.accounts.models import Role
    from tests.accounts.factories import make_person

    person = make_person(name, (Role.AGENT, cast.hub))
    PersonSkill.objects.create(person=person, skill=Skill.objects.get(code="sign"), level=3)
    session = actions.sign_in(actor=actor_for(person), station=Station.BROWSER)
    leg = f"leg-of-{session.pk}"
    exchange.tell(
        LegStarted, leg, Leg(leg, "browser", "in", "ringing", datetime.now(UTC), label=f"agent:{session.pk}")
    )
    exchange.tell(LegAnswered, leg)
    actions.ready(actor=actor_for(person), session_id=session.pk)
    session.refresh_from_db()
    return session


def stands(exchange: Exchange, call: Call) -> Call:
    """The switch gives the place that it was asked for."""
    row = Ask.objects.get(verb="stand_in", arguments__label=f"video:{call.pk}")
    leg = f"place-{call.pk}-{row.pk}"
    actions.done(actor=SYSTEM, ask_ids=[row.pk])
    exchange.tell(
        LegStarted, leg, Leg(leg, "stand_in", "in", "up", datetime.now(UTC), label=f"video:{call.pk}")
    )
    exchange.tell(LegAnswered, leg)
    return Call.objects.get(pk=call.pk)


def begun(exchange: Exchange, **more: Any) -> tuple[Call, str]:
    found = actions.call_by_video(actor=VISITOR, **more)
    actions.page_comes(key=found.key, page=PAGES[Part.CITIZEN])
    return stands(exchange, found.call), found.key


def talking(cast: Cast, exchange: Exchange, **more: Any) -> tuple[Call, str, AgentSession]:
    session = signer(cast, "手语一", exchange)
    call, key = begun(exchange, **more)
    assert distribute() == 1
    actions.answer(actor=at_work(session), session_id=session.pk)
    call = fresh(call)
    actions.seat_comes(call=call, session=session, page=PAGES[Part.AGENT])
    return call, key, fresh(session)


def citizen(key: str) -> Party:
    return queries.party_of_visit(actions.visit_of(key))


def agent(session: AgentSession) -> Party:
    found = queries.party_of_session(session.person_id)
    assert found is not None
    return found


def test_a_call_by_video_is_a_call_like_any(cast: Cast, sign_lane: Lane):
    exchange = Exchange()
    session = signer(cast, "手语一", exchange)
    call, key = begun(exchange, phone="139-0000-5678")
    assert (call.state, call.medium, call.lane, call.line.code) == ("queued", "video", sign_lane, "12345")
    assert call.citizen is not None
    assert call.citizen.phone_mask == "139****5678"
    # Nobody plays music to somebody who is not there to hear it.
    assert not Ask.objects.filter(verb="play").exists()
    assert distribute() == 1
    actions.answer(actor=at_work(session), session_id=session.pk)
    assert list(
        Ask.objects.filter(chain=f"call:{call.pk}").order_by("pk").values_list("verb", flat=True)
    ) == [
        "stop",
        "bridge",
        "record",
    ]
    actions.hang_up(actor=at_work(session), session_id=session.pk)
    exchange.ended(call.leg, "near")
    call = fresh(call)
    assert (call.state, call.outcome, fresh(session).state) == ("ended", "answered", "wrap_up")
    assert queries.room_of(citizen(key), after_line=0, after_signal=0).may_rate
    actions.rate_video(key=key, grade=2)
    assert Rating.objects.get(call=call).session_id == session.pk
    with pytest.raises(Refused, match="rated"):
        actions.rate_video(key=key, grade=1)
    with pytest.raises(Invalid):
        actions.rate_video(key=key, grade=6)


def test_it_rings_at_browsers_alone(cast: Cast, sign_lane: Lane):
    from tests.calls.factories import make_agent

    exchange = Exchange()
    make_agent(cast, "8001", sign=5)
    begun(exchange)
    assert distribute() == 0
    session = signer(cast, "手语一", exchange)
    assert distribute() == 1
    assert fresh(session).state == "ringing"


def test_pages_see_one_another_as_they_would_hear(cast: Cast, sign_lane: Lane):
    exchange = Exchange()
    call, key, session = talking(cast, exchange)
    peers = queries.room_of(citizen(key), after_line=0, after_signal=0).peers
    assert [(one.part, one.page, one.offers) for one in peers] == [(Part.AGENT, PAGES[Part.AGENT], True)]
    back = queries.room_of(agent(session), after_line=0, after_signal=0).peers
    assert [(one.part, one.offers) for one in back] == [(Part.CITIZEN, False)]
    actions.hold(actor=at_work(session), session_id=session.pk)
    assert queries.room_of(citizen(key), after_line=0, after_signal=0).waits
    actions.resume(actor=at_work(session), session_id=session.pk)

    # Somebody else who signs is asked: first the two alone, then all three.
    other = signer(cast, "手语二", exchange)
    actions.consult(actor=at_work(session), session_id=session.pk, target=f"seat:{other.pk}")
    actions.help_colleague(actor=at_work(other), session_id=other.pk)
    from hotline.calls.engines import ConsultAnswered

    actions.seat_comes(call=fresh(call), session=other, page=PAGES[Part.HELPER])
    exchange.tell(ConsultAnswered, other.leg, "consult-1")
    assert agent(other).part is Part.HELPER
    assert [one.part for one in queries.room_of(agent(fresh(other)), after_line=0, after_signal=0).peers] == [
        Part.AGENT
    ]
    assert queries.room_of(citizen(key), after_line=0, after_signal=0).waits
    actions.make_conference(actor=at_work(session), session_id=session.pk)
    for me in (citizen(key), agent(session), agent(other)):
        assert len(queries.room_of(me, after_line=0, after_signal=0).peers) == 2
    actions.leave_colleague(actor=at_work(other), session_id=other.pk)
    assert [one.part for one in queries.room_of(citizen(key), after_line=0, after_signal=0).peers] == [
        Part.AGENT
    ]
    assert queries.party_of_session(other.person_id) is None


def test_pages_tell_their_own_call_alone(cast: Cast, sign_lane: Lane):
    exchange = Exchange()
    call, key, session = talking(cast, exchange)
    actions.signal(sender=citizen(key), to=PAGES[Part.AGENT], kind="offer", body="v=0\r\n")
    heard = queries.room_of(agent(session), after_line=0, after_signal=0).signals
    assert [(one.sender, one.kind) for one in heard] == [(PAGES[Part.CITIZEN], "offer")]
    assert not queries.room_of(agent(session), after_line=0, after_signal=heard[0].pk).signals

    # Another citizen who waits knows the agent's page, and still is told nothing and tells nothing.
    _stranger, strange_key = begun(exchange)
    actions.page_comes(key=strange_key, page="d" * 16)
    for to in (PAGES[Part.AGENT], PAGES[Part.CITIZEN], "e" * 16):
        with pytest.raises(Refused, match="not_in_view"):
            actions.signal(sender=citizen(strange_key), to=to, kind="offer", body="v=0\r\n")
    assert not queries.room_of(citizen(strange_key), after_line=0, after_signal=0).peers
    for kind, body in (
        ("offer", "v=0" + "x" * LONGEST_SIGNAL),
        ("offer", "<script>"),
        ("shout", "v=0"),
        ("again", "v=0"),
    ):
        with pytest.raises(Invalid):
            actions.signal(sender=citizen(key), to=PAGES[Part.AGENT], kind=kind, body=body)
    with pytest.raises(NotVisible):
        actions.visit_of("guessed")
    with pytest.raises(NotVisible):
        actions.visit_of("")
    # A reload: the page has another name, and nobody writes to the old one.
    actions.page_comes(key=key, page="f" * 16)
    with pytest.raises(Refused, match="not_in_view"):
        actions.signal(sender=agent(session), to=PAGES[Part.CITIZEN], kind="answer", body="v=0\r\n")
    actions.leave_video(key=key)
    assert not VideoSignal.objects.filter(call=call).exists()
    with pytest.raises(Refused):
        actions.signal(sender=citizen(key), to=PAGES[Part.AGENT], kind="again", body="")


def test_what_is_typed_is_kept_with_the_call(cast: Cast, sign_lane: Lane):
    exchange = Exchange()
    call, key, session = talking(cast, exchange)
    actions.type_line(sender=citizen(key), text=" 小区门口的路灯坏了 ")
    actions.type_line(sender=agent(session), text="请问是哪个小区？")
    assert [(one.text, one.session_id) for one in queries.typed_in(call)] == [
        ("小区门口的路灯坏了", None),
        ("请问是哪个小区？", session.pk),
    ]
    assert (
        len(queries.room_of(citizen(key), after_line=TypedLine.objects.first().pk, after_signal=0).lines) == 1
    )
    for text in ("  ", "字" * 501):
        with pytest.raises(Invalid):
            actions.type_line(sender=citizen(key), text=text)
    actions.leave_video(key=key)
    assert len(queries.room_of(agent(session), after_line=0, after_signal=0).lines) == 2
    with pytest.raises(Refused, match="call_state"):
        actions.type_line(sender=citizen(key), text="还在吗")


@pytest.mark.parametrize(("waits", "outcome"), [(True, "abandoned"), (False, "answered")])
def test_a_citizen_who_closes_the_page_ends_the_call(cast: Cast, sign_lane: Lane, waits: bool, outcome: str):
    exchange = Exchange()
    if waits:
        call, key = begun(exchange)
    else:
        call, key, _session = talking(cast, exchange)
    actions.page_leaves(key=key)
    assert actions.watch(actor=SYSTEM) == 0  # perhaps loaded anew
    VideoVisit.objects.filter(call=call).update(leaving_at=datetime.now(UTC) - LEAVING)
    actions.page_comes(key=key, page="f" * 16)
    assert actions.watch(actor=SYSTEM) == 0
    assert fresh(call).state != "ended"
    VideoVisit.objects.filter(call=call).update(leaving_at=datetime.now(UTC) - LEAVING)
    assert actions.watch(actor=SYSTEM) == 1
    assert (fresh(call).state, fresh(call).outcome) == ("ended", outcome)
    assert Ask.objects.filter(verb="hangup", arguments__leg=call.leg).exists()


def test_one_whose_network_is_lost_is_owed_a_call(cast: Cast, sign_lane: Lane):
    exchange = Exchange()
    call, key, session = talking(cast, exchange, phone=PHONE)
    VideoVisit.objects.filter(call=call).update(seen_at=datetime.now(UTC) - AWAY / 2)
    assert actions.watch(actor=SYSTEM) == 0
    actions.page_lives(key=key)
    VideoVisit.objects.filter(call=call).update(seen_at=datetime.now(UTC) - AWAY)
    assert actions.watch(actor=SYSTEM) == 1
    assert (fresh(call).outcome, fresh(session).state) == ("cut", "wrap_up")
    assert CallBack.objects.get(call=call).state == "waiting"
    actions.leave_video(key=key)  # a late word of a page that is back changes nothing
    assert fresh(call).outcome == "cut"


def test_closed_full_and_a_number_instead(cast: Cast, sign_lane: Lane):
    exchange = Exchange()
    with pytest.raises(NotPermitted):
        actions.call_by_video(actor=actor_for(cast.agent))
    with pytest.raises(Invalid):
        actions.call_by_video(actor=VISITOR, phone="12345")
    _first, key = begun(exchange)
    begun(exchange)
    with pytest.raises(Refused, match="full"):
        actions.call_by_video(actor=VISITOR)
    owed = actions.ask_for_video(actor=VISITOR, phone=PHONE)
    assert (owed.call.outcome, owed.call.medium, owed.call.state) == ("full", "video", "ended")
    assert actions.ask_for_video(actor=VISITOR, phone=f"+86 {PHONE}") == owed
    with pytest.raises(Invalid):
        actions.ask_for_video(actor=VISITOR, phone="")
    with pytest.raises(Invalid):
        actions.leave_number(actor=VISITOR, key=key, phone="")
    actions.leave_number(actor=VISITOR, key=key, phone="13700001111")
    assert fresh(_first).outcome == "call_back"
    assert CallBack.objects.filter(call=_first).exists()
    with pytest.raises(Refused, match="call_state"):
        actions.leave_number(actor=VISITOR, key=key, phone="13700001111")
    Line.objects.update(opens=time(8), closes=time(8, 1))
    opened = queries.video_open()
    assert opened is not None
    if opened.admission == "closed":  # unless it is that very minute
        with pytest.raises(Refused, match="closed"):
            actions.call_by_video(actor=VISITOR)
    Lane.objects.filter(pk=sign_lane.pk).update(active=False)
    for begin in (
        lambda: actions.call_by_video(actor=VISITOR),
        lambda: actions.ask_for_video(actor=VISITOR, phone=PHONE),
    ):
        with pytest.raises(ActionError, match="no_video"):
            begin()


def test_other_engines_offer_none(cast: Cast, sign_lane: Lane, settings: Any):
    assert queries.video_open() is not None
    settings.ENGINE = "asterisk"
    assert queries.video_open() is None


def test_a_restart_of_the_exchange_loses_nobody_who_waits(cast: Cast, sign_lane: Lane):
    exchange = Exchange()
    waiting, _key = begun(exchange)
    exchange.reset(run="run-2")
    assert (fresh(waiting).state, fresh(waiting).leg[:6]) == ("queued", "video-")
    again = stands(exchange, waiting)
    assert (again.state, again.leg[:6]) == ("queued", "place-")
    exchange.reset(Leg(again.leg, "stand_in", "in", "up", datetime.now(UTC), label=f"video:{waiting.pk}"))
    assert fresh(waiting).state == "queued"
    # A place that belongs to nobody is let go; so is one that the switch does not give.
    exchange.tell(
        LegStarted, "lost", Leg("lost", "stand_in", "in", "up", datetime.now(UTC), label="video:999999")
    )
    assert Ask.objects.filter(verb="hangup", arguments__leg="lost").exists()
    other = actions.call_by_video(actor=VISITOR, phone=PHONE).call
    actions.refused(actor=SYSTEM, ask_id=Ask.objects.get(verb="stand_in").pk, code="too_many")
    assert (fresh(other).outcome, CallBack.objects.filter(call=other).count()) == ("cut", 1)


def test_tables():
    assert in_view("talking", "") == {Part.CITIZEN, Part.AGENT}
    assert in_view("talking", ConsultState.RINGING) == {Part.CITIZEN, Part.AGENT}
    assert in_view("talking", ConsultState.CONFERENCE) == set(Part)
    assert in_view("held", ConsultState.TALKING) == {Part.AGENT, Part.HELPER}
    assert in_view("held", "") == in_view("queued", "") == in_view("ended", "") == set()
    moment = datetime.now(UTC)
    assert gone(moment, None, moment) == ""
    assert gone(moment, moment, moment + timedelta(seconds=1)) == ""
    assert gone(moment, moment, moment + LEAVING) == "far"
    assert gone(moment, None, moment + AWAY) == "silent"
    assert [is_page(name) for name in ("0123456789abcdef", "", "x" * 16, "0" * 33)] == [
        True,
        False,
        False,
        False,
    ]
    assert [is_mobile(name) for name in ("13900001111", "02112345", "139000011112")] == [True, False, False]
    assert signal_fault("offer", "v=0\r\n") == signal_fault("again", "") == ""
    assert signal_fault("answer", "v=0 é") == "body"


def test_who_is_owed_a_call_by_video_gets_a_link_that_goes_to_the_head(cast: Cast, sign_lane: Lane):
    from hotline.notifications.models import Message

    exchange = Exchange()
    owed = actions.ask_for_video(actor=VISITOR, phone=PHONE)
    clerk = actor_for(cast.agent)
    with pytest.raises(Refused, match="by_video"):
        actions.call_back(actor=clerk, call_back_id=owed.pk)
    actions.invite_by_video(actor=clerk, call_back_id=owed.pk)
    with pytest.raises(Refused, match="under_way"):
        actions.invite_by_video(actor=clerk, call_back_id=owed.pk)
    (text,) = Message.objects.values_list("text", flat=True)
    key = text.partition("?i=")[2].split()[0]
    assert (fresh(owed).tries, key != "") == (1, True)
    link = f"{reverse('portal:video')}?i={key}"
    assert 'id="video-phone' not in Client().get(link).content.decode()
    first, _key = begun(exchange)
    begun(exchange)
    assert not begun_full()
    call, _own = begun(exchange, invitation=key)
    assert (call.at_head, call.citizen_id) == (True, owed.call.citizen_id)
    with pytest.raises(Refused, match="full"):
        actions.call_by_video(actor=VISITOR, invitation=key)  # once
    assert 'id="video-stale"' in Client().get(link).content.decode()  # and the page says so instead of promising the head
    session = signer(cast, "手语一", exchange)
    assert distribute() == 1
    assert fresh(session).call_id == call.pk != first.pk
    actions.answer(actor=at_work(session), session_id=session.pk)
    actions.hang_up(actor=at_work(session), session_id=session.pk)
    exchange.ended(call.leg, "near")
    assert fresh(owed).state == "done"
    voice = exchange.queued()
    exchange.ended(voice.leg)
    with pytest.raises(Refused, match="not_by_video"):
        actions.invite_by_video(actor=clerk, call_back_id=CallBack.objects.get(call=voice).pk)


def begun_full() -> bool:
    """Whether a visitor without a link would be taken now."""
    opened = queries.video_open()
    return opened is not None and opened.admission == "open"
