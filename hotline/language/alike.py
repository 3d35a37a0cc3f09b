"""How alike a text is to a few others, pure Python for the last step of a search, when the database has found a hundred.

`cosines`: TF-IDF over words and over pairs and triples of characters, 0..1, for two texts of about the same length;
`similar` holds the same measure over whole collections. `ranking`: which of the others a short question means, with
their meaning where it is known. Both find more on real messages than BM25 does (bench/README.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from hotline.language.terms import grams, words

MOST = 500
"""Texts compared at once; the rest count as unlike."""
K1, B = 1.2, 0.75
PAIRS, PAIRS_COVERED, WORDS_COVERED, LENGTH, MEANING = 0.3, 0.4, 0.3, -0.1, 1.5
"""How much each sign counts in `ranking`: learned from 2,112 titles that look for their own message, five folds agreeing
(`python -m bench.language_models meaning` measures them). Meaning tells most, a pair of characters more than a word."""


def cosines(text: str, others: Sequence[str]) -> list[float]:
    """For each other text 0 (nothing shared) … 1 (the same terms). How telling a term is, the given texts say themselves.

    Linear in what is given, about 0.3 ms for a text of 400 characters.
    """
    seen = others[:MOST]
    parts = [_cosines(text, seen, terms) for terms in (words, grams)]
    return [*((a + b) / 2 for a, b in zip(*parts, strict=True)), *[0.0] * (len(others) - len(seen))]


def _cosines(text: str, others: Sequence[str], terms: Callable[[str], list[str]]) -> list[float]:
    counted = [Counter(terms(one)) for one in others]
    holding = Counter(term for counts in counted for term in counts)
    rare = {term: 1 + math.log((1 + len(others)) / (1 + count)) for term, count in holding.items()}
    new = 1 + math.log(1 + len(others))
    asked = _unit(Counter(terms(text)), rare, new)
    return [_product(asked, _unit(counts, rare, new)) for counts in counted]


def _unit(counts: Mapping[str, int], rare: Mapping[str, float], new: float) -> dict[str, float]:
    """Term → weight, of length 1 together; the tenth occurrence says little more than the first."""
    weights = {term: (1 + math.log(count)) * rare.get(term, new) for term, count in counts.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {term: weight / length for term, weight in weights.items()} if length else {}


def _product(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    small, large = sorted((one, other), key=len)
    return min(1.0, sum(weight * large[term] for term, weight in small.items() if term in large))


def ranking(text: str, others: Sequence[str], meaning: Sequence[float | None] = ()) -> list[float]:
    """For each other text how likely it is the one that `text` asks for; comparable within one call only.

    `meaning`: cosine of each other text by the embedding model, None where it has no vector, nothing at all without a model.
    Signs are levelled over the given texts, so that scores of different scales can be added. Linear in what is given, about
    0.2 ms for a text of 400 characters.
    """
    seen = others[:MOST]
    if not seen:
        return []
    by_pairs = _found(Counter(_pairs(text)), [Counter(_pairs(one)) for one in seen])
    by_words = _found(Counter(words(text)), [Counter(words(one)) for one in seen])
    signs = [
        (PAIRS, [one[0] for one in by_pairs]),
        (PAIRS_COVERED, [one[1] for one in by_pairs]),
        (WORDS_COVERED, [one[2] for one in by_words]),
        (LENGTH, [math.log(10 + len(one)) for one in seen]),
    ]
    known = [value for value in meaning[:MOST] if value is not None]
    if known:
        usual = sum(known) / len(known)
        told = [usual if value is None else value for value in meaning[:MOST]]
        signs.append((MEANING, told + [usual] * (len(seen) - len(told))))
    total = [0.0] * len(seen)
    for weight, values in signs:
        total = [sum_ + weight * value for sum_, value in zip(total, _level(values), strict=True)]
    return [*total, *[min(total) - 1] * (len(others) - len(seen))]


def _pairs(text: str) -> list[str]:
    return [gram for gram in grams(text) if len(gram) == 2]


def _found(asked: Counter[str], counted: Sequence[Counter[str]]) -> list[tuple[float, float, float]]:
    """For each text: BM25 of the asked terms, the share of their weight that it holds, the same of their squared weight."""
    many = len(counted)
    holding = Counter(term for counts in counted for term in counts if term in asked)
    rare = {term: math.log(1 + (many - holding[term] + 0.5) / (holding[term] + 0.5)) for term in asked}
    whole = sum(rare.values()) or 1.0
    squared = sum(weight * weight for weight in rare.values()) or 1.0
    lengths = [counts.total() for counts in counted]
    usual = sum(lengths) / many or 1.0
    answer = []
    for counts, length in zip(counted, lengths, strict=True):
        worth = held = strong = 0.0
        for term, weight in rare.items():
            if often := counts.get(term):
                worth += weight * often * (K1 + 1) / (often + K1 * (1 - B + B * length / usual))
                held += weight
                strong += weight * weight
        answer.append((worth, held / whole, strong / squared))
    return answer


def _level(values: Sequence[float]) -> list[float]:
    """With mean 0 and deviation 1; all 0 where they do not differ."""
    mean = sum(values) / len(values)
    width = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    return [(value - mean) / width for value in values] if width > 1e-9 else [0.0] * len(values)
