"""Where agents sit: open, rest, be seen, go."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.chat import permissions
from hotline.chat.actions._case import QUEUE
from hotline.chat.models import ChatState, Conversation, Seat
from hotline.kit import clock, live
from hotline.kit.actor import Actor
from hotline.kit.errors import Refused


@transaction.atomic
def open_seat(*, actor: Actor) -> Seat:
    """Sit down, or go on after a rest; again is harmless."""
    permissions.can_take(actor).require(permissions.TAKE)
    moment = clock.now()
    seat, fresh = Seat.objects.select_for_update(of=("self",)).get_or_create(
        person_id=actor.id, defaults={"opened_at": moment, "seen_at": moment}
    )
    if fresh or not seat.open or seat.resting:
        if not seat.open:
            seat.opened_at = moment
        seat.open, seat.resting, seat.seen_at = True, False, moment
        seat.save(update_fields=["open", "resting", "opened_at", "seen_at"])
        _tell(actor, "chat.open_seat")
    return seat


@transaction.atomic
def rest(*, actor: Actor) -> Seat:
    """Keep the chats, get no new one. Raises Refused without a seat."""
    seat = _own(actor)
    if not seat.resting:
        seat.resting = True
        seat.save(update_fields=["resting"])
        _tell(actor, "chat.rest")
    return seat


@transaction.atomic
def close_seat(*, actor: Actor) -> Seat:
    """Get up. Raises Refused while there are chats."""
    permissions.can_take(actor).require(permissions.TAKE)
    seat = _own(actor)
    if Conversation.objects.filter(agent_id=actor.id, state=ChatState.TALKING).exists():
        raise Refused("has_chats", _("End your chats first, or pass them on."))
    seat.open = False
    seat.save(update_fields=["open"])
    _tell(actor, "chat.close_seat")
    return seat


def be_seen(*, actor: Actor) -> bool:
    """The seat's page is there; False without an open seat. One statement, no message: nothing changes for anybody."""
    permissions.can_take(actor).require(permissions.TAKE)
    return bool(Seat.objects.filter(person_id=actor.id, open=True).update(seen_at=clock.now()))


def own_seat(actor: Actor) -> Seat:
    """The actor's open seat, locked: what it has is counted by one at a time. Raises Refused."""
    return _own(actor)


def _own(actor: Actor) -> Seat:
    permissions.can_take(actor).require(permissions.TAKE)
    seat = Seat.objects.select_for_update(of=("self",)).filter(person_id=actor.id, open=True).first()
    if seat is None:
        raise Refused("no_seat", _("Open your chat seat first."))
    return seat


def _tell(actor: Actor, verb: str) -> None:
    record(actor=actor, verb=verb, object_type="chat_seat", object_id=actor.id)
    live.publish([QUEUE], verb)
