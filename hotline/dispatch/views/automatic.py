"""Automatic dispatch: the switch, the trusted categories, the samples to judge, what went out."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.dispatch import actions, queries
from hotline.dispatch.forms import TrustForm
from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid, Refused

CODE = "dispatch:automatic"


@access(CODE)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The whole page; `?sent=1` lists what went out instead of the samples to judge."""
    return _page(request, TrustForm(initial={"threshold": 95, "sample": 5, "most_errors": 5}))


def _page(request: HttpRequest, form: TrustForm, status: int = 200) -> HttpResponse:
    sent = request.GET.get("sent") == "1"
    return render(
        request,
        "dispatch/automatic.html",
        {
            "form": form,
            "switch": queries.the_switch(),
            "standings": queries.standings(),
            "sent": sent,
            "found": queries.sent_rows(
                actor_of(request), waiting=not sent, cursor=request.GET.get("cursor", "")
            ),
        },
        status=status,
    )


@access(CODE)
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Stop everything at once, or allow it with a reason."""
    on = request.POST.get("on") == "1"
    try:
        actions.switch(actor=actor_of(request), on=on, why=request.POST.get("why", ""))
    except Invalid as error:
        messages.error(request, str(error.message))
    else:
        messages.success(
            request, _("Automatic dispatch is allowed.") if on else _("Automatic dispatch is stopped.")
        )
    return redirect("dispatch:automatic")


@access(CODE)
@require_POST
def trust(request: HttpRequest) -> HttpResponse:
    """Trust a category, or change how far."""
    form = TrustForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            row = actions.trust_category(
                actor=actor_of(request),
                category_id=data["category"].pk,
                threshold=data["threshold"] / 100,
                sample=data["sample"] / 100,
                most_errors=data["most_errors"] / 100,
            )
        except Invalid as error:
            for field, words in error.details.items():
                form.add_error(field if field in form.fields else None, str(words))
        else:
            messages.success(
                request,
                _("%(category)s goes out by itself from %(percent)d %% on.")
                % {"category": row.category.path_name or row.category.name, "percent": data["threshold"]},
            )
            return redirect("dispatch:automatic")
    return _page(request, form, 422)


@access(CODE)
@require_POST
def end(request: HttpRequest, trust_id: int) -> HttpResponse:
    """Take the trust away."""
    actions.end_trust(actor=actor_of(request), trust_id=trust_id)
    messages.success(request, _("A dispatcher sends these orders again."))
    return redirect("dispatch:automatic")


@access(CODE)
@require_POST
def resume(request: HttpRequest, trust_id: int) -> HttpResponse:
    """Let a stopped category go out again."""
    try:
        actions.resume_trust(actor=actor_of(request), trust_id=trust_id, why=request.POST.get("why", ""))
    except (Invalid, Refused) as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("The category goes out by itself again."))
    return redirect("dispatch:automatic")


@access(CODE)
@require_POST
def judge(request: HttpRequest, order_id: int) -> HttpResponse:
    """Right or wrong, for one sample."""
    try:
        actions.judge(
            actor=actor_of(request),
            order_id=order_id,
            right=request.POST.get("right") == "1",
            why=request.POST.get("why", ""),
        )
    except Invalid as error:
        messages.error(request, str(error.message))
    return redirect("dispatch:automatic")
