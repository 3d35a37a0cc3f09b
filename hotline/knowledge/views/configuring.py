"""Synonyms, linked sources, deadlines."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid
from hotline.knowledge import actions, permissions, queries, vectors
from hotline.knowledge.forms import SettingsForm, SourceForm, TermForm
from hotline.knowledge.models import Source, Term


def _page(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "terms": Term.objects.order_by("-id"),
        "sources": Source.objects.select_related("unit").order_by("name"),
        "term_form": TermForm(),
        "settings_form": SettingsForm(initial=model_to_dict(queries.city_settings())),
        "health": vectors.health(),
        "may": permissions.can_configure(actor),
        **more,
    }
    return render(request, "knowledge/configure.html", context, status=status)


@access(permissions.CONFIGURE)
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """All of it on one page; POST changes the deadlines."""
    if request.method == "GET":
        return _page(request)
    form = SettingsForm(request.POST)
    if form.is_valid():
        try:
            actions.change_settings(actor=actor_of(request), values=form.cleaned_data)
        except Invalid as error:
            for name, text in error.details.items():
                form.add_error(name, str(text))
        else:
            messages.success(request, _("Saved. What is already due keeps its day."))
            return HttpResponseRedirect(reverse("knowledge:configure"))
    return _page(request, 422, settings_form=form)


@access(permissions.CONFIGURE)
@require_POST
def save_term(request: HttpRequest) -> HttpResponse:
    """Words that mean the same."""
    form = TermForm(request.POST)
    if form.is_valid():
        try:
            actions.save_term(actor=actor_of(request), **form.cleaned_data)
        except Invalid as error:
            form.add_error("words", str(error.message))
        else:
            messages.success(request, _("Saved; searches use it from now on."))
            return HttpResponseRedirect(reverse("knowledge:configure"))
    return _page(request, 422, term_form=form)


@access(permissions.CONFIGURE)
@require_POST
def remove_term(request: HttpRequest, term_id: int) -> HttpResponse:
    """Take a group away."""
    actions.remove_term(actor=actor_of(request), term_id=term_id)
    messages.success(request, _("Removed."))
    return HttpResponseRedirect(reverse("knowledge:configure"))


@access(permissions.CONFIGURE)
@require_http_methods(["GET", "POST"])
def source(request: HttpRequest, source_id: int | None = None) -> HttpResponse:
    """A linked source."""
    row = get_object_or_404(Source, pk=source_id) if source_id else None
    names = ("name", "url", "unit_id", "category_code", "material", "readers", "every_minutes", "enabled")
    first = {name: getattr(row, name) for name in names} if row else None
    form = SourceForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_source(actor=actor_of(request), values=form.cleaned_data, source_id=source_id)
        except Invalid as error:
            form.refuse(error.details)
        else:
            messages.success(request, _("Saved; it is pulled within five minutes."))
            return HttpResponseRedirect(reverse("knowledge:configure"))
    context = {"form": form, "source": row, "leaves": queries.categories().leaves()}
    return render(request, "knowledge/source.html", context, status=422 if form.errors else 200)


@access(permissions.CONFIGURE)
@require_POST
def pull(request: HttpRequest, source_id: int) -> HttpResponse:
    """Pull it now."""
    messages.info(request, actions.pull_source(actor=actor_of(request), source_id=source_id))
    return HttpResponseRedirect(reverse("knowledge:configure"))


@access(permissions.CONFIGURE)
@require_POST
def remove_source(request: HttpRequest, source_id: int) -> HttpResponse:
    """Pull it no more."""
    actions.remove_source(actor=actor_of(request), source_id=source_id)
    messages.success(request, _("Removed; its entries stay."))
    return HttpResponseRedirect(reverse("knowledge:configure"))
