"""Queueing as tables and pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.calls.rules import (
    AGENT_MOVES,
    CALL_MOVES,
    ON_A_CALL,
    Admission,
    AgentState,
    CallState,
    Free,
    LaneFacts,
    Notice,
    OfferEnd,
    Outcome,
    Spell,
    Waiting,
    Want,
    admission,
    announced,
    best,
    call_back_due,
    chose,
    gaps,
    hung_up_in,
    in_turn,
    is_open,
    likely_wait,
    line_of,
    match,
    occupancy,
    offer_end,
    offers_call_back,
    seconds_by_state,
    wants_of,
)

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SKILLS = ("general", "english", "enterprise")


def ago(seconds: float) -> datetime:
    return AT - timedelta(seconds=seconds)


# ---- who is offered next

wants = st.lists(
    st.builds(
        Want,
        st.sampled_from(SKILLS),
        st.integers(1, 5),
        st.integers(0, 120).map(lambda s: timedelta(seconds=s)),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
waitings = st.lists(
    st.builds(
        Waiting,
        call=st.integers(1, 10_000),
        since=st.integers(0, 600).map(ago),
        priority=st.integers(-3, 3),
        wants=wants,
        at_head=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: one.call,
)
frees = st.lists(
    st.builds(
        Free,
        session=st.integers(1, 10_000),
        idle_since=st.integers(0, 600).map(ago),
        skills=st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 5)),
    ),
    max_size=12,
    unique_by=lambda one: one.session,
)


@given(waitings, frees)
def test_no_call_to_two_no_agent_twice_and_nobody_able_is_left_over(
    waiting: list[Waiting], free: list[Free]
) -> None:
    pairs = match(waiting, free, AT)
    calls, sessions = [pair.call for pair in pairs], [pair.session for pair in pairs]
    assert len(set(calls)) == len(calls)
    assert len(set(sessions)) == len(sessions)
    assert set(calls) <= {one.call for one in waiting}
    left = [agent for agent in free if agent.session not in sessions]
    for one in waiting:
        if one.call not in calls:
            assert best(one, left, AT) is None


@given(waitings, frees)
def test_whose_turn_it_is_gets_the_best_of_all(waiting: list[Waiting], free: list[Free]) -> None:
    found = {pair.call: pair for pair in match(waiting, free, AT)}
    turn = in_turn(waiting, AT)
    if turn and (first := best(turn[0], free, AT)) is not None:
        assert found[turn[0].call].session == first[0].session
        assert found[turn[0].call].overflowed is first[1]


@given(waitings, frees, st.randoms())
def test_the_order_in_which_rows_come_does_not_matter(
    waiting: list[Waiting], free: list[Free], random
) -> None:
    pairs = match(waiting, free, AT)
    random.shuffle(waiting)
    random.shuffle(free)
    assert match(waiting, free, AT) == pairs


def test_head_then_priority_that_grows_with_waiting_then_time():
    general = (Want("general"),)
    new_important = Waiting(1, ago(5), 2, general)
    old_routine = Waiting(2, ago(180), 0, general)
    put_back = Waiting(3, ago(1), 0, general, at_head=True)
    newer = Waiting(4, ago(4), 2, general)
    assert [one.call for one in in_turn([new_important, newer, old_routine, put_back], AT)] == [3, 2, 1, 4]


def test_level_then_longest_idle_and_overflow_only_after_its_wait():
    lanes = {
        "english": LaneFacts("english", "english", 2, "general", timedelta(seconds=90)),
        "general": LaneFacts("general", "general", 1, "english", timedelta(seconds=30)),
    }
    steps = wants_of("english", lanes)
    assert steps == (Want("english", 2), Want("general", 1, timedelta(seconds=90)))
    assert wants_of("nowhere", lanes) == ()
    people = [
        Free(1, ago(10), {"general": 3}),
        Free(2, ago(500), {"general": 3}),
        Free(3, ago(1), {"general": 4}),
        Free(4, ago(900), {"english": 1}),
    ]
    assert best(Waiting(1, ago(89), 0, steps), people, AT) is None
    overflow = best(Waiting(1, ago(90), 0, steps), people, AT)
    assert overflow is not None
    assert (overflow[0].session, overflow[1]) == (3, True)
    able = best(Waiting(1, ago(0), 0, wants_of("general", lanes)), people[:2], AT)
    assert able is not None
    assert (able[0].session, able[1]) == (2, False)


def test_lanes_that_share_a_skill_want_it_once():
    lanes = {
        "a": LaneFacts("a", "general", 3, "b", timedelta(seconds=20)),
        "b": LaneFacts("b", "general", 1),
    }
    assert wants_of("a", lanes) == (Want("general", 3),)


@pytest.mark.parametrize(
    ("ahead", "agents", "seconds"), [(0, 1, 240), (0, 4, 60), (7, 4, 480), (-1, 3, 0), (3, 0, None)]
)
def test_the_likely_wait(ahead: int, agents: int, seconds: int | None):
    found = likely_wait(ahead, agents, timedelta(minutes=4))
    assert found == (None if seconds is None else timedelta(seconds=seconds))


def test_a_call_back_is_offered_once():
    minute = timedelta(minutes=1)
    assert offers_call_back(minute, minute, offered=False)
    assert not offers_call_back(minute, minute, offered=True)
    assert not offers_call_back(minute, None, offered=False)
    assert not offers_call_back(minute / 2, minute, offered=False)


# ---- lines


@pytest.mark.parametrize(
    ("opens", "closes", "open_"),
    [
        (time(0), time(0), True),
        (time(9), time(17, 30), True),  # it is 10:00 in the city
        (time(10, 1), time(17), False),
        (time(22), time(6), False),
        (time(9, 59), time(6), True),
        (time(22), time(10, 1), True),
    ],
)
def test_opening_hours_by_the_citys_clock(opens: time, closes: time, open_: bool):
    assert is_open(opens, closes, AT) is open_
    admitted = admission(opens=opens, closes=closes, at=AT, waiting=3, most=3)
    assert admitted is (Admission.FULL if open_ else Admission.CLOSED)
    if open_:
        assert admission(opens=opens, closes=closes, at=AT, waiting=2, most=3) is Admission.OPEN
        assert admission(opens=opens, closes=closes, at=AT, waiting=999, most=0) is Admission.OPEN


def test_only_the_one_key_is_a_choice_and_0_is_a_person():
    assert chose("1", "1")
    for digits in ("0", "", "2", "11"):
        assert not chose(digits, "1")
    assert not chose("0", "0")
    assert not chose("1", "")


def test_announcements_by_line_district_and_time():
    def notice(
        sound: str, line: str = "", district: str = "", begins: float = 60, ends: float | None = None
    ) -> Notice:
        return Notice(sound, line, district, ago(begins), None if ends is None else ago(ends))

    notices = [
        notice("later", begins=-1),
        notice("over", ends=0),
        notice("all", begins=50),
        notice("line", line="12345", begins=70),
        notice("other-line", line="12319"),
        notice("district", district="310106000000"),
        notice("street", district="310106010000"),
    ]
    assert announced(notices, line="12345", district="310106000000", at=AT) == ["line", "district", "all"]
    assert announced(notices, line="12345", district="", at=AT) == ["line", "all"]


def test_the_line_by_its_number_or_the_number_it_ends_with():
    numbers = {"12345": "city", "345": "short"}
    assert line_of("12345", numbers, "fallback") == "city"
    assert line_of("+862112345", numbers, "fallback") == "city"
    assert line_of("021345", numbers, "fallback") == "short"
    assert line_of("110", numbers, "fallback") == "fallback"
    assert line_of("", numbers, "fallback") == "fallback"
    assert call_back_due(AT, timedelta(hours=2)) == AT + timedelta(hours=2)


# ---- states


def test_every_state_is_entered_and_left_and_the_last_is_last():
    for moves, states, first, last in (
        (AGENT_MOVES, AgentState, set(), None),
        (CALL_MOVES, CallState, {CallState.ARRIVED, CallState.DIALLING}, CallState.ENDED),
    ):
        assert {move.after for move in moves.values()} | first >= set(states)
        left = {state for move in moves.values() for state in move.before}
        assert left == set(states) - {last}


def test_whoever_is_on_a_call_cannot_sign_out_or_pause():
    for verb in ("sign_out", "pause", "ready"):
        assert not AGENT_MOVES[verb].before & ON_A_CALL


def test_what_a_hang_up_means():
    assert hung_up_in(CallState.CHOOSING) == Outcome.LEFT_EARLY
    assert hung_up_in(CallState.QUEUED) == hung_up_in(CallState.OFFERED) == Outcome.ABANDONED
    assert hung_up_in(CallState.HELD) == Outcome.ANSWERED
    assert offer_end("busy") == OfferEnd.DECLINED
    assert offer_end("no_answer") == OfferEnd.NO_ANSWER
    assert offer_end("failed") == OfferEnd.VANISHED


# ---- each second

moments = st.lists(st.integers(0, 3600), min_size=2, max_size=20, unique=True).map(sorted)


@given(moments, st.data())
def test_each_second_lies_in_one_state(ends: list[int], data) -> None:
    states = data.draw(st.lists(st.sampled_from(AgentState.values), min_size=len(ends), max_size=len(ends)))
    points = [AT + timedelta(seconds=one) for one in ends]
    spells = [
        Spell(state, begin, end)
        for state, begin, end in zip(states, points, [*points[1:], None], strict=True)
    ]
    until = points[-1] + timedelta(seconds=60)
    sums = seconds_by_state(spells, since=points[0], until=until)
    assert sum(sums.values()) == pytest.approx((until - points[0]).total_seconds())
    assert gaps(spells) == []
    rate = occupancy(sums)
    assert rate is not None
    assert 0 <= rate <= 1


def test_a_missing_second_is_found_and_nobody_is_busy_who_was_never_there():
    spells = [Spell("ready", ago(60), ago(30)), Spell("talking", ago(20), None)]
    assert gaps(spells) == [(ago(30), ago(20))]
    assert seconds_by_state(spells, since=ago(40), until=ago(10)) == {"ready": 10.0, "talking": 10.0}
    assert occupancy({}) is None
