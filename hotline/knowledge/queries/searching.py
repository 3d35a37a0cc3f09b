"""Finding the paragraph that answers, by words and by meaning together.

Words: the narrow index rows are matched and materialised first, then ranked (the planner, left alone, would walk the
table in order); titles, keywords and questions before the text, all words before some. Meaning: the nearest paragraphs,
where vectors are there. What both found is ranked once more here, with how much each word tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from django.db import connection

from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.vectors import looking_for
from hotline.knowledge import vectors
from hotline.knowledge.models import Entry, Paragraph, Readers
from hotline.knowledge.queries.vocabulary import terms, word_counts
from hotline.knowledge.rules import (
    Candidate,
    Question,
    Score,
    is_good,
    marked,
    question_of,
    score,
    weights_of,
)
from hotline.knowledge.rules.markdown import PIECE
from hotline.places.rules import ancestors

COMMON: Final = 1.79
"""Weight of a word that a fifth of the entries hold: ln(1 + 5)."""
MATCHED: Final = 1000
"""Rows of one step that are ranked by the database; a word that everybody uses matches far more."""
ENOUGH: Final = 30
"""Candidates after which no wider step is taken."""
RANKED: Final = 40
"""Candidates whose paragraphs are read and ranked here."""
NEAR: Final = 40
LONGEST_EXCERPT: Final = 180


@dataclass(frozen=True, slots=True)
class Limits:
    """What a search is limited to. `region`: a division; found is what holds there, the whole city's included."""

    region: str = ""
    unit_id: int | None = None
    category: str = ""
    material: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: the entry, the paragraph that says it, its words in pieces with whether each was asked for."""

    entry: Entry
    position: int
    heading: str
    text: str
    pieces: Sequence[tuple[str, bool]]
    cover: float
    meaning: float

    @property
    def anchor(self) -> int:
        """The block's number on the entry's page."""
        return self.position % PIECE

    @property
    def excerpt(self) -> list[tuple[str, bool]]:
        """The pieces around the first found word, at most LONGEST_EXCERPT characters."""
        first = next((len("".join(text for text, _m in self.pieces[:i])) for i, (_t, m) in enumerate(self.pieces) if m), 0)
        start = max(0, min(first - 40, len(self.text) - LONGEST_EXCERPT))
        shown: list[tuple[str, bool]] = [("…", False)] if start else []
        at, end = 0, start + LONGEST_EXCERPT
        for text, mark in self.pieces:
            cut = text[max(start - at, 0) : max(end - at, 0)]
            at += len(text)
            if cut:
                shown.append((cut, mark))
        return [*shown, ("…", False)] if at > end else shown


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave. `good`: the first hit may be taken for an answer; otherwise it is a gap.

    `by_meaning`: vectors were compared too. `nearest`: the entry that came closest, for a gap.
    """

    question: Question
    hits: Sequence[Hit] = ()
    good: bool = False
    by_meaning: bool = False
    nearest: int | None = None
    scores: Mapping[int, Score] = field(default_factory=dict)


def search(actor: Actor, text: str, *, limits: Limits | None = None, size: int = 10) -> Found:
    """The entries in force that answer `text`, best first, each with its paragraph. Citizens find public ones only."""
    limits = limits or Limits()
    question = question_of(text, terms())
    if not question.terms:
        return Found(question)
    where, parameters = _where(actor, limits)
    counts, total = word_counts({word for term in question.terms for word in term[0]})
    weights = weights_of(question, counts, total)
    ids = _by_words(question, weights, where, parameters)
    vector = vectors.embed_query(text)
    meaning = _by_meaning(vector, where, parameters) if vector is not None else {}
    ids = list(dict.fromkeys([*ids[:RANKED], *list(meaning)[:NEAR]]))
    entries = Entry.objects.select_related("unit").in_bulk(ids)
    parts = _parts(ids)
    scores = [
        score(question, weights, _candidate(entries[number], parts.get(number, ()), meaning.get(number, {})))
        for number in ids
        if number in entries
    ]
    place = {number: at for at, number in enumerate(ids)}
    # A narrower region is the more exact answer where words say the same.
    scores.sort(key=lambda one: (-round(one.value, 3), -len(entries[one.id].region.rstrip("0")), place[one.id]))
    marks = [word for index in range(len(question.terms)) for word in question.spellings(index)]
    hits = [_hit(entries[one.id], one, parts.get(one.id, ()), marks) for one in scores[:size]]
    return Found(
        question,
        hits,
        is_good(scores[0] if scores else None),
        vector is not None,
        scores[0].id if scores else None,
        {one.id: one for one in scores[:size]},
    )


def _where(actor: Actor, limits: Limits) -> tuple[str, list[Any]]:
    day = limits.on or clock.today()
    parts = ["(i.valid_from IS NULL OR i.valid_from <= %s)", "(i.valid_to IS NULL OR i.valid_to >= %s)"]
    values: list[Any] = [day, day]
    if not actor.is_staff and not actor.is_system:
        parts.append("i.readers = %s")
        values.append(str(Readers.PUBLIC))
    if limits.region:
        parts.append("i.region = ANY(%s)")
        values.append(["", limits.region, *ancestors(limits.region)])
    if limits.unit_id:
        parts.append("i.unit_id = %s")
        values.append(limits.unit_id)
    if limits.category:
        parts.append("(i.category_code = %s OR i.category_code LIKE %s)")
        values += [limits.category, limits.category.replace("%", "").replace("_", "") + ".%"]
    if limits.material:
        parts.append("i.material = %s")
        values.append(limits.material)
    return " AND ".join(parts), values


_STEP = (
    # The query stands there as a constant: the planner then knows a word that everybody uses and stops early.
    "WITH matches AS MATERIALIZED (SELECT i.entry_id, i.head FROM knowledge_entryindex i"
    " WHERE i.{column} @@ to_tsquery('simple', %s) AND {where} LIMIT {most})"
    " SELECT m.entry_id FROM matches m ORDER BY ts_rank(m.head, to_tsquery('simple', %s)) DESC, m.entry_id DESC LIMIT {ranked}"
)


def _by_words(question: Question, weights: Sequence[float], where: str, parameters: Sequence[Any]) -> list[int]:
    """Candidates: all words in the head, all words anywhere, then some of the telling words, until there are enough."""
    everything = sorted(range(len(weights)), key=lambda index: -weights[index])
    # What stands in a fifth of all entries selects nothing, and costs as much as it selects.
    telling = [index for index in everything if weights[index] > COMMON] or everything
    steps = [("head", question.every()), ("body", question.every(everything[:4]))]
    if len(everything) > 1:
        steps += [("head", question.some(telling[:4])), ("body", question.some(telling[:2]))]
    found: dict[int, None] = {}
    with connection.cursor() as cursor:
        for column, query in steps:
            statement = _STEP.format(column=column, where=where, most=MATCHED, ranked=RANKED)
            cursor.execute(statement, [query, *parameters, query])
            found.update((row[0], None) for row in cursor.fetchall())
            if len(found) >= ENOUGH:
                break
    return list(found)


def _by_meaning(vector: str, where: str, parameters: Sequence[Any]) -> dict[int, dict[int, float]]:
    """Entry → position → cosine of its nearest paragraphs, nearest entry first."""
    found: dict[int, dict[int, float]] = {}
    with looking_for(NEAR * 2) as cursor:
        cursor.execute(
            f"WITH near AS MATERIALIZED (SELECT entry_id, position, vector <=> %s::halfvec AS far FROM knowledge_vector"
            f" ORDER BY vector <=> %s::halfvec LIMIT {NEAR * 2})"
            f" SELECT n.entry_id, n.position, 1 - n.far FROM near n JOIN knowledge_entryindex i USING (entry_id) WHERE {where} ORDER BY n.far",
            [vector, vector, *parameters],
        )
        for entry_id, position, cosine in cursor.fetchall():
            found.setdefault(entry_id, {})[position] = float(cosine)
    return found


def _parts(ids: Sequence[int]) -> dict[int, list[tuple[int, str, str]]]:
    parts: dict[int, list[tuple[int, str, str]]] = {}
    rows = Paragraph.objects.filter(entry_id__in=ids).order_by("entry_id", "position")
    for entry_id, position, heading, text in rows.values_list("entry_id", "position", "heading", "text"):
        parts.setdefault(entry_id, []).append((position, heading, text))
    return parts


def _candidate(entry: Entry, parts: Sequence[tuple[int, str, str]], meaning: Mapping[int, float]) -> Candidate:
    return Candidate(entry.pk, entry.title, entry.keywords, entry.questions, parts, meaning)


def _hit(entry: Entry, found: Score, parts: Sequence[tuple[int, str, str]], marks: Sequence[str]) -> Hit:
    position, heading, text = next((part for part in parts if part[0] == found.position), (1, "", ""))
    return Hit(entry, position, heading, text, marked(text, marks), found.cover, found.meaning)
