"""B11: one rating a call by key, and what a caller who waits is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.calls import actions, queries
from hotline.calls.actions.moving import SYSTEM, command_of
from hotline.calls.engines import Play
from hotline.calls.models import AgentSession, Ask, Call, CallBack, CallEvent, Lane, Line, Prompt, Rating
from hotline.calls.queries.prompting import own_words
from hotline.calls.rules import MUSIC
from hotline.calls.rules.prompting import (
    LONG,
    MANY_AHEAD,
    NEXT,
    NO_VOICE,
    OWN_KEY,
    RATE,
    RATED,
    SOON,
    Said,
    key_of,
    said,
    wait_sound,
    waiting_words,
)
from hotline.kit.clock import now
from hotline.kit.errors import Refused
from tests.accounts.cast import Cast
from tests.calls.factories import (
    Exchange,
    asked,
    at_work,
    distribute,
    forget,
    fresh,
    make_agent,
    make_telephony,
)


def audible(*names: str) -> None:
    """As if a city had recorded them."""
    Prompt.objects.bulk_create(Prompt(name=name, key=OWN_KEY, at=now()) for name in names)


def talking(exchange: Exchange, cast: Cast) -> tuple[Call, AgentSession]:
    session = make_agent(cast, "6001")
    call = exchange.queued()
    distribute()
    exchange.answered(exchange.dialled())
    forget()
    return fresh(call), fresh(session)


def played(call: Call) -> list[tuple[str, ...]]:
    rows = Ask.objects.filter(chain=f"call:{call.pk}", verb="play").order_by("pk")
    commands: list[Any] = [command_of(row) for row in rows]
    assert all(isinstance(one, Play) for one in commands)
    return [one.files for one in commands]


# -- rules -----------------------------------------------------------------------------------------------------------------


def test_how_far_a_text_is_follows_from_what_its_file_says():
    key = key_of("您好")
    assert said("您好", key, "", "") == Said.SPOKEN
    assert said("您好", OWN_KEY, key, "broke") == Said.OWN
    assert said("您好", "", "", "") == said("您好", "other", "other", "broke") == Said.BEING_SPOKEN
    assert said("您好", "other", key, "broke") == Said.FAILED
    assert said("您好", "", key, NO_VOICE) == Said.NO_VOICE


def test_a_wait_is_told_by_the_next_sentence_there_is():
    told = {
        seconds: wait_sound(timedelta(seconds=seconds)) for seconds in (0, 59, 60, 61, 900, 901, 1201, 1800)
    }
    assert told == {
        0: SOON,
        59: SOON,
        60: "wait/minutes-1.wav",
        61: "wait/minutes-2.wav",
        900: "wait/minutes-15.wav",
        901: "wait/minutes-20.wav",
        1201: "wait/minutes-30.wav",
        1800: "wait/minutes-30.wav",
    }
    assert wait_sound(timedelta(hours=1)) == LONG
    everything = set(own_words())
    assert {*told.values(), LONG} <= everything
    assert waiting_words(0, None, everything) == (NEXT,)
    assert waiting_words(9, timedelta(minutes=3), everything) == ("wait/ahead-9.wav", "wait/minutes-3.wav")
    assert waiting_words(10, timedelta(minutes=3), everything) == (MANY_AHEAD, "wait/minutes-3.wav")
    assert waiting_words(1, timedelta(minutes=3), {SOON}) == ()


# -- waiting ---------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_who_waits_is_told_their_place_and_wait_and_hears_music_again(cast: Cast):
    exchange = Exchange()
    make_telephony()
    Lane.objects.update(call_back_seconds=None, update_seconds=45)
    audible(*own_words())
    make_agent(cast, "6001", is_ready=False)
    first, second = exchange.queued(), exchange.queued()
    # Nobody was ever spoken to in this lane: rounds of four minutes for the one agent who is signed in.
    assert played(first)[-1] == (NEXT, "wait/minutes-4.wav")
    assert played(second)[-1] == ("wait/ahead-1.wav", "wait/minutes-8.wav")
    forget()
    exchange.tell_played(second.leg)
    assert played(second) == [(MUSIC,)]
    forget()
    assert actions.watch(actor=SYSTEM) == 0
    Call.objects.update(queued_at=now() - timedelta(minutes=5), told_at=now() - timedelta(seconds=46))
    exchange.ended(first.leg)
    assert actions.watch(actor=SYSTEM) == 1
    assert played(second) == [(NEXT, "wait/minutes-4.wav")]
    assert CallEvent.objects.filter(call=second, verb="tell_wait").count() == 2
    assert actions.watch(actor=SYSTEM) == 0


@pytest.mark.django_db
def test_without_a_voice_the_music_goes_on(cast: Cast):
    exchange = Exchange()
    make_telephony()
    Lane.objects.update(call_back_seconds=None)
    call = exchange.queued()
    assert played(call)[-1] == (MUSIC,)
    Call.objects.update(queued_at=now() - timedelta(minutes=5))
    forget()
    assert actions.watch(actor=SYSTEM) == 0
    assert played(call) == []


@pytest.mark.django_db
def test_music_that_is_missing_is_not_asked_for_again_and_again():
    exchange = Exchange()
    make_telephony()
    audible(NEXT)
    call = exchange.queued()
    row = Ask.objects.get(chain=f"call:{call.pk}", arguments__files=[NEXT])
    actions.refused(actor=SYSTEM, ask_id=row.pk, code="file_missing")
    row = Ask.objects.get(arguments__loop=True)
    assert row.arguments["files"] == [MUSIC]
    forget_others = Ask.objects.exclude(pk=row.pk)
    forget_others.delete()
    actions.refused(actor=SYSTEM, ask_id=row.pk, code="file_missing")
    assert asked(call) == []


# -- rating ----------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("by_phone", [True, False])
def test_the_agents_hang_up_leaves_the_caller_with_one_question(cast: Cast, by_phone: bool):
    exchange = Exchange()
    make_telephony()
    audible(RATE, RATED)
    call, session = talking(exchange, cast)
    if by_phone:
        segment = call.segments.get()
        exchange.ended(segment.leg)
    else:
        actions.hang_up(actor=at_work(session), session_id=session.pk)
    # The agent's after-call work began at once.
    assert fresh(session).state == "wrap_up"
    assert fresh(call).state == "rating"
    assert "hangup" not in [row.verb for row in Ask.objects.filter(arguments__leg=call.leg)]
    assert asked(call)[-2:] == ["collect", "play"]
    assert played(call) == [(RATE,)]
    exchange.digits(call.leg, "4")
    assert played(call)[-1] == (RATED,)
    exchange.tell_played(call.leg)
    assert asked(call)[-1] == "hangup"
    exchange.ended(call.leg, "near")
    rating = Rating.objects.get()
    assert (rating.call, rating.session, rating.grade) == (call, session, 4)
    assert fresh(call).outcome == "answered"
    assert not CallBack.objects.exists()
    spell = session.spells.get(state="talking")
    assert spell.ended_at is not None
    assert fresh(call).ended_at >= spell.ended_at


@pytest.mark.django_db
@pytest.mark.parametrize("digits", ["", "7"])
def test_no_key_or_a_wrong_one_is_no_rating_and_goodbye(cast: Cast, digits: str):
    exchange = Exchange()
    make_telephony()
    audible(RATE, RATED)
    call, session = talking(exchange, cast)
    actions.hang_up(actor=at_work(session), session_id=session.pk)
    exchange.digits(call.leg, digits, "complete" if digits else "timeout")
    assert asked(call)[-1] == "hangup"
    exchange.ended(call.leg, "near")
    assert Rating.objects.get().grade is None
    assert fresh(call).outcome == "answered"


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["far", "failed", "silent"])
def test_who_hangs_up_at_the_question_is_owed_nothing(cast: Cast, reason: str):
    exchange = Exchange()
    make_telephony()
    audible(RATE)
    call, session = talking(exchange, cast)
    actions.hang_up(actor=at_work(session), session_id=session.pk)
    exchange.ended(call.leg, reason)
    assert fresh(call).outcome == "answered"
    assert not CallBack.objects.exists()
    assert Rating.objects.get().grade is None


@pytest.mark.django_db
def test_without_the_question_or_on_another_line_the_caller_is_hung_up(cast: Cast):
    exchange = Exchange()
    make_telephony()
    call, session = talking(exchange, cast)
    with pytest.raises(Refused) as wrong:
        actions.hand_to_satisfaction(actor=at_work(session), session_id=session.pk)
    assert wrong.value.code == "not_asked"
    assert fresh(session).state == "talking"
    audible(RATE)
    Line.objects.update(asks_satisfaction=False)
    assert "satisfaction" in [one.verb for one in queries.acts_of(queries.session_of(session.person_id))]
    actions.hang_up(actor=at_work(session), session_id=session.pk)
    assert asked(call)[-1] == "hangup"
    assert not Rating.objects.exists()


@pytest.mark.django_db
def test_an_agent_hands_over_on_a_line_that_does_not_ask_by_itself(cast: Cast):
    exchange = Exchange()
    make_telephony(asks_satisfaction=False)
    audible(RATE)
    call, session = talking(exchange, cast)
    actions.hand_to_satisfaction(actor=at_work(session), session_id=session.pk)
    assert fresh(call).state == "rating"
    # Where it was in the question is not known after a restart; nobody is left in silence.
    exchange.reset(exchange.facts(call.leg, state="up"))
    assert asked(call)[-1] == "hangup"


@pytest.mark.django_db
def test_figures_of_ratings_by_period_lane_and_person(cast: Cast):
    exchange = Exchange()
    make_telephony()
    audible(RATE)
    call, session = talking(exchange, cast)
    actions.hang_up(actor=at_work(session), session_id=session.pk)
    exchange.digits(call.leg, "2")
    since, until = now() - timedelta(hours=1), now() + timedelta(hours=1)
    found = queries.ratings(since, until)
    assert (found.asked, found.rated, found.satisfied, found.rate) == (1, 1, 1, 1.0)
    assert found.by_grade == {1: 0, 2: 1, 3: 0, 4: 0, 5: 0}
    assert queries.ratings(since, until, lane_id=call.lane_id, person_id=session.person_id).rated == 1
    assert queries.ratings(since, until, lane_id=0).asked == 0
    assert queries.ratings(until, until + timedelta(hours=1)).rate is None
