"""Type-ahead: units, categories and places by Chinese, pinyin or initials. Answers are options for a listbox."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from hotline.accounts.queries import search_units
from hotline.kit.access import signed_in
from hotline.kit.clock import today
from hotline.places.queries import search as search_places
from hotline.workorders.queries.reference import city, search_categories

MOST = 60  # characters of a question


def _asked(request: HttpRequest) -> str:
    return " ".join(request.GET.get("q", "").split())[:MOST]


def _answer(request: HttpRequest, options: list[tuple[str, str, str]]) -> HttpResponse:
    return render(request, "dispatch/_options.html", {"options": options, "asked": _asked(request)})


@signed_in
@never_cache
@require_GET
def units(request: HttpRequest) -> HttpResponse:
    """Open units; `(id, name, where it stands)`."""
    found = search_units(_asked(request), limit=12) if _asked(request) else []
    return _answer(request, [(str(one.pk), one.name, one.get_level_display()) for one in found])


@signed_in
@never_cache
@require_GET
def categories(request: HttpRequest) -> HttpResponse:
    """Categories, leaves first; `(code, name, path)`."""
    found = search_categories(_asked(request), today(), limit=12)
    return _answer(request, [(one.code, one.name, one.path_name) for one in found])


@signed_in
@never_cache
@require_GET
def places(request: HttpRequest) -> HttpResponse:
    """Divisions and points inside the city; `(division code, name, path)`."""
    home = city()
    found = search_places(_asked(request), within=home.division_code if home else "", limit=12)
    return _answer(request, [(one.code, one.label, one.path) for one in found])
