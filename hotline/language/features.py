"""What a classifier sees of a title and a text: characters and words, weighed, as one row of numbers.

Five blocks, each of length 1 times its weight: characters and words of the title, characters (1-2), characters (3) and words of
the text. A title is a citizen's own summary; given its own blocks it is worth three points of F1 over one long text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import rjieba
from numpy.typing import NDArray

HEAD, TAIL = 700, 200
"""Of a longer text its beginning and its end are read: what happened stands first, what is asked for last."""
TITLE = 120


class Item(Protocol):
    """Anything with a title and a text."""

    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Block:
    """One kind of feature. `least`: texts that must have it, below that it is noise."""

    name: str
    of_title: bool
    shortest: int
    longest: int
    weight: float
    least: int
    by_words: bool = False


BLOCKS = (
    Block("title characters", True, 1, 3, 1.0, 2),
    Block("title words", True, 1, 2, 1.0, 2, by_words=True),
    Block("text characters", False, 1, 2, 1.0, 3),
    Block("text triples", False, 3, 3, 0.7, 3),
    Block("text words", False, 1, 2, 1.0, 2, by_words=True),
)
_DIGITS = re.compile(r"[0-9]+")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w")


def level(text: str, most: int = HEAD + TAIL) -> str:
    """Width and case levelled, numbers made one, spaces out, long ones shortened. Bounded whatever comes in."""
    if len(text) > 4 * most:
        text = text[: 2 * most] + text[-2 * most :]
    text = text.encode("utf-8", "replace").decode("utf-8")  # lone surrogates, which the segmenter refuses
    plain = _SPACE.sub("", _DIGITS.sub("0", unicodedata.normalize("NFKC", text).lower()))
    if len(plain) <= most:
        return plain
    return plain[: most - TAIL] + plain[-TAIL:] if most > TAIL else plain[:most]


def split(text: str) -> list[str]:
    """Words of a levelled text, signs left out."""
    return [word for word in rjieba.cut(text) if _WORD.match(word)]


def terms(item: Item) -> Iterable[list[str]]:
    """The features of every block, in their order, repeated as often as they occur."""
    title, text = level(item.title, TITLE), level(item.text)
    title_words, text_words = split(title), split(text)
    for block in BLOCKS:
        source = title if block.of_title else text
        found: list[str] = []
        if block.by_words:
            ours = title_words if block.of_title else text_words
            found += ours
            found += [f"{one}_{two}" for one, two in pairwise(ours)]
        else:
            for length in range(block.shortest, block.longest + 1):
                found += [source[i : i + length] for i in range(len(source) - length + 1)]
        yield found


class Vocabulary:
    """The features of a model: `names[b]` of block b in order, numbered through over all blocks; `rarity` by number."""

    def __init__(self, names: Sequence[Sequence[str]], rarity: NDArray[np.float32]) -> None:
        self.names = [list(block) for block in names]
        self.rarity = rarity
        self._numbers: list[dict[str, int]] = []
        start = 0
        for block in self.names:
            self._numbers.append({name: start + i for i, name in enumerate(block)})
            start += len(block)
        self.size = start
        self._ends = np.cumsum([len(block) for block in self.names])

    @classmethod
    def learn(cls, items: Sequence[Item]) -> tuple[Vocabulary, list[list[Counter[str]]]]:
        """From texts; also what was counted in each, so that nobody counts twice."""
        counted = [[Counter(found) for found in terms(item)] for item in items]
        names: list[list[str]] = []
        rarity: list[float] = []
        for place, block in enumerate(BLOCKS):
            holding: Counter[str] = Counter()
            for row in counted:
                holding.update(row[place].keys())
            kept = sorted(name for name, texts in holding.items() if texts >= block.least)
            names.append(kept)
            rarity += [math.log((1 + len(items)) / (1 + holding[name])) + 1 for name in kept]
        return cls(names, np.array(rarity, dtype=np.float32)), counted

    def row(self, counted: Iterable[Counter[str]]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Numbers (ascending) and values of one text's features."""
        found: list[tuple[int, int]] = []
        for numbers, counter in zip(self._numbers, counted, strict=True):
            found += [(numbers[name], count) for name, count in counter.items() if name in numbers]
        found.sort()
        pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
        return self._weigh(pairs[:, 0].astype(np.int32), pairs[:, 1])

    def read(self, item: Item) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The same of a text that was not learned from."""
        found: list[int | None] = []
        for numbers, names in zip(self._numbers, terms(item), strict=True):
            found += map(numbers.get, names)
        known = np.array([number for number in found if number is not None], dtype=np.int32)
        where, counts = np.unique(known, return_counts=True)
        return self._weigh(where, counts)

    def _weigh(
        self, where: NDArray[np.int32], counts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        values: NDArray[np.float32] = (1 + np.log(counts.astype(np.float32))) * self.rarity[where]
        bounds = np.searchsorted(where, self._ends)
        start = 0
        for block, end in zip(BLOCKS, bounds.tolist(), strict=True):
            if end > start:
                part = values[start:end]
                part *= block.weight / math.sqrt(float(part @ part))
            start = end
        return where, values

    def matrix(self, counted: Iterable[Iterable[Counter[str]]]) -> Any:
        """Rows of many texts as a scipy CSR matrix."""
        from scipy import sparse

        starts, where, values = [0], [], []
        for row in counted:
            numbers, weights = self.row(row)
            where.append(numbers)
            values.append(weights)
            starts.append(starts[-1] + len(numbers))
        return sparse.csr_matrix(
            (np.concatenate(values), np.concatenate(where), np.array(starts)), shape=(len(where), self.size)
        )

    def name(self, number: int) -> tuple[Block, str]:
        """The block and spelling of a feature."""
        for block, names in zip(BLOCKS, self.names, strict=True):
            if number < len(names):
                return block, names[number]
            number -= len(names)
        raise IndexError(number)
