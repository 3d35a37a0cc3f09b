"""Words of an order for full-text search; orders and questions are cut by the same function."""

from __future__ import annotations

import re

import rjieba

_WORD = re.compile(r"\w", re.UNICODE)
LONGEST = 4000
"""Characters of an order's text that are searchable."""


def search_text(*parts: str) -> str:
    """Space-separated words for `to_tsvector('simple', …)`; also every part of a longer word."""
    text = " ".join(part for part in parts if part)[:LONGEST]
    # Nearly every word is letters alone, which needs no pattern.
    return " ".join([word for word in rjieba.cut_for_search(text) if word.isalnum() or _WORD.search(word)])


def search_query(text: str) -> str:
    """Words of a question, all of which must occur, for `to_tsquery('simple', …)`; empty when nothing is left."""
    words = [re.sub(r"[^\w-]", "", word) for word in rjieba.cut(text[:200])]
    return " & ".join(f"'{word}'" for word in dict.fromkeys(words) if _WORD.search(word))
