"""How urgent and how risky a text is: kinds of danger with the words that show them, by a table of rules (data/risk.yaml).

Rules propose and a person confirms: the table leans towards calling too often. A city extends it with `Rules.extended`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from hotline.language.normalise import MAX_CHARS, Normal, normalise, sentences

NEAR = 10
"""Characters before a sign in which a negation speaks of it."""
MAX_SIGNS = 40


class Level(StrEnum):
    """紧急, 较急, 一般."""

    URGENT = "urgent"
    PRESSING = "pressing"
    USUAL = "usual"


_WORDS = ("negations", "not_negations", "past", "supposed")
_ORDER = (Level.USUAL, Level.PRESSING, Level.URGENT)


@dataclass(frozen=True, slots=True)
class Sign:
    """text[start:end] of the original shows `kind` by rule number `rule`; `past` and `supposed` say how it is spoken of."""

    kind: str
    start: int
    end: int
    weight: float
    rule: int = 0
    past: bool = False
    supposed: bool = False


@dataclass(frozen=True, slots=True)
class RiskKind:
    """One row of the table: label and advice are Chinese for the agent; signs are (pattern, weight)."""

    name: str
    label: str
    level: Level
    advice: str
    signs: tuple[tuple[re.Pattern[str], float], ...]
    keep_negated: bool = False
    past: bool = False


@dataclass(frozen=True, slots=True)
class Assessment:
    """`level` of the whole, the signs in the order of the text, and the advice of each kind found (most urgent first)."""

    level: Level
    signs: tuple[Sign, ...]
    advice: tuple[tuple[str, str, str], ...]
    """(kind, label, advice)."""

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind, _, _ in self.advice)


class BadRules(ValueError):
    """The table cannot be used; the message says which entry and why."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The table, compiled."""

    kinds: Mapping[str, RiskKind]
    negations: re.Pattern[str]
    not_negations: re.Pattern[str]
    past: re.Pattern[str]
    supposed: re.Pattern[str]

    @classmethod
    def read(cls, text: str) -> Rules:
        """Rules from YAML. Raises BadRules naming the entry."""
        try:
            raw = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise BadRules(str(error)) from error
        if not isinstance(raw, dict) or not isinstance(raw.get("kinds"), dict):
            raise BadRules("kinds is missing")
        kinds = {name: _kind(name, row) for name, row in raw["kinds"].items()}
        words = {key: _pattern(key, raw.get(key) or "(?!)") for key in _WORDS}
        return cls(kinds, **words)

    def extended(self, text: str) -> Rules:
        """A city's own kinds and signs added to these (same format; words of `negations` … are added too)."""
        more = Rules.read(text)
        kinds = dict(self.kinds)
        for name, kind in more.kinds.items():
            old = kinds.get(name)
            kinds[name] = kind if old is None else RiskKind(
                name, kind.label or old.label, kind.level, kind.advice or old.advice, old.signs + kind.signs, old.keep_negated, old.past
            )  # fmt: skip
        both = (
            (self.negations, more.negations),
            (self.not_negations, more.not_negations),
            (self.past, more.past),
        )
        words = [
            re.compile(f"{mine.pattern}|{theirs.pattern}")
            for mine, theirs in (*both, (self.supposed, more.supposed))
        ]
        return Rules(kinds, *words)


def _pattern(where: str, source: object) -> re.Pattern[str]:
    try:
        return re.compile(str(source))
    except re.error as error:
        raise BadRules(f"{where}: {error}") from error


def _kind(name: str, row: Any) -> RiskKind:
    if not isinstance(row, dict):
        raise BadRules(f"{name}: a kind is a mapping")
    try:
        level = Level(row.get("level", "pressing"))
    except ValueError as error:
        raise BadRules(f"{name}: level {row.get('level')!r}") from error
    signs = []
    for sign in row.get("signs") or ():
        source, weight = (
            (sign.get("pattern"), 0.5 if sign.get("weak") else 1.0) if isinstance(sign, dict) else (sign, 1.0)
        )
        signs.append((_pattern(name, source), weight))
    return RiskKind(
        name, str(row.get("label", "")), level, str(row.get("advice", "")), tuple(signs), bool(row.get("keep_negated")), bool(row.get("past"))
    )  # fmt: skip


@cache
def standard() -> Rules:
    """The table that ships."""
    return Rules.read((files("hotline.language") / "data" / "risk.yaml").read_text(encoding="utf-8"))


def assess(text: str, rules: Rules | None = None) -> Assessment:
    """Read `text` (first MAX_CHARS characters). Never raises; a text without signs is `usual`."""
    table = rules or standard()
    normal = normalise(text, fillers=False, limit=MAX_CHARS)
    signs: list[Sign] = []
    for start, stop in sentences(normal.text):
        signs += _signs(normal, start, stop, table)
        if len(signs) > MAX_SIGNS:
            break
    # The same weak word again shows no more than once: weights are summed over rules.
    sums: dict[str, float] = {}
    for kind, _, weight in {(sign.kind, sign.rule, sign.weight) for sign in signs}:
        sums[kind] = sums.get(kind, 0.0) + weight
    kept = tuple(
        sorted(
            (sign for sign in signs[:MAX_SIGNS] if sums[sign.kind] >= 1),
            key=lambda sign: (sign.start, sign.end),
        )
    )
    levels = {
        name: _level(table.kinds[name], [sign for sign in kept if sign.kind == name])
        for name in dict.fromkeys(sign.kind for sign in kept)
    }
    named = sorted(levels, key=lambda name: (-_ORDER.index(levels[name]), list(table.kinds).index(name)))
    whole = max(levels.values(), key=_ORDER.index, default=Level.USUAL)
    return Assessment(
        whole, kept, tuple((name, table.kinds[name].label, table.kinds[name].advice) for name in named)
    )


def _level(kind: RiskKind, signs: Sequence[Sign]) -> Level:
    """A kind falls one level when every sign of it is past or supposed."""
    if kind.level is Level.URGENT and kind.past and all(sign.past or sign.supposed for sign in signs):
        return Level.PRESSING
    return kind.level


def _signs(normal: Normal, start: int, stop: int, table: Rules) -> list[Sign]:
    sentence = normal.text[start:stop]
    quoted = [(match.start(), match.end()) for match in re.finditer(r"《[^》]*》", sentence)]
    past, supposed = bool(table.past.search(sentence)), bool(table.supposed.search(sentence))
    found: list[Sign] = []
    for kind in table.kinds.values():
        for rule, (pattern, weight) in enumerate(kind.signs):
            for match in pattern.finditer(sentence):
                if match.end() == match.start() or any(a <= match.start() < b for a, b in quoted):
                    continue
                if not kind.keep_negated and _negated(sentence, match.start(), table):
                    continue
                first, last = normal.span(start + match.start(), start + match.end())
                found.append(Sign(kind.name, first, last, weight, rule, past, supposed))
    return found


def _negated(sentence: str, at: int, table: Rules) -> bool:
    """A negation stands before `at` in the same clause, and is not one of the words that only look like it."""
    before = sentence[max(0, at - NEAR) : at]
    before = re.split(r"[，,：:、（(]", before)[-1]
    all_before = list(table.negations.finditer(before))
    if not all_before:
        return False
    last = all_before[-1]
    whole = sentence[max(0, at - NEAR) : at + NEAR]
    offset = len(sentence[max(0, at - NEAR) : at]) - len(before) + last.start()
    return table.not_negations.match(whole, offset) is None
