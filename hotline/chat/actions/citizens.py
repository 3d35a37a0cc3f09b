"""What the citizen does, by the key alone."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from hotline.chat import permissions, queries
from hotline.chat.actions._case import locked, move, tell, text_of, write, written
from hotline.chat.models import ChatState, Conversation, Message, Sender
from hotline.chat.rules import A_MINUTE, Verb, hash_of
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import ActionError, NotVisible, Refused
from hotline.kit.ratelimit import allow


class TooFast(ActionError):
    """More than a person types (429)."""

    status = 429


def say(*, actor: Actor, key: str, text: str, client: str, language: str = "zh-hans") -> Message:
    """A word of the citizen; the first one opens the conversation. The same `client` again gives the earlier message.

    Raises Invalid (empty, too long), Refused (ended, full), TooFast, NotVisible without a key.
    """
    if len(key) < 20:
        raise NotVisible("chat")
    kept = text_of(text)
    # Before the transaction: the count must stay when the message is refused.
    if not allow(f"chat:{hash_of(key).hex()}", A_MINUTE, 60):
        raise TooFast("too_fast", _("That was very fast. Wait a moment, then send it again; what you wrote is kept."))
    with transaction.atomic():
        conversation = _of_key(actor, key, language)
        permissions.can_speak(actor, conversation).require("chat.say")
        if (earlier := written(conversation, client)) is not None:
            return earlier
        if conversation.state == ChatState.ENDED:
            raise Refused("ended", _("This chat has ended. Begin a new one; what you wrote is kept."))
        conversation.heard_at = clock.now()
        conversation.save(update_fields=["heard_at"])
        row = write(conversation, Sender.CITIZEN, kept, client=client)
        tell(conversation, "chat.said", people=[conversation.agent_id])
        return row


def _of_key(actor: Actor, key: str, language: str) -> Conversation:
    """The conversation of the key, locked; made when it is the first word. Of two at once the second finds the first's."""
    found = Conversation.objects.select_for_update(of=("self",)).filter(key_hash=hash_of(key)).first()
    if found is not None:
        return found
    moment = clock.now()
    try:
        with transaction.atomic():
            return Conversation.objects.create(
                key_hash=hash_of(key), citizen_id=actor.id or None, language=language[:10], opened_at=moment, heard_at=moment
            )
    except IntegrityError:
        return Conversation.objects.select_for_update(of=("self",)).get(key_hash=hash_of(key))


@transaction.atomic
def ask_person(*, actor: Actor, key: str) -> Conversation:
    """Into the queue; who waits or talks already stays. Raises Refused when nobody answers now or too many wait."""
    conversation = _mine(actor, key)
    if conversation.state in (ChatState.WAITING, ChatState.TALKING):
        return conversation
    opened = queries.opened(lane_id=conversation.lane_id)
    if not opened.open:
        words = _("People answer here from %(opens)s to %(closes)s. File an appeal at any time; a unit answers it, or call 12345.")
        raise Refused("closed", words % {"opens": f"{opened.rules.opens:%H:%M}", "closes": f"{opened.rules.closes:%H:%M}"})
    if opened.full:
        raise Refused("full", _("Very many people are waiting now. File an appeal, call 12345, or try again later."))
    move(conversation, Verb.ASK_PERSON, queued_at=clock.now(), heard_at=clock.now())
    write(conversation, Sender.NOTE, code="waiting")
    tell(conversation, "chat.waiting", queue=True)
    return conversation


@transaction.atomic
def back_to_machine(*, actor: Actor, key: str) -> Conversation:
    """Out of the queue. Raises Refused once a person has it."""
    conversation = _mine(actor, key)
    if conversation.state == ChatState.MACHINE:
        return conversation
    move(conversation, Verb.BACK, queued_at=None, at_head=False)
    write(conversation, Sender.NOTE, code="back")
    tell(conversation, "chat.back", queue=True)
    return conversation


@transaction.atomic
def leave(*, actor: Actor, key: str) -> Conversation:
    """The citizen ends it; again is harmless."""
    conversation = _mine(actor, key)
    if conversation.state == ChatState.ENDED:
        return conversation
    move(conversation, Verb.LEAVE)
    tell(conversation, "chat.ended", queue=True, people=[conversation.agent_id])
    return conversation


def _mine(actor: Actor, key: str) -> Conversation:
    found = queries.of_key(key)
    if found is None:
        raise NotVisible("chat")
    conversation = locked(found.pk)
    permissions.can_speak(actor, conversation).require("chat.say")
    return conversation
