"""A former reply as the beginning of a new one: what was true of the other matter only becomes a gap to be filled.

Dates, amounts, persons, numbers and places are facts of the other order; leaving them would tell a citizen what is not so.
Titles of laws and documents (《…》, 第…条) stay: they are why the old answer is worth reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hotline.language import privacy

MOST = 2_000
"""Characters of a reply that are taken over."""
DATE, NUMBER, PERSON, PLACE, UNIT = "日期", "数量", "当事人", "地点", "承办单位"
GAP = re.compile(rf"【(?:{DATE}|{NUMBER}|{PERSON}|{PLACE}|{UNIT})】")
_KEPT = re.compile(
    r"《[^》\n]{1,60}》|第[〇零一二三四五六七八九十百千\d]{1,6}[条款项章]|〔\d{4}〕\d+号|(?<!\d)12345(?!\d)|24小时"
)
_DATE = re.compile(
    r"(?:\d{4}|[二〇零一三四五六七八九]{4})年(?:\d{1,2}月)?(?:\d{1,2}[日号])?|\d{1,2}月(?:\d{1,2}[日号])?|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
    r"|(?:今日|昨日|今天|昨天|本月|上月|当日)(?:上午|下午|晚上?)?|(?:上午|下午|凌晨|晚上)?\d{1,2}(?:点|时|：|:)\d{0,2}分?"
)
_NUMBER = re.compile(
    r"\d+(?:\.\d+)?(?:万|亿)?(?:元|米|平米|平方米|公里|吨|个|户|栋|楼|盏|辆|家|处|起|次|人|天|日|小时|分钟|%|％)"
)
_NAMED = re.compile(r"网友[“\"「]?[^”\"」：:，,\n]{1,20}[”\"」]?(?=[：:])|[A-Za-z]{1,3}\d{5,}")


@dataclass(frozen=True, slots=True)
class Adapted:
    """`text` with gaps 【…】; `gaps`: how many."""

    text: str
    gaps: int


def adapt(
    reply: str, places: Iterable[tuple[int, int]] = (), *, own: str = "", others: Iterable[str] = ()
) -> Adapted:
    """The reply with its own facts taken out. Linear in the text.

    `places`: spans of `reply` that name places; `own`: the name of the unit that will answer, which stays; `others`: names
    of the units that answered then.
    """
    text = reply[:MOST]
    kept = [match.span() for match in _KEPT.finditer(text)]
    kept += [match.span() for match in re.finditer(re.escape(own), text)] if own else []
    spans = [(one.start, one.end, PERSON) for one in privacy.find(text)]
    spans += [(*match.span(), PERSON) for match in _NAMED.finditer(text)]
    for name in sorted({one for one in others if one}, key=len, reverse=True):
        spans += [(*match.span(), UNIT) for match in re.finditer(re.escape(name), text)]
    spans += [(start, end, PLACE) for start, end in places if 0 <= start < end <= len(text)]
    spans += [(*match.span(), DATE) for match in _DATE.finditer(text)]
    spans += [(*match.span(), NUMBER) for match in _NUMBER.finditer(text)]
    pieces: list[str] = []
    at = count = 0
    for start, end, kind in sorted(spans, key=lambda one: (one[0], -one[1])):
        if start < at or any(start < stop and begin < end for begin, stop in kept):
            continue
        gap = f"【{kind}】"
        if start > at or not pieces or pieces[-1] != gap:
            pieces += [text[at:start], gap]
            count += 1
        at = end
    return Adapted("".join((*pieces, text[at:])).strip(), count)


def gaps(text: str) -> int:
    """How many gaps nobody has filled yet."""
    return len(GAP.findall(text))
