"""What a place is made of, and how its parts are put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hotline.language.gazetteer import Candidate
from hotline.language.place_words import BUILDING, CROSS, CROSS_END, GROUP, NUMBER

KINDS = ("province", "city", "district", "street", "community")
RANK = {
    "province": 1,
    "city": 2,
    "district": 3,
    "street": 4,
    "community": 5,
    "road": 6,
    "crossing": 6,
    "number": 7,
    "point": 8,
    "building": 9,
}


@dataclass(frozen=True, slots=True)
class Part:
    """text[start:end] names one thing; `kind` is a key of RANK. Candidates are the gazetteer's, best first; none when unknown to it."""

    kind: str
    start: int
    end: int
    text: str
    sure: float
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Parts that belong together, from the wide to the narrow, as 「某区某路12号某小区3栋」; `relation` is 附近, 对面, 交叉口 …"""

    parts: tuple[Part, ...]
    score: float
    relation: str = ""

    @property
    def start(self) -> int:
        return self.parts[0].start

    @property
    def end(self) -> int:
        return self.parts[-1].end

    @property
    def finest(self) -> Part:
        """The narrowest named thing; house and building numbers are details of it."""
        named = [part for part in self.parts if part.kind not in ("building", "number")]
        return named[-1] if named else self.parts[-1]

    @property
    def number(self) -> str:
        return "".join(part.text for part in self.parts if part.kind == "number")

    @property
    def building(self) -> str:
        return "".join(part.text for part in self.parts if part.kind == "building")

    @property
    def code(self) -> str:
        """The code of the narrowest division known; empty when none is."""
        return next((part.candidates[0].code for part in reversed(self.parts) if part.candidates), "")

    @property
    def coordinates(self) -> tuple[float, float] | None:
        """(longitude, latitude) of the narrowest part that has them."""
        for part in reversed(self.parts):
            if (
                part.candidates
                and part.candidates[0].longitude is not None
                and part.candidates[0].latitude is not None
            ):
                return part.candidates[0].longitude, part.candidates[0].latitude
        return None


@dataclass(frozen=True, slots=True)
class Found:
    """All places in the order of the text; `best` is the likeliest place of the matter; `ranked` all, likeliest first."""

    places: tuple[Place, ...] = ()
    ranked: tuple[Place, ...] = ()

    @property
    def best(self) -> Place | None:
        return self.ranked[0] if self.ranked else None


def with_candidates(part: Part, candidates: tuple[Candidate, ...]) -> Part:
    """`part` with other candidates, whose scores again sum to one."""
    total = sum(one.score for one in candidates) or 1.0
    shared = tuple(
        Candidate(one.code, one.name, round(one.score / total, 3), one.longitude, one.latitude)
        for one in candidates
    )
    return Part(part.kind, part.start, part.end, part.text, part.sure, shared)


def settle(parts: Iterable[Part]) -> list[Part]:
    """Of overlapping parts the longer, then the surer. A division that begins a longer name (徐家汇 in 徐家汇地铁站) gives way to it
    and leaves it its candidates, which tell where the name lies."""
    taken: list[Part] = []
    used: set[int] = set()
    ordered = sorted(parts, key=lambda one: (-(one.end - one.start), -one.sure, one.start))
    begun = {one.start: one for one in ordered if one.candidates}
    for part in ordered:
        span = range(part.start, part.end)
        if used.intersection(span):
            continue
        inner = begun.get(part.start)
        if not part.candidates and inner is not None and inner.end <= part.end:
            part = Part(part.kind, part.start, part.end, part.text, part.sure, inner.candidates)
        taken.append(part)
        used.update(span)
    return sorted(taken, key=lambda one: one.start)


def details(text: str, parts: Sequence[Part]) -> list[Part]:
    """Adds house numbers behind roads, building numbers behind points, and joins crossings."""
    out: list[Part] = []
    skip: set[int] = set()
    for index, part in enumerate(parts):
        if index in skip:
            continue
        following = parts[index + 1] if index + 1 < len(parts) else None
        if part.kind == "road" and following is not None and following.kind == "road":
            between = text[part.end : following.start]
            ends = CROSS_END.match(text, following.end)
            if (CROSS.fullmatch(between) and (ends or between not in ("、", "和", "与"))) or (
                not between and ends
            ):
                part = Part("crossing", part.start, following.end, text[part.start : following.end], 0.75)
                skip.add(index + 1)
        out.append(part)
        after = parts[index + 2 if index + 1 in skip else index + 1 :]
        nearest = after[0].start if after else len(text)
        if part.kind == "road":
            number = NUMBER.match(text, part.end)
            if number and number.end() <= nearest:
                out.append(Part("number", number.start(), number.end(), number.group(), 0.8))
                part = out[-1]
        if part.kind == "community":
            group = GROUP.match(text, part.end)
            if group and group.end() <= nearest:
                out.append(Part("number", group.start(), group.end(), group.group(), 0.8))
                part = out[-1]
        if part.kind in ("point", "community", "number"):
            building = BUILDING.match(text, part.end)
            if building and building.group() and building.end() <= nearest:
                out.append(Part("building", building.start(), building.end(), building.group(), 0.8))
    return out
