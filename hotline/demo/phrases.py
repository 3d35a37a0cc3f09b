"""The generator's words: titles, appeals, replies from a pack's `phrases.yaml`. Pure; all chance comes from the caller.

A phrase is cut at its `{slots}` once; an order keeps one value for each slot, so that its title, its content and the
unit's reply speak of the same place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import yaml

from hotline.demo.life.rows import plain
from hotline.workorders.models import DemandType

T = TypeVar("T")
_SLOT = re.compile(r"\{(\w+)\}")
# Types that a fact must announce by its words (`signs` of the pack); else the category's usual types decide.
_UNLIKELY = frozenset({DemandType.CONSULTATION, DemandType.SUGGESTION, DemandType.PRAISE, DemandType.REPORT})

Phrase = tuple[str, ...]  # literal, slot, literal, slot, …, literal


def cut(text: str) -> Phrase:
    """`在{road}附近` → (`在`, `road`, `附近`): odd places are slots."""
    return tuple(_SLOT.split(text))


def demand_types_of(
    fact: str, usual: Sequence[str], signs: Sequence[tuple[re.Pattern[str], str]]
) -> tuple[str, ...]:
    """Types that fit what is said."""
    for sign, kind in signs:
        if sign.search(fact):
            return (kind,)
    return tuple(kind for kind in usual if kind not in _UNLIKELY) or (str(DemandType.HELP),)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A category that orders are filed under."""

    id: int
    code: str
    name: str
    urgency: str
    facts: tuple[tuple[Phrase, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where: a community with the names above it; `district` holds the six digits of its district."""

    code: str
    name: str
    street: str
    street_name: str
    district: str
    district_name: str


class Telling:
    """What one order keeps of its words: slots once drawn stay."""

    __slots__ = ("book", "rng", "slots")

    def __init__(self, book: Book, rng: Random, spot: Spot, leaf: Leaf) -> None:
        self.book, self.rng = book, rng
        estate = book.estate_at(spot.code, int(rng.random() * 3))
        road = book.pick(book.roads.get(spot.district) or book.roads[""], rng)
        self.slots: dict[str, str] = {
            "estate": estate,
            "road": road,
            "leaf": leaf.name,
            "district": spot.district_name,
            "street": spot.street_name,
        }
        self.slots["place"] = (estate, f"{road}{self.slot('no')}号", spot.street_name)[int(rng.random() * 3)]

    def slot(self, name: str) -> str:
        value = self.slots.get(name)
        if value is None:
            value = self.slots[name] = self.book.draw(name, self.rng)
        return value

    def say(self, phrase: Phrase) -> str:
        """The phrase with its slots filled."""
        if len(phrase) == 1:
            return phrase[0]
        parts = list(phrase)
        for at in range(1, len(parts), 2):
            parts[at] = self.slot(parts[at])
        return "".join(parts)


class Book:
    """All phrases of a pack. Raises ValueError that names what is missing or cannot be drawn."""

    LISTS = (
        "returns",
        "extensions",
        "extension_decisions",
        "holds",
        "hold_releases",
        "urges",
        "supervisions",
        "instructions",
        "down",
        "assists",
        "opinions",
        "redo_causes",
        "follow_up_opinions",
        "supplements",
        "interim",
        "answers",
        "withdrawals",
        "reviews",
        "review_refusals",
    )
    GROUPS = ("titles", "openings", "details", "wishes", "wants", "replies", "contacts", "return_decisions")

    def __init__(self, raw: Mapping[str, Any]) -> None:
        raw = _plain(raw)
        words: Mapping[str, Any] = raw["words"]
        self.numbers: dict[str, tuple[int, int]] = {
            str(key): (int(low), int(high)) for key, (low, high) in raw["numbers"].items()
        }
        roads = words["road"]
        self.roads: dict[str, tuple[str, ...]] = {
            str(key): tuple(map(str, names)) for key, names in roads.items()
        }
        self.words: dict[str, tuple[str, ...]] = {
            str(key): tuple(map(str, names)) for key, names in words.items() if isinstance(names, list)
        }
        self.lists: dict[str, tuple[Phrase, ...]] = {name: self._phrases(raw, name) for name in self.LISTS}
        self.groups: dict[str, dict[str, tuple[Phrase, ...]]] = {
            name: {str(key): tuple(cut(str(one)) for one in many) for key, many in raw[name].items()}
            for name in self.GROUPS
        }
        self.facts: dict[str, tuple[str, ...]] = {
            str(code): tuple(many) for code, many in raw["facts"].items()
        }
        self.rhythm: Mapping[str, Any] = raw["rhythm"]
        self.signs = [
            (re.compile(str(sign)), str(DemandType(kind)))
            for kind, many in raw["signs"].items()
            for sign in many
        ]
        self.surnames = tuple(raw["surnames"])
        self.given = tuple(map(str, raw["given"]))
        known = {*self.words, *self.numbers, "estate", "road", "leaf", "place", "unit", "district", "street"}
        for text in _texts(raw):
            for name in _SLOT.findall(text):
                if name not in known:
                    raise ValueError(f"phrases.yaml: nothing is known for {{{name}}} in {text!r}")

    def _phrases(self, raw: Mapping[str, Any], name: str) -> tuple[Phrase, ...]:
        if not raw.get(name):
            raise ValueError(f"phrases.yaml: {name} is missing")
        return tuple(cut(str(one)) for one in raw[name])

    @classmethod
    def read(cls, folder: Path) -> Book:
        """The pack's `phrases.yaml`."""
        return cls(yaml.safe_load((folder / "phrases.yaml").read_text(encoding="utf-8")))

    def leaves(
        self, categories: Sequence[tuple[int, str, str, Sequence[str], str]]
    ) -> tuple[list[Leaf], list[float]]:
        """Categories `(id, code, name, usual types, urgency)` that have facts, with cumulative weights for drawing."""
        shares: Mapping[str, float] = {
            str(key): float(value) for key, value in self.rhythm["categories"].items()
        }
        found = [
            Leaf(
                key,
                code,
                name,
                urgency,
                tuple((cut(fact), demand_types_of(fact, usual, self.signs)) for fact in self.facts[code]),
            )
            for key, code, name, usual, urgency in categories
            if code in self.facts
        ]
        sizes: dict[str, int] = {}
        for leaf in found:
            sizes[leaf.code.partition(".")[0]] = sizes.get(leaf.code.partition(".")[0], 0) + 1
        weights = [
            shares.get(leaf.code.partition(".")[0], 1.0) / sizes[leaf.code.partition(".")[0]]
            for leaf in found
        ]
        return found, list(accumulate(weights))

    # ---- drawing

    @staticmethod
    def pick(options: Sequence[T], rng: Random) -> T:
        """One of the options; four times as fast as `Random.choice`."""
        return options[int(rng.random() * len(options))]

    def draw(self, name: str, rng: Random) -> str:
        """A fresh value for a slot."""
        limits = self.numbers.get(name)
        if limits:
            low, high = limits
            return str(low + int(rng.random() * (high - low + 1)))
        return str(self.pick(self.words[name], rng))

    def estate_at(self, code: str, number: int) -> str:
        """The same community always has the same few estates, so that places recur."""
        seed = int(code) * 7 + number * 10_007
        names, kinds, tails = (
            self.words["estate_name"],
            self.words["estate_kind"],
            self.words["estate_number"],
        )
        return names[seed % len(names)] + kinds[seed // 37 % len(kinds)] + tails[seed // 517 % len(tails)]

    def tell(self, rng: Random, spot: Spot, leaf: Leaf) -> Telling:
        """Begin the words of one order."""
        return Telling(self, rng, spot, leaf)

    def appeal(self, telling: Telling, leaf: Leaf, channel: str) -> tuple[str, str, str, str]:
        """(type, title, content, what the citizen wants)."""
        rng, pick = telling.rng, self.pick
        fact, types = pick(leaf.facts, rng)
        kind: str = pick(types, rng)
        group = self.groups
        opening = pick(group["openings"]["phone" if channel == "phone" else "other"], rng)
        parts = [opening[0], telling.say(fact)]
        details = group["details"].get(leaf.code.partition(".")[0]) or group["details"][""]
        if rng.random() < 0.75:
            parts.append(telling.say(pick(details, rng)))
        if rng.random() < 0.25:
            parts.append(telling.say(pick(group["details"][""], rng)))
        parts.append(telling.say(pick(group["wishes"].get(kind) or group["wishes"]["help"], rng)))
        title = telling.say(pick(group["titles"].get(kind) or group["titles"]["help"], rng))
        want = telling.say(pick(group["wants"].get(kind) or group["wants"]["help"], rng))
        return kind, title, "".join(parts), want

    def line(self, name: str, telling: Telling) -> str:
        """A sentence of one of the plain lists."""
        return telling.say(self.pick(self.lists[name], telling.rng))

    def reply(self, telling: Telling, outcome: str, unit: str) -> str:
        """The unit's answer to the citizen."""
        telling.slots["unit"] = unit
        return telling.say(self.pick(self.groups["replies"][outcome], telling.rng))

    def group_line(self, group: str, key: str, telling: Telling) -> str:
        """A sentence of a list that has several keys."""
        return telling.say(self.pick(self.groups[group][key], telling.rng))

    def name(self, rng: Random) -> str:
        """A person's name."""
        return str(self.pick(self.surnames, rng)) + str(self.pick(self.given, rng))


def _plain(raw: Any) -> Any:
    """The same tree with texts that need no escaping anywhere."""
    if isinstance(raw, str):
        return plain(raw)
    if isinstance(raw, Mapping):
        return {key: value if key in _PATTERNS else _plain(value) for key, value in raw.items()}
    return [_plain(value) for value in raw] if isinstance(raw, list) else raw


_PATTERNS = frozenset({"signs"})


def _texts(raw: object) -> list[str]:
    if isinstance(raw, str):
        return [raw]
    if isinstance(raw, Mapping):
        return [text for value in raw.values() for text in _texts(value)]
    if isinstance(raw, list):
        return [text for value in raw for text in _texts(value)]
    return []
