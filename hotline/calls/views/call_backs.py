"""Missed callers to be called back, by deadline; what is overdue follows the shift leader to every page."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.calls import actions, queries
from hotline.calls.models import CallBackResult
from hotline.calls.permissions import TAKE, WATCH
from hotline.kit.access import access, actor_of
from hotline.kit.clock import now
from hotline.kit.errors import ActionError, NotVisible

PERIOD = timedelta(days=7)
SOON = timedelta(minutes=30)


@access(TAKE, WATCH)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The queue; `?over=1` the last that are over. Below, how many of a week's missed callers were reached."""
    actor, moment = actor_of(request), now()
    over = request.GET.get("over") == "1"
    shown = queries.call_backs_shown(actor.id, over=over)
    context = {
        "rows": [(one, one.row.due_at - SOON) for one in shown],
        "over": over,
        "may": actor.has(TAKE),
        "leads": actor.has(WATCH),
        "results": [one for one in CallBackResult.choices if one[0] in ("spoke", "no_answer", "wrong")],
        "report": queries.call_back_report(moment - PERIOD, moment),
    }
    whole = not request.headers.get("HX-Request")
    return render(request, "calls/call_backs.html" if whole else "calls/_call_backs.html", context)


@access(TAKE)
@require_POST
def act(request: HttpRequest, call_back_id: int, verb: str) -> HttpResponse:
    """Call, say what came of it, leave it to others."""
    actor = actor_of(request)
    try:
        if verb == "call":
            actions.call_back(actor=actor, call_back_id=call_back_id)
            messages.success(request, _("The citizen is being called from your telephone."))
        elif verb == "invite":
            actions.invite_by_video(actor=actor, call_back_id=call_back_id)
            messages.success(
                request, _("A link was sent by SMS. Whoever opens it goes to the head of the queue.")
            )
        elif verb == "claim":
            actions.claim_call_back(actor=actor, call_back_id=call_back_id)
        elif verb == "give-back":
            actions.give_back_call_back(actor=actor, call_back_id=call_back_id)
        elif verb == "settle":
            actions.settle_call_back(
                actor=actor,
                call_back_id=call_back_id,
                result=request.POST.get("result", ""),
                note=request.POST.get("note", ""),
            )
            messages.success(request, _("Noted."))
        else:
            raise NotVisible(verb)
    except ActionError as error:
        if error.status == 403:
            raise
        messages.error(request, str(error.message))
    return redirect("calls:call_backs")


@access(WATCH)
@require_GET
def overdue(request: HttpRequest) -> HttpResponse:
    """A line for every page of the shift leader's; nothing while nothing is overdue."""
    return render(request, "calls/_overdue.html", {"count": queries.call_backs_overdue(now())})
