"""Configuration: taxonomy, reasons, scripts, the city."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from hotline.kit.access import access, actor_of
from hotline.kit.clock import today
from hotline.kit.errors import ActionError, Invalid, NotVisible
from hotline.kit.numbers import whole
from hotline.workorders.actions import configuring
from hotline.workorders.forms.configure import (
    CategoryForm,
    CityForm,
    MoveForm,
    ReasonForm,
    RetireForm,
    ScriptForm,
)
from hotline.workorders.models import Category, ReasonCode, ReasonKind, Script
from hotline.workorders.queries.reference import category_tree, city

configurer = access("workorders:configure")


def _tried(form: Form, act: Callable[[], Any]) -> bool:
    """Run an action with a valid form; what it says goes to the fields."""
    try:
        act()
    except Invalid as error:
        for name, words in error.details.items():
            form.add_error(name if name in form.fields else None, str(words))
        return False
    except ActionError as error:
        form.add_error(None, str(error.message))
        return False
    return True


def _form_page(
    request: HttpRequest, form: Form, title: str | Promise, back: str, **more: Any
) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(
        request,
        "workorders/configure/form.html",
        {"form": form, "title": title, "back": back, **more},
        status=status,
    )


# ── taxonomy ──


@configurer
@require_GET
def categories(request: HttpRequest) -> HttpResponse:
    """The tree."""
    return render(
        request, "workorders/configure/categories.html", {"tree": category_tree(), "today": today()}
    )


@configurer
@require_http_methods(["GET", "POST"])
def category_form(request: HttpRequest, category_id: int | None = None) -> HttpResponse:
    """A new category below `?parent=`, or an existing one."""
    row = Category.objects.select_related("parent").filter(pk=category_id).first() if category_id else None
    if category_id and row is None:
        raise NotVisible("category")
    given = whole(request.GET.get("parent"))
    parent = row.parent if row else Category.objects.filter(pk=given).first() if given is not None else None
    first: dict[str, Any] = {
        "effective_from": today(),
        "default_urgency": parent.default_urgency if parent else "routine",
    }
    if row:
        names = (
            "name",
            "description",
            "demand_types",
            "default_urgency",
            "default_level",
            "effective_from",
            "effective_to",
        )
        first = {name: getattr(row, name) for name in names} | {"default_unit": row.default_unit_id}
    form = CategoryForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        actor = actor_of(request)

        def act() -> Category:
            if row:
                return configuring.edit_category(actor=actor, category_id=row.pk, **form.fields_for_action())
            return configuring.add_category(
                actor=actor, parent_id=parent.pk if parent else None, **form.fields_for_action()
            )

        if _tried(form, act):
            messages.success(request, _("The category was saved."))
            return redirect("workorders:configure_categories")
    place = (parent.path_name or parent.name) if parent else _("at the top")
    title = (
        _("Category %(code)s") % {"code": row.code}
        if row
        else _("New category, %(place)s") % {"place": place}
    )
    return _form_page(
        request,
        form,
        title,
        "workorders:configure_categories",
        category=row,
        move=MoveForm() if row else None,
        retire=RetireForm() if row else None,
    )


def _side_form(
    request: HttpRequest, category_id: int, form: Form, act: Callable[[Any], Any], done: str
) -> HttpResponse:
    if not Category.objects.filter(pk=category_id).exists():
        raise NotVisible("category")
    if request.method == "POST" and form.is_valid() and _tried(form, lambda: act(form.cleaned_data)):
        messages.success(request, done)
        return redirect("workorders:configure_categories")
    return _form_page(request, form, _("Category"), "workorders:configure_categories")


@configurer
@require_http_methods(["GET", "POST"])
def move_category(request: HttpRequest, category_id: int) -> HttpResponse:
    """Hang a category elsewhere."""
    actor = actor_of(request)
    return _side_form(
        request,
        category_id,
        MoveForm(request.POST or None) if request.method == "GET" else MoveForm(request.POST),
        lambda given: configuring.move_category(
            actor=actor, category_id=category_id, parent_id=given["parent"].pk if given["parent"] else None
        ),
        _("The category was moved; it and those below it have new codes."),
    )


@configurer
@require_http_methods(["GET", "POST"])
def retire_category(request: HttpRequest, category_id: int) -> HttpResponse:
    """Retire a category, with its successor."""
    actor = actor_of(request)
    return _side_form(
        request,
        category_id,
        RetireForm(request.POST or None) if request.method == "GET" else RetireForm(request.POST),
        lambda given: configuring.retire_category(
            actor=actor,
            category_id=category_id,
            last_day=given["last_day"],
            replaced_by_id=given["replaced_by"].pk if given["replaced_by"] else None,
        ),
        _("The category was retired; existing orders keep it."),
    )


# ── reasons, scripts ──


def _state(row: Any, day: Any) -> str:
    if row.effective_from > day:
        return "coming"
    return "ended" if row.effective_to is not None and row.effective_to < day else "current"


@configurer
@require_GET
def reason_list(request: HttpRequest) -> HttpResponse:
    """All reason codes by kind, with their versions."""
    day, kinds = today(), defaultdict(list)
    for row in ReasonCode.objects.order_by("kind", "code", "-effective_from"):
        kinds[row.kind].append({"row": row, "state": _state(row, day)})
    groups = [(ReasonKind(kind).label, rows) for kind, rows in kinds.items()]
    return render(request, "workorders/configure/reasons.html", {"groups": groups})


@configurer
@require_http_methods(["GET", "POST"])
def reason_form(request: HttpRequest, reason_id: int | None = None) -> HttpResponse:
    """A new reason, or a new version of one; nothing in effect is ever overwritten."""
    row = ReasonCode.objects.filter(pk=reason_id).first() if reason_id else None
    if reason_id and row is None:
        raise NotVisible("reason")
    first = (
        {
            name: getattr(row, name)
            for name in ("kind", "code", "name", "legal_basis", "script", "parent_code")
        }
        if row
        else {}
    )
    if row and row.effective_from > today():
        first |= {"effective_from": row.effective_from, "effective_to": row.effective_to}
    form = ReasonForm(request.POST or None, initial=first)
    if (
        request.method == "POST"
        and form.is_valid()
        and _tried(form, lambda: configuring.save_reason(actor=actor_of(request), **form.cleaned_data))
    ):
        messages.success(
            request,
            _("The reason was saved; it takes effect on %(day)s.")
            % {"day": form.cleaned_data["effective_from"]},
        )
        return redirect("workorders:configure_reasons")
    return _form_page(
        request,
        form,
        _("New version of a reason") if row else _("New reason"),
        "workorders:configure_reasons",
    )


@configurer
@require_GET
def script_list(request: HttpRequest) -> HttpResponse:
    """All scripts with their versions."""
    day = today()
    rows = [
        {"row": row, "state": _state(row, day)} for row in Script.objects.order_by("code", "-effective_from")
    ]
    return render(request, "workorders/configure/scripts.html", {"rows": rows})


@configurer
@require_http_methods(["GET", "POST"])
def script_form(request: HttpRequest, script_id: int | None = None) -> HttpResponse:
    """A new script, or a new version of one."""
    row = Script.objects.filter(pk=script_id).first() if script_id else None
    if script_id and row is None:
        raise NotVisible("script")
    first = {name: getattr(row, name) for name in ("code", "title", "text")} if row else {}
    if row and row.effective_from > today():
        first |= {"effective_from": row.effective_from, "effective_to": row.effective_to}
    form = ScriptForm(request.POST or None, initial=first)
    if (
        request.method == "POST"
        and form.is_valid()
        and _tried(form, lambda: configuring.save_script(actor=actor_of(request), **form.cleaned_data))
    ):
        messages.success(
            request,
            _("The script was saved; it takes effect on %(day)s.")
            % {"day": form.cleaned_data["effective_from"]},
        )
        return redirect("workorders:configure_scripts")
    return _form_page(
        request,
        form,
        _("New version of a script") if row else _("New script"),
        "workorders:configure_scripts",
    )


# ── city ──


@configurer
@require_http_methods(["GET", "POST"])
def city_settings(request: HttpRequest) -> HttpResponse:
    """What the city calls itself and how it works."""
    form = CityForm(request.POST or None, row=city())
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data

        def act() -> Any:
            return configuring.save_city(
                actor=actor_of(request),
                name=given["name"],
                hotline_name=given["hotline_name"],
                division_code=given["division_code"],
                number_prefix=given["number_prefix"],
                accent=given["accent"],
                hub_id=given["hub"].pk if given["hub"] else None,
                options=form.options(),
            )

        if _tried(form, act):
            messages.success(request, _("The settings were saved."))
            return redirect("workorders:configure_city")
    return _form_page(request, form, _("The city"), "")
