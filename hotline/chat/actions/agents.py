"""What agents do with a chat: take, answer, pass on, end, make an appeal of it."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.actions import reveal_identity
from hotline.audit.actions import record
from hotline.calls.models import Lane
from hotline.chat import permissions, queries
from hotline.chat.actions._case import locked, move, tell, text_of, write, written
from hotline.chat.actions.seats import own_seat
from hotline.chat.models import CannedAnswer, ChatState, Conversation, Message, Seat, Sender
from hotline.chat.queries.reading import messages_of
from hotline.chat.rules import GONE, Verb, places_free
from hotline.intake import actions as intake
from hotline.intake.models import AppealState
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.knowledge.queries import entry_for
from hotline.workorders.models import Channel

MOST_OF_DRAFT = 4000
"""Characters of the citizen's words that a draft begins with; the agent shortens them, the chat keeps all."""


@transaction.atomic
def take_next(*, actor: Actor) -> Conversation | None:
    """The next of one's lanes that nobody takes at this moment; None when nobody waits. Raises Refused when one has enough."""
    _room(actor)
    chosen = queries.queue(actor.id).select_for_update(skip_locked=True, of=("self",)).first()
    return _take(actor, chosen) if chosen is not None else None


@transaction.atomic
def take(*, actor: Actor, conversation_id: int) -> Conversation:
    """This very one. Of two who press at once the second is told who has it."""
    _room(actor)
    queries.conversation_for(actor, conversation_id)
    conversation = locked(conversation_id)
    if conversation.state == ChatState.TALKING and conversation.agent_id == actor.id:
        return conversation
    return _take(actor, conversation)


def _room(actor: Actor) -> None:
    seat = own_seat(actor)
    having = Conversation.objects.filter(agent_id=actor.id, state=ChatState.TALKING).count()
    if not places_free(queries.city_rules().most_chats, having, resting=False):
        raise Refused("enough", _("You have as many chats as one can have. End one first."))
    seat.resting, seat.seen_at = False, clock.now()  # who takes one works
    seat.save(update_fields=["resting", "seen_at"])


def _take(actor: Actor, conversation: Conversation) -> Conversation:
    moment = clock.now()
    move(conversation, Verb.TAKE, agent_id=actor.id, taken_at=moment, at_head=False, heard_at=moment, warned_at=None, read=0)
    write(conversation, Sender.NOTE, str(actor.id), code="joined", person_id=actor.id)
    record(actor=actor, verb="chat.take", object_type="chat", object_id=conversation.pk)
    tell(conversation, "chat.taken", queue=True, people=[actor.id])
    return conversation


@transaction.atomic
def reply(
    *,
    actor: Actor,
    conversation_id: int,
    text: str,
    client: str,
    canned_id: int | None = None,
    entry_id: int | None = None,
) -> Message:
    """Write to the citizen; the same `client` again gives the earlier message. `entry_id`: what the answer is taken from.

    Raises Invalid, Refused when it has ended, NotPermitted, NotVisible.
    """
    conversation = _handled(actor, conversation_id)
    if (earlier := written(conversation, client)) is not None:
        return earlier
    kept = text_of(text)
    _still_talking(conversation)
    cites: list[dict[str, int]] = []
    if entry_id is not None:
        entry = entry_for(actor, entry_id)
        cites = [{"entry": entry.pk, "version": entry.number, "anchor": 1}]
    if canned_id is not None and not CannedAnswer.objects.filter(pk=canned_id).exists():
        raise NotVisible("canned")
    row = write(
        conversation, Sender.AGENT, kept, client=client, cites=cites, person_id=actor.id, canned_id=canned_id
    )
    _read(conversation, row.number)
    tell(conversation, "chat.said")
    return row


@transaction.atomic
def read_up_to(*, actor: Actor, conversation_id: int, number: int) -> None:
    """The agent has this chat before the eyes, up to this message."""
    conversation = _handled(actor, conversation_id)
    if _read(conversation, min(number, conversation.said)):
        tell(conversation, "chat.read", people=[actor.id])


def _read(conversation: Conversation, number: int) -> bool:
    if number <= conversation.read:
        return False
    conversation.read = number
    conversation.save(update_fields=["read"])
    return True


@transaction.atomic
def transfer(
    *, actor: Actor, conversation_id: int, person_id: int | None = None, lane_id: int | None = None
) -> Conversation:
    """To a colleague whose seat has room, or to a lane's queue, at its head. Raises Invalid, Refused."""
    conversation = _handled(actor, conversation_id)
    _still_talking(conversation)
    if (person_id is None) == (lane_id is None):
        words = _("Choose a colleague or a lane.")
        raise Invalid("to", words, details={"to": words})
    if person_id is not None:
        _to_person(actor, conversation, person_id)
    else:
        lane = Lane.objects.filter(pk=lane_id or 0, active=True).first()
        if lane is None:
            raise NotVisible("lane")
        move(conversation, Verb.TO_LANE, agent_id=None, lane=lane, queued_at=clock.now(), at_head=True, read=0)
        write(conversation, Sender.NOTE, lane.name, code="queued", person_id=actor.id)
    record(
        actor=actor, verb="chat.transfer", object_type="chat", object_id=conversation.pk,
        data={"person": person_id, "lane": lane_id},
    )  # fmt: skip
    tell(conversation, "chat.passed", queue=True, people=[actor.id, person_id])
    return conversation


def _to_person(actor: Actor, conversation: Conversation, person_id: int) -> None:
    if person_id == actor.id:
        raise Refused("own", _("You have this chat already."))
    moment = clock.now()
    there = Seat.objects.select_for_update(of=("self",)).filter(person_id=person_id, open=True, seen_at__gt=moment - GONE)
    seat = there.first()
    having = Conversation.objects.filter(agent_id=person_id, state=ChatState.TALKING).count()
    if seat is None or not places_free(queries.city_rules().most_chats, having, resting=seat.resting):
        raise Refused("no_room", _("This colleague cannot take a chat now. Choose somebody else, or a lane."))
    move(conversation, Verb.TO_PERSON, agent_id=person_id, taken_at=moment, read=0, warned_at=None, heard_at=moment)
    write(conversation, Sender.NOTE, str(person_id), code="passed", person_id=actor.id)


@transaction.atomic
def end(*, actor: Actor, conversation_id: int) -> Conversation:
    """The agent ends it; again is harmless."""
    conversation = _handled(actor, conversation_id)
    if conversation.state == ChatState.ENDED:
        return conversation
    move(conversation, Verb.END)
    record(actor=actor, verb="chat.end", object_type="chat", object_id=conversation.pk)
    tell(conversation, "chat.ended", queue=True, people=[actor.id])
    return conversation


@transaction.atomic
def begin_appeal(*, actor: Actor, conversation_id: int) -> int:
    """A draft at the desk with the citizen's words, channel online help; again gives the same draft. Returns its id.

    The number of a citizen who is signed in is put in, which the log shows. Raises Refused when it is filed already.
    """
    conversation = _handled(actor, conversation_id)
    draft = conversation.appeal
    if draft is not None and draft.state != AppealState.DRAFT:
        raise Refused("filed", _("This chat has become the appeal %(number)s already.") % {"number": draft.number})
    if draft is not None and draft.agent_id == actor.id:
        return draft.pk
    fields = {
        "key": [f"chat-{conversation.pk}-{actor.id}"],
        "channel": [str(Channel.CHAT)],
        "content": ["\n".join(said.text for said in messages_of(conversation) if said.sender == Sender.CITIZEN)[:MOST_OF_DRAFT]],
    }
    if conversation.citizen_id:
        reason = _("Appeal from chat %(number)d") % {"number": conversation.pk}
        known = reveal_identity(actor=actor, citizen_id=conversation.citizen_id, order_id=None, reason=reason)
        fields |= {"phone": [known.phone], "name": [known.name]}
    conversation.appeal_id = intake.save_draft(actor=actor, draft_id=None, fields=fields)
    conversation.save(update_fields=["appeal"])
    record(actor=actor, verb="chat.begin_appeal", object_type="chat", object_id=conversation.pk)
    tell(conversation, "chat.appeal", people=[actor.id])
    return conversation.appeal_id


@transaction.atomic
def look_in(*, actor: Actor, conversation_id: int, reason: str) -> Conversation:
    """Who leads the shift reads one chat; written down with the reason. Raises Invalid without one."""
    permissions.can_watch(actor).require(permissions.WATCH)
    conversation = queries.conversation_for(actor, conversation_id)
    if not reason.strip():
        words = _("Say why you read it.")
        raise Invalid("reason", words, details={"reason": words})
    record(
        actor=actor, verb="chat.look_in", object_type="chat", object_id=conversation.pk, reason=reason.strip()[:300]
    )
    return conversation


def _handled(actor: Actor, conversation_id: int) -> Conversation:
    queries.conversation_for(actor, conversation_id)
    conversation = locked(conversation_id)
    permissions.can_handle(actor, conversation).require(permissions.TAKE)
    return conversation


def _still_talking(conversation: Conversation) -> None:
    if conversation.state != ChatState.TALKING:
        raise Refused("ended", _("This chat has ended; the citizen does not read it any more."))
