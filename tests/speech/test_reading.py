"""How figures are said."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.speech.reading import LARGEST, aloud, cardinal

ALOUD = {
    "您好，这里是12345市民服务热线": "您好，这里是一二三四五市民服务热线",
    "请拨打110或120": "请拨打幺幺零或幺二零",
    "工单SH20261123000457": "工单艾斯艾尺二零二六，幺幺二三，零零零四，五七",
    "2026-11-27 17:30前办结": "二零二六年十一月二十七日 十七点三十分前办结",
    "2026年11月3日9:05": "二零二六年十一月三日九点零五分",
    "2026年有2000个": "二零二六年有两千个",
    "14:00": "十四点",
    "预计等待2分钟，前面12位": "预计等待两分钟，前面十二位",
    "1-5个工作日": "一到五个工作日",
    "13800138000": "幺三八，零零幺三，八零零零",
    "021-62345678": "零二幺，六二三四五六七八",
    "满意率95.5%": "满意率百分之九十五点五",
    "共1,234,567件": "共一百二十三万四千五百六十七件",
    "-5℃": "零下五摄氏度",
    "65.2dB": "六十五点二分贝",
    "¥3.50": "三点五零元",
    "3栋1202室": "三栋幺二零二室",
    "第2次": "第二次",
    "2万元": "两万元",
    "20005": "二零零零五",
    "2026-13-40": "二零二六，幺三四零",
    "99:99": "九十九比九十九",
    "": "",
}


@pytest.mark.parametrize(("written", "said"), ALOUD.items())
def test_figures_are_said_as_people_say_them(written: str, said: str) -> None:
    assert aloud(written) == said


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"),
        (10, "十"),
        (19, "十九"),
        (20, "二十"),
        (101, "一百零一"),
        (110, "一百一十"),
        (1010, "一千零一十"),
        (2002, "两千零二"),
        (10_010, "一万零一十"),
        (20_000, "两万"),
        (100_500, "十万零五百"),
        (102_000_000, "一亿零二百万"),
        (-3, "负三"),
    ],
)
def test_quantities(number: int, words: str) -> None:
    assert cardinal(number) == words


VALUES = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
PLACES = {"十": 10, "百": 100, "千": 1000}


def value(words: str) -> int:
    """What a quantity in words means, the other way round."""
    for unit, size in (("亿", 10**8), ("万", 10**4)):
        if unit in words:
            head, _, tail = words.rpartition(unit)
            return value(head) * size + value(tail)
    total, digit = 0, 0
    for sign in words:
        if sign in PLACES:
            total, digit = total + (digit or 1) * PLACES[sign], 0
        else:
            digit = VALUES[sign]
    return total + digit


@given(st.integers(0, LARGEST))
def test_a_quantity_in_words_means_itself(number: int) -> None:
    assert value(cardinal(number)) == number


@given(st.text(alphabet=st.sampled_from("0123456789-:：.年月日%¥℃第个室 万AZkmdB，。请"), max_size=40))
def test_no_figure_stays_and_nothing_raises(text: str) -> None:
    assert not re.search(r"[0-9A-Za-z]", aloud(text))
