"""What a proposal was worth, which labels fit, when a risk climbs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.suggestions.rules import (
    Candidate,
    LabelFacts,
    Proposal,
    Week,
    canonical,
    drift,
    judge,
    judge_labels,
    labels_for,
)

T0 = datetime(2026, 3, 2, tzinfo=UTC)


def test_the_first_candidate_is_the_proposal() -> None:
    both = [{"value": "02"}, {"value": "03"}]
    assert judge(both, "02") == "accepted"
    assert judge(both, "03") == "changed"
    assert judge([], "03") == "missed"


def test_labels_are_kept_even_when_others_are_added() -> None:
    assert judge_labels([{"value": "噪声"}], ["噪声", "夜间"]) == "accepted"
    assert judge_labels([{"value": "噪声"}], ["夜间"]) == "changed"
    assert judge_labels([], ["夜间"]) == "missed"


def test_an_abstaining_proposal_has_no_confidence() -> None:
    assert Proposal("category", "m").confidence == 0
    assert Proposal("category", "m", (Candidate("02", "环保", 0.91234),)).confidence == 0.91234
    assert Candidate("02", "环保", 0.91239).as_json() == {"value": "02", "label": "环保", "score": 0.9124}


NOISE = LabelFacts("噪音扰民", ("噪声", "太吵"))
NIGHT = LabelFacts("夜间施工", ("夜里",), "02.01")


def test_labels_by_words_and_by_category_with_the_places_of_the_words() -> None:
    found, spans = labels_for(
        "工地噪声", "夜里太吵了", "02.01.03", [NOISE, NIGHT, LabelFacts("欠薪", ("工资",))]
    )
    assert [one.value for one in found] == ["噪音扰民", "夜间施工"]
    assert set(spans) == {("title", 2, 4), ("content", 0, 2), ("content", 2, 4)}
    only, _spans = labels_for("别的", "", "02.01", [NIGHT])
    assert [one.score for one in only] == [0.6]
    assert labels_for("别的", "", "02.010", [NIGHT]) == ([], [])


@given(st.text(max_size=200), st.text(max_size=400))
def test_spans_lie_in_the_text(title: str, content: str) -> None:
    _found, spans = labels_for(title, content, "", [NOISE, NIGHT, LabelFacts("空", ("",))])
    texts = {"title": title, "content": content}
    assert all(texts[name][start:end] for name, start, end in spans)


def test_merged_labels_are_followed_and_rings_end() -> None:
    assert canonical("甲", {"甲": "乙", "乙": "丙"}) == "丙"
    assert canonical("甲", {"甲": "乙", "乙": "甲"}) == "乙"
    assert canonical("丁", {}) == "丁"


def test_drift_compares_the_newest_week_with_those_before() -> None:
    weeks = [Week(T0, 10, 9), Week(T0, 10, 7), Week(T0, 0, 0), Week(T0, 10, 4)]
    assert drift(weeks) == pytest.approx(-0.4)
    assert drift(weeks[:1]) is None
    assert weeks[2].share is None
