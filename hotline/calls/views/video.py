"""Doors of a call by video, for the citizen who holds its key and for the agents in it. JSON; what is refused is a problem document."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from hotline.accounts.queries import citizen_actor
from hotline.calls import actions, queries
from hotline.calls.models import CallState, Outcome, TypedLine
from hotline.calls.permissions import TAKE
from hotline.calls.rules.video import Part, ice_servers
from hotline.kit import clock, livetoken
from hotline.kit.access import actor_of, public
from hotline.kit.errors import ActionError, NotVisible, Refused, problem
from hotline.kit.numbers import whole
from hotline.kit.ratelimit import allow

TOKEN_LIFE = timedelta(minutes=10)
RELAY_LIFE = timedelta(hours=1)
KEY_HEADER = "X-Video-Key"
MINUTE = 60

View = Callable[[HttpRequest], HttpResponse]


def _told(view: View) -> View:
    """What an action refuses goes back as JSON, whoever asks."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        try:
            response = view(request)
        except ActionError as error:
            response = problem(error)
        response["Cache-Control"] = "no-store"
        return response

    return guarded


def _key(request: HttpRequest) -> str:
    return (request.POST.get("key") or request.headers.get(KEY_HEADER, ""))[:100]


def _party(request: HttpRequest) -> queries.Party:
    """Whose page asks: the citizen of the key, else the agent at their browser's telephone. NotVisible."""
    if key := _key(request):
        return queries.party_of_visit(actions.visit_of(key))
    actor = actor_of(request)
    found = queries.party_of_session(actor.id) if actor.is_staff and actor.has(TAKE) else None
    if found is None:
        raise NotVisible("video")
    return found


def _often(me: queries.Party, door: str, times: int) -> None:
    who = me.session.pk if me.session is not None else "citizen"
    if not allow(f"video:{door}:{me.call.pk}:{who}", times, MINUTE):
        raise Refused("too_often", _("Too fast. Wait a moment, then try again."))


@public
@require_POST
@_told
def come(request: HttpRequest) -> HttpResponse:
    """A page was loaded (`page`: the name it gave itself): the room, and by what it connects and hears news."""
    me = _party(request)
    _often(me, "come", 30)
    page = request.POST.get("page", "")[:40]
    if me.session is None:
        actions.page_comes(key=_key(request), page=page)
    else:
        actions.seat_comes(call=me.call, session=me.session, page=page)
    moment = clock.now()
    topics = [f"video:{me.call.pk}"]
    who = "citizen" if me.session is None else f"seat-{me.session.pk}"
    told = _room(request, _party(request))
    told["live"] = {
        "url": f"{settings.LIVE_URL}/live/stream",
        "token": livetoken.sign(
            topics, f"video:{me.call.pk}:{who}", moment + TOKEN_LIFE, settings.SECRET_KEY
        ),
    }
    told["ice"] = {
        "servers": ice_servers(settings.ICE_SERVERS, settings.TURN_SECRET, who, moment + RELAY_LIFE),
        "relayed": settings.VIDEO_RELAYED,
    }
    return JsonResponse(told)


@public
@require_GET
@_told
def room(request: HttpRequest) -> HttpResponse:
    """What there is now; `line`, `signal`: the last of each that the page has."""
    me = _party(request)
    if me.session is None:
        actions.page_lives(key=_key(request))
    return JsonResponse(_room(request, me))


@public
@require_POST
@_told
def signal(request: HttpRequest) -> HttpResponse:
    """`kind`, `body` to the page `to`, which is in the conversation with this one."""
    me = _party(request)
    _often(me, "signal", 120)
    given = request.POST
    actions.signal(sender=me, to=given.get("to", ""), kind=given.get("kind", ""), body=given.get("body", ""))
    return HttpResponse(status=204)


@public
@require_POST
@_told
def type_line(request: HttpRequest) -> HttpResponse:
    """`text` beside the call."""
    me = _party(request)
    _often(me, "type", 40)
    actions.type_line(sender=me, text=request.POST.get("text", ""))
    return HttpResponse(status=204)


@public
@require_POST
@_told
def leave(request: HttpRequest) -> HttpResponse:
    """The citizen alone: `how` hang_up, number (with `phone`: called back instead), closing (the page is being closed)."""
    key, how = _key(request), request.POST.get("how", "")
    me = queries.party_of_visit(actions.visit_of(key))
    _often(me, "leave", 30)
    if how == "hang_up":
        actions.leave_video(key=key)
    elif how == "number":
        actions.leave_number(actor=citizen_actor(0), key=key, phone=request.POST.get("phone", "")[:30])
    elif how == "closing":
        actions.page_leaves(key=key)
    else:
        raise NotVisible(how)
    return HttpResponse(status=204)


@public
@require_POST
@_told
def rate(request: HttpRequest) -> HttpResponse:
    """The citizen's word on the conversation, `grade` 1 to 5, once."""
    actions.rate_video(key=_key(request), grade=whole(request.POST.get("grade")) or 0)
    return HttpResponse(status=204)


# -- in words --------------------------------------------------------------------------------------------------------------------


def _room(request: HttpRequest, me: queries.Party) -> dict[str, Any]:
    found = queries.room_of(
        me,
        after_line=whole(request.GET.get("line")) or 0,
        after_signal=whole(request.GET.get("signal")) or 0,
    )
    names = {
        Part.CITIZEN: _("Citizen"),
        Part.AGENT: _("Sign language agent"),
        Part.HELPER: _("Interpreter"),
    }
    return {
        "call": me.call.pk,
        "page": me.page,
        "state": found.call.state,
        "waits": found.waits,
        "over": found.call.state in (CallState.ENDED, CallState.LEAVING),
        "words": _words(found) if me.part == Part.CITIZEN else "",
        "may_rate": found.may_rate,
        "may_leave_number": me.part == Part.CITIZEN
        and found.call.state in (CallState.ARRIVED, CallState.QUEUED),
        "peers": [
            {"page": one.page, "part": one.part, "name": names[one.part], "offers": one.offers}
            for one in found.peers
        ],
        "lines": [_line(one, me) for one in found.lines],
        "signals": [
            {"id": one.pk, "from": one.sender, "kind": one.kind, "body": one.body} for one in found.signals
        ],
    }


def _line(row: TypedLine, me: queries.Party) -> dict[str, Any]:
    mine = row.session_id == (me.session.pk if me.session is not None else None)
    if mine:
        who = _("You")
    elif row.session is None:
        who = _("Citizen")
    else:
        who = _("Agent") if me.session is None else row.session.person.name
    at = row.at.astimezone(clock.CITY_ZONE).strftime("%H:%M")
    return {"id": row.pk, "mine": mine, "who": who, "text": row.text, "at": at}


_ENDED = {
    Outcome.CALL_BACK: "number",
    Outcome.CLOSED: "closed",
    Outcome.FULL: "full",
    Outcome.CUT: "cut",
}


def _words(room: queries.Room) -> str:
    """How it stands, to the citizen."""
    state = room.call.state
    if state == CallState.QUEUED and room.place is not None:
        return waiting_words(*room.place)
    if state in (CallState.ENDED, CallState.LEAVING):
        return {
            "number": _("Your number is noted. We send you a link by SMS as soon as somebody is free."),
            "closed": _("The sign language seats are closed now."),
            "full": _("Very many people are waiting now. Please try again later."),
            "cut": _("The connection was lost. Please call again."),
        }.get(_ENDED.get(Outcome(room.call.outcome), "") if room.call.outcome else "", _("The call is over."))
    return {
        CallState.OFFERED: _("An agent is being called for you…"),
        CallState.TALKING: _("You are connected."),
        CallState.HELD: _("One moment please; the agent is coming back to you."),
    }.get(CallState(state), _("Connecting…"))


def waiting_words(ahead: int, wait: timedelta | None) -> str:
    """Place and likely wait of somebody who waits."""
    place = ngettext("%(n)d person is before you.", "%(n)d people are before you.", ahead) % {"n": ahead}
    if not ahead:
        place = _("You are next.")
    if wait is None:
        return place
    minutes = max(1, math.ceil(wait.total_seconds() / 60))
    return f"{place}{_('Likely wait: about %(n)d min.') % {'n': minutes}}"
