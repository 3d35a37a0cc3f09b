"""The agent's telephone; it redraws itself by the numbered stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hotline.calls import actions, queries
from hotline.calls.models import PauseCode, Station
from hotline.calls.permissions import TAKE
from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid, NotVisible

PHONE_VERBS: Mapping[str, Callable[..., Any]] = {
    "ready": actions.ready,
    "hold": actions.hold,
    "resume": actions.resume,
    "hang-up": actions.hang_up,
    "satisfaction": actions.hand_to_satisfaction,
    "sign-out": actions.sign_out,
}


@access(TAKE)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """My telephone: its state, what I may do now, the call that rings with the way to its caller's history."""
    actor = actor_of(request)
    session = queries.session_of(actor.id)
    context = {
        "session": session,
        "acts": queries.acts_of(session),
        "call": queries.present_call(session),
        "pauses": PauseCode.objects.filter(active=True) if session else [],
        "person": actor.id,
        "on": settings.TELEPHONE_ON,
    }
    whole = not request.headers.get("HX-Request")
    return render(request, "calls/telephone.html" if whole else "calls/_telephone.html", context)


@access(TAKE)
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """By a desk telephone with its number."""
    try:
        actions.sign_in(
            actor=actor_of(request),
            station=Station.PHONE,
            number=request.POST.get("number", "").strip(),
            trunk=settings.DESK_TRUNK,
        )
    except Invalid as error:
        messages.error(request, str(error.message))
    return redirect("calls:telephone")


@access(TAKE)
@require_POST
def act(request: HttpRequest, verb: str) -> HttpResponse:
    """One thing at my own telephone."""
    actor = actor_of(request)
    session = queries.session_of(actor.id)
    if session is None or (verb != "pause" and verb not in PHONE_VERBS):
        raise NotVisible(verb)
    if verb == "pause":
        actions.pause(actor=actor, session_id=session.pk, code=request.POST.get("code", ""))
    else:
        PHONE_VERBS[verb](actor=actor, session_id=session.pk)
    return redirect("calls:telephone")
