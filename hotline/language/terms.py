"""What texts are compared by: the words that say something, and neighbouring characters."""

from __future__ import annotations

import re
import unicodedata

import rjieba

MAX_CHARS = 4_000
"""Longer texts are compared by their first characters."""
_WORD = re.compile(r"[\w]")
_SPAN = re.compile(r"[\w]+")
# Single characters and courtesies that every message holds.
_STOP = frozenset(
    "的了是在我有和就不都一也很到说要去你会着看好这那及与或等被把对为从以之其而并但请吗呢吧啊"
) | {
    *(
        "没有",
        "自己",
        "我们",
        "他们",
        "您好",
        "你好",
        "谢谢",
        "请问",
        "反映",
        "问题",
        "情况",
        "领导",
        "尊敬",
        "希望",
    ),
}


def plain(text: str) -> str:
    """Width and case levelled, cut to MAX_CHARS."""
    head = (
        text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8")
    )  # lone surrogates, which the segmenter refuses
    return unicodedata.normalize("NFKC", head).lower()


def words(text: str) -> list[str]:
    """Words that say something, in their order."""
    return words_in(plain(text))


def words_in(level: str) -> list[str]:
    """`words` of a text that is `plain` already."""
    return [word for word in rjieba.cut(level) if _WORD.match(word) and word not in _STOP]


def grams(text: str) -> list[str]:
    """Pairs and triples of neighbouring characters within each run of letters."""
    return grams_in(plain(text))


def pairs_in(level: str) -> list[str]:
    """The pairs alone."""
    return [run[i : i + 2] for run in _SPAN.findall(level) for i in range(len(run) - 1)]


def grams_in(level: str) -> list[str]:
    """`grams` of a text that is `plain` already."""
    found = []
    for run in _SPAN.findall(level):
        found += [run[i : i + 2] for i in range(len(run) - 1)]
        found += [run[i : i + 3] for i in range(len(run) - 2)]
    return found
