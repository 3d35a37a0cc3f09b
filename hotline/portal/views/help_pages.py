"""Online help: one page, which works by posting and loading anew; scripts send in the background and hear of news."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from hotline.chat import actions, queries
from hotline.chat.actions import MACHINE
from hotline.chat.models import ChatState, Conversation
from hotline.chat.rules import LONGEST
from hotline.kit import clock, livetoken
from hotline.kit.access import public
from hotline.kit.actor import Actor
from hotline.kit.errors import ActionError, NotVisible
from hotline.portal import visitor
from hotline.portal.limits import limited

KEY = "help"
"""Session key: what opens this visitor's chat."""
TOKEN_LIFE = timedelta(minutes=10)


def _key(request: HttpRequest) -> str:
    """The key of this visitor's chat; made before the first word, so that a double click finds one chat."""
    key = str(request.session.get(KEY, ""))
    if not key:
        key = secrets.token_urlsafe(24)
        request.session[KEY] = key
    return key


def _context(request: HttpRequest, **more: Any) -> dict[str, Any]:
    conversation = queries.of_key(_key(request))
    waiting = conversation is not None and conversation.state == ChatState.WAITING
    place = queries.place_of(conversation) if conversation is not None and waiting else queries.opened()
    return {
        "chat": conversation,
        "state": conversation.state if conversation is not None else ChatState.MACHINE,
        "said": queries.messages_of(conversation) if conversation is not None else [],
        "place": place,
        "minutes": math.ceil(place.wait.total_seconds() / 60) if place.wait is not None else None,
        "client": secrets.token_hex(16),
        "most": LONGEST,
        **more,
    }


@public
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """`/help/`: what was said, the field, the way to a person."""
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    response = render(request, "portal/help.html", _context(request, **more), status=status)
    response["Cache-Control"] = "no-store"
    return response


@public
@require_GET
def pane(request: HttpRequest) -> HttpResponse:
    """What was said, anew."""
    response = render(request, "portal/_help.html", _context(request))
    response["Cache-Control"] = "no-store"
    return response


@public
@require_POST
def say(request: HttpRequest) -> HttpResponse:
    """One word of the citizen, and the machine's answer to it; `client` is the page's own id of the word."""
    limited(request, "help", 120, 60)
    text, client = request.POST.get("text", ""), request.POST.get("client", "")[:64]
    key = _key(request)
    try:
        said = actions.say(actor=visitor.actor(request), key=key, text=text, client=client, language=get_language() or "zh-hans")
        actions.answer(actor=MACHINE, message_id=said.pk)
    except ActionError as error:
        if error.status == 403:
            raise
        if _in_background(request):
            return HttpResponse(str(error.message), status=error.status, content_type="text/plain; charset=utf-8")
        return _page(request, status=error.status, problem=error.message, typed=text[: 4 * LONGEST])
    return _again(request)


_ACTS: dict[str, Callable[[Actor, str], Conversation]] = {
    "person": lambda actor, key: actions.ask_person(actor=actor, key=key),
    "machine": lambda actor, key: actions.back_to_machine(actor=actor, key=key),
    "leave": lambda actor, key: actions.leave(actor=actor, key=key),
}


@public
@require_POST
def act(request: HttpRequest, verb: str) -> HttpResponse:
    """Ask for a person, go back to the machine, end; `again`: a new chat, the former stays as it is."""
    limited(request, "help", 120, 60)
    if verb == "again":
        found = queries.of_key(_key(request))
        if found is None or found.state == ChatState.ENDED:
            request.session.pop(KEY, None)
        return _again(request)
    try:
        _ACTS[verb](visitor.actor(request), _opened_key(request, verb))
    except ActionError as error:
        if error.status == 403:
            raise
        return _page(request, status=200 if _in_background(request) else error.status, problem=error.message)
    return _again(request)


def _opened_key(request: HttpRequest, verb: str) -> str:
    key = _key(request)
    if queries.of_key(key) is None:
        raise NotVisible(verb)
    return key


def _in_background(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "help"


def _again(request: HttpRequest) -> HttpResponse:
    return pane(_as_get(request)) if _in_background(request) else HttpResponseRedirect(reverse("portal:help") + "#now")


def _as_get(request: HttpRequest) -> HttpRequest:
    request.method = "GET"
    return request


@public
@require_GET
def token(request: HttpRequest) -> HttpResponse:
    """JSON {url, token}: what opens the live stream of this visitor's own chat, and of nothing else."""
    limited(request, "help-token", 60, 60)
    conversation = queries.of_key(str(request.session.get(KEY, "")))
    if conversation is None:
        raise NotVisible(KEY)
    topic = f"chat:{conversation.pk}"
    answer = {
        "url": f"{settings.LIVE_URL}/live/stream",
        "token": livetoken.sign([topic], f"{topic}:citizen", clock.now() + TOKEN_LIFE, settings.SECRET_KEY),
    }
    response = JsonResponse(answer)
    response["Cache-Control"] = "no-store"
    return response
