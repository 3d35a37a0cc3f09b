"""A conversation under lock: what every action on it does in the same order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from hotline.chat.events import ENDED, WAITING
from hotline.chat.models import ChatState, Conversation, Message, Sender
from hotline.chat.queries.reading import PURPOSE
from hotline.chat.rules import END_NOTES, LONGEST, MOST, MOVES, Verb, clean, target
from hotline.kit import clock, events, live
from hotline.kit.crypto import identity_ring
from hotline.kit.errors import Invalid, NotVisible, Refused

QUEUE = "chats"


def locked(conversation_id: int) -> Conversation:
    """The row `FOR UPDATE`. Raises NotVisible."""
    found = Conversation.objects.select_for_update(of=("self",)).filter(pk=conversation_id).first()
    if found is None:
        raise NotVisible("chat")
    return found


def written(conversation: Conversation, client: str) -> Message | None:
    """What the sender's own id stands for already."""
    return conversation.messages.filter(client=client).first() if client else None


def text_of(text: str) -> str:
    """A message that may be kept. Raises Invalid."""
    kept = clean(text)
    if not kept:
        raise Invalid("text", _("Write something first."), details={"text": _("Write something first.")})
    if len(kept) > LONGEST:
        words = _("At most %(most)d characters at once; yours has %(given)d.") % {"most": LONGEST, "given": len(kept)}
        raise Invalid("text", words, details={"text": words})
    return kept


def write(
    conversation: Conversation,
    sender: Sender,
    text: str = "",
    *,
    code: str = "",
    client: str = "",
    cites: Sequence[dict[str, int]] = (),
    person_id: int | None = None,
    canned_id: int | None = None,
) -> Message:
    """The next message of a locked conversation. Raises Refused when it is full."""
    if sender == Sender.CITIZEN and conversation.said >= MOST:
        raise Refused("full", _("This chat has become very long. End it and begin a new one, or file an appeal."))
    conversation.said += 1
    row = Message(
        conversation=conversation, number=conversation.said, sender=sender, code=code, cites=list(cites),
        person_id=person_id, canned_id=canned_id, client=client[:64], at=clock.now(),
    )  # fmt: skip
    if text:
        row.sealed = identity_ring().encrypt(text, PURPOSE, f"{conversation.pk}:{row.number}".encode())
    row.save(force_insert=True)
    conversation.save(update_fields=["said"])
    return row


def move(conversation: Conversation, verb: Verb, **columns: Any) -> None:
    """Into the state to which the verb leads. Raises Refused when it leads nowhere from here."""
    to = target(conversation.state, verb)
    if to is None:
        raise Refused("not_now", NOT_NOW[conversation.state]())
    moment = clock.now()
    changed = {"state": to, **columns}
    if to == ChatState.ENDED:
        changed |= {"ended_at": moment, "end_reason": MOVES[verb].reason}
    for name, value in changed.items():
        setattr(conversation, name, value)
    conversation.save(update_fields=list(changed))
    if to == ChatState.ENDED:
        write(conversation, Sender.NOTE, code=END_NOTES[MOVES[verb].reason])
        events.emit(ENDED, conversation_id=conversation.pk)
    if to == ChatState.WAITING:
        events.emit(WAITING, conversation_id=conversation.pk)


NOT_NOW: Mapping[str, Callable[[], str]] = {
    ChatState.MACHINE: lambda: _("Nobody has asked for a person in this chat."),
    ChatState.WAITING: lambda: _("This chat waits in the queue."),
    ChatState.TALKING: lambda: _("A person has this chat already."),
    ChatState.ENDED: lambda: _("This chat has ended."),
}


def tell(conversation: Conversation, kind: str, *, queue: bool = False, people: Sequence[int | None] = ()) -> None:
    """Pages that show it ask anew. The payload carries the number alone."""
    topics = [f"chat:{conversation.pk}", *([QUEUE] if queue else []), *(f"person:{one}" for one in people if one)]
    live.publish(topics, kind, chat=conversation.pk)
