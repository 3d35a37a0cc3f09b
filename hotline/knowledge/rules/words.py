"""Cutting Chinese into words, a question into a query, and marking what was found. Entries and questions are cut alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import rjieba

_WORD = re.compile(r"\w", re.UNICODE)
LONGEST_QUESTION = 200
MOST_WORDS = 24
_FILLER = """
的 了 是 在 我 我们 你 您 你们 他 她 它 这 那 这个 那个 吗 呢 吧 啊 呀 嘛 和 与 及 或 或者 就 都
也 还 又 很 有 没有 没 不 想 要 能 能不能 可以 可不可以 能否 请 请问 问 问一下 询问 咨询 了解
一下 想问 想问一下 想要 知道 告诉 怎么 怎么样 怎样 如何 什么 哪 哪些 哪个 哪里 哪儿 哪几
为什么 多少 几 是否 是不是 有没有 需要 应该 应 该 得 去 来 到 给 把 被 让 对 于 对于 关于 从
以 由 为 为了 因为 所以 如果 但 但是 而 而且 并 并且 上 下 里 中 个 家 家里 人 现在 目前 刚
刚刚 时候 时 后 之后 以后 前 之前 办 办理 弄 搞 做 才 再 只 自己 已经 正在 会 说 讲 a an and are at
can do for from how i in is it of on or the to what where with my
"""
FILLER = frozenset(_FILLER.split())
"""Words that carry no matter: they neither select nor weigh."""
_SECRET = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+|\d(?:[ \-]?\d){6,}[Xx]?")


def folded(text: str) -> str:
    """Width and case evened out."""
    return unicodedata.normalize("NFKC", text).lower()


def _clean(word: str) -> str:
    return re.sub(r"[^\w]", "", word)


def search_words(text: str) -> str:
    """Space-separated words for `to_tsvector('simple', …)`; also every part of a longer word."""
    return " ".join(word for raw in rjieba.cut_for_search(folded(text)) if (word := _clean(raw)))


def cut(text: str) -> list[str]:
    """The words of a text, each once, in order, without filler and single letters of Latin script."""
    words = dict.fromkeys(_clean(word) for word in rjieba.cut(folded(text)))
    return [word for word in words if word and word not in FILLER and not (len(word) == 1 and word.isascii() and word.isalpha())]


_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"(?=[a-z]*[aeiouy])[a-z]{3,}")


_TRYING = frozenset(
    [
        *("测试", "试试", "试一试", "试一下", "一下", "你好", "您好", "谢谢", "再见", "喂喂", "有人", "在吗"),
        *("test", "testing", "hello"),
    ]
)
"""What people type to see whether the box answers."""


def says_something(text: str) -> bool:
    """Whether a search can be a question: a Chinese word of two different characters, or two words that can be spoken.

    Keys hit by chance, one character again and again, digits and signs are none, nor is a greeting or a trial; what is a
    word the dictionary says.
    """
    plain = folded(text)
    words = set(rjieba.cut(plain, False)) - _TRYING
    chinese = any(_HAN.fullmatch(word) and len(set(word)) > 1 for word in words)
    return chinese or len(set(_LATIN.findall(plain)) - _TRYING) > 1


@dataclass(frozen=True, slots=True)
class Question:
    """A question ready to search. `terms`: one tuple of spellings a word, the asked one first; each spelling is a tuple
    of words that must all occur.
    """

    text: str
    terms: tuple[tuple[tuple[str, ...], ...], ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What was asked, a word a term."""
        return tuple("".join(spellings[0]) for spellings in self.terms)

    def every(self, indexes: Iterable[int] | None = None) -> str:
        """All terms (or these) must occur, for `to_tsquery('simple', …)`."""
        chosen = range(len(self.terms)) if indexes is None else indexes
        return " & ".join(_any_spelling(self.terms[index]) for index in chosen)

    def some(self, indexes: Iterable[int]) -> str:
        """One of these terms must occur."""
        return " | ".join(_any_spelling(self.terms[index]) for index in indexes)

    def spellings(self, index: int) -> list[str]:
        """Every single word that stands for term `index`, for marking and counting."""
        return list(dict.fromkeys(word for spelling in self.terms[index] for word in spelling))


def _any_spelling(spellings: Sequence[tuple[str, ...]]) -> str:
    parts = [" & ".join(f"'{word}'" for word in spelling) for spelling in spellings]
    return f"({' | '.join(f'({part})' for part in parts)})"


def question_of(text: str, groups: Sequence[Sequence[str]] = ()) -> Question:
    """Cut a question. `groups`: words that mean the same (synonyms, a city's abbreviations), the longest found first.

    Filler is left out unless nothing else remains. At most MOST_WORDS terms of LONGEST_QUESTION characters.
    """
    asked = folded(text)[:LONGEST_QUESTION]
    others: dict[str, list[str]] = {}
    for group in groups:
        evened = [folded(word) for word in group]
        for word in evened:
            others.setdefault(word, []).extend(one for one in evened if one != word)
    terms: list[tuple[tuple[str, ...], ...]] = []
    for piece, known in _pieces(asked, sorted(others, key=len, reverse=True)):
        if known:
            spellings = [spelling for word in (piece, *dict.fromkeys(others[piece])) if (spelling := _spelling(word))]
            terms.append(tuple(spellings))
        else:
            terms += [((word,),) for word in cut(piece)]
    if not any(terms):
        terms = [((word,),) for word in dict.fromkeys(_clean(word) for word in rjieba.cut(asked)) if word]
    return Question(text[:LONGEST_QUESTION], tuple(dict.fromkeys(term for term in terms if term))[:MOST_WORDS])


def _spelling(word: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for raw in rjieba.cut(word) if (one := _clean(raw))))


def _pieces(text: str, known: Sequence[str]) -> list[tuple[str, bool]]:
    """The text cut at known words: (piece, whether it is one)."""
    for word in known:
        if word and word in text:
            before, _found, after = text.partition(word)
            return [*_pieces(before, known), (word, True), *_pieces(after, known)]
    return [(text, False)] if text.strip() else []


def marked(text: str, words: Iterable[str]) -> list[tuple[str, bool]]:
    """`text` in pieces with whether each is one of `words`; for highlighting without touching HTML."""
    wanted = sorted({word for word in words if word}, key=len, reverse=True)
    if not wanted:
        return [(text, False)] if text else []
    # Folding by NFKC may change lengths; matching ignores case only, which does not.
    found = [(match.start(), match.end()) for match in re.finditer("|".join(map(re.escape, wanted)), text, re.IGNORECASE)]
    edges = [0, *(edge for span in found for edge in span), len(text)]
    starts = {start for start, _end in found}
    return [(text[a:b], a in starts) for a, b in pairwise(edges) if a != b]


def scrub(text: str) -> str:
    """A question as it may be kept: without mail addresses and long numbers (phones, identity, cards)."""
    return _SECRET.sub("…", " ".join(text.split()))[:300]
