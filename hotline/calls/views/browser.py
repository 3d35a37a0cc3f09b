"""A browser's sound: its offer for the exchange's answer. JSON both ways; what is refused is a problem document."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hotline.calls import actions, queries
from hotline.calls.actions.monitoring import WATCH as WATCH_LABEL
from hotline.calls.engines import EngineAway, EngineRefused, Offer, Offered
from hotline.calls.exchange import ask_now
from hotline.calls.permissions import TAKE, WATCH
from hotline.kit.access import access, actor_of
from hotline.kit.errors import ActionError, NotVisible, Refused, problem
from hotline.kit.numbers import whole


@access(TAKE)
@require_POST
def leg(request: HttpRequest) -> HttpResponse:
    """`sdp`: the offer; `last`: the leg this window had; `here=1`: take the telephone from another window."""
    actor = actor_of(request)
    session = queries.session_of(actor.id)
    if session is None:
        raise NotVisible
    try:
        place = actions.place_of(
            actor=actor,
            session_id=session.pk,
            last=request.POST.get("last", "")[:80],
            here=request.POST.get("here") == "1",
        )
        offered = _offer(request, place.label, place.replaces)
        actions.leg_comes(actor=actor, session_id=session.pk, leg=offered.leg)
    except ActionError as error:
        return problem(error)
    return JsonResponse({"leg": offered.leg, "sdp": offered.sdp})


@access(WATCH)
@require_POST
def watch(request: HttpRequest) -> HttpResponse:
    """Into the conversation of a seat (`seat`, `role`) with an offer, or in another role of the one I am in."""
    actor, role = actor_of(request), request.POST.get("role", "")
    try:
        if not request.POST.get("sdp"):
            actions.watch_as(actor=actor, role=role)
            return JsonResponse({})
        seat = whole(request.POST.get("seat"))
        if seat is None:
            raise NotVisible
        row = actions.watch_call(actor=actor, session_id=seat, role=role)
        try:
            offered = _offer(request, f"{WATCH_LABEL}{row.pk}", "")
        except ActionError:
            actions.stop_watching(actor=actor)
            raise
        actions.watcher_comes(actor=actor, watching_id=row.pk, leg=offered.leg)
    except ActionError as error:
        return problem(error)
    return JsonResponse({"leg": offered.leg, "sdp": offered.sdp})


@access(WATCH)
@require_POST
def unwatch(request: HttpRequest) -> HttpResponse:
    """Out of it again; also told by a page that is being closed."""
    actions.stop_watching(actor=actor_of(request))
    return HttpResponse(status=204)


def _offer(request: HttpRequest, label: str, replaces: str) -> Offered:
    try:
        return ask_now(Offer(request.POST.get("sdp", ""), label, replaces))
    except EngineAway:
        raise Refused(
            "exchange_away",
            _(
                "The telephone exchange does not answer. It is tried again by itself; calls in progress go on."
            ),
        ) from None
    except EngineRefused as error:
        raise Refused(
            error.code,
            _("The telephone exchange did not take this browser's sound (%(code)s). Reload the page.")
            % {"code": error.code},
        ) from None
