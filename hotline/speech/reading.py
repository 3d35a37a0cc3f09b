"""How a person reads a written text aloud: figures, dates, times, telephone numbers, units, single letters.

Pure. What a hotline reads out decides the rules: numbers of telephones and orders go digit by digit with 幺 for 1, years digit by
digit with 一, quantities as quantities, 两 before what is counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable

DIGITS = "零一二三四五六七八九"
_GROUPS = ("", "万", "亿")
_PLACES = ("", "十", "百", "千")
LARGEST = 10**12 - 1

COUNTED = (
    "个|件|次|位|名|条|户|家|人|处|台|辆|张|份|项|批|起|通|天|周|年|小时|分钟|秒|元|块|倍|本|笔|间|套|层|米|公里|平方米|公斤|吨"
)
"""What follows a quantity: never read digit by digit, and 2 before it is 两."""
UNITS = {
    "℃": "摄氏度",
    "°C": "摄氏度",
    "km": "公里",
    "m²": "平方米",
    "㎡": "平方米",
    "kg": "公斤",
    "dB": "分贝",
}
LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        re.split(" ", "诶 必 西 弟 衣 艾付 记 艾尺 爱 介 开 艾勒 艾姆 恩 欧 屁 扣 阿儿 艾斯 替 优 微 达不溜 艾克斯 外 贼"),
        strict=True,
    )
)
"""The names Chinese speakers give the letters."""


def cardinal(number: int) -> str:
    """`number` as a quantity; beyond 10^12 digit by digit."""
    if number < 0:
        return "负" + cardinal(-number)
    if number > LARGEST:
        return digits(str(number), one="一")
    if number == 0:
        return "零"
    parts: list[str] = []
    gap = False
    for group in range(len(_GROUPS) - 1, -1, -1):
        value = number // 10 ** (4 * group) % 10_000
        if not value:
            gap = gap or bool(parts)
            continue
        words = _below_ten_thousand(value)
        if parts and (gap or value < 1_000):
            words = "零" + words
        if value == 2 and group:
            words = words.replace("二", "两")
        parts.append(words + _GROUPS[group])
        gap = False
    spoken = "".join(parts)
    return spoken[1:] if spoken.startswith("一十") else spoken


def _below_ten_thousand(value: int) -> str:
    words, gap = "", False
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        if not digit:
            gap = gap or bool(words)
            continue
        if gap:
            words, gap = words + "零", False
        words += ("两" if digit == 2 and place == 3 else DIGITS[digit]) + _PLACES[place]
    return words


def digits(text: str, *, one: str = "幺") -> str:
    """Digit by digit; whatever is no digit is left out."""
    return "".join(one if sign == "1" else DIGITS[int(sign)] for sign in text if sign in "0123456789")


def decimal(text: str) -> str:
    """"3.50" as 三点五零; "3" as 三."""
    whole, _, rest = text.replace(",", "").partition(".")
    return cardinal(int(whole or 0)) + ("点" + digits(rest, one="一") if rest else "")


def _date(found: re.Match[str]) -> str:
    year, month, day = found["year"], int(found["month"]), int(found["day"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return digits(year, one="一") + "，" + digits(found[0][4:])
    return f"{digits(year, one='一')}年{cardinal(month)}月{cardinal(day)}日"


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found["hour"]), int(found["minute"])
    if hour > 24 or minute > 59:
        return f"{cardinal(hour)}比{cardinal(minute)}"
    if not minute:
        return f"{cardinal(hour)}点"
    return f"{cardinal(hour)}点{'零' if minute < 10 else ''}{cardinal(minute)}分"


def _signed(found: re.Match[str]) -> str:
    unit = UNITS[found["unit"]]
    sign = "" if not found["sign"] else "零下" if unit == "摄氏度" else "负"
    return sign + decimal(found["value"]) + unit


def _counted(text: str) -> str:
    return "两" if text == "2" else decimal(text)


AS_SAID = {"12345": "一二三四五"}
"""Numbers that everybody says in one way."""

_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_EDGE = r"(?<![\dA-Za-z.])"
_UNIT_SIGNS = "|".join(map(re.escape, UNITS))
RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (_EDGE + r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})(?:日|号|(?!\d))", _date),
        (_EDGE + r"(\d{4})(?=年(?!前|后|内|多|以))", lambda found: digits(found[1], one="一")),
        (_EDGE + r"(?P<hour>\d{1,2})[:：](?P<minute>\d{2})(?::\d{2})?(?!\d)", _time),
        (rf"(-?)({_NUMBER})[%％]", lambda found: ("负" if found[1] else "") + "百分之" + decimal(found[2])),
        (rf"[¥￥]\s*({_NUMBER})", lambda found: decimal(found[1]) + "元"),
        (rf"(?P<sign>-?)(?P<value>{_NUMBER})(?P<unit>{_UNIT_SIGNS})(?![A-Za-z])", _signed),
        (
            rf"{_EDGE}(\d+)\s*[-~～—至到]\s*(\d+)(?=个?(?:{COUNTED}|工作日|月|日|点|号|楼|岁))",
            lambda found: _counted(found[1]) + "到" + _counted(found[2]),
        ),
        (r"(?<!\d)(0\d{2,3})-(\d{7,8})(?!\d)", lambda found: digits(found[1]) + "，" + digits(found[2])),
        (r"第(\d+)", lambda found: "第" + cardinal(int(found[1]))),
        (rf"{_EDGE}({_NUMBER})(?=\s*(?:[万亿]|{COUNTED}))", lambda found: _counted(found[1].replace(",", ""))),
        (rf"(?<![\d.])({'|'.join(AS_SAID)})(?![\d.])", lambda found: AS_SAID[found[1]]),
        (r"(?<!\d)(\d{3,4})(?=室)", lambda found: digits(found[1])),
        (r"(?<![\d.])(11[0-9]|12[0-9])(?![\d.])", lambda found: digits(found[1])),
        (r"(?<![\d.])(\d{5,}|0\d+)(?![\d.])", lambda found: _grouped(found[1])),
        (r"(?<=[A-Za-z])(\d+)", lambda found: digits(found[1])),
        (r"\d+\.\d+\.\d[\d.]*", lambda found: "点".join(map(digits, found[0].strip(".").split(".")))),
        (_NUMBER, lambda found: decimal(found[0])),
        (r"[A-Za-z]+", lambda found: "".join(LETTERS[letter] for letter in found[0].upper())),
    )
)
"""Tried in this order, each over what the former ones left."""


def _grouped(number: str) -> str:
    """Digit by digit, with breath: a mobile number as 3 4 4, another by fours from the front when longer than eight."""
    if len(number) == 11:
        parts = [number[:3], number[3:7], number[7:]]
    elif len(number) > 8:
        parts = [number[at : at + 4] for at in range(0, len(number), 4)]
    else:
        parts = [number]
    return "，".join(map(digits, parts))


def aloud(text: str) -> str:
    """`text` in words only: no figure and no Latin letter stays. Linear in the length."""
    for pattern, read in RULES:
        text = pattern.sub(read, text)
    return text
