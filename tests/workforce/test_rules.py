"""Erlang against published values, forecasts against made seasons, the played day's invariants."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.calls.rules.queueing import LaneFacts
from hotline.workforce.rules.erlang import (
    Target,
    erlang_b,
    erlang_c,
    planned_for,
    seats_needed,
    service_a,
    service_c,
)
from hotline.workforce.rules.forecast import (
    QUARTERS,
    Kind,
    backtest,
    error_of,
    forecast,
    kind_of,
    together,
)
from hotline.workforce.rules.simulation import (
    Caller,
    Seat,
    Strategy,
    drawn_patience,
    drawn_seats,
    lanes_under,
    patience_of,
    play,
    seats_under,
)

# -- Erlang ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seats", "load", "lost"), [(10, 4.461, 0.01), (20, 12.03, 0.01), (100, 84.06, 0.01), (5, 2.219, 0.05)]
)
def test_erlang_b_as_in_the_tables(seats, load, lost):
    """The usual tables of traffic at 1% and 5% loss."""
    assert erlang_b(seats, load) == pytest.approx(lost, rel=2e-3)


def test_erlang_c_as_in_the_worked_example():
    """callcentrehelper.com: 200 calls an hour of 180 s, 14 agents: 17.4% wait, 88.8% within 20 s, mean 7.8 s, 71.4% busy."""
    assert erlang_c(14, 10) == pytest.approx(0.174, abs=5e-4)
    found = service_c(14, 200, 180, 20)
    assert found.in_time == pytest.approx(0.888, abs=5e-4)
    assert found.wait == pytest.approx(7.8, abs=0.05)
    assert found.occupancy == pytest.approx(0.714, abs=5e-4)
    assert seats_needed(200, 180, Target(0.80, 20, 0.85)) == 14


def test_erlang_a_as_garnett_mandelbaum_and_reiman_have_it():
    """48 calls a minute of one minute, 50 agents, patience of two minutes: 3.1% give up, mean wait 3.7 s, 93% busy; without
    giving up 20.8 s and 96%."""
    found = service_a(50, 48 * 60, 60, 120)
    assert found.abandoned == pytest.approx(0.031, abs=5e-4)
    assert found.wait == pytest.approx(3.7, abs=0.05)
    assert found.occupancy == pytest.approx(0.93, abs=5e-3)
    without = service_c(50, 48 * 60, 60, 20)
    assert without.wait == pytest.approx(20.8, abs=0.05)
    assert without.occupancy == 0.96


@given(st.integers(1, 200), st.floats(1, 4000), st.floats(30, 900))
def test_more_seats_never_serve_worse(seats, calls, handling):
    one, more = service_c(seats, calls, handling, 15), service_c(seats + 1, calls, handling, 15)
    assert more.in_time >= one.in_time - 1e-12
    patient, more_patient = service_a(seats, calls, handling, 90), service_a(seats + 1, calls, handling, 90)
    assert more_patient.abandoned <= patient.abandoned + 1e-9
    assert 0 <= patient.abandoned <= 1


@given(st.floats(0.5, 3000), st.floats(30, 900))
def test_the_fewest_seats_keep_the_target_and_one_fewer_does_not(calls, handling):
    target = Target()
    seats = seats_needed(calls, handling, target)
    found = service_c(seats, calls, handling, target.seconds)
    assert found.in_time >= target.share
    assert found.occupancy <= target.occupancy + 1e-6
    if seats > 1:
        fewer = service_c(seats - 1, calls, handling, target.seconds)
        assert fewer.in_time < target.share or fewer.occupancy > target.occupancy


def test_nobody_is_needed_for_nothing_and_nothing_is_served_by_nobody():
    assert seats_needed(0, 300, Target()) == 0
    assert planned_for(8, 0.2) == 10
    assert (erlang_b(0, 0), erlang_b(3, 0), erlang_c(0, 0), erlang_c(2, 0)) == (1.0, 0.0, 1.0, 0.0)
    assert service_c(0, 0, 60, 15).in_time == 0
    assert service_c(3, 3600, 60, 15).wait is None
    assert service_a(0, 100, 60, 30).abandoned == 1
    assert service_a(2, 0, 60, 30).in_time == 1


# -- forecast --------------------------------------------------------------------------------------------------------------

MONDAY = date(2026, 3, 2)


def plain(day: date) -> Kind:
    return kind_of(day, works=day.weekday() < 5)


def season(days: int, *, noise: int = 0, growth: float = 0.0) -> dict[date, list[float]]:
    """Working days twice a day of rest, a hump at noon."""
    random = Random(5)
    found = {}
    for n in range(days):
        day = MONDAY + timedelta(days=n)
        size = (40 if day.weekday() < 5 else 20) * (1 + growth * n)
        found[day] = [
            max(0.0, size * (1 - abs(place - 48) / 48) + random.uniform(-noise, noise))
            for place in range(QUARTERS)
        ]
    return found


def test_a_season_that_repeats_is_foreseen():
    history = season(42)
    for ahead in range(7):
        day = MONDAY + timedelta(days=42 + ahead)
        expected = forecast(history, day, plain, lambda _day: 1.0)
        assert expected is not None
        actual = history[day - timedelta(days=7)]
        assert sum(expected) == pytest.approx(sum(actual), rel=0.12)
        assert expected[48] == max(expected)
    tested = backtest(history, sorted(history)[-14:], plain, lambda _day: 1.0)
    assert len(tested) == 14
    assert all(one.ours.wape < 0.12 for one in tested)


def test_noise_is_averaged_out_where_last_week_repeats_it():
    history = season(70, noise=12)
    ours, naive = together(backtest(history, sorted(history)[-14:], plain, lambda _day: 1.0))
    assert ours.wape < naive.wape
    assert ours.mae < naive.mae


def test_a_forecast_knows_no_day_but_those_before():
    history = season(42, noise=5)
    day = sorted(history)[30]
    before = {one: counts for one, counts in history.items() if one < day}
    assert forecast(history, day, plain, lambda _day: 1.0) == forecast(before, day, plain, lambda _day: 1.0)
    assert forecast(history, MONDAY, plain, lambda _day: 1.0) is None


def test_make_up_days_are_like_working_days_and_planners_know_more():
    history = season(42)
    saturday = MONDAY + timedelta(days=47)

    def kind(day: date) -> Kind:
        return kind_of(day, works=day.weekday() < 5 or day == saturday)

    rest, works = (sum(forecast(history, saturday, how, lambda _day: 1.0)) for how in (plain, kind))
    assert works > 1.6 * rest
    assert kind(saturday).name == "make_up"
    assert kind_of(MONDAY, works=False) == Kind("holiday", rest=True)
    storm = forecast(history, saturday, plain, lambda day: 2.0 if day == saturday else 1.0)
    assert sum(storm) == pytest.approx(2 * rest)
    # A past storm that was known teaches nothing about usual days.
    wet = MONDAY + timedelta(days=40)
    history[wet] = [3 * one for one in history[wet]]
    known = forecast(history, MONDAY + timedelta(days=42), plain, lambda day: 3.0 if day == wet else 1.0)
    assert sum(known) == pytest.approx(sum(season(43)[MONDAY + timedelta(days=42)]), rel=0.12)


def test_an_error_of_nothing_has_no_share():
    assert error_of([1.0, 0.0], [0.0, 0.0]).wape is None
    assert error_of([2.0, 0.0], [1.0, 1.0]).wape == 1.0
    assert together([]) == (None, None)


# -- a played day ----------------------------------------------------------------------------------------------------------

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
LANES = {
    "general": LaneFacts("general", "general"),
    "english": LaneFacts("english", "english", 1, "general", timedelta(seconds=30)),
}
STREAM = st.lists(
    st.tuples(
        st.integers(0, 1800), st.sampled_from(["general", "english"]), st.integers(0, 3),
        st.one_of(st.none(), st.integers(0, 300)), st.integers(1, 400), st.integers(0, 90),
    ),
    min_size=1, max_size=40,
)  # fmt: skip
SEATS = st.lists(
    st.tuples(st.integers(0, 900), st.integers(1, 3600), st.sampled_from([("general",), ("english",), ("general", "english")])),
    max_size=6,
)  # fmt: skip


def made(rows) -> list[Caller]:
    ordered = sorted(rows, key=lambda row: row[0])
    return [Caller(n, BEGIN + timedelta(seconds=row[0]), *row[1:]) for n, row in enumerate(ordered, 1)]


def seated(rows) -> list[Seat]:
    return [
        Seat(
            n,
            BEGIN + timedelta(seconds=begins),
            BEGIN + timedelta(seconds=begins + length),
            dict.fromkeys(skills, 3),
        )
        for n, (begins, length, skills) in enumerate(rows, 1)
    ]


@settings(max_examples=60, deadline=None)
@given(STREAM, SEATS)
def test_each_caller_ends_once_and_no_seat_has_two(stream, rows):
    callers, seats = made(stream), seated(rows)
    played = play(callers, seats, LANES)
    assert [one.caller for one in played.ends] == [one.number for one in callers]
    load = played.load
    assert load.answered + load.abandoned == load.queued == len(callers)
    by_number = {one.number: one for one in callers}
    taken: dict[int, list[tuple[datetime, datetime]]] = {}
    for end in played.ends:
        one = by_number[end.caller]
        if end.seat is None:
            continue
        seat = seats[end.seat - 1]
        assert seat.begins <= end.offered_at < seat.ends
        assert one.patience is None or end.waited - 4 <= one.patience
        taken.setdefault(end.seat, []).append(
            (end.offered_at, end.offered_at + timedelta(seconds=4 + one.talk + one.wrap))
        )
    for spans in taken.values():
        spans.sort()
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))
    assert played == play(callers, seats, LANES)
    busy = sum(4 + by_number[end.caller].talk + by_number[end.caller].wrap for end in played.ends if end.seat)
    assert played.seconds.signed_in - played.seconds.ready == pytest.approx(busy)


@settings(max_examples=60, deadline=None)
@given(STREAM, SEATS)
def test_within_a_lane_and_priority_the_first_is_offered_first(stream, rows):
    callers = made(stream)
    by_number = {one.number: one for one in callers}
    groups: dict[tuple[str, int], list[tuple[datetime, int, datetime]]] = {}
    for end in play(callers, seated(rows), LANES).ends:
        one = by_number[end.caller]
        if end.offered_at is not None:
            groups.setdefault((one.lane, one.priority), []).append((one.at, one.number, end.offered_at))
    for offers in groups.values():
        moments = [offered for _at, _number, offered in sorted(offers)]
        assert moments == sorted(moments)


@settings(max_examples=60, deadline=None)
@given(STREAM, st.integers(1, 5))
def test_one_seat_more_makes_nobody_wait_longer_when_all_are_alike_and_stay(stream, count):
    """True for first come first served, one skill, nobody giving up (Kiefer and Wolfowitz 1955); with skills or impatience it is
    not for each caller, so it is not claimed."""
    callers = made(
        [(at, "general", 0, None, talk, wrap) for at, _lane, _priority, _patience, talk, wrap in stream]
    )
    days = [play(callers, seated([(0, 90_000, ("general",))] * seats), LANES) for seats in (count, count + 1)]
    for fewer, more in zip(days[0].ends, days[1].ends, strict=True):
        assert more.waited <= fewer.waited + 1e-6


def test_strategies_change_who_helps():
    callers = made([(0, "english", 0, 120, 60, 0)])
    seats = seated([(0, 3600, ("general",))])
    assert play(callers, seats, LANES).ends[0].waited == 34
    sooner = lanes_under(Strategy.AS_SET, LANES, 10)
    assert play(callers, seats, sooner).ends[0].waited == 14
    apart = lanes_under(Strategy.APART, LANES, None)
    assert play(callers, seats, apart).load.abandoned == 1
    pooled = seats_under(Strategy.POOLED, seats, LANES)
    assert play(callers, pooled, LANES).ends[0].waited == 4
    assert seats_under(Strategy.APART, seats, LANES) == seats
    assert play([], seats, LANES).ends == []
    late = play(made([(0, "general", 0, None, 60, 0)]), [], LANES)
    assert late.load.answered == 0
    drawn = drawn_seats(seats, 3, BEGIN, BEGIN + timedelta(hours=1), 7)
    assert drawn == drawn_seats(seats, 3, BEGIN, BEGIN + timedelta(hours=1), 7)
    assert [one.skills for one in drawn] == [{"general": 3}] * 3
    assert drawn_seats([], 1, BEGIN, BEGIN, 1)[0].skills == {}


def test_patience_of_the_answered_is_not_their_wait():
    """Kaplan and Meier by hand: 2 gave up of 4 still there, 6 of 2; who was answered after 3 might have waited longer."""
    curve = patience_of([(2, True), (3, False), (6, True), (9, False)])
    assert curve == [(2, 0.75), (6, 0.375)]
    drawn = [drawn_patience(curve, 0, Random(seed)) for seed in range(400)]
    assert set(drawn) == {2, 6, None}
    assert 0.15 < drawn.count(2) / 400 < 0.35
    assert {drawn_patience(curve, 3, Random(seed)) for seed in range(50)} == {6, None}
    assert drawn_patience([], 3, Random(1)) is None
