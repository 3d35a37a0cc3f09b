"""Tables of the online help: states, what the machine says, hours, silence."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from hotline.chat.models import ChatState, EndReason
from hotline.chat.rules import (
    END_NOTES,
    LONGEST_WAIT,
    MACHINE_LIFE,
    MOVES,
    NEAR_COVER,
    NOTES,
    QUOTED,
    SURE_COVER,
    SURE_MEANING,
    Answer,
    Silence,
    Verb,
    answering,
    clean,
    hash_of,
    is_open,
    places_free,
    quoted,
    silence,
    target,
    wants_person,
)
from hotline.language.urgency import assess

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in the city
MINUTE = timedelta(minutes=1)


def test_every_verb_leads_somewhere_and_nothing_leaves_the_end():
    assert set(MOVES) == set(Verb)
    for verb, move in MOVES.items():
        assert ChatState.ENDED not in move.froms, verb
        assert (move.to == ChatState.ENDED) == bool(move.reason), verb
    assert {reason for move in MOVES.values() if (reason := move.reason)} == set(EndReason)


@pytest.mark.parametrize(
    ("state", "verb", "to"),
    [
        ("machine", Verb.ASK_PERSON, "waiting"),
        ("waiting", Verb.ASK_PERSON, None),
        ("waiting", Verb.TAKE, "talking"),
        ("machine", Verb.TAKE, None),
        ("talking", Verb.TAKE, None),
        ("talking", Verb.LOSE, "waiting"),
        ("talking", Verb.BACK, None),
        ("waiting", Verb.END, None),
        ("ended", Verb.LEAVE, None),
    ],
)
def test_where_a_verb_leads(state, verb, to):
    assert target(state, verb) == to


def test_notes_have_words_for_every_end():
    assert set(END_NOTES) == set(EndReason)
    assert all(code in NOTES and len(code) <= 16 for code in END_NOTES.values())
    for code, words in NOTES.items():
        assert str(words) % {"what": "7"}, code


@pytest.mark.parametrize(
    ("text", "says", "found", "expected"),
    [
        ("居住证怎么办理", True, (1.0, 0.0), Answer.CITE),
        ("居住证怎么办理", True, (SURE_COVER - 0.01, 0.0), Answer.NEAR),
        ("居住证怎么办理", True, (0.1, SURE_MEANING), Answer.NEAR),
        ("居住证怎么办理", True, (NEAR_COVER - 0.01, 0.0), Answer.UNKNOWN),
        ("居住证怎么办理", True, (SURE_COVER / 2, SURE_MEANING), Answer.CITE),
        ("居住证怎么办理", True, None, Answer.UNKNOWN),
        ("你好", False, None, Answer.MORE),
        ("转人工", True, (1.0, 1.0), Answer.PERSON),
        ("我家煤气泄漏了，闻到很浓的味道", True, (1.0, 1.0), Answer.DANGER),
    ],
)
def test_what_the_machine_does(text, says, found, expected):
    assert answering(text, says_something=says, danger=assess(text), found=found) == expected


@pytest.mark.parametrize("text", ["人工", "人工客服", "帮我转人工", "找一下客服", "I want to talk to a human"])
def test_asks_for_a_person(text):
    assert wants_person(text)


@pytest.mark.parametrize("text", ["人工湖的水很臭", "小区客服电话多少没人接", "人工智能企业补贴怎么申请", "human resources bureau address" * 3])
def test_does_not_ask_for_a_person(text):
    assert not wants_person(text)


@pytest.mark.parametrize(
    ("opens", "closes", "works", "expected"),
    [
        (time(8, 30), time(20), True, True),
        (time(8, 30), time(20), False, False),
        (time(11), time(20), True, False),
        (time(8), time(10), True, False),
        (time(0), time(0), True, True),
        (time(22), time(11), True, True),
        (time(22), time(9), True, False),
    ],
)
def test_hours(opens, closes, works, expected):
    assert is_open(opens, closes, NOW, works_today=works) is expected


def test_room_at_a_seat():
    assert [places_free(3, having, resting=False) for having in (0, 2, 3, 5)] == [3, 1, 0, 0]
    assert places_free(3, 0, resting=True) == 0


@pytest.mark.parametrize(
    ("state", "quiet", "warned", "expected"),
    [
        ("talking", 7 * MINUTE, None, Silence.NONE),
        ("talking", 8 * MINUTE, None, Silence.WARN),
        ("talking", 30 * MINUTE, None, Silence.WARN),  # never ended without a reminder
        ("talking", 14 * MINUTE, 6 * MINUTE, Silence.NONE),
        ("talking", 16 * MINUTE, 7 * MINUTE, Silence.END),
        ("talking", 9 * MINUTE, 20 * MINUTE, Silence.WARN),  # answered the last reminder since
        ("talking", 3 * MINUTE, 20 * MINUTE, Silence.NONE),
        ("waiting", LONGEST_WAIT - MINUTE, None, Silence.NONE),
        ("waiting", LONGEST_WAIT, None, Silence.END),
        ("machine", MACHINE_LIFE, None, Silence.END),
        ("machine", 60 * MINUTE, None, Silence.NONE),
        ("ended", MACHINE_LIFE, None, Silence.NONE),
    ],
)
def test_silence(state, quiet, warned, expected):
    given = silence(
        state, heard_at=NOW - quiet, warned_at=NOW - warned if warned else None, now=NOW, warn=8 * MINUTE, end=15 * MINUTE
    )
    assert given == expected


def test_what_is_quoted_of_an_entry():
    short = [(1, "", "可以申领。"), (2, "准备", "身份证"), (3, "准备", "发票")]
    assert quoted(short, 3) == "可以申领。\n准备\n身份证\n发票"
    long = [(1, "", "可以申领。"), (2, "甲", "长" * QUOTED), (3, "乙", "在窗口办理。")]
    assert quoted(long, 3) == "可以申领。\n…\n乙\n在窗口办理。"
    assert quoted(long, 1) == "可以申领。"
    assert len(quoted([(1, "", "长" * 3 * QUOTED)], 1)) == 2 * QUOTED + 1
    assert quoted([], 1) == ""


def test_words_are_kept_as_text():
    assert clean("  <b>粗</b>\r\n第二行\x00\x07 ") == "<b>粗</b>\n第二行"
    assert clean("\ud83d") == "?"
    assert clean(" \n\t ") == ""
    assert hash_of("a") != hash_of("b")
    assert len(hash_of("钥匙")) == 32
