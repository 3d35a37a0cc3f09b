"""Which choice of a question was meant by what was said. Pure: words, numbers, negation; when in doubt, none.

A recogniser's text is short and homely here: “解决了”, “没有给我解决”, “不是很满意”, “按二”, “转人工”. What two choices could
mean is not guessed: the question is asked once more, and the key is always there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hotline.campaigns.rules.script import NOBODY_ASKED, PERSON, STOP, Key

NEVER = Key("9", "不再拨打", STOP)
"""Who says so is not called again, also where no key of the script leads there."""
_PERSON = re.compile(
    r"(?<!不)(?<!不要)(?<!不用)(?<!别)(?:转?人工|转人|接线员|话务员|客服|真人|找个?(?:工作)?人员?)"
)
_STOP = re.compile(r"(?:别|不要|不准|不许)(?:再|给我|老是|老){0,3}(?:打|来电|呼叫|骚扰)")
_NOISE = re.compile(r"[\W_]+|[嗯呃啊哦噢唉诶呀嘛哈]|那个|这个|就是说")
_NUMBER = re.compile(
    r"(?:我|就|是|要|按|选|选择|打|给|第)*([0-9]|[零〇一幺二两三四五六七八九])(?:号|个|分|键|项|吧|了)*"
)
_FIGURES = dict(zip("零〇一幺二两三四五六七八九", "0011223456789", strict=True))
_NOT = "不没未无否"
_STRONG = ("非常", "很", "十分", "特别", "挺", "太")
_LEVEL = (("不错", "好"), ("没错", "对"), ("没问题", "好"))
"""Words with a negation in them that deny nothing."""
_WEAK = ("基本", "比较", "部分", "一般", "还算")
_PARTICLE = re.compile("|".join((*_STRONG, *_WEAK, "已经", "没有", "不是", *"已是有了的得", *_NOT)))
_AFTER = re.compile(r"得?不(?:了|好|掉|成)")
_BEFORE = 5
"""Characters before a word in which a negation belongs to it: 没有给我解决."""
YES = frozenset(
    ("是", "是的", "对", "对的", "有", "有的", "好", "好的", "行", "可以", "当然", "愿意", "同意")
)
NO = frozenset(
    (
        "不",
        "不是",
        "没",
        "没有",
        "否",
        "不行",
        "不对",
        "还没",
        "还没有",
        "没有的",
        "不可以",
        "不愿意",
        "不同意",
        "没呢",
    )
)


@dataclass(frozen=True, slots=True)
class _Sense:
    """What a phrase says: of what, whether denied, how strongly."""

    core: str
    denied: bool
    degree: str


def understood(text: str, keys: Sequence[Key]) -> Key | None:
    """The key of the question that these words stand for; None when none or more than one does."""
    said = _level(text)
    if not said:
        return None
    if _STOP.search(said):
        return _way(keys, STOP, NEVER)
    if _PERSON.search(said):
        return _way(keys, PERSON, NOBODY_ASKED)
    if number := _NUMBER.fullmatch(said):
        pressed = _FIGURES.get(number[1], number[1])
        return next((one for one in keys if one.key == pressed), None)
    choices = [one for one in keys if one.to not in (PERSON, STOP)]
    return _best([(one, _likeness(said, one)) for one in choices]) or _plainly(said, choices)


def _level(text: str) -> str:
    text = _NOISE.sub("", text)
    for words, plain in _LEVEL:
        text = text.replace(words, plain)
    return text


def _way(keys: Sequence[Key], to: str, otherwise: Key) -> Key:
    return next((one for one in keys if one.to == to), otherwise)


def _best(scored: Sequence[tuple[Key, float]]) -> Key | None:
    ranked = sorted(scored, key=lambda one: -one[1])
    if not ranked or not ranked[0][1]:
        return None
    return None if len(ranked) > 1 and ranked[1][1] == ranked[0][1] else ranked[0][0]


def _likeness(said: str, key: Key) -> float:
    """0: it is not this one. Said word for word counts more than the same sense in other words."""
    return max(_of_phrase(said, phrase) for phrase in (key.meaning, *key.also))


def _of_phrase(said: str, phrase: str) -> float:
    phrase = _level(phrase)
    sense = _sense(phrase)
    if not sense.core:
        return 100.0 + len(phrase) if phrase == said else 0.0
    if _says(said, sense) != sense.denied:
        return 0.0
    literal = 100.0 + len(phrase) if phrase in said else 0.0
    alike = 10.0 if _degree(said) == sense.degree else 0.0
    return literal + alike + len(sense.core)


def _says(said: str, sense: _Sense) -> bool | None:
    """Whether this is denied in what was said, at its last mention; None: it is not mentioned."""
    at = said.rfind(sense.core) if sense.core else -1
    return None if at < 0 else _denied(said, at, len(sense.core))


def _sense(phrase: str) -> _Sense:
    core = _PARTICLE.sub("", phrase)
    at = phrase.find(core)
    return _Sense(core, at >= 0 and bool(core) and _denied(phrase, at, len(core)), _degree(phrase))


def _denied(text: str, at: int, length: int) -> bool:
    before = text[max(0, at - _BEFORE) : at]
    count = sum(before.count(sign) for sign in _NOT)
    return (count + bool(_AFTER.match(text[at + length :]))) % 2 == 1


def _degree(text: str) -> str:
    if any(word in text for word in _WEAK):
        return "weak"
    return "strong" if any(word in text for word in _STRONG) else ""


def _plainly(said: str, choices: Sequence[Key]) -> Key | None:
    """Yes or no, or the contrary of one choice, where just one choice affirms and just one denies."""
    denying = [one for one in choices if _denies(_level(one.meaning))]
    affirming = [one for one in choices if one not in denying]
    if len(affirming) != 1 or len(denying) != 1:
        return None
    bare = said.rstrip("了吧呢")
    if bare in YES or bare in NO:
        return affirming[0] if bare in YES else denying[0]
    for one, other in ((affirming[0], denying[0]), (denying[0], affirming[0])):
        for phrase in (one.meaning, *one.also):
            sense = _sense(_level(phrase))
            if _says(said, sense) not in (None, sense.denied):
                return other
    return None


def _denies(meaning: str) -> bool:
    return sum(meaning.count(sign) for sign in _NOT) % 2 == 1
