"""The one validator of demands, asked by every channel: before filing by forms, inside filing by the action."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from hotline.intake.queries.reference import CategoryFacts, category_facts, place_exists, questions_of
from hotline.intake.rules.demands import AppealForm, CitizenInput, check_demand, missing_elements
from hotline.intake.rules.questions import check_answers
from hotline.places.rules import is_code


@dataclass(frozen=True, slots=True)
class Checked:
    """A demand whose every value is right."""

    form: AppealForm
    category: CategoryFacts | None
    answers: dict[str, Any] = field(default_factory=dict)
    form_version: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def check_appeal(demand: AppealForm, citizen: CitizenInput, day: date) -> tuple[Checked, dict[str, str]]:
    """The one validator of every channel: (clean demand, field → what is wrong). Reads kept reference data only."""
    errors = check_demand(demand, citizen)
    category = None
    answers: dict[str, Any] = {}
    version = 0
    labels: dict[str, str] = {}
    if demand.category:
        category = category_facts(demand.category, day)
        if category is None:
            errors["category"] = _("There is no such category, or it is no longer used.")
        else:
            form = questions_of(demand.category, day)
            version = form.version
            answers, wrong = check_answers(form.questions, demand.answers)
            errors |= wrong
            labels = {one.code: one.label for one in form.questions if one.code in answers}
    if demand.division and not (is_code(demand.division) and place_exists(demand.division)):
        errors["division"] = _("There is no division with this code.")
    return Checked(demand, category, answers, version, labels, missing_elements(demand, citizen)), errors
