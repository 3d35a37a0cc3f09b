"""The script as text, the hours, and when a citizen is tried again."""

from __future__ import annotations

from datetime import datetime, time

import pytest

from hotline.campaigns.rules import (
    CITY_ZONE,
    Outcome,
    ScriptFault,
    next_try,
    outcome_of,
    parse,
    within,
)

SCRIPT = """
# ask
您好，这里是12345热线。
解决了请按1，没有解决请按2。
1 已解决 -> thanks
2 没有解决→why
0 转人工 -> person
9 不再拨打

# why
为什么没有解决？
1 无人联系

# thanks
谢谢您，再见。
"""


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CITY_ZONE)


def test_a_script_is_read_step_by_step():
    script = parse(SCRIPT)
    ask, why, thanks = script.steps
    assert (ask.code, ask.words) == ("ask", "您好，这里是12345热线。解决了请按1，没有解决请按2。")
    assert [(one.key, one.meaning, one.to) for one in ask.keys] == [
        ("1", "已解决", "thanks"),
        ("2", "没有解决", "why"),
        ("0", "转人工", "person"),
        ("9", "不再拨打", "why"),
    ]
    assert (why.keys[0].to, thanks.to) == ("thanks", "end")
    assert script.sounds() == {one.sound: one.words for one in script.steps}
    key = ask.leads("2")
    assert key is not None
    assert key.meaning == "没有解决"
    assert ask.leads("7") is ask.leads("") is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 0),
        ("您好", 1),
        ("# ask\n# thanks\n谢谢", 1),
        ("# ask\n您好\n# ask\n再见", 3),
        ("# end\n您好", 1),
        ("# Große\n您好", 1),
        ("# ask\n您好\n1 是 -> nowhere", 1),
        ("# ask\n您好\n1 是\n1 否", 4),
        (f"# ask\n{'好' * 301}", 1),
        ("".join(f"# s{number}\n好\n" for number in range(21)), 41),
    ],
)
def test_a_wrong_script_names_its_line(text: str, line: int):
    with pytest.raises(ScriptFault) as fault:
        parse(text)
    assert fault.value.line == line


def test_nobody_is_called_outside_the_hours():
    assert within(at(9), time(9), time(20))
    assert not within(at(8, 59), time(9), time(20))
    assert not within(at(20), time(9), time(20))
    assert not within(at(7), time(0), time(23, 59))  # whatever is asked for
    assert not within(at(21), time(0), time(23, 59))


def test_tries_fall_into_different_parts_of_the_day():
    assert next_try(at(9, 30), time(9), time(20)) == at(12)
    assert next_try(at(12), time(9), time(20)) == at(18)
    assert next_try(at(18, 30), time(9), time(20)) == at(9, day=24)
    assert next_try(at(12), time(9), time(17)) == at(9, day=24)


def test_how_a_call_ended_is_told_from_its_leg():
    assert outcome_of("busy", answered=False, answers=0) == Outcome.BUSY
    assert outcome_of("no_answer", answered=False, answers=0) == Outcome.NO_ANSWER
    assert outcome_of("lost", answered=False, answers=0) == Outcome.CUT
    assert outcome_of("far", answered=True, answers=0) == Outcome.HUNG_UP
    assert outcome_of("far", answered=True, answers=1) == Outcome.PARTIAL
    assert outcome_of("silent", answered=True, answers=1) == Outcome.CUT
