"""What pickers and the command palette ask: units, colleagues, categories, orders."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from hotline.accounts.models import Person
from hotline.accounts.queries import find_citizen, search_units
from hotline.audit.actions import record
from hotline.kit.access import access, actor_of, signed_in
from hotline.kit.clock import now, today
from hotline.kit.numbers import wholes
from hotline.workorders.forms.filters import PHONE
from hotline.workorders.models import WorkOrder
from hotline.workorders.queries.filters import OrderFilters
from hotline.workorders.queries.lists import list_orders
from hotline.workorders.queries.reference import search_categories
from hotline.workorders.queries.visibility import visible_to
from hotline.workorders.rules import read_number


def _options(request: HttpRequest, rows: list[tuple[int, str, str]]) -> HttpResponse:
    return render(request, "workorders/_options.html", {"rows": rows})


@signed_in
@require_GET
def units(request: HttpRequest) -> HttpResponse:
    """Open units by Chinese, short name, code or pinyin; `within` limits them to a subtree."""
    within = wholes(request.GET.getlist("within"))
    found = search_units(request.GET.get("q", ""), limit=12, within=within)
    return _options(
        request, [(unit.pk, unit.name, f"{unit.get_level_display()} {unit.code}") for unit in found]
    )


@access("workorders:grant_access", "workorders:sign", "workorders:dispatch")
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Colleagues by name."""
    text = request.GET.get("q", "").strip()
    rows = (
        Person.objects.filter(is_active=True, name__icontains=text).order_by("name", "pk")
        if text
        else Person.objects.none()
    )
    found = rows.prefetch_related("memberships__unit")[:12]
    return _options(
        request,
        [
            (
                person.pk,
                person.name,
                "、".join(dict.fromkeys(post.unit.short_name for post in person.memberships.all())),
            )
            for person in found
        ],
    )


@signed_in
@require_GET
def categories(request: HttpRequest) -> HttpResponse:
    """Categories in effect today by Chinese, pinyin or code."""
    found = search_categories(request.GET.get("q", ""), today())
    return _options(request, [(row.pk, row.name, row.path_name or row.code) for row in found])


@signed_in
@require_http_methods(["GET", "POST"])
def palette(request: HttpRequest) -> HttpResponse:
    """Ctrl+K: an order by number, a citizen's orders by full phone number (written down), a unit, orders by words.

    The page asks by POST, because addresses are written to logs and a phone number must not be.
    """
    asked = request.POST if request.method == "POST" else request.GET
    actor, text = actor_of(request), asked.get("q", "").strip()[:100]
    groups: list[tuple[str, list[tuple[str, str, str]]]] = []
    if text and actor.has("workorders:view"):
        number = read_number(text)
        if number:
            exact = visible_to(actor).filter(number=number).only("number", "title")
            groups.append((_("Orders"), [_order_row(row) for row in exact]))
        elif PHONE.fullmatch(text):
            groups.append((_("Orders of this citizen"), _of_phone(request, text)))
        else:
            units_found = search_units(text, limit=5)
            address = reverse("workorders:list")
            groups.append(
                (
                    _("Units"),
                    [
                        (f"{address}?unit={unit.pk}", unit.name, unit.get_level_display())
                        for unit in units_found
                    ],
                )
            )
            if len(text) >= 2:
                found = list_orders(actor, OrderFilters(words=text), now=now(), size=6)
                groups.append((_("Orders"), [_order_row(row) for row in found.page.rows]))
    return render(
        request, "workorders/_palette.html", {"groups": [(name, rows) for name, rows in groups if rows]}
    )


def _order_row(order: WorkOrder) -> tuple[str, str, str]:
    return reverse("workorders:detail", args=[order.number]), order.title, order.number


def _of_phone(request: HttpRequest, text: str) -> list[tuple[str, str, str]]:
    actor = actor_of(request)
    citizen = find_citizen(text)
    record(
        actor=actor,
        verb="workorders.find_by_phone",
        object_type="citizen",
        object_id=citizen.pk if citizen else 0,
        data={"found": citizen is not None, "from": "palette"},
    )
    if citizen is None:
        return []
    return [
        _order_row(row)
        for row in visible_to(actor).filter(citizen=citizen).only("number", "title").order_by("-id")[:8]
    ]
