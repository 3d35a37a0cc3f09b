"""What a text is about, in its own words; and the text without what every letter says, for comparing and clustering."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hotline.language.normalise import normalise, sentences
from hotline.language.segment import STOP_WORDS, Segmenter, standard

MAX_TEXT = 8_000
"""Characters read for phrases: the matter stands early."""

_GREETING = (
    r"(?:(?:尊敬|敬爱|亲爱)的?[^，。！!：:\n]{0,14}?(?:领导|书记|市长|区长|县长|局长|厅长|部门|政府|栏目|老师|同志|先生|女士)(?:们)?[，,：:！!。\s]*)"
    r"|(?:^|(?<=[\n。！!，,：:]))\s*(?:[\u4e00-\u9fff]{1,4}(?:书记|市长|区长|县长|局长|厅长)|各位领导|领导|市长|书记)(?:们)?[，,：:！!。\s]*(?=您|你|好|请|我|$)"
    r"|(?:您们?|你们?|大家|各位)好[呀啊]?[，,：:！!。\s]*"
)
_CLOSING = (
    r"(?:非常|十分|万分|衷心|再次)?(?:感谢|谢谢|多谢|拜谢|感激)(?:您|你|领导|政府|了|不尽|平台)*(?:们)?[！!。，,~\s]*"
    r"|(?:急)?(?:盼|望|期待|等待|请)(?:您的?|领导|及时|尽快|早日|能)*(?:予以)?(?:回复|答复|解决|处理为盼|复)(?:为盼)?[！!。，,]*$"
    r"|(?:此致|致礼|敬礼|顺祝|祝)[^，。！\n]{0,8}(?:敬礼|安好|顺利)?[！!。\s]*$|为盼[！!。]*$|辛苦了?[！!。]+"
    r"|(?:在|于)?百忙之中[^，。！\n]{0,16}[，。！]?|望(?:有关|相关|上级)?(?:部门|领导)(?:引起)?(?:高度)?(?:重视|关注)[！!。，,]*"
)
_BOILERPLATE = re.compile(rf"{_GREETING}|{_CLOSING}", re.MULTILINE)
_NUMBERS = re.compile(
    r"\d{4}年(?:\d{1,2}月)?(?:\d{1,2}[日号])?|\d{1,2}月\d{1,2}[日号]|(?:上午|下午|凌晨|晚上|早上)?\d{1,2}[点时：:]\d{0,2}分?|\d+(?:\.\d+)?(?:元|万元?|亿|米|平米|平方米?|个|户|栋|楼|号|次|年|天|月|小时|分钟|%)?"
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """text[start:end] of the original, where the phrase stands first; `weight` compares phrases of one text."""

    text: str
    weight: float
    start: int
    end: int


def strip_boilerplate(text: str) -> str:
    """The text without salutation, thanks and requests for an answer; empty when it was nothing else."""
    level = normalise(text).text
    before = None
    while before != level:
        before, level = level, _BOILERPLATE.sub("", level).strip(" ，,。！!：:\n")
    return level


def for_clustering(text: str, spans: Iterable[tuple[int, int]] = ()) -> str:
    """What is complained of, without where, when, how much and to whom: boilerplate, numbers and the given spans of the
    original (places, personal data) are left out, so that the same matter elsewhere looks the same."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            pieces.append(text[at:start])
            at = end
    pieces.append(text[at:])
    stripped = strip_boilerplate("".join(pieces))
    return re.sub(r"\s+", " ", _NUMBERS.sub("", stripped)).strip()


def key_phrases(text: str, limit: int = 8, segmenter: Segmenter | None = None) -> tuple[Phrase, ...]:
    """The likeliest names of the matter: words and pairs of neighbouring words, weighed by how often, how early and how long.

    Numbers, stop words and boilerplate are no phrases. Never raises; the same text gives the same phrases.
    """
    normal = normalise(text, limit=MAX_TEXT)
    level = normal.text
    away = [match.span() for match in _BOILERPLATE.finditer(level)]
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    total = max(1, len(level))
    at, last = 0, ""
    last_start = 0
    for word, tag in (segmenter or standard()).tagged(level):
        start, at = at, at + len(word)
        if not _tells(word, tag) or any(a <= start < b for a, b in away):
            last = ""
            continue
        counts[word] += 1
        first.setdefault(word, start)
        if last and len(last) + len(word) <= 8:
            pair = last + word
            counts[pair] += 1
            first.setdefault(pair, last_start)
        last, last_start = word, start
    weighed = {
        word: count**0.7
        * math.log(1 + len(word))
        * (1.5 - first[word] / total)
        * (1.15 if len(word) > 3 else 1)
        for word, count in counts.items()
    }
    chosen: list[Phrase] = []
    for word in sorted(weighed, key=lambda one: (-weighed[one], first[one])):
        if len(chosen) >= limit:
            break
        if len(word) < 2 or any(word in one.text or one.text in word for one in chosen):
            continue
        start, end = normal.span(first[word], first[word] + len(word))
        chosen.append(Phrase(word, round(weighed[word], 3), start, end))
    return tuple(chosen)


def _tells(word: str, tag: str) -> bool:
    if word in STOP_WORDS or not re.search(r"[\u4e00-\u9fffA-Za-z]", word):
        return False
    return (
        tag[:1] in ("n", "v", "a", "l", "i", "j", "e", "x", "z", "g", "b", "s")
        and tag not in ("x", "nr")
        and len(word) != 1
    )


def headline(text: str, limit: int = 30) -> tuple[str, int, int]:
    """The first sentence or clause that says something, cut to `limit` characters at a clause where it can: (words, start, end)."""
    normal = normalise(text, limit=MAX_TEXT)
    level = normal.text
    for start, end in sentences(level):
        clause = level[start:end]
        greeting = _BOILERPLATE.match(clause)
        while greeting and greeting.end() > 0:
            start += greeting.end()
            clause = level[start:end]
            greeting = _BOILERPLATE.match(clause)
        clause = clause.rstrip(" 。！？!?；;，,、：:")
        if len(clause) < 4 or not re.search(r"[\u4e00-\u9fff]", clause):
            continue
        if len(clause) > limit:
            cut = max((clause.rfind(sign, 8, limit + 1) for sign in "，,、；：:"), default=-1)
            clause = clause[:cut] if cut > 0 else clause[:limit]
        first, last = normal.span(start, start + len(clause))
        return clause, first, last
    return "", 0, 0
