"""The catalogue's pages: what holds, adding, ending, importing a list, where no unit is named."""

from __future__ import annotations

from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.accounts.models import Unit
from hotline.dispatch import actions, queries
from hotline.dispatch.forms import EntryForm
from hotline.dispatch.rules import Fault
from hotline.kit.access import access, actor_of
from hotline.kit.clock import today
from hotline.kit.errors import Invalid
from hotline.kit.numbers import whole
from hotline.places.queries import path_text
from hotline.ui.lists import ListForm
from hotline.workorders.models import Category
from hotline.workorders.queries.reference import city

FAULT_WORDS = {
    "unknown_category": gettext_lazy("there is no such category"),
    "unknown_area": gettext_lazy("there is no division with this code"),
    "unknown_unit": gettext_lazy("there is no unit with this code"),
    "closed_unit": gettext_lazy("the unit is closed"),
    "lead_assists_itself": gettext_lazy("the lead unit cannot assist itself"),
    "bad_date": gettext_lazy("this is not a date (2026-01-31)"),
    "twice_in_list": gettext_lazy("the same entry stands in the list twice"),
    "already_known": gettext_lazy("the catalogue already has this entry"),
    "later_known": gettext_lazy("the catalogue has a newer entry from this day; choose a later day, or end that one"),
}


MOST_FAULTS = 200
"""Lines shown as wrong; a list with more is mended from the top."""


@access("dispatch:catalogue", "dispatch:pool")
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Entries by category, filtered."""
    text, area = request.GET.get("q", "").strip(), request.GET.get("area", "").strip()
    found = queries.entries(
        text=text,
        area=area if area.isdigit() else "",
        ended=request.GET.get("ended") == "1",
        day=today(),
        cursor=request.GET.get("cursor", ""),
    )
    return render(
        request,
        "dispatch/catalogue.html",
        {
            "found": found,
            "names": queries.entry_areas(found.rows),
            "text": text,
            "area": area,
            "area_name": path_text(area) if area else "",
            "ended": request.GET.get("ended") == "1",
            "today": today(),
            "tomorrow": today() + timedelta(days=1),
        },
    )


@access("dispatch:catalogue")
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new entry from a day on."""
    form = EntryForm(
        request.POST or None,
        initial={"effective_from": today() + timedelta(days=1), "category": request.GET.get("category", "")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            data = form.cleaned_data
            actions.add_entry(
                actor=actor_of(request),
                category_id=data["category"].pk,
                area_code=data["area_code"],
                lead_unit_id=data["lead_unit"].pk,
                assistant_ids=[unit.pk for unit in data["assistants"]],
                legal_basis=data["legal_basis"],
                effective_from=data["effective_from"],
            )
        except Invalid as error:
            for field, words in error.details.items():
                form.add_error(field if field in form.fields else None, str(words))
        else:
            messages.success(
                request, _("The entry holds from %(day)s.") % {"day": data["effective_from"].isoformat()}
            )
            return redirect("dispatch:catalogue")
    names = {
        "category": Category.objects.filter(code=form["category"].value() or "")
        .values_list("path_name", flat=True)
        .first()
        or "",
        "area_code": path_text(str(form["area_code"].value() or "")),
        "lead_unit": Unit.objects.filter(pk=form["lead_unit"].value()).values_list("name", flat=True).first()
        or ""
        if whole(str(form["lead_unit"].value() or "")) is not None
        else "",
    }
    return render(
        request,
        "dispatch/catalogue_add.html",
        {"form": form, "names": names},
        status=422 if form.errors else 200,
    )


@access("dispatch:catalogue")
@require_POST
def end(request: HttpRequest, entry_id: int) -> HttpResponse:
    """End an entry after today, or after the day given."""
    try:
        last = forms.DateField().clean(request.POST.get("last_day") or today())
    except forms.ValidationError:
        last = today()
    entry = actions.retire_entry(
        actor=actor_of(request), entry_id=entry_id, last_day=last, reason=request.POST.get("reason", "")
    )
    messages.success(
        request, _("The entry ends after %(day)s.") % {"day": (entry.effective_to or date.max).isoformat()}
    )
    return (
        redirect(request.POST.get("next") or "dispatch:catalogue")
        if _local(request)
        else redirect("dispatch:catalogue")
    )


def _local(request: HttpRequest) -> bool:
    return request.POST.get("next", "").startswith("/dispatch/catalogue/")


COLUMN_WORDS = {
    "category_code": gettext_lazy("code of the category, as in the list of categories"),
    "area_code": gettext_lazy("code of the division it holds for; everywhere when empty"),
    "lead_unit_code": gettext_lazy("code of the unit that gets the orders"),
    "assistant_unit_codes": gettext_lazy("codes of units that assist, between semicolons; may be empty"),
    "legal_basis": gettext_lazy("law or list of duties that says so; may be empty"),
    "effective_from": gettext_lazy("first day it holds, as 2026-12-01; today when empty"),
}


@access("dispatch:catalogue")
@require_http_methods(["GET", "POST"])
def import_list(request: HttpRequest) -> HttpResponse:
    """A CSV list: checked and compared with today's catalogue first, made when a person says so and nothing is wrong."""
    form = ListForm(request.POST or None, request.FILES or None)
    context: dict[str, object] = {"form": form, "columns": [(one, COLUMN_WORDS[one]) for one in actions.COLUMNS], "faults": []}
    if request.method == "POST" and form.is_valid():
        try:
            rows = actions.read_rows(form.cleaned_data["text"])
            sure = form.cleaned_data["sure"]
            result = actions.import_catalogue(actor=actor_of(request), rows=rows, dry_run=not sure)
        except Invalid as error:
            form.add_error("file", str(error.message))
        else:
            if result.made:
                messages.success(request, _("%(count)d entries were added.") % {"count": result.made})
                return redirect("dispatch:catalogue")
            faults = result.faults[:MOST_FAULTS]
            context["faults"] = [(one.line, one.field, FAULT_WORDS[one.code], one.value) for one in faults]
            context |= {"result": result, "more": len(result.faults) - len(faults)}
            if rows and not faults:
                last = max(date.fromisoformat(row.effective_from) for row in rows)
                context |= {"moves": queries.preview(today(), max(today(), last), rows), "day": last}
    wrong = form.errors or context["faults"]
    return render(request, "dispatch/catalogue_import.html", context, status=422 if wrong else 200)


@access("dispatch:catalogue", "dispatch:pool")
@require_GET
def coverage_report(request: HttpRequest) -> HttpResponse:
    """Leaf categories that have no unit somewhere."""
    home = city()
    gaps, leaves = queries.coverage(today(), within=home.division_code if home else "")
    return render(
        request, "dispatch/coverage.html", {"gaps": gaps, "leaves": leaves, "covered": leaves - len(gaps)}
    )


FAULTS = {
    Fault.TWICE: gettext_lazy("two entries hold for the same category and area"),
    Fault.CLOSED_UNIT: gettext_lazy("the unit is closed"),
    Fault.RETIRED_CATEGORY: gettext_lazy("the category is no longer in effect"),
    Fault.UNKNOWN_AREA: gettext_lazy("there is no division with this code"),
    Fault.STREET_FOR_DEPARTMENT: gettext_lazy("departmental work is given to a street without a legal basis"),
    Fault.ASSISTS_ITSELF: gettext_lazy("the lead unit cannot assist itself"),
}


@access("dispatch:catalogue", "dispatch:pool")
@require_GET
def report(request: HttpRequest) -> HttpResponse:
    """Conflicts and orphans, and what tomorrow's catalogue would have changed over the last month's orders."""
    day = today()
    try:
        later = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        later = day + timedelta(days=1)
    faults, idle = queries.catalogue_faults(day)
    return render(
        request,
        "dispatch/report.html",
        {
            "faults": [(one, FAULTS[one.fault.fault]) for one in faults],
            "idle": idle,
            "moves": queries.preview(day, later),
            "day": later,
        },
    )
