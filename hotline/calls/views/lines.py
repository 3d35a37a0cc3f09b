"""Lines, lanes, skills, reasons for a pause: seen by shift leaders, changed by administrators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.calls import actions, queries
from hotline.calls.forms import CodeForm, LaneForm, LineForm, PauseForm, RecordingForm, SkillForm
from hotline.calls.models import Lane, Line, PauseCode
from hotline.calls.permissions import CONFIGURE, WATCH, can_configure
from hotline.calls.views.announcements import show_faults
from hotline.kit.access import access, actor_of
from hotline.kit.errors import ActionError, Invalid, NotVisible, Refused, Stale
from hotline.kit.numbers import whole


@access(CONFIGURE, WATCH)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Numbers, and the queues behind them; lanes that nobody could serve are named first."""
    context = {
        "lines": queries.lines_shown(),
        "lanes": queries.lanes_shown(),
        "unserved": queries.lanes_unserved(),
        "may": can_configure(actor_of(request)),
    }
    return render(request, "calls/lines.html", context)


@access(CONFIGURE)
@require_http_methods(["GET", "POST"])
def line(request: HttpRequest, key: str = "") -> HttpResponse:
    """A new line, or one to be changed."""
    row = _found(Line, key)
    initial = _values(row, LineForm) if row else {}
    form = LineForm(request.POST or None, initial=initial)
    fresh = None if row else CodeForm(request.POST or None)

    def save(code: str, given: dict[str, Any]) -> None:
        given |= {"lane": given["lane"].code, "choice_lane": given["choice_lane"].code if given["choice_lane"] else ""}
        actions.save_line(actor=actor_of(request), code=code, new=row is None, seen=request.POST.get("seen") if row else None, **given)

    if _saved(request, form, fresh, key, save):
        messages.success(request, _("Saved. It holds from the next call on."))
        return redirect("calls:lines")
    shown = next((one for one in queries.lines_shown() if row and one.row.pk == row.pk), None)
    context = {
        "form": form,
        "fresh": fresh,
        "row": row,
        "seen": _seen(request, row, form),
        "shown": shown,
        "recording": RecordingForm(),
    }
    return render(request, "calls/line.html", context, status=_status(form, fresh))


@access(CONFIGURE)
@require_http_methods(["GET", "POST"])
def lane(request: HttpRequest, key: str = "") -> HttpResponse:
    """A new lane, or one to be changed."""
    row = _found(Lane, key)
    form = LaneForm(request.POST or None, initial=_values(row, LaneForm) if row else {}, own=key)
    fresh = None if row else CodeForm(request.POST or None)

    def save(code: str, given: dict[str, Any]) -> None:
        given |= {"skill": given["skill"].code, "overflow_to": given["overflow_to"].code if given["overflow_to"] else ""}
        actions.save_lane(actor=actor_of(request), code=code, new=row is None, seen=request.POST.get("seen") if row else None, **given)

    if _saved(request, form, fresh, key, save):
        messages.success(request, _("Saved. It holds from the next call on."))
        return redirect("calls:lines")
    context = {"form": form, "fresh": fresh, "row": row, "seen": _seen(request, row, form)}
    return render(request, "calls/lane.html", context, status=_status(form, fresh))


@access(CONFIGURE)
@require_POST
def switch(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """A line, a lane or a reason for a pause out of use, or (`active` 1) back in."""
    if kind not in SWITCHES:
        raise NotVisible(kind)
    act, back = SWITCHES[kind]
    return _tried(
        request,
        lambda: act(actor=actor_of(request), code=key, active=request.POST.get("active") == "1"),
        _("Saved. It holds from the next call on."),
        back,
    )


SWITCHES: dict[str, tuple[Callable[..., None], str]] = {
    "line": (actions.switch_line, "calls:lines"),
    "lane": (actions.switch_lane, "calls:lines"),
    "pause": (actions.switch_pause, "calls:pauses"),
}


@access(CONFIGURE)
@require_http_methods(["GET", "POST"])
def skills(request: HttpRequest) -> HttpResponse:
    """The grid of people and skills, saved as a whole; below it, skills are added, renamed, removed."""
    if request.method == "POST":
        levels = {}
        for name, value in request.POST.items():
            kind, _dot, rest = name.partition(":")
            person, _dot, code = rest.partition(":")
            if kind == "level" and (number := whole(person)) is not None:
                given = whole(str(value) or "0")
                levels[number, code] = -1 if given is None else given
        return _tried(
            request,
            lambda: actions.set_levels(actor=actor_of(request), levels=levels),
            _("Levels saved. They hold from the next call on."),
            "calls:skills",
        )
    columns, rows = queries.grid()
    context = {
        "skills": columns,
        "rows": rows,
        "levels": range(1, 6),
        "unserved": queries.lanes_unserved(),
        "form": SkillForm(),
    }
    return render(request, "calls/skills.html", context)


@access(CONFIGURE)
@require_POST
def add_skill(request: HttpRequest) -> HttpResponse:
    """A new skill; nobody has it yet."""
    form = SkillForm(request.POST)
    return _tried(
        request,
        lambda: actions.save_skill(actor=actor_of(request), new=True, **_given(form)),
        _("The skill is added. Give people their level in it."),
        "calls:skills",
    )


@access(CONFIGURE)
@require_POST
def change_skill(request: HttpRequest, key: str) -> HttpResponse:
    """Rename a skill, or (`remove`) take it away."""
    actor = actor_of(request)
    if "remove" in request.POST:
        return _tried(
            request, lambda: actions.remove_skill(actor=actor, code=key), _("The skill is removed."), "calls:skills"
        )
    return _tried(
        request,
        lambda: actions.save_skill(actor=actor, code=key, name=request.POST.get("name", "")),
        _("Saved."),
        "calls:skills",
    )


@access(CONFIGURE)
@require_http_methods(["GET", "POST"])
def pauses(request: HttpRequest) -> HttpResponse:
    """Reasons for a pause; a new one below."""
    form = PauseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_pause(actor=actor_of(request), new=True, **form.cleaned_data)
        except Invalid as error:
            show_faults(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("calls:pauses")
    context = {"rows": queries.pauses_shown(), "form": form}
    return render(request, "calls/pauses.html", context, status=422 if form.errors else 200)


@access(CONFIGURE)
@require_POST
def change_pause(request: HttpRequest, key: str) -> HttpResponse:
    """Name and longest time of a reason."""
    form = PauseForm({**request.POST.dict(), "code": key})
    return _tried(
        request,
        lambda: actions.save_pause(actor=actor_of(request), **_given(form)),
        _("Saved."),
        "calls:pauses",
    )


def _found(model: type[Line] | type[Lane] | type[PauseCode], code: str) -> Any:
    if not code:
        return None
    row = model.objects.filter(code=code).first()
    if row is None:
        raise NotVisible(code)
    return row


def _values(row: Any, form: Any) -> dict[str, Any]:
    """A row as its form shows it; other rows by their code."""
    values = {name: getattr(row, name) for name in form.base_fields}
    return {name: getattr(value, "code", value) for name, value in values.items()}


def _saved(request: HttpRequest, form: Any, fresh: Any, code: str, save: Callable[[str, dict[str, Any]], None]) -> bool:
    valid = [one.is_valid() for one in (form, fresh) if one is not None]
    if request.method != "POST" or not all(valid):
        return False
    try:
        save(fresh.cleaned_data["code"] if fresh is not None else code, dict(form.cleaned_data))
    except Invalid as error:
        if fresh is not None and "code" in error.details:
            fresh.add_error("code", str(error.details["code"]))
        else:
            show_faults(form, error)
        return False
    except Stale as error:
        form.add_error(None, ValidationError(" ".join([str(error.message), *_differing(form, code)]), "stale"))
        return False
    except Refused as error:
        form.add_error(None, str(error.message))
        return False
    return True


def _differing(form: Any, code: str) -> list[str]:
    """What a colleague's version has otherwise, field by field; what was typed stays in the form."""
    row = _found(Line if isinstance(form, LineForm) else Lane, code)
    told = []
    for name, typed in form.cleaned_data.items():
        now = getattr(row, name)
        if now != typed and not (now in (None, "") and typed in (None, "")):
            told.append(_("“%(field)s” is now “%(value)s”.") % {"field": form.fields[name].label, "value": now})
    return told


def _seen(request: HttpRequest, row: Any, form: Any) -> str:
    """The mark of what the form shows; once its reader was told what differs, of what is there now: saving again is meant."""
    if row is None:
        return ""
    told = request.method != "POST" or form.has_error(NON_FIELD_ERRORS, "stale")
    return actions.seen_of(row) if told else request.POST.get("seen", "")


def _status(*forms: Any) -> int:
    return 422 if any(form is not None and form.errors for form in forms) else 200


def _given(form: Any) -> dict[str, Any]:
    if not form.is_valid():
        said = " ".join(str(one) for faults in form.errors.values() for one in faults)
        raise Invalid("form", said)
    return dict(form.cleaned_data)


def _tried(request: HttpRequest, act: Callable[[], Any], done: str, back: str) -> HttpResponse:
    try:
        act()
    except ActionError as error:
        if error.status == 403:
            raise
        more = [str(one) for one in error.details.values() if str(one) != str(error.message)]
        messages.error(request, " ".join([str(error.message), *more]))
    else:
        messages.success(request, done)
    return redirect(back)
