"""Reference data as filing needs it: read whole, kept a few seconds in the process, so that filing asks nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db.models import Max

from hotline.intake.models import CategoryForm
from hotline.intake.rules.questions import Question, parse_questions
from hotline.places.models import Division
from hotline.workorders.models import Category, CitySettings, ReasonCode

T = TypeVar("T")
KEPT_SECONDS = 15.0
"""A changed category or question form takes effect everywhere within this time."""


class Kept(Generic[T]):
    """A value read at most every `KEPT_SECONDS` a process; read each time in tests, whose rows come and go."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._value: T | None = None
        self._until = 0.0

    def get(self) -> T:
        moment = time.monotonic()
        value = self._value
        if value is not None and moment < self._until:
            return value
        with self._lock:
            if self._value is None or moment >= self._until:
                self._value = self._read()
                self._until = moment + (0.0 if settings.TESTING else KEPT_SECONDS)
            return self._value

    def forget(self) -> None:
        self._until = 0.0


@dataclass(frozen=True, slots=True)
class CategoryFacts:
    """What filing needs of a category."""

    id: int
    code: str
    name: str
    path_name: str
    default_urgency: str
    demand_types: tuple[str, ...]
    effective_from: date | None
    effective_to: date | None

    def in_effect(self, day: date) -> bool:
        """True when orders may be filed under it on that day."""
        begun = self.effective_from is None or self.effective_from <= day
        return begun and (self.effective_to is None or day <= self.effective_to)


def _read_categories() -> dict[str, CategoryFacts]:
    rows = Category.objects.values_list(
        "id", "code", "name", "path_name", "default_urgency", "demand_types", "effective_from", "effective_to"
    )
    return {
        code: CategoryFacts(pk, code, name, path, urgency, tuple(types or ()), start, end)
        for pk, code, name, path, urgency, types, start, end in rows
    }


@dataclass(frozen=True, slots=True)
class KeptForm:
    version: int
    effective_from: date
    effective_to: date | None
    questions: tuple[Question, ...]


def _read_forms() -> dict[str, list[KeptForm]]:
    forms: dict[str, list[KeptForm]] = {}
    rows = CategoryForm.objects.order_by("-effective_from", "-version").values_list(
        "category__code", "version", "effective_from", "effective_to", "questions"
    )
    for code, version, start, end, questions in rows:
        forms.setdefault(code, []).append(KeptForm(version, start, end, parse_questions(questions)))
    return forms


def _read_city() -> dict[str, Any]:
    row = (
        CitySettings.objects.filter(pk=1)
        .values("number_prefix", "options", "division_code", "hub_id")
        .first()
    )
    return dict(row) if row else {"number_prefix": "", "options": {}, "division_code": "", "hub_id": None}


_categories: Kept[dict[str, CategoryFacts]] = Kept(_read_categories)
_forms: Kept[dict[str, list[KeptForm]]] = Kept(_read_forms)
_city: Kept[dict[str, Any]] = Kept(_read_city)
_places: dict[str, bool] = {}
_MOST_PLACES = 20_000


def forget_reference() -> None:
    """Read everything anew at the next question; called after a change in this process."""
    for kept in (_categories, _forms, _city):
        kept.forget()
    _places.clear()


def category_facts(code: str, day: date) -> CategoryFacts | None:
    """The category if orders may be filed under it on `day`."""
    found = _categories.get().get(code)
    return found if found and found.in_effect(day) else None


def categories_below(code: str, day: date) -> list[CategoryFacts]:
    """The categories directly below one, under which orders may be filed on `day`, by code."""
    rows = _categories.get().values()
    return sorted(
        (row for row in rows if row.code.rpartition(".")[0] == code and row.in_effect(day)),
        key=lambda row: row.code,
    )


@dataclass(frozen=True, slots=True)
class FormInEffect:
    """The questions that a category asks; `version` 0 and no questions when it asks none."""

    category_code: str
    version: int
    questions: tuple[Question, ...]


def questions_of(category_code: str, day: date) -> FormInEffect:
    """The form of the category, else of the nearest one above that has a form."""
    forms = _forms.get()
    code = category_code
    while code:
        for form in forms.get(code, ()):
            if form.effective_from <= day and (form.effective_to is None or day <= form.effective_to):
                return FormInEffect(code, form.version, form.questions)
        code = code.rpartition(".")[0]
    return FormInEffect(category_code, 0, ())


def place_exists(code: str) -> bool:
    """True when the division is known; a known one is never asked about again."""
    if not settings.TESTING and code in _places:
        return True
    if not Division.objects.filter(pk=code).exists():
        return False
    if len(_places) < _MOST_PLACES:
        _places[code] = True
    return True


def city_option(name: str, default: Any = None) -> Any:
    """One of the city's options (`CitySettings.options`)."""
    return (_city.get()["options"] or {}).get(name, default)


def number_prefix() -> str:
    """The letters before the date in the city's numbers."""
    return str(_city.get()["number_prefix"] or "")


def reason(kind: str, code: str, day: date) -> ReasonCode | None:
    """A reason in effect, newest first."""
    rows = ReasonCode.objects.filter(kind=kind, code=code, effective_from__lte=day).order_by(
        "-effective_from"
    )
    found = rows.first()
    return found if found and (found.effective_to is None or day <= found.effective_to) else None


def next_form_version(category_id: int) -> int:
    """The number of a category's next form."""
    last = CategoryForm.objects.filter(category_id=category_id).aggregate(last=Max("version"))["last"]
    return int(last or 0) + 1
