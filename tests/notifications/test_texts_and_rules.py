"""Texts and limits, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hotline.notifications.rules import CODE_TRIES, CodeState, is_mobile, judge_code, wait_before_code
from hotline.notifications.texts import LONGEST, TEMPLATES, render

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("template", sorted(TEMPLATES))
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_template_has_the_same_places_in_both_languages(template, language):
    from django.utils.translation import override

    with override("en"):
        places = TEMPLATES[template].places
    text = render(template, {place: f"<{place}>" for place in places}, language)
    assert all(f"<{place}>" in text for place in places)
    assert ("【" in text) is (language == "zh-hans")


def test_texts_are_one_line_and_not_endless():
    context = {"hotline": "热线", "number": "1", "reason": "长\n" * 900, "url": "u"}
    text = render("not_accepted", context)
    assert "\n" not in text
    assert len(text) == LONGEST
    with pytest.raises(LookupError):
        render("poem", {})
    with pytest.raises(KeyError):
        render("code", {})


@pytest.mark.parametrize(
    ("facts", "state", "left"),
    [
        ({"matches": True}, CodeState.RIGHT, 0),
        ({"matches": False}, CodeState.WRONG, 4),
        ({"matches": False, "tries": 4}, CodeState.TOO_MANY, 0),
        ({"matches": True, "tries": CODE_TRIES}, CodeState.TOO_MANY, 0),
        ({"matches": True, "used": True}, CodeState.USED, 0),
        ({"matches": True, "expires_at": NOW}, CodeState.EXPIRED, 0),
    ],
)
def test_judging_a_code(facts, state, left):
    verdict = judge_code(
        **{"tries": 0, "used": False, "expires_at": NOW + timedelta(minutes=1), "now": NOW, **facts}
    )
    assert (verdict.state, verdict.tries_left, bool(verdict)) == (state, left, state is CodeState.RIGHT)


def test_waiting_for_a_code():
    assert wait_before_code([], NOW) == timedelta(0)
    assert wait_before_code([NOW - timedelta(hours=2)], NOW) == timedelta(0)
    assert wait_before_code([NOW - timedelta(seconds=20)], NOW) == timedelta(seconds=40)
    five = [NOW - timedelta(minutes=50 - 10 * n) for n in range(5)]
    assert wait_before_code(five, NOW) == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("digits", "good"),
    [
        ("13800001234", True),
        ("12800001234", False),
        ("02164321234", False),
        ("1380000123", False),
        ("１３８００００１２３４", False),
    ],
)
def test_mobiles(digits, good):
    assert is_mobile(digits) is good
