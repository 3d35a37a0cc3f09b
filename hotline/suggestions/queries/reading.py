"""What a text says by itself: category, labels, place, urgency and risk, a draft. Rules first; the model when it answers.

Nothing here writes. The same reading serves the desk while somebody types and the job after an order was filed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from hotline.kit import clock
from hotline.language import draft as drafts
from hotline.language import privacy, urgency
from hotline.language.places import Found, Place
from hotline.places.queries import path_texts
from hotline.places.rules import significant
from hotline.suggestions.models import Kind
from hotline.suggestions.queries.gazetteer import place_finder
from hotline.suggestions.queries.labels import label_facts
from hotline.suggestions.queries.models import model_worker
from hotline.suggestions.rules import (
    ByNames,
    Candidate,
    CategoryName,
    Proposal,
    Span,
    code_of_path,
    labels_for,
)
from hotline.workorders.models import Category, Urgency
from hotline.workorders.queries.reference import categories, city

MOST_TITLE, MOST_CONTENT = 200, 20_000
"""Characters read of what is typed: the same as a form takes."""
URGENCY = {
    urgency.Level.URGENT: (Urgency.URGENT, 0.9),
    urgency.Level.PRESSING: (Urgency.ELEVATED, 0.8),
    urgency.Level.USUAL: (Urgency.ROUTINE, 0.6),
}
ALARMING = frozenset({"suicide", "threat", "violence", "life_limb", "mass_event"})
"""Kinds of risk that somebody must answer; the others make an order more urgent."""
LEAST_SHOWN = 0.03
"""A category less likely than that is not worth a line."""
LEAST_SURE = 0.3
"""Below it a leaf is shown to choose from, and is no proposal: the model may be sure of the branch alone."""
RULES, NAMES = "rules", "names"
DIVISION_LEVELS = ("province", "city", "district", "street", "community")


@dataclass(frozen=True, slots=True)
class Risk:
    """A kind of danger with the words that show it and what to do (both Chinese, for the agent)."""

    kind: str
    label: str
    advice: str
    words: tuple[str, ...]
    alarming: bool


@dataclass(frozen=True, slots=True)
class PlaceOption:
    """A division that the text may mean; `path` without the city's own names."""

    code: str
    path: str
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read from one text. `sure` is false when the model abstains; `model_off` says why none was asked."""

    categories: tuple[Candidate, ...] = ()
    sure: bool = False
    category_model: str = NAMES
    model_off: str = ""
    category_spans: tuple[Span, ...] = ()
    labels: tuple[Candidate, ...] = ()
    label_spans: tuple[Span, ...] = ()
    places: tuple[PlaceOption, ...] = ()
    elsewhere: str = ""
    address: str = ""
    relation: str = ""
    place_spans: tuple[Span, ...] = ()
    place_sure: float = 0.0
    urgency: str = Urgency.ROUTINE
    urgency_sure: float = 0.0
    risks: tuple[Risk, ...] = ()
    risk_spans: tuple[Span, ...] = ()
    alarm_spans: tuple[Span, ...] = ()
    personal: int = 0
    title: str = ""
    title_spans: tuple[Span, ...] = ()
    wish: str = ""
    demand: str = ""
    happened: datetime | None = None

    @property
    def alarming(self) -> tuple[Risk, ...]:
        """Risks that a person has to answer."""
        return tuple(one for one in self.risks if one.alarming)

    def proposals(self) -> list[Proposal]:
        """As they are kept with an order. What the machine is not sure of is an abstention, not a proposal."""
        places = tuple(
            Candidate(one.code, one.path, round(self.place_sure * one.score, 4)) for one in self.places
        )
        level = Candidate(self.urgency, self.urgency, self.urgency_sure)
        title = (Candidate(self.title, self.title, 0.6),) if self.title else ()
        return [
            Proposal(
                Kind.CATEGORY, self.category_model, self.categories if self.sure else (), self.category_spans
            ),
            Proposal(Kind.LABELS, RULES, self.labels, self.label_spans),
            Proposal(Kind.PLACE, RULES, places, self.place_spans),
            Proposal(Kind.URGENCY, RULES, (level,), self.risk_spans),
            Proposal(Kind.DRAFT, RULES, title, self.title_spans),
        ]


@dataclass(frozen=True, slots=True)
class _Taxonomy:
    codes: Mapping[tuple[str, ...], str]
    paths: Mapping[str, str]
    by_names: ByNames


class _KeptTaxonomy:
    """The taxonomy as both ways of reading need it, read anew every half minute (each time in tests)."""

    EVERY = 30.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value: _Taxonomy | None = None
        self._until = 0.0

    def get(self) -> _Taxonomy:
        found = self._value
        if found is not None and time.monotonic() < self._until:
            return found
        with self._lock:
            rows = list(categories(clock.today()).values_list("id", "parent_id", "code", "name", "path_name"))
            above = {parent for _pk, parent, *_rest in rows if parent}
            names = [
                (pk, CategoryName(code, tuple(part.strip() for part in (path or name).split("›"))))
                for pk, _parent, code, name, path in rows
            ]
            value = _Taxonomy(
                {one.path: one.code for _pk, one in names},
                {one.code: " › ".join(one.path) for _pk, one in names},
                ByNames(one for pk, one in names if pk not in above),
            )
            self._value = value
            self._until = time.monotonic() + (0.0 if settings.TESTING else self.EVERY)
            return value


_taxonomy = _KeptTaxonomy()


def read_text(
    title: str, content: str, *, category: str = "", area: str = "", patience: float | None = None
) -> Reading:
    """Read one text of a citizen. `category` is what a person has chosen (for the labels), `area` the division known so far.

    Never raises for whatever the text holds; reads the first `MOST_CONTENT` characters. Two or three small queries, and the
    models' worker is waited for `patience` seconds at most; None: as long as somebody who types is, 150 ms.
    """
    title, content = title.strip()[:MOST_TITLE], content[:MOST_CONTENT]
    if not (title or content.strip()):
        return Reading()
    whole, shift = (f"{title}\n{content}", len(title) + 1) if title else (content, 0)
    home = city()
    home_code = home.division_code if home else ""
    written = drafts.draft(
        whole, clock.now().astimezone(clock.CITY_ZONE), place_finder(), area=area or home_code
    )
    # Models learned from orders, which all have a title; while none is typed, the drafted one stands for it.
    titled = title or (written.title.value if written.title else "")
    found, sure, model, off, spans = _categories(titled, content, patience)
    code = category or (found[0].value if found and sure else "")
    labels, label_spans = labels_for(title, content, code, label_facts())
    places, elsewhere, sureness = _places(written.places, home_code)
    best = written.places.best
    danger = _danger(whole, shift)
    happened = written.times[0].begin if written.times else None
    return Reading(
        categories=tuple(found),
        sure=sure,
        category_model=model,
        model_off=off,
        category_spans=tuple(one for one in spans if title or one[0] == "content"),
        labels=tuple(labels),
        label_spans=tuple(label_spans),
        places=tuple(places),
        elsewhere=elsewhere,
        address=_address(best),
        relation=best.relation if best else "",
        place_spans=(_span(best.start, best.end, shift),) if best else (),
        place_sure=sureness,
        urgency=danger.urgency,
        urgency_sure=danger.urgency_sure,
        risks=danger.risks,
        risk_spans=danger.risk_spans,
        alarm_spans=danger.alarm_spans,
        personal=len(privacy.find(content)),
        title=written.title.value if written.title and not title else "",
        title_spans=(_span(written.title.start, written.title.end, shift),)
        if written.title and not title
        else (),
        wish=written.wishes[0].value if written.wishes else "",
        demand=written.demand.value if written.demand and written.demand.sure >= 0.5 else "",
        happened=happened if happened and happened <= clock.now() else None,
    )


def read_danger(title: str, content: str) -> Reading:
    """Only how urgent and risky a text is: all that still matters of one that was answered on the line. Asks nobody."""
    title, content = title.strip()[:MOST_TITLE], content[:MOST_CONTENT]
    return _danger(*((f"{title}\n{content}", len(title) + 1) if title else (content, 0)))


def _danger(whole: str, shift: int) -> Reading:
    assessed = urgency.assess(whole)
    level, sure = URGENCY[assessed.level]
    return Reading(
        urgency=level,
        urgency_sure=sure,
        risks=_risks(assessed, whole),
        risk_spans=tuple(_span(sign.start, sign.end, shift) for sign in assessed.signs),
        alarm_spans=tuple(
            _span(sign.start, sign.end, shift) for sign in assessed.signs if sign.kind in ALARMING
        ),
    )


def _span(start: int, end: int, shift: int) -> Span:
    """A span of title and content written below each other, as one of the field it lies in."""
    return ("title", start, min(end, shift - 1)) if start < shift else ("content", start - shift, end - shift)


def _categories(
    title: str, content: str, patience: float | None
) -> tuple[Sequence[Candidate], bool, str, str, list[Span]]:
    taxonomy = _taxonomy.get()
    worker = model_worker()
    off = "off"
    if worker is not None:
        answer = worker.categories(title, content, timeout=patience)
        if isinstance(answer, tuple):
            said, version = answer
            found: dict[str, Candidate] = {}
            for guess in said.guesses:
                code = code_of_path(guess.path, taxonomy.codes)
                if code and code not in found and guess.probability >= LEAST_SHOWN:
                    found[code] = Candidate(code, taxonomy.paths[code], guess.probability)
            spans = [("title" if one.of_title else "content", one.start, one.end) for one in said.evidence]
            best = list(found.values())[:3]
            sure = bool(best) and not said.abstains and best[0].score >= LEAST_SURE
            return best, sure, f"category {version}", "", spans
        off = answer.code
    named = taxonomy.by_names.read(title, content)
    # Names propose one category when it stands out; two alike are a choice for a person.
    sure = bool(named) and (len(named) == 1 or named[0].score > named[1].score)
    return named, sure, NAMES, off, []


def _places(found: Found, home: str) -> tuple[list[PlaceOption], str, float]:
    """Divisions of the likeliest place inside the city, the name of the place when it lies elsewhere, and how sure it is."""
    best = found.best
    if best is None:
        return [], "", 0.0
    known = [part for part in best.parts if part.candidates]
    if not known:
        # A city that the gazetteer does not hold is told by its name.
        abroad = [part.text for part in best.parts if part.kind in ("province", "city")]
        own = path_texts([home]).get(home, "") if abroad and home else ""
        elsewhere = "".join(part.text for part in best.parts if part.kind in DIVISION_LEVELS)
        return [], elsewhere if abroad and not any(name in own for name in abroad) else "", 0.0
    gazetteer = place_finder().gazetteer
    options: dict[str, float] = {}
    for one in known[-1].candidates:
        row = gazetteer.row(one.code)
        code = row.parent if row is not None and row.level > len(DIVISION_LEVELS) else one.code
        options[code] = max(options.get(code, 0.0), one.score)
    inside = {code: score for code, score in options.items() if code.startswith(significant(home))}
    # The city's own name says nothing that the desk does not know.
    inside.pop(home, None)
    if not inside:
        names = "".join(part.text for part in best.parts if part.kind in DIVISION_LEVELS)
        return [], names if options and home not in options else "", best.score
    paths = path_texts([home, *inside]) if home else path_texts(list(inside))
    prefix = f"{paths.get(home, '')} " if home else ""
    listed = [
        PlaceOption(code, paths.get(code, code).removeprefix(prefix), score)
        for code, score in sorted(inside.items(), key=lambda one: -one[1])
        if code in paths
    ]
    return listed[:4], "", best.score


def _address(place: Place | None) -> str:
    """Road, number, estate and building as they are written, without the divisions."""
    if place is None:
        return ""
    return "".join(part.text for part in place.parts if part.kind not in DIVISION_LEVELS)[:300]


def _risks(found: urgency.Assessment, text: str) -> tuple[Risk, ...]:
    risks = []
    for kind, label, advice in found.advice:
        words = dict.fromkeys(text[sign.start : sign.end] for sign in found.signs if sign.kind == kind)
        risks.append(Risk(kind, label, advice, tuple(words)[:4], kind in ALARMING))
    return tuple(risks)


def category_paths(codes: Sequence[str]) -> dict[str, str]:
    """Code → path of names, also of categories that have ended. One query."""
    return dict(Category.objects.filter(code__in=codes).values_list("code", "path_name"))
