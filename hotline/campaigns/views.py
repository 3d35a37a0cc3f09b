"""Pages of campaigns: the list, one with its progress and answers, the editor, those who want no calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.calls.actions import finish_wrap_up
from hotline.calls.models import AgentState
from hotline.calls.permissions import TAKE
from hotline.calls.queries import session_of
from hotline.campaigns import actions, queries
from hotline.campaigns.forms import CampaignForm, ListForm, NoteForm, OptOutForm
from hotline.campaigns.permissions import RUN, can_run
from hotline.campaigns.rules import WAYS_OUT
from hotline.kit.access import access, actor_of
from hotline.kit.clock import today
from hotline.kit.errors import Invalid, NotVisible, Refused


@access(RUN)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    rows, page_of = queries.campaigns(actor_of(request), cursor=request.GET.get("cursor", ""))
    return render(request, "campaigns/index.html", {"rows": rows, "page_of": page_of})


@access(RUN)
@require_GET
def one(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Progress and answers, kept up to date while it calls."""
    if request.headers.get("HX-Request"):
        return render(request, "campaigns/_one.html", {"page": queries.page(actor_of(request), campaign_id)})
    return _whole(request, campaign_id)


def _whole(request: HttpRequest, campaign_id: int, *, list_form: ListForm | None = None) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "page": queries.page(actor, campaign_id),
        "form": list_form or ListForm(),
        "sources": queries.sources(actor),
    }
    return render(request, "campaigns/one.html", context, status=422 if list_form is not None else 200)


@access(RUN)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, campaign_id: int | None = None) -> HttpResponse:
    """The editor; “look” shows the way without keeping anything."""
    actor = actor_of(request)
    row = queries.campaign(actor, campaign_id) if campaign_id else None
    initial = {name: getattr(row, name) for name in actions.FIELDS} if row else {"script": _sample()}
    form = CampaignForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and "look" not in request.POST:
        try:
            kept = actions.save(actor=actor, campaign_id=campaign_id, given=form.given())
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
    actor = actor_of(request)
    form = ListForm(request.POST, request.FILES)
    if not form.is_valid():
        return _whole(request, campaign_id, list_form=form)
    dry = "look" in request.POST
    try:
        found = actions.add_list(
            actor=actor, campaign_id=campaign_id, data=form.cleaned_data["file"].read(actions.MOST_BYTES + 1), dry=dry
        )
    except Invalid as error:
        form.add_error("file", str(error.message))
        return _whole(request, campaign_id, list_form=form)
    return render(request, "campaigns/list.html", {"found": found, "dry": dry, "campaign_id": campaign_id})


MONTH = timedelta(days=30)


@access(RUN)
@require_http_methods(["GET", "POST"])
def query(request: HttpRequest, campaign_id: int, source: str) -> HttpResponse:
    """A query for the list: its form, what it finds now; “add” keeps it until the campaign starts."""
    actor = actor_of(request)
    asked = queries.source_of(actor, source)
    row = queries.campaign(actor, campaign_id)
    form = asked.form(request.POST if request.method == "POST" else None)
    # What is asked for most often is the month behind.
    form.initial = {"since": today() - MONTH, "until": today()}
    found = None
    if request.method == "POST" and form.is_valid():
        if "add" in request.POST:
            actions.add_query(actor=actor, campaign_id=campaign_id, source=source, data=request.POST)
            messages.success(request, _("Kept. It is asked once more when the campaign starts."))
            return redirect("campaigns:one", campaign_id=campaign_id)
        found = queries.preview(actor, campaign_id, asked, form)
    context = {"row": row, "source": asked, "form": form, "found": found}
    return render(request, "campaigns/query.html", context, status=422 if form.errors else 200)


@access(RUN)
@require_POST
def drop_query(request: HttpRequest, campaign_id: int, selection_id: int) -> HttpResponse:
    actions.drop_query(actor=actor_of(request), campaign_id=campaign_id, selection_id=selection_id)
    return redirect("campaigns:one", campaign_id=campaign_id)


STEERED: Mapping[str, tuple[Callable[..., None], str | Promise]] = {
    "start": (actions.start, gettext_lazy("It calls from now on, within its hours.")),
    "pause": (
        actions.pause,
        gettext_lazy("Nobody new is called. Who is being spoken with is heard to the end."),
    ),
    "end": (actions.end, gettext_lazy("It has ended; calls of the machine in progress are hung up.")),
}


@access(RUN)
@require_POST
def steer(request: HttpRequest, campaign_id: int, verb: str) -> HttpResponse:
    """Start, pause, end; what is refused is said on the campaign's page."""
    if verb not in STEERED:
        raise NotVisible(verb)
    act, done = STEERED[verb]
    try:
        act(actor=actor_of(request), campaign_id=campaign_id)
    except Refused as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, str(done))
    return redirect("campaigns:one", campaign_id=campaign_id)


@access(TAKE)
@require_GET
def at_agent(request: HttpRequest) -> HttpResponse:
    """The pane beside an agent's call of a campaign: words, order, answers; empty when there is none."""
    return _pane(request, None)


@access(TAKE)
@require_POST
def note(request: HttpRequest, attempt_id: int) -> HttpResponse:
    """What came of the call; `next`: and ready for the next one."""
    actor = actor_of(request)
    queries.attempt_of(actor, attempt_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _pane(request, form, status=422)
    given = form.cleaned_data
    answers = {
        name.removeprefix("answer-"): value
        for name, value in request.POST.items()
        if name.startswith("answer-") and isinstance(value, str)
    }
    actions.note(
        actor=actor, attempt_id=attempt_id, outcome=given["outcome"], answers=answers, text=given["note"]
    )
    session = session_of(actor.id)
    if "next" in request.POST and session is not None and session.state == AgentState.WRAP_UP:
        finish_wrap_up(actor=actor, session_id=session.pk)
    return _pane(request, None)


def _pane(request: HttpRequest, form: NoteForm | None, status: int = 200) -> HttpResponse:
    shown = queries.at_agent(actor_of(request))
    if shown is not None and form is None:
        initial = {"outcome": shown.attempt.outcome, "note": shown.attempt.note}
        form = NoteForm(initial=initial)
    context = {"shown": shown, "form": form, "person": actor_of(request).id}
    return render(request, "campaigns/_at_agent.html", context, status=status)


@access(RUN)
@require_GET
def export(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """What came of each citizen, as CSV."""
    data = actions.export(actor=actor_of(request), campaign_id=campaign_id)
    response = HttpResponse(data, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="campaign-{campaign_id}.csv"'
    return response


@access(RUN, TAKE)
@require_http_methods(["GET", "POST"])
def opt_outs(request: HttpRequest) -> HttpResponse:
    """Who wants no calls: looked up by number, noted by whoever was told so."""
    actor, phone = actor_of(request), request.GET.get("phone", "").strip()[:30]
    form = OptOutForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.note_opt_out(actor=actor, **form.cleaned_data)
        except Invalid as error:
            for field, words in error.details.items():
                form.add_error(field, str(words))
        else:
            messages.success(request, _("Noted. No machine calls this citizen again."))
            return redirect("campaigns:opt_outs")
    found = queries.opt_outs(actor, phone=phone, cursor=request.GET.get("cursor", ""))
    context = {"rows": found.rows, "page_of": found, "phone": phone, "form": form, "may_run": can_run(actor)}
    return render(request, "campaigns/opt_outs.html", context, status=422 if form.errors else 200)


@access(RUN)
@require_POST
def opt_in(request: HttpRequest, citizen_id: int) -> HttpResponse:
    actions.take_opt_out_back(actor=actor_of(request), citizen_id=citizen_id)
    messages.success(request, _("This citizen may be called again."))
    return redirect("campaigns:opt_outs")
