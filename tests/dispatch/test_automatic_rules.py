"""What goes out by itself, in what order units are named, what is wrong with a catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.dispatch.rules import (
    FEWEST_JUDGED,
    Candidate,
    Entry,
    Fault,
    Finding,
    Hold,
    Moved,
    Named,
    Past,
    Reason,
    Trust,
    check_trust,
    error_rate,
    findings,
    is_sampled,
    must_stop,
    rank_units,
    trust_for,
    what_would_change,
    why_hold,
)

DAY = date(2026, 3, 2)
TRUST = Trust("05.03", 0.9, 0.1, 0.05)
SURE = Candidate(7, "05.03.02", 0.97, 11)


def by_code(*trusts: Trust) -> dict[str, Trust]:
    return {trust.category_code: trust for trust in trusts}


def test_a_sure_order_of_a_trusted_category_goes() -> None:
    assert why_hold(SURE, by_code(TRUST), switched_on=True) is None


@pytest.mark.parametrize(
    ("one", "hold"),
    [
        (replace(SURE, secret=True), Hold.SECRET),
        (replace(SURE, urgent=True), Hold.URGENT),
        (replace(SURE, risks=1), Hold.RISK),
        (replace(SURE, returns=1), Hold.RETURNED),
        (replace(SURE, duplicates=1), Hold.DUPLICATE),
        (replace(SURE, claimed=True), Hold.CLAIMED),
        (replace(SURE, category_code=""), Hold.NO_CATEGORY),
        (replace(SURE, category_code="06"), Hold.NOT_TRUSTED),
        (replace(SURE, category_code="05"), Hold.NOT_TRUSTED),
        (replace(SURE, confidence=0.89), Hold.UNSURE),
        (replace(SURE, unit_id=None), Hold.NO_UNIT),
    ],
)
def test_what_waits_for_a_person(one: Candidate, hold: Hold) -> None:
    assert why_hold(one, by_code(TRUST), switched_on=True) == hold


def test_the_switch_and_a_stopped_category_hold() -> None:
    assert why_hold(SURE, by_code(TRUST), switched_on=False) == Hold.SWITCHED_OFF
    assert why_hold(SURE, by_code(replace(TRUST, stopped=True)), switched_on=True) == Hold.STOPPED


def test_the_nearest_trust_counts() -> None:
    near = replace(TRUST, category_code="05.03.02", threshold=0.99)
    assert trust_for("05.03.02", by_code(TRUST, near)) == near
    assert why_hold(SURE, by_code(TRUST, near), switched_on=True) == Hold.UNSURE


@given(st.integers(0, 10**9), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_sample_holds_the_smaller(order_id: int, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert is_sampled(order_id, large) or not is_sampled(order_id, small)
    assert is_sampled(order_id, 1.0)
    assert not is_sampled(order_id, 0.0)


def test_the_sample_is_about_its_share() -> None:
    drawn = sum(is_sampled(number, 0.1) for number in range(20_000))
    assert 1_800 < drawn < 2_200


def test_too_many_errors_stop() -> None:
    few = [False] * (FEWEST_JUDGED - 1)
    assert error_rate(few) is None
    assert not must_stop(few, TRUST)
    assert error_rate([False] + [True] * 19) == 0.05
    assert not must_stop([False] + [True] * 19, TRUST)
    assert must_stop([False, False] + [True] * 18, TRUST)


def test_a_trust_makes_sense() -> None:
    assert check_trust(threshold=0.9, sample=0.1, most_errors=0.05) == []
    assert check_trust(threshold=0.2, sample=0, most_errors=0.9) == ["threshold", "sample", "most_errors"]


NAMED = Named(unit_id=1, exact_category=True, area_digits=6)


def test_the_catalogue_comes_first_when_nothing_was_learned() -> None:
    ranked = rank_units(NAMED, [])
    assert [one.unit_id for one in ranked] == [1]
    assert [reason for reason, _n in ranked[0].reasons] == [Reason.CATALOGUE_DUTY, Reason.CATALOGUE_AREA]


def test_experience_overtakes_a_unit_that_always_returns() -> None:
    ranked = rank_units(NAMED, [Past(1, 0, 30), Past(2, 40, 1, designated=3)])
    assert [one.unit_id for one in ranked] == [2, 1]
    assert ranked[0].reasons == ((Reason.HANDLED, 40), (Reason.DESIGNATED, 3), (Reason.RETURNED, 1))
    assert (Reason.RETURNED, 30) in ranked[1].reasons


def test_who_handled_too_little_or_returned_more_is_not_named() -> None:
    assert rank_units(None, [Past(2, 2, 0), Past(3, 5, 6)]) == []
    city = rank_units(Named(1, False, 0), [])
    assert city[0].reasons == ((Reason.CATALOGUE_CITY, 0),)


def test_a_street_never_stands_for_departmental_work() -> None:
    past = [Past(2, 50, 0)]
    streets = frozenset({2})
    assert [
        one.unit_id for one in rank_units(NAMED, past, street_units=streets, category_is_departmental=True)
    ] == [1]
    assert 2 in [one.unit_id for one in rank_units(NAMED, past, street_units=streets)]
    own = rank_units(Named(2, True, 9), past, street_units=streets, category_is_departmental=True)
    assert own[0].unit_id == 2


@given(
    st.lists(
        st.builds(Past, st.integers(1, 9), st.integers(0, 99), st.integers(0, 99), st.integers(0, 9)),
        max_size=8,
    )
)
def test_scores_are_shares(past: list[Past]) -> None:
    ranked = rank_units(NAMED, past, most=99)
    assert all(0 <= one.score <= 1 for one in ranked)
    assert 1 in [one.unit_id for one in ranked]


def _entry(pk: int, category: str = "05.03", area: str = "310106", unit: int = 1, **more: object) -> Entry:
    return Entry(pk, category, area, unit, date(2026, 1, 1), **more)  # type: ignore[arg-type]


def test_faults_of_a_catalogue() -> None:
    found = findings(
        [
            _entry(1),
            _entry(2),
            _entry(3, area="310101", unit=9),
            _entry(4, category="99", area=""),
            _entry(5, area="990000"),
            _entry(6, area="310107", unit=3),
            _entry(7, area="310109", unit=3, legal_basis="履职事项清单 12"),
            _entry(8, area="310110", assistant_ids=(1,)),
            _entry(9, area="310112", effective_to=date(2026, 1, 31)),
        ],
        DAY,
        open_units=frozenset({1, 3}),
        street_units=frozenset({3}),
        categories={"05.03": "bureau"},
        areas=frozenset({"310106", "310101", "310107", "310109", "310110", "310112"}),
    )
    assert found == [
        Finding(Fault.TWICE, 2, 1),
        Finding(Fault.CLOSED_UNIT, 3),
        Finding(Fault.RETIRED_CATEGORY, 4),
        Finding(Fault.UNKNOWN_AREA, 5),
        Finding(Fault.STREET_FOR_DEPARTMENT, 6),
        Finding(Fault.ASSISTS_ITSELF, 8),
    ]


def test_what_a_change_would_have_moved() -> None:
    demands = {("05.03.02", "310106001000"): 3, ("05.03.02", "310101001000"): 5, ("06", ""): 1}
    before = [_entry(1)]
    after = [_entry(1, unit=2), _entry(2, area="310101", unit=4)]
    assert what_would_change(demands, before, after, DAY) == [
        Moved("05.03.02", "310101", None, 4, 5),
        Moved("05.03.02", "310106", 1, 2, 3),
    ]
    assert what_would_change(demands, before, before, DAY) == []
