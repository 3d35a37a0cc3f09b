"""Periods, tries and what follows from an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.followup import rules
from hotline.followup.rules import Answer, NextStep, Period
from hotline.kit.clock import CITY_ZONE


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CITY_ZONE)


@pytest.mark.parametrize(
    ("moment", "period"),
    [
        ("2026-11-23 08:00", Period.MORNING),
        ("2026-11-23 11:59", Period.MORNING),
        ("2026-11-23 12:00", Period.AFTERNOON),
        ("2026-11-23 17:59", Period.AFTERNOON),
        ("2026-11-23 18:00", Period.EVENING),
        ("2026-11-23 23:59", Period.EVENING),
    ],
)
def test_period_of_the_citys_clock(moment: str, period: Period) -> None:
    assert rules.period_of(at(moment)) == period
    assert rules.period_of(at(moment).astimezone(UTC)) == period


@pytest.mark.parametrize(
    ("now", "tried", "wanted"),
    [
        ("2026-11-23 10:00", ["morning"], "2026-11-23 13:30"),
        ("2026-11-23 14:00", ["morning", "afternoon"], "2026-11-23 18:30"),
        ("2026-11-23 19:00", ["evening"], "2026-11-24 09:00"),
        ("2026-11-23 19:00", ["morning", "afternoon", "evening"], "2026-11-24 09:00"),
        ("2026-11-23 14:00", ["evening", "morning"], "2026-11-24 13:30"),
    ],
)
def test_next_try_falls_into_another_period(now: str, tried: list[str], wanted: str) -> None:
    assert rules.next_try(at(now), tried) == at(wanted)


def test_a_city_may_leave_out_a_period() -> None:
    assert rules.next_try(at("2026-11-23 14:00"), ["afternoon"], ["morning", "afternoon"]) == at(
        "2026-11-24 09:00"
    )
    assert rules.next_try(at("2026-11-23 08:00"), [], ["nonsense"]) == at("2026-11-23 09:00")


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1)),
    st.lists(st.sampled_from(list(Period)), max_size=4),
)
def test_next_try_is_later_within_two_days_and_callable(now: datetime, tried: list[str]) -> None:
    local = now.replace(tzinfo=CITY_ZONE)
    following = rules.next_try(local, tried)
    assert local < following <= local + timedelta(days=2)
    assert following.time() in [start for start, _end in rules.HOURS.values()]


@pytest.mark.parametrize(
    ("tries", "limit", "over"), [(0, 3, False), (2, 3, False), (3, 3, True), (1, 0, True)]
)
def test_tries_end(tries: int, limit: int, over: bool) -> None:
    assert rules.exhausted(tries, limit) is over


GOOD = Answer(True, True, True, 5)
BAD = Answer(True, True, False, 2, "还在漏水")


@pytest.mark.parametrize(
    ("answers", "redos", "anyway", "step"),
    [
        ([], 0, False, NextStep.CLOSE),
        ([GOOD], 0, False, NextStep.CLOSE),
        ([GOOD, BAD], 0, False, NextStep.REDO),
        ([BAD], 1, False, NextStep.REDO_SUPERVISED),
        ([BAD], 1, True, NextStep.CLOSE),
        ([Answer(solved=True, satisfaction=3)], 0, False, NextStep.CLOSE),
        ([Answer(solved=True, satisfaction=2)], 0, False, NextStep.REDO),
        ([Answer(solved=True, satisfaction=5, reply_true=False)], 0, False, NextStep.REDO),
    ],
)
def test_next_step(answers: list[Answer], redos: int, anyway: bool, step: NextStep) -> None:
    assert rules.next_step(answers, redos, close_anyway=anyway) == step


def test_the_gravest_reason_and_the_unhappiest_answer_speak() -> None:
    assert rules.redo_reason(Answer(reply_true=False, solved=False)) == "false_reply"
    assert rules.redo_reason(Answer(solved=False)) == "unsolved"
    assert rules.redo_reason(Answer(solved=True, satisfaction=1)) == "dissatisfied"
    assert rules.worst([]) is None
    assert rules.worst([GOOD, BAD]) == BAD
    assert rules.worst([GOOD, Answer(solved=True)]) == GOOD


def test_what_is_missing_is_named() -> None:
    assert set(rules.problems(Answer())) == {"solved", "satisfaction"}
    assert set(rules.problems(Answer(solved=True, satisfaction=9))) == {"satisfaction"}
    assert set(rules.problems(Answer(solved=False, satisfaction=4))) == {"opinion"}
    assert rules.problems(GOOD) == {}


def test_the_sample_is_even_and_tied_to_its_seed() -> None:
    drawn = sum(rules.drawn(task, 0.1, "seed") for task in range(20_000))
    assert 1_700 < drawn < 2_300
    assert not any(rules.drawn(task, 0.0, "seed") for task in range(1000))
    assert all(rules.drawn(task, 1.0, "seed") for task in range(1000))
    assert [rules.drawn(t, 0.5, "a") for t in range(64)] != [rules.drawn(t, 0.5, "b") for t in range(64)]


def test_where_two_calls_differ() -> None:
    assert rules.disagree(GOOD, GOOD) == []
    assert rules.disagree(GOOD, BAD) == ["solved", "satisfaction"]
    assert rules.disagree(GOOD, Answer(unit_contacted=False)) == ["unit_contacted"]
    assert rules.disagree(Answer(satisfaction=4), Answer(satisfaction=3)) == []
