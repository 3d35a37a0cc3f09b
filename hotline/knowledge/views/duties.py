"""The queue of what units owe."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid
from hotline.knowledge import actions, permissions, queries
from hotline.knowledge.forms import AnswerForm, PassForm
from hotline.knowledge.models import DutyKind, EntryState


@access(permissions.EDIT)
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """`?kind=`: review, expiring, correction, gap; all without."""
    actor = actor_of(request)
    kind = request.GET.get("kind", "")
    piles = queries.piles(actor)
    context = {
        "kind": kind if kind in DutyKind.values else "",
        "piles": piles,
        "total": sum(piles.by_kind.values()),
        "kinds": [(value, label, piles.by_kind[value]) for value, label in DutyKind.choices],
        "list": queries.duties(actor, kind=kind, cursor=request.GET.get("cursor", "")),
        "figures": queries.figures(),
        "loose": queries.loose_gaps(),
    }
    template = "knowledge/_duties.html" if request.headers.get("HX-Target") == "knowledge-duties" else "knowledge/duties.html"
    return render(request, template, context)


@access(permissions.EDIT)
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """Entries of one's units; `?state=`."""
    state = request.GET.get("state", "")
    page = queries.own_entries(actor_of(request), state=state, cursor=request.GET.get("cursor", ""))
    return render(request, "knowledge/mine.html", {"list": page, "state": state, "states": EntryState.choices})


@access(permissions.EDIT)
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, duty_id: int) -> HttpResponse:
    """One duty with the questions behind it; POST ends it."""
    actor = actor_of(request)
    duty = queries.duty_for(actor, duty_id)
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.end_duty(actor=actor, duty_id=duty_id, **form.cleaned_data)
        except Invalid as error:
            for name, text in error.details.items():
                form.add_error(name if name in form.fields else None, str(text))
        else:
            messages.success(request, _("Ended."))
            return HttpResponseRedirect(reverse("knowledge:duties"))
    context = {"duty": duty, "gaps": queries.gaps_of(duty), "form": form, "pass_form": PassForm()}
    return render(request, "knowledge/duty.html", context, status=422 if form.is_bound else 200)


@access(permissions.EDIT)
@require_POST
def pass_on(request: HttpRequest, duty_id: int) -> HttpResponse:
    """Give a gap to the unit that knows."""
    actor = actor_of(request)
    duty = queries.duty_for(actor, duty_id)
    form = PassForm(request.POST)
    if form.is_valid():
        try:
            actions.pass_duty(actor=actor, duty_id=duty_id, **form.cleaned_data)
        except Invalid as error:
            for name, text in error.details.items():
                form.add_error(name if name in form.fields else None, str(text))
        else:
            messages.success(request, _("Passed on."))
            return HttpResponseRedirect(reverse("knowledge:duties"))
    context = {"duty": duty, "gaps": queries.gaps_of(duty), "form": AnswerForm(), "pass_form": form}
    return render(request, "knowledge/duty.html", context, status=422)
