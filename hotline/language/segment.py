"""Words of a text: rjieba with a dictionary of government service (data/government.txt) that a city extends."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import rjieba

from hotline.language.normalise import MAX_CHARS

# Far above the general dictionary's words, so that a whole term wins over its parts.
_FREQUENCY = 200_000
_WORD = re.compile(r"\w")


def _lines(name: str) -> list[str]:
    text = (files("hotline.language") / "data" / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


STOP_WORDS = frozenset(word for line in _lines("stop_words.txt") for word in line.split())


@cache
def dictionary() -> tuple[str, ...]:
    """The words that ship."""
    return tuple(_lines("government.txt"))


class Segmenter:
    """Cuts texts into words; `extra` are a city's own words (estates, abbreviations). Safe to share once built."""

    def __init__(self, extra: Iterable[str] = ()) -> None:
        self._jieba = rjieba.Jieba()
        for word in (*dictionary(), *extra):
            if len(word.strip()) >= 2:
                self._jieba.add_word(word.strip(), _FREQUENCY, "n")

    def cut(self, text: str) -> list[str]:
        """All pieces in order; together they are the first MAX_CHARS characters of `text`."""
        return [str(piece) for piece in self._jieba.cut(_whole(text))]

    def tagged(self, text: str) -> list[tuple[str, str]]:
        """(piece, class of word) in order."""
        return [(str(piece), str(tag)) for piece, tag in self._jieba.tag(_whole(text))]

    def words(self, text: str) -> list[str]:
        """Pieces that say something: no punctuation, no stop words."""
        return [piece for piece in self.cut(text) if _WORD.search(piece) and piece not in STOP_WORDS]


def _whole(text: str) -> str:
    """Bounded, and without the half characters (lone surrogates) that no encoding has."""
    return text[:MAX_CHARS].encode("utf-8", "replace").decode()


@cache
def standard() -> Segmenter:
    """The segmenter without a city's words."""
    return Segmenter()
