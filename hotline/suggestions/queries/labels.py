"""The vocabulary as it counts now."""

from __future__ import annotations

from collections.abc import Iterable

from hotline.suggestions.models import Label
from hotline.suggestions.rules import LabelFacts, canonical


def labels(text: str = "", *, retired: bool = False) -> list[Label]:
    """Labels that count for themselves, by name, with what was merged into them; `text` in name or words."""
    rows = Label.objects.filter(merged_into=None).prefetch_related("merged").order_by("name")
    if not retired:
        rows = rows.filter(retired_at=None)
    found = list(rows)
    return [one for one in found if not text or text in one.name or any(text in word for word in one.words)]


def label_facts() -> list[LabelFacts]:
    """What the rules of proposing labels read. One query."""
    return [
        LabelFacts(name, tuple(words), code)
        for name, words, code in Label.objects.filter(merged_into=None, retired_at=None).values_list(
            "name", "words", "category_code"
        )
    ]


def _merged() -> dict[str, str]:
    return dict(Label.objects.filter(merged_into__isnull=False).values_list("name", "merged_into__name"))


def canonical_labels(names: Iterable[str]) -> list[str]:
    """Each label as it is called now, once, in order."""
    merged = _merged()
    return list(dict.fromkeys(canonical(name, merged) for name in names))


def meaning_of(name: str) -> list[str]:
    """Every word that means this label today: itself, what was merged into it, its older names."""
    merged = _merged()
    now = canonical(name, merged)
    return [now, *sorted(old for old in merged if canonical(old, merged) == now)]
