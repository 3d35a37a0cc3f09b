"""The cycle of an entry, what an entry may hold, and how words are found. Pure."""

from hotline.knowledge.rules.cycle import OPEN_DRAFT, SERVED, VERBS, Verb, next_state, review_due, verbs_from
from hotline.knowledge.rules.documents import (
    FIELDS,
    LONGEST_CONTENT,
    Document,
    Kept,
    changed_fields,
    check_document,
    line_changes,
)
from hotline.knowledge.rules.markdown import Part, parts_of, render
from hotline.knowledge.rules.ranking import Candidate, Score, alike, is_good, score, weights_of
from hotline.knowledge.rules.tables import read_csv
from hotline.knowledge.rules.words import Question, marked, question_of, scrub, search_words

__all__ = [
    "FIELDS",
    "LONGEST_CONTENT",
    "OPEN_DRAFT",
    "SERVED",
    "VERBS",
    "Candidate",
    "Document",
    "Kept",
    "Part",
    "Question",
    "Score",
    "Verb",
    "alike",
    "changed_fields",
    "check_document",
    "is_good",
    "line_changes",
    "marked",
    "next_state",
    "parts_of",
    "question_of",
    "read_csv",
    "render",
    "review_due",
    "score",
    "scrub",
    "search_words",
    "verbs_from",
    "weights_of",
]
