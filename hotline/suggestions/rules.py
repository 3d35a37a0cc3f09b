"""What a proposal was worth, which labels fit, when a risk climbs. Pure; time is an argument.

Source: functions.md E3, E7, E10; rules.md section 3 (urgency: a person confirms).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log

from hotline.language.terms import grams

CLIMB_AFTER = timedelta(minutes=5)
"""A risk that nobody has answered climbs to the shift leader; a city may set `risk_minutes`."""
MOST_LABELS = 8
BANDS = (0.95, 0.9, 0.8, 0.7, 0.5, 0.3, 0.0)
"""Lower ends of the bands of confidence in which acceptance is told; where a city's threshold belongs is read from them."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One proposed value with the words a person reads and its score 0…1."""

    value: str
    label: str
    score: float

    def as_json(self) -> dict[str, object]:
        """As it is stored."""
        return {"value": self.value, "label": self.label, "score": round(self.score, 4)}


Span = tuple[str, int, int]
"""Field (`title`, `content`), start, end in characters."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the machine says about one thing; no candidates: it abstains, and `why` says so in a code."""

    kind: str
    model: str
    candidates: tuple[Candidate, ...] = ()
    evidence: tuple[Span, ...] = ()
    why: str = ""

    @property
    def confidence(self) -> float:
        """Of the first candidate; 0 when it abstains."""
        return self.candidates[0].score if self.candidates else 0.0


def judge(candidates: Sequence[Mapping[str, object]], final: str) -> str:
    """`accepted` when the first candidate is what a person chose, `changed` otherwise, `missed` when there was none."""
    if not candidates:
        return "missed"
    return "accepted" if str(candidates[0]["value"]) == final else "changed"


def judge_labels(candidates: Sequence[Mapping[str, object]], final: Iterable[str]) -> str:
    """Labels are many: accepted when all proposed ones were kept, even if others were added."""
    if not candidates:
        return "missed"
    return "accepted" if {str(one["value"]) for one in candidates} <= set(final) else "changed"


KEPT_OF_REPLY = 0.6
"""Share of a former reply's pairs and triples of characters that stand in what was sent: its dates and names always go."""


def judge_reply(former: str, sent: str) -> str:
    """`accepted` when most of the former reply went out, `changed` when little of it did. Linear in both."""
    asked = set(grams(former))
    return "accepted" if asked and len(asked & set(grams(sent))) >= KEPT_OF_REPLY * len(asked) else "changed"


@dataclass(frozen=True, slots=True)
class LabelFacts:
    """A label as the rules read it."""

    name: str
    words: tuple[str, ...] = ()
    category_code: str = ""


def labels_for(
    title: str, content: str, category_code: str, labels: Iterable[LabelFacts]
) -> tuple[list[Candidate], list[Span]]:
    """Labels whose words stand in the text or whose category holds the order, with the spans found. Linear in the text."""
    found: list[Candidate] = []
    spans: list[Span] = []
    for label in labels:
        hits = [
            (name, at, at + len(word))
            for word in label.words
            for name, text in (("title", title), ("content", content))
            if word and (at := text.find(word)) >= 0
        ]
        of_category = bool(label.category_code) and (
            category_code == label.category_code or category_code.startswith(label.category_code + ".")
        )
        if not hits and not of_category:
            continue
        score = min(0.99, 0.6 + 0.15 * len(hits) + (0.1 if of_category else 0)) if hits else 0.6
        found.append(Candidate(label.name, label.name, score))
        spans += hits
    found.sort(key=lambda one: (-one.score, one.value))
    return found[:MOST_LABELS], spans


def canonical(name: str, merged: Mapping[str, str]) -> str:
    """The label that counts now, through merges and renames; a ring (which the actions refuse) ends where it began."""
    seen = {name}
    while (following := merged.get(name)) is not None and following not in seen:
        seen.add(following)
        name = following
    return name


@dataclass(frozen=True, slots=True)
class Week:
    """How often the first candidate was kept in one week."""

    monday: datetime
    decided: int
    accepted: int

    @property
    def share(self) -> float | None:
        """None when nothing was decided."""
        return self.accepted / self.decided if self.decided else None


def drift(weeks: Sequence[Week]) -> float | None:
    """Change of the accepted share: the newest week against the mean of those before; None without both."""
    shares = [week.share for week in weeks if week.share is not None]
    if len(shares) < 2:
        return None
    return shares[-1] - sum(shares[:-1]) / (len(shares) - 1)


# ── categories without a model ──

MOST_WITHOUT_MODEL = 0.49
"""Names alone are never sure: what they propose stays below every threshold of automatic dispatch."""
LEAST_OF_NAME = 0.45
"""Share of a category's name, by how telling its pairs of characters are, that a text must hold."""
_PLAIN = re.compile(r"[^\w]|其他|其它|问题|相关|管理|服务|情况|有关")


@dataclass(frozen=True, slots=True)
class CategoryName:
    """A category as the rules read it; `path` are the names from the first level down."""

    code: str
    path: tuple[str, ...]


def _pairs(words: str) -> set[str]:
    return {part[at : at + 2] for part in _PLAIN.split(words) if len(part) > 1 for at in range(len(part) - 1)}


class ByNames:
    """Categories whose own names stand in a text; what is left when no model answers. Linear in text and categories."""

    def __init__(self, names: Iterable[CategoryName]) -> None:
        self._names = [(one, _pairs(one.path[-1]), _pairs("，".join(one.path[:-1]))) for one in names]
        held = Counter(pair for _one, own, above in self._names for pair in own | above)
        self._worth = {pair: log(1 + len(self._names) / count) for pair, count in held.items()}

    def read(self, title: str, content: str, limit: int = 3) -> list[Candidate]:
        """The likeliest first, scored below `MOST_WITHOUT_MODEL`."""
        text = _pairs(f"{title}，{content[:2000]}")
        found = []
        for one, own, above in self._names:
            whole = sum(self._worth[pair] for pair in own)
            if not whole:
                continue
            share = sum(self._worth[pair] for pair in own & text) / whole
            if share < LEAST_OF_NAME:
                continue
            around = sum(self._worth[pair] for pair in above)
            near = sum(self._worth[pair] for pair in above & text) / around if around else 0.0
            score = MOST_WITHOUT_MODEL * (0.8 * share + 0.2 * near)
            found.append(Candidate(one.code, " › ".join(one.path), round(score, 4)))
        return sorted(found, key=lambda one: (-one.score, one.value))[:limit]


def code_of_path(path: Sequence[str], codes: Mapping[tuple[str, ...], str]) -> str:
    """The city's category for a model's path of names; the nearest one above when a leaf is gone, empty when none is known."""
    names = tuple(name.strip() for name in path)
    for length in range(len(names), 0, -1):
        if (code := codes.get(names[:length])) is not None:
            return code
    return ""
