"""Which texts are alike: by words, by characters and by meaning, ranked together.

Pure ranking functions (`Lexical`, `fuse`) for whoever keeps its own store (tsvector, pgvector), and `Similar`, an index in
memory with add, remove and search. Words find the name of a street, characters find it mistyped or cut otherwise, meaning
finds another wording.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotline.language.terms import MAX_CHARS, grams, plain, words

__all__ = [
    "DEFAULT_WEIGHTS",
    "MAX_CHARS",
    "REPLY_WEIGHTS",
    "Lexical",
    "Near",
    "Similar",
    "Weights",
    "bm25_matrix",
    "cosine_matrix",
    "fuse",
    "grams",
    "plain",
    "words",
]

K1, B = 1.2, 0.75
HUB = 20
"""Nearest of other texts that show whether a document is near to everything."""


def rarity(documents: int, holding: int) -> float:
    """BM25's weight of a term that `holding` of `documents` have; never negative (Lucene's form)."""
    return math.log(1 + (documents - holding + 0.5) / (holding + 0.5))


def saturation(count: float, length: float, mean_length: float) -> float:
    """BM25's worth of `count` occurrences in a document of `length` terms."""
    return count * (K1 + 1) / (count + K1 * (1 - B + B * length / max(mean_length, 1e-9)))


class Lexical:
    """BM25 over any terms. Numbers of documents are the caller's, each at most once. Not locked: `Similar` is."""

    def __init__(self, terms: Callable[[str], list[str]]) -> None:
        self._terms = terms
        self._postings: dict[str, dict[int, int]] = defaultdict(dict)
        self._counts: dict[int, Counter[str]] = {}
        self._lengths: dict[int, int] = {}
        self._total = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, number: int, text: str) -> None:
        """Index a text under a number; another text of that number is replaced."""
        self.remove(number)
        counts = Counter(self._terms(text))
        self._counts[number] = counts
        self._lengths[number] = length = counts.total()
        self._total += length
        for term, count in counts.items():
            self._postings[term][number] = count

    def remove(self, number: int) -> None:
        """Forget a number; unknown ones are no matter."""
        counts = self._counts.pop(number, None)
        if counts is None:
            return
        self._total -= self._lengths.pop(number)
        for term in counts:
            postings = self._postings[term]
            del postings[number]
            if not postings:
                del self._postings[term]

    def scores(self, text: str, most: int = 64) -> dict[int, float]:
        """BM25 of every document that shares one of the query's `most` rarest terms."""
        documents = len(self._lengths)
        if not documents:
            return {}
        mean = self._total / documents
        wanted = Counter(self._terms(text))
        known = [(len(self._postings[term]), term) for term in wanted if term in self._postings]
        answer: dict[int, float] = defaultdict(float)
        for holding, term in heapq.nsmallest(most, known):
            weight = rarity(documents, holding) * wanted[term]
            for number, count in self._postings[term].items():
                answer[number] += weight * saturation(count, self._lengths[number], mean)
        return dict(answer)


def bm25_matrix(
    documents: Sequence[str], queries: Sequence[str], terms: Callable[[str], list[str]]
) -> NDArray[np.float32]:
    """BM25 of every query against every document, shape (queries, documents); for measuring."""
    from scipy import sparse

    vocabulary: dict[str, int] = {}
    counted = [Counter(terms(document)) for document in documents]
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    lengths = [max(counts.total(), 1) for counts in counted]
    mean = sum(lengths) / max(len(lengths), 1)
    holding = Counter(term for counts in counted for term in counts)
    for row, counts in enumerate(counted):
        for term, count in counts.items():
            rows.append(row)
            columns.append(vocabulary.setdefault(term, len(vocabulary)))
            values.append(rarity(len(documents), holding[term]) * saturation(count, lengths[row], mean))
    stored = sparse.csr_matrix(
        (values, (rows, columns)), shape=(len(documents), len(vocabulary)), dtype=np.float32
    )
    rows, columns, values = [], [], []
    for row, query in enumerate(queries):
        for term, count in Counter(terms(query)).items():
            if term in vocabulary:
                rows.append(row)
                columns.append(vocabulary[term])
                values.append(count)
    asked = sparse.csr_matrix(
        (values, (rows, columns)), shape=(len(queries), len(vocabulary)), dtype=np.float32
    )
    answer: NDArray[np.float32] = (asked @ stored.T).toarray()
    return answer


def cosine_matrix(
    documents: Sequence[str],
    queries: Sequence[str],
    terms: Callable[[str], list[str]],
    others: Sequence[str] = (),
) -> NDArray[np.float32]:
    """Cosine of TF-IDF of every query with every document, shape (queries, documents).

    `others`: more texts that say how rare a term is and which documents are near to everything: half of a document's mean
    nearness to the `HUB` nearest of them is taken off.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    seen = TfidfVectorizer(analyzer=terms, sublinear_tf=True).fit([*documents, *others])
    stored = seen.transform(documents)
    answer = (seen.transform(queries) @ stored.T).toarray()
    if others:
        around = (seen.transform(others) @ stored.T).toarray()
        answer = answer - np.sort(around, axis=0)[-HUB:].mean(axis=0) / 2
    found: NDArray[np.float32] = answer.astype(np.float32)
    return found


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each way of being alike counts in the sum of standard scores. `words`, `grams`: BM25; `cosine`: both cosines."""

    words: float = 0.5
    grams: float = 0.5
    meaning: float = 0.5
    cosine: float = 0.5


DEFAULT_WEIGHTS = Weights()
REPLY_WEIGHTS = Weights(words=0.0, grams=0.0, cosine=1.0)
"""A message and its reply: long texts, where BM25 adds nothing to the cosines."""


def standard(values: NDArray[Any]) -> NDArray[np.float32]:
    """Every row with mean 0 and deviation 1, so that scores of different scales can be added."""
    given = np.asarray(values, dtype=np.float32)
    answer: NDArray[np.float32] = (given - given.mean(axis=-1, keepdims=True)) / (
        given.std(axis=-1, keepdims=True) + 1e-6
    )
    return answer


def fuse(
    by_words: NDArray[Any],
    by_grams: NDArray[Any],
    by_meaning: NDArray[Any] | None,
    weights: Weights = DEFAULT_WEIGHTS,
    cosines: Sequence[NDArray[Any]] = (),
) -> NDArray[np.float32]:
    """One score over the same candidates (last axis) from BM25 by words and characters, their cosines and meaning, as far as given."""
    answer = weights.words * standard(by_words) + weights.grams * standard(by_grams)
    for one in cosines:
        answer = answer + weights.cosine * standard(one)
    if by_meaning is not None:
        answer = answer + weights.meaning * standard(by_meaning)
    return answer.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Near:
    """One text that is alike. `score`: the sum of standard scores, comparable within one search only; `meaning`: cosine."""

    number: int
    score: float
    words: float
    grams: float
    meaning: float | None


class Similar:
    """An index of texts by number, in memory, safe for threads. Vectors are the caller's (or none at all)."""

    def __init__(self, weights: Weights = DEFAULT_WEIGHTS) -> None:
        self._weights = weights
        self._words = Lexical(words)
        self._grams = Lexical(grams)
        self._rows: dict[int, int] = {}
        self._numbers: list[int] = []
        self._vectors: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._words)

    def add(self, number: int, text: str, vector: NDArray[np.float32] | None = None) -> None:
        """Index a text; another one of that number is replaced."""
        with self._lock:
            self.remove(number)
            self._words.add(number, text)
            self._grams.add(number, text)
            if vector is not None:
                self._keep(number, vector)

    def remove(self, number: int) -> None:
        """Forget a number; unknown ones are no matter."""
        with self._lock:
            self._words.remove(number)
            self._grams.remove(number)
            row = self._rows.pop(number, None)
            if row is not None:
                last = len(self._numbers) - 1
                if row != last:
                    self._numbers[row] = self._numbers[last]
                    self._vectors[row] = self._vectors[last]
                    self._rows[self._numbers[row]] = row
                self._numbers.pop()

    def search(
        self,
        text: str,
        vector: NDArray[np.float32] | None = None,
        limit: int = 10,
        among: Callable[[int], bool] | None = None,
        candidates: int = 200,
    ) -> list[Near]:
        """The most alike, the best first. `among` says which numbers may be shown at all (secrecy)."""
        with self._lock:
            by_words, by_grams = self._words.scores(text), self._grams.scores(text)
            by_meaning: dict[int, float] = {}
            if vector is not None and self._numbers:
                near = self._vectors[: len(self._numbers)] @ vector
                by_meaning = dict(zip(self._numbers, near.tolist(), strict=True))
            chosen = self._candidates((by_words, by_grams, by_meaning), among, candidates)
            if not chosen:
                return []
            columns = [np.array([table.get(n, 0.0) for n in chosen]) for table in (by_words, by_grams)]
            meaning = np.array([by_meaning.get(n, 0.0) for n in chosen]) if by_meaning else None
            total = fuse(columns[0], columns[1], meaning, self._weights)
            order = sorted(range(len(chosen)), key=lambda i: (-total[i], chosen[i]))[:limit]
            return [
                Near(
                    chosen[i],
                    float(total[i]),
                    float(columns[0][i]),
                    float(columns[1][i]),
                    by_meaning.get(chosen[i]),
                )
                for i in order
            ]

    @staticmethod
    def _candidates(
        tables: Iterable[Mapping[int, float]], among: Callable[[int], bool] | None, count: int
    ) -> list[int]:
        chosen: dict[int, None] = {}
        for table in tables:
            allowed = table.items() if among is None else ((n, s) for n, s in table.items() if among(n))
            chosen |= dict.fromkeys(n for n, _ in heapq.nlargest(count, allowed, key=lambda pair: pair[1]))
        return sorted(chosen)

    def _keep(self, number: int, vector: NDArray[np.float32]) -> None:
        row = len(self._numbers)
        if row >= len(self._vectors):
            grown = np.zeros((max(64, 2 * row), len(vector)), dtype=np.float32)
            grown[:row] = self._vectors[:row] if row else grown[:0]
            self._vectors = grown
        self._vectors[row] = vector
        self._numbers.append(number)
        self._rows[number] = row
