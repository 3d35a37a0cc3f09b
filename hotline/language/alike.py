"""How alike a text is to a few others, pure Python for the last step of a search, when the database has found a hundred.

`cosines`: TF-IDF over words and over pairs and triples of characters, 0..1, for two texts of about the same length;
`similar` holds the same measure over whole collections. `ranking`: which of the others a short question means, with
their meaning where it is known. Both find more on real messages than BM25 does (bench/README.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from hotline.language.terms import grams_in, pairs_in, plain, words_in

MOST = 500
"""Texts compared at once; the rest count as unlike."""
K1, B = 1.2, 0.75
PAIRS, PAIRS_COVERED, WORDS_COVERED, LENGTH, MEANING = 0.3, 0.4, 0.3, -0.1, 1.5
"""How much each sign counts in `ranking`: learned from 2,112 titles that look for their own message, five folds agreeing
(`python -m bench.language_models meaning` measures them). Meaning tells most, a pair of characters more than a word."""


def cosines(text: str, others: Sequence[str]) -> list[float]:
    """For each other text 0 (nothing shared) … 1 (the same terms). How telling a term is, the given texts say themselves.

    Linear in what is given, about 0.15 ms for a text of 400 characters.
    """
    seen = [plain(one) for one in others[:MOST]]
    level = plain(text)
    parts = [_cosines(cut(level), [cut(one) for one in seen]) for cut in (words_in, grams_in)]
    return [*((a + b) / 2 for a, b in zip(*parts, strict=True)), *[0.0] * (len(others) - len(seen))]


def _cosines(asked: Sequence[str], others: Sequence[Sequence[str]]) -> list[float]:
    counted = [Counter(terms) for terms in others]
    holding: Counter[str] = Counter()
    for counts in counted:
        holding.update(counts.keys())
    rarity = [1 + math.log((1 + len(others)) / (1 + count)) for count in range(len(others) + 1)]
    squares = [weight * weight for weight in rarity]
    squared = {term: squares[count] for term, count in holding.items()}
    sought = {term: _often(count) * rarity[holding[term]] for term, count in Counter(asked).items()}
    length = math.sqrt(sum(weight * weight for weight in sought.values()))
    answer = []
    for counts in counted:
        product = sum(
            sought[term] * rarity[holding[term]] * _often(counts[term])
            for term in sought.keys() & counts.keys()
        )
        own = sum(map(squared.__getitem__, counts))
        # Most terms stand once in a text and weigh what their rarity says; only the others are counted anew.
        if len(counts) < counts.total():
            own += sum(
                [squared[term] * (_often(often) ** 2 - 1) for term, often in counts.items() if often > 1]
            )
        answer.append(min(1.0, product / (length * math.sqrt(own))) if product else 0.0)
    return answer


def _often(count: int) -> float:
    """The tenth occurrence says little more than the first."""
    return 1.0 if count == 1 else 1 + math.log(count)


def ranking(text: str, others: Sequence[str], meaning: Sequence[float | None] = ()) -> list[float]:
    """For each other text how likely it is the one that `text` asks for; comparable within one call only.

    `meaning`: cosine of each other text by the embedding model, None where it has no vector, nothing at all without a model.
    Signs are levelled over the given texts, so that scores of different scales can be added. Linear in what is given, about
    0.2 ms for a text of 400 characters.
    """
    seen = others[:MOST]
    if not seen:
        return []
    level, others_level = plain(text), [plain(one) for one in seen]
    by_pairs = _found(pairs_in(level), [pairs_in(one) for one in others_level])
    by_words = _found(words_in(level), [words_in(one) for one in others_level])
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


def _found(sought: Sequence[str], others: Sequence[Sequence[str]]) -> list[tuple[float, float, float]]:
    """For each text: BM25 of the sought terms, the share of their weight that it holds, the same of their squared weight."""
    many, asked = len(others), set(sought)
    counted = [Counter(filter(asked.__contains__, terms)) for terms in others]
    holding: Counter[str] = Counter()
    for counts in counted:
        holding.update(counts.keys())
    rare = {term: math.log(1 + (many - holding[term] + 0.5) / (holding[term] + 0.5)) for term in asked}
    whole = sum(rare.values()) or 1.0
    squared = sum(weight * weight for weight in rare.values()) or 1.0
    usual = sum(map(len, others)) / many or 1.0
    answer = []
    for counts, terms in zip(counted, others, strict=True):
        worth = held = strong = 0.0
        for term, often in counts.items():
            weight = rare[term]
            worth += weight * often * (K1 + 1) / (often + K1 * (1 - B + B * len(terms) / usual))
            held += weight
            strong += weight * weight
        answer.append((worth, held / whole, strong / squared))
    return answer


def _level(values: Sequence[float]) -> list[float]:
    """With mean 0 and deviation 1; all 0 where they do not differ."""
    mean = sum(values) / len(values)
    width = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    return [(value - mean) / width for value in values] if width > 1e-9 else [0.0] * len(values)
