"""The agent's telephone: one bar, on the desk and on its own page; it redraws itself by the numbered stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hotline.calls import actions, queries
from hotline.calls.models import Station
from hotline.calls.permissions import TAKE
from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid, NotVisible

PHONE_VERBS: Mapping[str, Callable[..., Any]] = {
    "answer": actions.answer,
    "help": actions.help_colleague,
    "leave-help": actions.leave_colleague,
    "conference": actions.make_conference,
    "hand-over": actions.hand_over,
    "take-back": actions.take_back,
    "stop-dialling": actions.stop_dialling,
    "ready": actions.ready,
    "hold": actions.hold,
    "resume": actions.resume,
    "hang-up": actions.hang_up,
    "satisfaction": actions.hand_to_satisfaction,
    "sign-out": actions.sign_out,
}
ASKING: Mapping[str, Callable[..., Any]] = {"consult": actions.consult, "pass_on": actions.pass_on}


@access(TAKE)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """My telephone: its state, what I may do now, the call that rings with the way to its caller's history."""
    return (
        _bar(request)
        if _part(request)
        else render(request, "calls/telephone.html", {"on": settings.TELEPHONE_ON})
    )


@access(TAKE)
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """In the browser, or by a desk telephone with its number."""
    station = Station.BROWSER if request.POST.get("station") == Station.BROWSER else Station.PHONE
    try:
        actions.sign_in(
            actor=actor_of(request),
            station=station,
            number=request.POST.get("number", "").strip(),
            trunk=settings.DESK_TRUNK,
        )
    except Invalid as error:
        if _part(request):
            raise
        messages.error(request, str(error.message))
    return _after(request)


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
    return _after(request)


@access(TAKE)
@require_GET
def askable(request: HttpRequest) -> HttpResponse:
    """Whom I may ask or hand over to: the inside of a dialog."""
    return render(request, "calls/_askable.html", {"askable": queries.askable(actor_of(request))})


@access(TAKE)
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask somebody (`how=consult`), or hand the caller over to them at once (`how=pass_on`)."""
    actor = actor_of(request)
    session, how = queries.session_of(actor.id), request.POST.get("how", "")
    if session is None or how not in ASKING:
        raise NotVisible(how)
    target = request.POST.get("target", "")
    if target == "number":
        target = f"number:{request.POST.get('number', '').strip()[:30]}"
    ASKING[how](actor=actor, session_id=session.pk, target=target[:60])
    return _after(request)


@access(TAKE)
@require_POST
def dial(request: HttpRequest) -> HttpResponse:
    """Call a number out."""
    actions.call_number(actor=actor_of(request), number=request.POST.get("number", "").strip()[:30])
    return _after(request)


def _after(request: HttpRequest) -> HttpResponse:
    return _bar(request) if _part(request) else redirect("calls:telephone")


def _bar(request: HttpRequest) -> HttpResponse:
    context = {"phone": queries.telephone_of(actor_of(request)), "on": settings.TELEPHONE_ON}
    return render(request, "calls/_telephone.html", context)


def _part(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))
