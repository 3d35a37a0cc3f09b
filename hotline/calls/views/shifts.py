"""The plan of shifts by week, and lists of them."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from hotline.calls import actions, queries
from hotline.calls.forms import ShiftForm
from hotline.calls.permissions import PLAN, WATCH, can_plan
from hotline.calls.views.announcements import show_faults
from hotline.kit.access import access, actor_of
from hotline.kit.clock import CITY_ZONE, now, today
from hotline.kit.errors import ActionError, Invalid
from hotline.ui.lists import ListForm

COLUMN_WORDS = {
    "username": gettext_lazy("user name of the agent"),
    "day": gettext_lazy("day on which the shift begins, as 2026-12-01"),
    "begins": gettext_lazy("as 08:30, the city's time"),
    "ends": gettext_lazy("as 17:00; earlier than the beginning means on the next day"),
}
MOST_FAULTS = 200


@access(PLAN, WATCH)
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """`?day=2026-12-01`: the week of that day; a shift is added below."""
    day = _day(request.GET.get("day", ""))
    actor = actor_of(request)
    may = can_plan(actor)
    people = [(str(one.pk), one.name) for one in queries.telephone_people()] if may else []
    form = ShiftForm(request.POST or None, people=people, initial={"day": max(day, today())})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        begins, ends = actions.span(given["day"], given["begins"], given["ends"])
        try:
            actions.plan_shift(
                actor=actor, person_id=int(given["person"]), begins_at=begins, ends_at=ends
            )
        except Invalid as error:
            show_faults(form, error)
        else:
            messages.success(request, _("The shift is in the plan."))
            return _to_week(given["day"])
    week = queries.week_of(day)
    context = {
        "week": week,
        "before": week.monday - timedelta(days=7),
        "after": week.monday + timedelta(days=7),
        "today": today(),
        "now": now(),
        "form": form,
        "may": may,
    }
    return render(request, "calls/shifts.html", context, status=422 if form.errors else 200)


@access(PLAN)
@require_POST
def remove(request: HttpRequest, shift_id: int) -> HttpResponse:
    """Out of the plan, back to its week."""
    try:
        row = actions.remove_shift(actor=actor_of(request), shift_id=shift_id)
    except ActionError as error:
        if error.status == 403:
            raise
        messages.error(request, str(error.message))
        return redirect("calls:shifts")
    messages.success(request, _("The shift is out of the plan."))
    return _to_week(row.begins_at.astimezone(CITY_ZONE).date())


@access(PLAN)
@require_http_methods(["GET", "POST"])
def import_list(request: HttpRequest) -> HttpResponse:
    """A CSV list: checked first, planned when a person says so and nothing is wrong."""
    form = ListForm(request.POST or None, request.FILES or None)
    context: dict[str, object] = {
        "form": form,
        "columns": [(one, COLUMN_WORDS[one]) for one in actions.COLUMNS],
    }
    faults = False
    if request.method == "POST" and form.is_valid():
        sure = form.cleaned_data["sure"]
        try:
            plan = actions.import_shifts(
                actor=actor_of(request), text=form.cleaned_data["text"], dry_run=not sure
            )
        except Invalid as error:
            form.add_error("file", str(error.message))
        else:
            if plan.made:
                messages.success(request, _("%(count)d shifts were planned.") % {"count": plan.made})
                return _to_week(plan.shifts[0][1].astimezone(CITY_ZONE).date())
            faults = bool(plan.faults)
            context |= {
                "plan": plan,
                "faults": plan.faults[:MOST_FAULTS],
                "more": max(0, len(plan.faults) - MOST_FAULTS),
            }
    return render(request, "calls/shifts_import.html", context, status=422 if form.errors or faults else 200)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today()
    return day if date.min + timedelta(days=14) < day < date.max - timedelta(days=14) else today()


def _to_week(day: date) -> HttpResponse:
    return redirect(f"{reverse('calls:shifts')}?day={day.isoformat()}")
