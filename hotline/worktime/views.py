"""Calendars and policies: read by all staff, changed by administrators."""

from __future__ import annotations

import calendar as months
from datetime import date, datetime, timedelta
from typing import Any

import yaml
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hotline.kit.access import access, actor_of, signed_in
from hotline.kit.clock import CITY_ZONE, now, today
from hotline.kit.errors import ActionError, NotVisible
from hotline.kit.health import Level
from hotline.kit.numbers import whole
from hotline.worktime import actions, queries
from hotline.worktime.forms import DayForm, DaysForm, DocumentForm, PublishForm, TryForm, YearForm
from hotline.worktime.models import Calendar, Policy, VersionState
from hotline.worktime.permissions import MANAGE, can_manage
from hotline.worktime.rules import (
    ClockEvent,
    PolicyDocument,
    WorkCalendar,
    check_calendar,
    derive_provisionally,
)
from hotline.worktime.rules.outline import outline, with_spans
from hotline.worktime.rules.words import (
    KIND_LABELS,
    LEVEL_LABELS,
    SIDE_LABELS,
    UNIT_LABELS,
    explain,
    holiday_name,
    moment_words,
)

# ---- calendar


@signed_in
def calendar_page(request: HttpRequest) -> HttpResponse:
    """`/worktime/calendar/?version=3&year=2026`: twelve months, versions, and the draft's forms."""
    versions = queries.calendar_versions()
    row = _chosen(versions, request.GET.get("version", ""))
    may = can_manage(actor_of(request))
    context: dict[str, Any] = {
        "versions": versions,
        "row": row,
        "may": may,
        "health": _warning(),
        "draft": queries.calendar_draft(),
    }
    if row is not None:
        held = queries.load_calendar(row).calendar
        year = _year(request.GET.get("year", ""), held)
        editing = may.allowed and row.state == VersionState.DRAFT
        context |= {
            "year": year,
            "years": sorted(held.years),
            "months": _months(held, year),
            "workdays": held.count_workdays(date(year, 1, 1), date(year, 12, 31))
            if year in held.years
            else 0,
            "special": _special(held, year),
            "editing": editing,
        }
        if editing:
            context |= {
                "findings": check_calendar(held),
                "preview": queries.preview(held),
                "day_form": DayForm(initial={"day": request.GET.get("day", "")}),
                "days_form": DaysForm(),
                "removable": year in queries.removable_years(row),
                "year_form": YearForm(initial={"year": max(held.years, default=today().year - 1) + 1}),
            }
    return render(request, "worktime/calendar.html", context)


def _chosen(versions: list[Calendar], wanted: str) -> Calendar | None:
    if wanted:
        found = next((row for row in versions if str(row.version) == wanted), None)
        if found is None:
            raise NotVisible
        return found
    return next(
        (row for row in versions if row.state == VersionState.PUBLISHED), versions[0] if versions else None
    )


def _year(wanted: str, held: WorkCalendar) -> int:
    year = whole(wanted) or 0
    year = year if date.min.year < year < date.max.year else today().year
    return min(max(year, min(held.years)), max(held.years)) if held.years else year


def _warning() -> Any:
    result = queries.calendar_health()
    return None if result.level is Level.OK else result


def _months(held: WorkCalendar, year: int) -> list[dict[str, Any]]:
    """Twelve months of weeks of days from Monday; a day outside the month is None."""
    weeks = months.Calendar(firstweekday=0)
    return [
        {
            "first": date(year, month, 1),
            "weeks": [
                [_day(held, day) if day.month == month else None for day in week]
                for week in weeks.monthdatescalendar(year, month)
            ],
        }
        for month in range(1, 13)
    ]


def _day(held: WorkCalendar, day: date) -> dict[str, Any]:
    weekend = day.weekday() > 4
    if day in held.make_ups:
        kind, name = "make-up", held.make_ups[day]
    elif day in held.holidays:
        kind, name = "holiday", held.holidays[day]
    else:
        kind, name = ("weekend" if weekend else "work"), ""
    return {"day": day, "kind": kind, "name": holiday_name(name) if name else "", "today": day == today()}


def _special(held: WorkCalendar, year: int) -> list[dict[str, Any]]:
    if year not in held.years:
        return []
    runs = held.exceptions(date(year, 1, 1), date(year, 12, 31))
    return [
        {
            "first": first,
            "last": last,
            "name": holiday_name(name),
            "worked": worked,
            "days": (last - first).days + 1,
        }
        for first, last, name, worked in runs
    ]


def _to_draft(calendar: Calendar, year: int | None = None) -> HttpResponse:
    query = f"?version={calendar.version}" + (f"&year={year}" if year else "")
    return redirect(reverse("worktime:calendar") + query)


@require_POST
@access(MANAGE)
def draft_calendar(request: HttpRequest) -> HttpResponse:
    return _to_draft(actions.draft_calendar(actor=actor_of(request)), whole(request.POST.get("year")))


@require_POST
@access(MANAGE)
def import_public(request: HttpRequest) -> HttpResponse:
    """All years of the package into the draft."""
    draft = actions.import_public_holidays(actor=actor_of(request), publish=False)
    messages.success(request, _("The published holidays are taken in. Check the draft and publish it."))
    return _to_draft(draft)


@require_POST
@access(MANAGE)
def set_day(request: HttpRequest, calendar_id: int) -> HttpResponse:
    form = DayForm(request.POST)
    if not form.is_valid():
        return _wrong(request, form, calendar_id)
    given = form.cleaned_data
    return _tried(
        request,
        calendar_id,
        lambda: actions.set_day(actor=actor_of(request), calendar_id=calendar_id, **given),
        _("The day is changed in the draft."),
        given["day"].year,
    )


@require_POST
@access(MANAGE)
def import_days(request: HttpRequest, calendar_id: int) -> HttpResponse:
    form = DaysForm(request.POST, request.FILES)
    if not form.is_valid():
        return _wrong(request, form, calendar_id)
    return _tried(
        request,
        calendar_id,
        lambda: actions.import_days(
            actor=actor_of(request),
            calendar_id=calendar_id,
            text=form.cleaned_data["text"],
            source=form.cleaned_data["source"],
        ),
        _("The list is taken into the draft."),
    )


@require_POST
@access(MANAGE)
def add_year(request: HttpRequest, calendar_id: int) -> HttpResponse:
    form = YearForm(request.POST)
    if not form.is_valid():
        return _wrong(request, form, calendar_id)
    year = form.cleaned_data["year"]
    return _tried(
        request,
        calendar_id,
        lambda: actions.add_year(actor=actor_of(request), calendar_id=calendar_id, year=year),
        _("The draft covers %(year)d. Enter its holidays.") % {"year": year},
        year,
    )


@require_POST
@access(MANAGE)
def remove_year(request: HttpRequest, calendar_id: int) -> HttpResponse:
    """A year that was added by mistake leaves the draft."""
    form = YearForm(request.POST)
    if not form.is_valid():
        return _wrong(request, form, calendar_id)
    year = form.cleaned_data["year"]
    return _tried(
        request,
        calendar_id,
        lambda: actions.remove_year(actor=actor_of(request), calendar_id=calendar_id, year=year),
        _("%(year)d is no longer in the draft.") % {"year": year},
    )


@require_POST
@access(MANAGE)
def publish_calendar(request: HttpRequest, calendar_id: int) -> HttpResponse:
    return _tried(
        request,
        calendar_id,
        lambda: actions.publish_calendar(actor=actor_of(request), calendar_id=calendar_id),
        _("The calendar is in effect. Earlier versions stay for the orders that were set by them."),
    )


@require_POST
@access(MANAGE)
def discard_calendar(request: HttpRequest, calendar_id: int) -> HttpResponse:
    actions.discard_calendar(actor=actor_of(request), calendar_id=calendar_id)
    messages.success(request, _("The draft is thrown away."))
    return redirect("worktime:calendar")


def _tried(
    request: HttpRequest, calendar_id: int, act: Any, done: str, year: int | None = None
) -> HttpResponse:
    """Do it, and come back to the draft with what was said, good or bad."""
    try:
        act()
    except ActionError as error:
        if error.status == 403:
            raise
        messages.error(request, str(error.message))
    else:
        messages.success(request, done)
    row = Calendar.objects.filter(pk=calendar_id).first()
    return _to_draft(row, year) if row else redirect("worktime:calendar")


def _wrong(request: HttpRequest, form: Any, calendar_id: int) -> HttpResponse:
    for field, faults in form.errors.items():
        label = form.fields[field].label if field in form.fields else ""
        messages.error(request, f"{label}: {' '.join(faults)}".lstrip(": "))
    row = Calendar.objects.filter(pk=calendar_id).first()
    if row is None:
        raise NotVisible
    return _to_draft(row)


# ---- policies


@signed_in
def policies(request: HttpRequest) -> HttpResponse:
    """`/worktime/`: versions of deadline policies."""
    return render(
        request,
        "worktime/policies.html",
        {
            "policies": queries.policy_versions(),
            "may": can_manage(actor_of(request)),
            "packs": actions.policy_packs() if can_manage(actor_of(request)) else [],
            "health": _warning(),
            "now": now(),
        },
    )


def _policy(policy_id: int) -> Policy:
    row = Policy.objects.filter(pk=policy_id).first()
    if row is None:
        raise NotVisible
    return row


@signed_in
def policy_page(request: HttpRequest, policy_id: int) -> HttpResponse:
    """One version in words, its check, its YAML; a draft can be changed."""
    return _policy_page(request, _policy(policy_id))


def _policy_page(
    request: HttpRequest, row: Policy, *, faults: Any = None, text: str = "", status: int = 200
) -> HttpResponse:
    document = PolicyDocument.parse(row.document)
    draft = row.state == VersionState.DRAFT
    may = can_manage(actor_of(request))
    begin = (
        (now() + timedelta(days=1))
        .astimezone(CITY_ZONE)
        .replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    )
    return render(
        request,
        "worktime/policy.html",
        {
            "row": row,
            "document": document,
            "rules": outline(document, queries.vocabulary()),
            "findings": actions.findings_of(document, row.effective_from),
            "editing": draft and may.allowed,
            "may": may,
            "units": UNIT_LABELS.items(),
            "yaml": DocumentForm(initial={"text": text or dump(row.document)}),
            "faults": faults,
            "publish_form": PublishForm(initial={"effective_from": begin}),
            "try_form": _try_form(None),
            "health": _warning(),
        },
        status=status,
    )


def dump(document: object) -> str:
    """The document as YAML, in its own order."""
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110)


def _try_form(data: Any) -> TryForm:
    vocabulary = queries.vocabulary()
    start = now().astimezone(CITY_ZONE).replace(second=0, microsecond=0, tzinfo=None)
    first = {
        name: next((code for code, _label in getattr(vocabulary, many)), "")
        for name, many in (("demand_type", "demand_types"), ("flow", "flows"))
    }
    if data is not None:
        data = data.copy()
        data.setdefault("start", start.isoformat(timespec="minutes"))
    return TryForm(data, vocabulary, initial={**first, "urgency": "routine", "start": start})


@signed_in
def try_policy(request: HttpRequest, policy_id: int) -> HttpResponse:
    """A made-up order's clocks with their arithmetic, as a fragment."""
    row = _policy(policy_id)
    form = _try_form(request.GET)
    if not form.is_valid():
        return render(request, "worktime/_tried.html", {"form": form, "clocks": []})
    given = dict(form.cleaned_data)
    start: datetime = given.pop("start")
    selection = PolicyDocument.parse(row.document).select(**given)
    held = queries.calendar_in_effect().calendar
    clocks = []
    for spec in selection.clocks:
        deadline = derive_provisionally([ClockEvent("start", start)], spec, held)
        clocks.append(
            {
                "kind": KIND_LABELS[spec.kind],
                "side": SIDE_LABELS[spec.side],
                "due": moment_words(deadline.due_at),
                "rule": spec.rule,
                "why": explain(deadline),
                "marks": [
                    (mark.level, LEVEL_LABELS[mark.level], moment_words(mark.at)) for mark in deadline.marks
                ],
                "provisional": bool(deadline.assumed),
            }
        )
    return render(
        request,
        "worktime/_tried.html",
        {"form": form, "clocks": clocks, "extension": selection.extension, "returns": selection.returns},
    )


@require_POST
@access(MANAGE)
def load_pack(request: HttpRequest) -> HttpResponse:
    """A pack that comes with the platform, as a draft."""
    policy = actions.load_policy_pack(
        actor=actor_of(request), name=request.POST.get("pack", ""), publish=False
    )
    return redirect("worktime:policy", policy.pk)


@require_POST
@access(MANAGE)
def draft_policy(request: HttpRequest, policy_id: int) -> HttpResponse:
    return redirect("worktime:policy", actions.draft_policy(actor=actor_of(request), policy_id=policy_id).pk)


@require_POST
@access(MANAGE)
def save_policy(request: HttpRequest, policy_id: int) -> HttpResponse:
    """By the table's fields, or by YAML when that was sent; what was typed comes back with the faults."""
    row = _policy(policy_id)
    if "text" in request.POST:
        text = request.POST["text"]
    else:
        spans = {
            (field := key.removeprefix("amount-")): f"{value} {request.POST.get(f'unit-{field}', '')}"
            for key, value in request.POST.items()
            if key.startswith("amount-")
        }
        text = dump(
            with_spans(row.document, spans, request.POST.get("hours", ""), request.POST.get("cutoff"))
        )
    try:
        actions.save_policy(actor=actor_of(request), policy_id=policy_id, text=text)
    except ActionError as error:
        if error.status != 422:
            raise
        return _policy_page(request, row, faults=error, text=text, status=422)
    messages.success(request, _("The draft is saved. It is not in effect yet."))
    return redirect("worktime:policy", policy_id)


@require_POST
@access(MANAGE)
def publish_policy(request: HttpRequest, policy_id: int) -> HttpResponse:
    row = _policy(policy_id)
    form = PublishForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose the day and time from which it holds."))
        return redirect("worktime:policy", policy_id)
    begin = form.cleaned_data["effective_from"]
    try:
        actions.publish_policy(actor=actor_of(request), policy_id=policy_id, effective_from=begin)
    except ActionError as error:
        if error.status != 409:
            raise
        return _policy_page(request, row, faults=error, status=409)
    messages.success(
        request, _("The policy holds from %(moment)s for new orders.") % {"moment": moment_words(begin)}
    )
    return redirect("worktime:policies")


@require_POST
@access(MANAGE)
def discard_policy(request: HttpRequest, policy_id: int) -> HttpResponse:
    actions.discard_policy(actor=actor_of(request), policy_id=policy_id)
    messages.success(request, _("The draft is thrown away."))
    return redirect("worktime:policies")
