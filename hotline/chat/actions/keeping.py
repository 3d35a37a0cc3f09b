"""What follows by itself: vanished agents, silence, the number of a filed appeal, deleting after time."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from hotline.audit.actions import record
from hotline.chat import permissions, queries
from hotline.chat.actions._case import locked, move, tell, write
from hotline.chat.models import ChatState, Conversation, Message, Seat, Sender
from hotline.chat.rules import GONE, LONGEST_WAIT, MACHINE_LIFE, Silence, Verb, silence
from hotline.intake.models import Appeal
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.workorders.models import OPEN_STATES

BATCH = 200


def watch(*, actor: Actor) -> dict[str, int]:
    """Give chats of vanished agents to the head of the queue, remind the silent, end what is over; how many of each."""
    permissions.can_keep(actor).require(permissions.KEEP)
    return {"lost": _lose(actor), "silent": _silent(actor)}


def _lose(actor: Actor) -> int:
    gone = Seat.objects.filter(open=True, seen_at__lte=clock.now() - GONE)
    count = 0
    for person_id in list(gone.values_list("person_id", flat=True)):
        with transaction.atomic():
            seat = Seat.objects.select_for_update(of=("self",)).get(person_id=person_id)
            if seat.seen_at > clock.now() - GONE:
                continue  # came back at this moment
            seat.open = False
            seat.save(update_fields=["open"])
            record(actor=actor, verb="chat.lose_seat", object_type="chat_seat", object_id=person_id)
            rows = Conversation.objects.filter(agent_id=person_id, state=ChatState.TALKING)
            for number in list(rows.values_list("pk", flat=True)):
                conversation = locked(number)
                if conversation.state != ChatState.TALKING or conversation.agent_id != person_id:
                    continue
                move(conversation, Verb.LOSE, agent_id=None, at_head=True, queued_at=clock.now(), read=0)
                write(conversation, Sender.NOTE, code="lost")
                tell(conversation, "chat.lost", queue=True, people=[person_id])
                count += 1
    return count


def _silent(actor: Actor) -> int:
    moment, rules = clock.now(), queries.city_rules()
    warn, last = timedelta(minutes=rules.warn_minutes), timedelta(minutes=rules.end_minutes)
    quiet = (
        Q(state=ChatState.TALKING, heard_at__lte=moment - warn)
        | Q(state=ChatState.WAITING, heard_at__lte=moment - LONGEST_WAIT)
        | Q(state=ChatState.MACHINE, heard_at__lte=moment - MACHINE_LIFE)
    )
    count = 0
    for number in list(Conversation.objects.filter(quiet).order_by("heard_at").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            conversation = locked(number)
            said = silence(
                conversation.state, heard_at=conversation.heard_at, warned_at=conversation.warned_at,
                now=moment, warn=warn, end=last,
            )  # fmt: skip
            if said == Silence.WARN:
                conversation.warned_at = moment
                conversation.save(update_fields=["warned_at"])
                write(conversation, Sender.NOTE, code="warned")
                tell(conversation, "chat.warned")
            elif said == Silence.END:
                agent = conversation.agent_id
                move(conversation, Verb.IDLE)
                tell(conversation, "chat.ended", queue=True, people=[agent])
            else:
                continue
            count += 1
    return count


@transaction.atomic
def note_filed(*, actor: Actor, appeal_id: int) -> bool:
    """The appeal that an agent began from a chat has its number: it goes back into the chat, once. False: of no chat."""
    permissions.can_keep(actor).require(permissions.KEEP)
    found = Conversation.objects.filter(appeal_id=appeal_id, filed_at__isnull=True).first()
    appeal = Appeal.objects.filter(pk=appeal_id, number__isnull=False).first()
    if found is None or appeal is None or not appeal.number:
        return False
    conversation = locked(found.pk)
    if conversation.filed_at is not None:
        return False
    conversation.filed_at = clock.now()
    conversation.save(update_fields=["filed_at"])
    write(conversation, Sender.NOTE, appeal.number, code="filed")
    record(
        actor=actor, verb="chat.file", object_type="chat", object_id=conversation.pk, data={"appeal": appeal_id}
    )
    tell(conversation, "chat.filed", people=[conversation.agent_id])
    return True


def delete_old(*, actor: Actor, most: int = 1000) -> int:
    """Delete the words of chats whose time is over, unless their order is still open; how many chats. The rows stay."""
    permissions.can_keep(actor).require(permissions.KEEP)
    due = Conversation.objects.filter(
        ended_at__lt=clock.now() - timedelta(days=settings.CHAT_DAYS), words_deleted_at__isnull=True
    )
    held = Q(filed_at__isnull=False, appeal__order__state__in=OPEN_STATES)
    count = 0
    for number in list(due.exclude(held).order_by("ended_at").values_list("pk", flat=True)[:most]):
        with transaction.atomic():
            conversation = locked(number)
            Message.objects.filter(conversation=conversation).delete()
            conversation.words_deleted_at = clock.now()
            conversation.citizen_id = None
            conversation.save(update_fields=["words_deleted_at", "citizen"])
            record(actor=actor, verb="chat.delete_words", object_type="chat", object_id=conversation.pk)
            count += 1
    return count
