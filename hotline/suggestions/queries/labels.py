"""The vocabulary as it counts now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hotline.suggestions.models import Label
from hotline.suggestions.rules import LabelFacts, canonical
from hotline.workorders.models import WorkOrder

NEWEST = 20_000
"""Orders of which labels are counted: some days of a great city, a year of a small one."""


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


def label_counts() -> Counter[str]:
    """How many of the `NEWEST` orders bear each label, also those that bear it by an older name or one merged into it."""
    last = WorkOrder.objects.order_by("-id").values_list("id", flat=True).first() or 0
    given = WorkOrder.objects.filter(pk__gt=last - NEWEST).exclude(labels=[]).values_list("labels", flat=True)
    merged = _merged()
    found: Counter[str] = Counter()
    for names in given.iterator(chunk_size=5000):
        found.update({canonical(name, merged) for name in names})
    return found
