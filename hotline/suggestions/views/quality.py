"""How good the machine is: what people kept of its proposals, by week, category, unit and model; the models in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from hotline.kit.access import access
from hotline.kit.clock import now
from hotline.suggestions import queries
from hotline.suggestions.models import Kind
from hotline.suggestions.queries import reading
from hotline.suggestions.rules import drift

CODE = "suggestions:read"
MEASURED = (Kind.CATEGORY, Kind.UNIT, Kind.PLACE, Kind.LABELS, Kind.URGENCY, Kind.REPLY)
"""Kinds that a dispatch settles, or (replies) the approval of what was sent."""
PERIODS = (7, 28, 91)
FIGURES = {
    "macro_f1": gettext_lazy("Macro F1"),
    "accuracy": gettext_lazy("Accuracy"),
    "leaf_accuracy": gettext_lazy("Accuracy of leaves"),
    "calibration_error": gettext_lazy("Calibration error"),
    "texts": gettext_lazy("Texts"),
}
"""Figures of a model's quality that a reader can use; the rest is for `hotline models list --json`."""

BY_HAND = {
    reading.RULES: gettext_lazy("rules"),
    reading.NAMES: gettext_lazy("names of the categories"),
    "catalogue and past orders": gettext_lazy("catalogue and past orders"),
}
"""What proposes without a model, as the reader calls it."""


@access(CODE)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """`?kind=` of proposal, `?days=` back."""
    wanted, days = request.GET.get("kind", ""), request.GET.get("days", "")
    kind = Kind(wanted) if wanted in MEASURED else Kind.CATEGORY
    back = next((period for period in PERIODS if str(period) == days), 28)
    since = now() - timedelta(days=back)
    weeks = queries.weeks_of(kind, now())
    (whole,) = queries.acceptance(kind, since)
    return render(
        request,
        "suggestions/acceptance.html",
        {
            "kind": kind,
            "kinds": [(one, one.label) for one in MEASURED],
            "days": back,
            "periods": PERIODS,
            "whole": whole,
            "models": [
                replace(one, label=str(BY_HAND.get(one.key, one.label)))
                for one in queries.acceptance(kind, since, by="model")
            ],
            "bands": queries.acceptance(kind, since, by="confidence"),
            "categories": queries.acceptance(kind, since, by="category"),
            "units": queries.acceptance(kind, since, by="unit"),
            "weeks": weeks,
            "drift": drift(weeks),
        },
    )


@access(CODE)
@require_GET
def models(request: HttpRequest) -> HttpResponse:
    """Every model with where it comes from, how good it was measured, which one is in use; and whether they answer."""
    return render(
        request,
        "suggestions/models.html",
        {
            "models": [
                (one, used, _figures(one.quality), _said(one.source), _said(one.licence))
                for one, used in queries.listed_models()
            ],
            "lines": [queries.category_health(), queries.meaning_health()],
        },
    )


def _figures(quality: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(label), str(quality[name])) for name, label in FIGURES.items() if name in quality]


def _said(text: str) -> str:
    """The command's own words in the reader's language; what a person wrote stays."""
    own = {
        "the city's own closed orders, masked": _("the city's own closed orders, masked"),
        "the city's own": _("the city's own"),
    }
    return own.get(text, text)
