"""The agent's seat: several chats side by side, the queue, knowledge beside them."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.chat import actions, queries
from hotline.chat.models import ChatState, Conversation
from hotline.chat.permissions import TAKE
from hotline.chat.rules import LONGEST
from hotline.intake.models import AppealState
from hotline.kit.access import access, actor_of
from hotline.kit.actor import Actor
from hotline.kit.errors import ActionError
from hotline.kit.numbers import whole

SHOWN_WAITING = 12


@access(TAKE)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """`/chat/`: the bar with the queue, one's chats, knowledge."""
    actor = actor_of(request)
    actions.be_seen(actor=actor)
    own = queries.own_chats(actor.id)
    context = {**_bar(actor, own), "panes": [_pane(actor, one) for one in own], "most": LONGEST}
    context["canned"] = [{"id": one.pk, "key": one.key, "title": one.title, "text": one.text} for one in queries.canned()]
    return render(request, "chat/seat.html", context)


@access(TAKE)
@require_GET
def bar(request: HttpRequest) -> HttpResponse:
    """The bar anew, which also says that the page is there. It names the chats, so that the page loads a new one."""
    actor = actor_of(request)
    actions.be_seen(actor=actor)
    return render(request, "chat/_bar.html", _bar(actor, queries.own_chats(actor.id)))


@access(TAKE)
@require_GET
def beside(request: HttpRequest) -> HttpResponse:
    """The line on an agent's every other page: who writes an appeal at the desk still has chats, and is there."""
    actor = actor_of(request)
    if not actions.be_seen(actor=actor):
        return HttpResponse()
    own = queries.own_chats(actor.id)
    here = urlsplit(request.headers.get("HX-Current-URL", "")).path == reverse("chat:seat")
    context = {"own": own, "unread": sum(getattr(one, "unread", 0) for one in own), "here": here}
    return render(request, "chat/_beside.html", context)


def _bar(actor: Actor, own: list[Conversation]) -> dict[str, Any]:
    seat, rules = queries.seat_of(actor.id), queries.city_rules()
    waiting = list(queries.queue(actor.id)[: SHOWN_WAITING + 1])
    return {
        "seat": seat,
        "own": own,
        "unread": sum(getattr(one, "unread", 0) for one in own),
        "waiting": waiting[:SHOWN_WAITING],
        "more_waiting": len(waiting) > SHOWN_WAITING,
        "rules": rules,
        "free": seat is not None and len(own) < rules.most_chats,
    }


@access(TAKE)
@require_GET
def pane(request: HttpRequest, chat_id: int) -> HttpResponse:
    """One chat anew; `?read=N`: it stands before the agent's eyes up to there. 404 once somebody else has it."""
    actor = actor_of(request)
    conversation = queries.conversation_for(actor, chat_id)
    if conversation.agent_id != actor.id:
        return HttpResponse(status=204, headers={"HX-Trigger": "chat-gone"})
    number = whole(request.GET.get("read"))
    if number is not None and conversation.state == ChatState.TALKING:
        actions.read_up_to(actor=actor, conversation_id=chat_id, number=number)
        conversation.refresh_from_db(fields=["read"])
    return render(request, "chat/_pane.html", _pane(actor, conversation))


def _pane(actor: Actor, conversation: Conversation) -> dict[str, Any]:
    said = queries.messages_of(conversation)
    appeal = conversation.appeal
    return {
        "chat": conversation,
        "said": said,
        "talking": conversation.state == ChatState.TALKING,
        "last": said[-1].number if said else 0,
        "client": uuid.uuid4().hex,
        "colleagues": queries.colleagues(actor),
        "lanes": queries.lanes_open(),
        "filed": appeal.number if appeal is not None and appeal.state != AppealState.DRAFT else "",
        "draft": appeal if appeal is not None and appeal.state == AppealState.DRAFT else None,
        "most": LONGEST,
    }


@access(TAKE)
@require_POST
def open_seat(request: HttpRequest) -> HttpResponse:
    """Sit down, or go on."""
    actions.open_seat(actor=actor_of(request))
    return _home()


@access(TAKE)
@require_POST
def rest(request: HttpRequest) -> HttpResponse:
    """No new chats."""
    actions.rest(actor=actor_of(request))
    return _home()


@access(TAKE)
@require_POST
def close_seat(request: HttpRequest) -> HttpResponse:
    """Get up."""
    actions.close_seat(actor=actor_of(request))
    return _home()


@access(TAKE)
@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    """The next one that nobody takes."""
    if actions.take_next(actor=actor_of(request)) is None:
        messages.info(request, _("Nobody waits now."))
    return _home()


@access(TAKE)
@require_POST
def take(request: HttpRequest, chat_id: int) -> HttpResponse:
    """This very one."""
    actions.take(actor=actor_of(request), conversation_id=chat_id)
    return _home()


@access(TAKE)
@require_POST
def reply(request: HttpRequest, chat_id: int) -> HttpResponse:
    """Write to the citizen; the chat comes back anew. What is refused leaves the words in the field."""
    actor, post = actor_of(request), request.POST
    actions.reply(
        actor=actor,
        conversation_id=chat_id,
        text=post.get("text", ""),
        client=post.get("client", ""),
        canned_id=whole(post.get("canned")),
        entry_id=whole(post.get("entry", "").partition("@")[0]),
    )
    if not request.headers.get("HX-Request"):
        return _home()
    return render(request, "chat/_pane.html", _pane(actor, queries.conversation_for(actor, chat_id)))


@access(TAKE)
@require_POST
def transfer(request: HttpRequest, chat_id: int) -> HttpResponse:
    """`to`: `person:12` or `lane:3`."""
    kind, _sep, number = request.POST.get("to", "").partition(":")
    actions.transfer(
        actor=actor_of(request),
        conversation_id=chat_id,
        person_id=whole(number) if kind == "person" else None,
        lane_id=whole(number) if kind == "lane" else None,
    )
    messages.success(request, _("The chat was passed on."))
    return _home()


@access(TAKE)
@require_POST
def end(request: HttpRequest, chat_id: int) -> HttpResponse:
    """The agent ends it."""
    actions.end(actor=actor_of(request), conversation_id=chat_id)
    return _home()


@access(TAKE)
@require_POST
def appeal(request: HttpRequest, chat_id: int) -> HttpResponse:
    """To the desk, with a draft of the citizen's words."""
    try:
        draft = actions.begin_appeal(actor=actor_of(request), conversation_id=chat_id)
    except ActionError as error:
        if error.status == 403:
            raise
        messages.error(request, str(error.message))
        return _home()
    return HttpResponseRedirect(f"{reverse('intake:desk')}?draft={draft}")


def _home() -> HttpResponse:
    return HttpResponseRedirect(reverse("chat:seat"))
