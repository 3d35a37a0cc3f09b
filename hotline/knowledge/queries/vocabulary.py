"""Words that mean the same, how common words are, the taxonomy's names, the city's wishes. Kept a moment in the process."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from hotline.knowledge.models import Settings, Term, WordCount

KEPT_SECONDS = 30.0


class CategoryNames(Protocol):
    """The taxonomy as this package needs it; the package above that owns it tells at start."""

    def leaves(self) -> Sequence[tuple[str, str]]:
        """(code, path of names) of every category without children that is in effect today."""

    def name(self, code: str) -> str:
        """The path of names; empty for an unknown code."""

    def is_leaf(self, code: str) -> bool:
        """True when entries may stand there."""


class _AnyCategory:
    """Where nobody keeps a taxonomy any code will do."""

    def leaves(self) -> Sequence[tuple[str, str]]:
        return ()

    def name(self, code: str) -> str:
        return code

    def is_leaf(self, code: str) -> bool:
        return bool(code)


_categories: CategoryNames = _AnyCategory()


def use_categories(names: CategoryNames | None) -> None:
    """Set who knows the taxonomy; None: nobody."""
    global _categories
    _categories = names or _AnyCategory()


def categories() -> CategoryNames:
    """Who knows the taxonomy."""
    return _categories


def city_settings() -> Settings:
    """The city's wishes; defaults where it set none."""
    return Settings.objects.filter(pk=1).first() or Settings()


@dataclass(slots=True)
class _Kept:
    groups: list[list[str]]
    at: float


_kept = _Kept([], -KEPT_SECONDS)


def terms() -> list[list[str]]:
    """Groups of words that mean the same; at most half a minute old."""
    if settings.TESTING or time.monotonic() - _kept.at >= KEPT_SECONDS:
        _kept.groups = list(Term.objects.order_by("id").values_list("words", flat=True))
        _kept.at = time.monotonic()
    return _kept.groups


def forget_words() -> None:
    """Read terms again at the next question."""
    _kept.at = -KEPT_SECONDS


def word_counts(words: Collection[str]) -> tuple[Mapping[str, int], int]:
    """(word → entries that hold it, entries in all). A word that is not there is rare."""
    found = dict(WordCount.objects.filter(word__in=[*words, ""]).values_list("word", "entries"))
    return found, found.pop("", 0)
