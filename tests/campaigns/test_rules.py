"""The script as text, the hours, and when a citizen is tried again."""

from __future__ import annotations

import math
import random
import struct
from datetime import datetime, time

import pytest

from hotline.campaigns.rules import (
    PERSON,
    FirstWords,
    Outcome,
    ScriptFault,
    bounded,
    next_try,
    outcome_of,
    parse,
    understood,
    within,
)
from hotline.kit.clock import CITY_ZONE

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


LEGAL = (time(8), time(21))


def test_nobody_is_called_outside_the_hours():
    own = bounded(time(9), time(20), LEGAL)
    assert within(at(9), own)
    assert not within(at(8, 59), own)
    assert not within(at(20), own)
    whatever = bounded(time(0), time(23, 59), LEGAL)
    assert not within(at(7), whatever)
    assert not within(at(21), whatever)
    assert within(at(23, 59), bounded(time(0), time.max, (time(0), time.max)))


def test_tries_fall_into_different_parts_of_the_day():
    long, short = (time(9), time(20)), (time(9), time(17))
    assert next_try(at(9, 30), long) == at(12)
    assert next_try(at(12), long) == at(18)
    assert next_try(at(18, 30), long) == at(9, day=24)
    assert next_try(at(12), short) == at(9, day=24)


def test_how_a_call_ended_is_told_from_its_leg():
    assert outcome_of("busy", answered=False, answers=0) == Outcome.BUSY
    assert outcome_of("no_answer", answered=False, answers=0) == Outcome.NO_ANSWER
    assert outcome_of("lost", answered=False, answers=0) == Outcome.CUT
    assert outcome_of("far", answered=True, answers=0) == Outcome.HUNG_UP
    assert outcome_of("far", answered=True, answers=1) == Outcome.PARTIAL
    assert outcome_of("silent", answered=True, answers=1) == Outcome.CUT


CHOICES = parse(
    """# ask
是否解决？
1 已解决 = 处理好了，办好了
2 没有解决
0 转人工 -> person

# rate
是否满意？
1 非常满意
2 满意
3 基本满意 = 还行，一般
4 不满意

# plain
是吗？
1 是
2 不是
"""
)


@pytest.mark.parametrize(
    ("step", "said", "meaning"),
    [
        ("ask", "解决了", "已解决"),
        ("ask", "嗯，已经解决了。", "已解决"),
        ("ask", "办好了", "已解决"),
        ("ask", "没解决", "没有解决"),
        ("ask", "还没有给我解决", "没有解决"),
        ("ask", "解决不了", "没有解决"),
        ("ask", "没处理好", "没有解决"),
        ("ask", "是的", "已解决"),
        ("ask", "没有", "没有解决"),
        ("ask", "按二", "没有解决"),
        ("ask", "2。", "没有解决"),
        ("ask", "我要找人工", "转人工"),
        ("ask", "别再给我打电话了", "不再拨打"),
        ("ask", "今天天气不错", None),
        ("ask", "七", None),
        ("ask", "", None),
        ("rate", "很满意", "满意"),
        ("rate", "非常满意", "非常满意"),
        ("rate", "不是很满意", "不满意"),
        ("rate", "非常不满意", "不满意"),
        ("rate", "没有不满意", "满意"),
        ("rate", "基本满意吧", "基本满意"),
        ("rate", "一般", "基本满意"),
        ("rate", "好的", None),  # of what is satisfied and what is not: which?
        ("plain", "对的", "是"),
        ("plain", "不是", "不是"),
        ("plain", "人工", "人工"),  # also where no key leads there
    ],
)
def test_what_was_said_is_matched_to_a_choice_or_to_none(step: str, said: str, meaning: str | None):
    asked = CHOICES.step(step)
    assert asked is not None
    found = understood(said, asked.keys)
    assert (found.meaning if found else None) == meaning


def test_nothing_leads_to_a_person_but_0_which_always_does():
    step = CHOICES.step("rate")
    assert step is not None
    key = step.leads("0")
    assert key is not None
    assert key.to == PERSON


def sound(seconds: float, hertz: float = 0, loud: int = 0) -> bytes:
    """A tone, or noise, or silence."""
    noise = random.Random(1)
    samples = (
        int(loud * (math.sin(2 * math.pi * hertz * place / 8000) if hertz else noise.uniform(-1, 1)))
        for place in range(int(8000 * seconds))
    )
    return b"".join(struct.pack("<h", one) for one in samples)


def speech(seconds: float) -> bytes:
    return sound(seconds, loud=3000)


QUIET, BEEP = sound(16), sound(0.4, 1000, 6000)


@pytest.mark.parametrize(
    ("heard", "signs"),
    [
        (speech(1) + QUIET, ["person"]),
        (QUIET[:80_000] + speech(6) + QUIET, ["person"]),  # an answer may be long
        (speech(2) + QUIET[:16_000] + speech(6) + QUIET, ["person"]),
        (speech(6) + QUIET, ["long", "listens"]),
        (speech(2) + QUIET[:4_800] + speech(2) + QUIET[:4_800] + speech(2) + QUIET, ["long", "listens"]),
        (speech(1.2) + QUIET[:6_400] + BEEP + QUIET, ["beep", "listens"]),
        (sound(0.5, 200, 6000) + QUIET, ["person"]),  # somebody hums
        (QUIET, ["person"]),
    ],
    ids=["person", "late and long", "pause", "machine", "breathes", "beep", "hum", "nobody"],
)
def test_a_machine_is_told_by_speaking_on_or_by_its_beep(heard: bytes, signs: list[str]):
    words, found = FirstWords(), []
    for place in range(0, len(heard), 1600):
        found += words.hear(place // 2, heard[place : place + 1600])
    assert [str(one) for one in found] == signs


def test_sound_that_was_lost_is_silence():
    words = FirstWords()
    assert words.hear(0, speech(2)) == []
    assert words.hear(8000 * 4, speech(2)) == []  # two seconds were lost between
    assert not words.machine
