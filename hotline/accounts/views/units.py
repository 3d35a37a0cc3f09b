"""The tree of units."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.accounts import queries
from hotline.accounts.actions import change_unit, close_unit, create_unit, move_unit, reopen_unit
from hotline.accounts.actions.units import CODE, is_closed
from hotline.accounts.forms import MoveForm, ReasonForm, UnitForm
from hotline.accounts.models import Unit
from hotline.accounts.permissions import scope_allows
from hotline.kit.access import access, actor_of, signed_in
from hotline.kit.errors import Invalid, NotVisible, Stale
from hotline.kit.numbers import whole

GET_POST = ["GET", "HEAD", "POST"]


def _unit(unit_id: int) -> Unit:
    unit = queries.unit(unit_id)
    if unit is None:
        raise NotVisible
    return unit


@signed_in
@require_GET
def units(request: HttpRequest) -> HttpResponse:
    """The tree, or what a search finds. `open`: the unit whose children are shown; each level loads when it is opened."""
    text = request.GET.get("q", "").strip()
    if text:
        found = queries.with_paths(queries.search_units(text, limit=50))
        return render(request, "accounts/units.html", {"q": text, "found": found})
    closed = request.GET.get("closed") == "1"
    parent = whole(request.GET.get("under"))
    rows = queries.children_of(parent, closed=closed)
    template = "accounts/_branch.html" if parent is not None and request.htmx else "accounts/units.html"  # type: ignore[attr-defined]
    may_create = bool(scope_allows(actor_of(request), CODE))
    return render(request, template, {"rows": rows, "q": "", "closed": closed, "may_create": may_create})


@signed_in
@require_GET
def unit_options(request: HttpRequest) -> HttpResponse:
    """Units for a chooser, as JSON: `[{"id", "code", "name", "short_name", "path"}]`; `q` Chinese, pinyin or initials."""
    found = queries.with_paths(queries.search_units(request.GET.get("q", ""), limit=12))
    return JsonResponse(
        {
            "units": [
                {"id": u.pk, "code": u.code, "name": u.name, "short_name": u.short_name, "path": path}
                for u, path in found
            ]
        }
    )


@signed_in
@require_GET
def unit(request: HttpRequest, unit_id: int) -> HttpResponse:
    """One unit: duties, hours, staff, units below; what may be done with it."""
    shown = _unit(unit_id)
    actor = actor_of(request)
    above = shown.path.removesuffix(f"{shown.pk}/")
    context = {
        "unit": shown,
        "trail": queries.trail(shown),
        "children": queries.children_of(shown.pk, closed=True),
        "staff": queries.staff_of(shown),
        "closed": is_closed(shown),
        "may_change": scope_allows(actor, CODE, unit_paths=[shown.path]),
        "may_move": scope_allows(actor, CODE, unit_paths=[above] if above != "/" else []),
        "may_staff": scope_allows(actor, "accounts:manage_people", unit_paths=[shown.path]),
        "move_form": MoveForm(),
        "close_form": ReasonForm(prefix="close"),
    }
    return render(request, "accounts/unit.html", context)


@access(CODE)
@require_http_methods(GET_POST)
def new_unit(request: HttpRequest) -> HttpResponse:
    """Make a unit, under `under` if given."""
    under = whole(request.GET.get("under"))
    parent = None if under is None else _unit(under)
    form = UnitForm(request.POST or None, initial={"working_hours": "09:00-17:30"})
    if request.method == "POST" and form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        try:
            made = create_unit(actor=actor_of(request), parent_id=parent.pk if parent else None, **values)
        except Invalid as error:
            _show(form, error)
        else:
            messages.success(request, _("%(unit)s is made.") % {"unit": made.name})
            return redirect("accounts:unit", made.pk)
    return render(
        request,
        "accounts/unit_form.html",
        {"form": form, "parent": parent},
        status=422 if form.errors else 200,
    )


@access(CODE)
@require_http_methods(GET_POST)
def edit_unit(request: HttpRequest, unit_id: int) -> HttpResponse:
    """Change a unit; a colleague's change in between is shown beside one's own."""
    shown = _unit(unit_id)
    names = [name for name in UnitForm.base_fields if name != "version"]
    form = UnitForm(
        request.POST or None,
        initial={"version": shown.version, **{name: getattr(shown, name) for name in names}},
    )
    theirs: dict[str, object] = {}
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in names}
        try:
            change_unit(
                actor=actor_of(request), unit_id=unit_id, version=form.cleaned_data["version"], **values
            )
        except Invalid as error:
            _show(form, error)
        except Stale as error:
            form.add_error(None, str(error.message))
            mine = error.details["yours"]
            theirs = {
                str(form.fields[name].label): value
                for name, value in error.details["theirs"].items()
                if value != mine[name]
            }
            # Sent again, it is meant to follow on what is there now.
            form.data = {
                **{name: request.POST[name] for name in request.POST},
                "version": str(_unit(unit_id).version),
            }
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:unit", unit_id)
    return render(
        request,
        "accounts/unit_form.html",
        {"form": form, "unit": shown, "theirs": theirs},
        status=422 if form.errors else 200,
    )


@access(CODE)
@require_POST
def move(request: HttpRequest, unit_id: int) -> HttpResponse:
    """Hang a unit under another."""
    form = MoveForm(request.POST)
    if not form.is_valid():
        raise Invalid("unit", " ".join(str(words) for words in form.errors["parent"]))
    parent = form.cleaned_data["parent"]
    moved = move_unit(actor=actor_of(request), unit_id=unit_id, parent_id=parent.pk if parent else None)
    messages.success(request, _("%(unit)s is moved, with all units below it.") % {"unit": moved.name})
    return redirect("accounts:unit", unit_id)


@access(CODE)
@require_POST
def close(request: HttpRequest, unit_id: int) -> HttpResponse:
    """Close a unit from today."""
    form = ReasonForm(request.POST, prefix="close")
    closed = close_unit(
        actor=actor_of(request),
        unit_id=unit_id,
        reason=form.cleaned_data["reason"] if form.is_valid() else "",
    )
    messages.success(request, _("%(unit)s is closed.") % {"unit": closed.name})
    return redirect("accounts:unit", unit_id)


@access(CODE)
@require_POST
def reopen(request: HttpRequest, unit_id: int) -> HttpResponse:
    """Open a closed unit again."""
    reopen_unit(actor=actor_of(request), unit_id=unit_id)
    return redirect("accounts:unit", unit_id)


def _show(form: UnitForm, error: Invalid) -> None:
    for field, words in error.details.items():
        form.add_error(field if field in form.fields else None, words)
