"""Pages of campaigns: the list, one with its progress and answers, the editor, those who want no calls."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.campaigns import actions, queries
from hotline.campaigns.forms import CampaignForm, ListForm
from hotline.campaigns.permissions import RUN
from hotline.campaigns.rules import WAYS_OUT
from hotline.kit.access import access, actor_of
from hotline.kit.errors import ActionError, Invalid

FIELDS = ("name", "script", "opens", "closes", "workdays_only", "lines", "tries", "rest_days")


@access(RUN)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "campaigns/index.html", {"rows": queries.campaigns(actor_of(request))})


@access(RUN)
@require_GET
def one(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Progress and answers, kept up to date while it calls."""
    context = {
        "page": queries.page(actor_of(request), campaign_id),
        "form": ListForm(),
        "ways": WAYS_OUT,
    }
    whole = not request.headers.get("HX-Request")
    return render(request, "campaigns/one.html" if whole else "campaigns/_one.html", context)


@access(RUN)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, campaign_id: int | None = None) -> HttpResponse:
    """The editor; “look” shows the way without keeping anything."""
    actor = actor_of(request)
    row = queries.campaign(actor, campaign_id) if campaign_id else None
    initial = {name: getattr(row, name) for name in FIELDS} if row else {"script": _sample()}
    form = CampaignForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and "look" not in request.POST:
        try:
            kept = actions.save(actor=actor, campaign_id=campaign_id, given=form.cleaned_data)
        except Invalid as error:
            for field, words in error.details.items():
                form.add_error(field if field in form.fields else None, str(words))
        else:
            messages.success(request, _("Kept. The voice speaks it now; add whom to call."))
            return redirect("campaigns:one", campaign_id=kept.pk)
    script, fault = queries.read(request.POST.get("script") or initial["script"])
    context = {"form": form, "row": row, "script": script, "fault": fault, "ways": WAYS_OUT}
    return render(request, "campaigns/edit.html", context, status=422 if form.errors else 200)


def _sample() -> str:
    ask = _(
        "Hello, this is the 12345 hotline. Has your matter been settled? Yes: press 1, no: press 2, for a person press 0, for no more such calls press 9."
    )
    yes, no, person, never = _("It is settled"), _("It is not settled"), _("A person"), _("No more calls")
    thanks = _("Thank you. Goodbye.")
    return f"# ask\n{ask}\n1 {yes} -> thanks\n2 {no} -> thanks\n0 {person} -> person\n9 {never} -> stop\n\n# thanks\n{thanks}\n"


@access(RUN)
@require_POST
def add_list(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """`look`: only say what the file holds."""
    form = ListForm(request.POST, request.FILES)
    back = redirect("campaigns:one", campaign_id=campaign_id)
    if not form.is_valid():
        messages.error(request, _("Choose a file first."))
        return back
    dry = "look" in request.POST
    try:
        found = actions.add_list(
            actor=actor_of(request), campaign_id=campaign_id, data=form.cleaned_data["file"].read(), dry=dry
        )
    except Invalid as error:
        messages.error(request, str(error.message))
        return back
    return render(request, "campaigns/list.html", {"found": found, "dry": dry, "campaign_id": campaign_id})


@access(RUN)
@require_POST
def start(request: HttpRequest, campaign_id: int) -> HttpResponse:
    return _tried(
        request,
        campaign_id,
        lambda: actions.start(actor=actor_of(request), campaign_id=campaign_id),
        _("It calls from now on, within its hours."),
    )


@access(RUN)
@require_POST
def pause(request: HttpRequest, campaign_id: int) -> HttpResponse:
    return _tried(
        request,
        campaign_id,
        lambda: actions.pause(actor=actor_of(request), campaign_id=campaign_id),
        _("Nobody new is called. Who is being spoken with is heard to the end."),
    )


@access(RUN)
@require_POST
def end(request: HttpRequest, campaign_id: int) -> HttpResponse:
    return _tried(
        request,
        campaign_id,
        lambda: actions.end(actor=actor_of(request), campaign_id=campaign_id),
        _("It has ended; calls in progress are hung up."),
    )


@access(RUN)
@require_GET
def export(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """What came of each citizen, as CSV."""
    data = queries.export(actor_of(request), campaign_id)
    response = HttpResponse(data, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="campaign-{campaign_id}.csv"'
    return response


@access(RUN)
@require_GET
def opt_outs(request: HttpRequest) -> HttpResponse:
    return render(request, "campaigns/opt_outs.html", {"rows": queries.opt_outs(actor_of(request))})


@access(RUN)
@require_POST
def opt_in(request: HttpRequest, citizen_id: int) -> HttpResponse:
    actions.take_opt_out_back(actor=actor_of(request), citizen_id=citizen_id)
    messages.success(request, _("This citizen may be called again."))
    return redirect("campaigns:opt_outs")


def _tried(request: HttpRequest, campaign_id: int, act: Callable[[], None], done: str) -> HttpResponse:
    try:
        act()
    except ActionError as error:
        if error.status == 403:
            raise
        messages.error(request, str(error.message))
    else:
        messages.success(request, done)
    return redirect("campaigns:one", campaign_id=campaign_id)
