"""The only writers of turns and hand-overs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Person, Unit
from hotline.audit.actions import record
from hotline.duty import permissions
from hotline.duty.models import HandOver, Turn
from hotline.duty.rules import LONGEST, USUAL, check_turn, counts
from hotline.kit import live
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.workorders.queries.tasks import station_log


@transaction.atomic
def plan_turn(*, actor: Actor, unit_id: int, person_id: int, begins_at: datetime, ends_at: datetime) -> Turn:
    """A turn to come of a person who works at the unit. Raises Invalid by field, NotPermitted, NotVisible."""
    unit = _unit(unit_id)
    permissions.can_plan(actor, unit).require(permissions.PLAN)
    faults = {name: str(words) for name, words in check_turn(begins_at, ends_at, now()).items()}
    if not Person.objects.filter(pk=person_id, is_active=True, memberships__unit=unit).exists():
        faults["person"] = _("Choose somebody who works at this unit.")
    if faults:
        raise Invalid("turn", _("The turn cannot be planned like this."), details=faults)
    turn = Turn.objects.create(unit=unit, person_id=person_id, begins_at=begins_at, ends_at=ends_at, created_by=actor.key())
    _tell(actor, turn, "duty.plan_turn")
    return turn


@transaction.atomic
def drop_turn(*, actor: Actor, turn_id: int) -> None:
    """Take a planned turn back; one that has begun stays. Raises Refused, NotPermitted, NotVisible."""
    turn = Turn.objects.select_for_update(of=("self",)).select_related("unit").filter(pk=turn_id).first()
    if turn is None or not permissions.can_look(actor, turn.unit):
        raise NotVisible("turn")
    permissions.can_plan(actor, turn.unit).require(permissions.PLAN)
    if turn.began_at is not None:
        raise Refused("begun", _("This turn has begun; it ends with a hand-over."))
    _tell(actor, turn, "duty.drop_turn")
    turn.delete()


@transaction.atomic
def begin_turn(*, actor: Actor, unit_id: int) -> Turn:
    """上岗: the planned turn of this hour, else one of one's own. A turn forgotten a day ago is closed without a log."""
    unit = _unit(unit_id)
    permissions.can_stand(actor, unit).require(permissions.STAND)
    Person.objects.select_for_update().get(pk=actor.id)  # of two taps the second finds the first
    moment = now()
    running = Turn.objects.filter(person_id=actor.id, began_at__isnull=False, ended_at__isnull=True).first()
    if running is not None and counts(running.began_at, running.ended_at, moment):
        if running.unit_id == unit.pk:
            return running
        raise Refused("on_duty", _("You are on duty elsewhere. Hand over there first."))
    if running is not None:
        Turn.objects.filter(pk=running.pk).update(ended_at=running.began_at + LONGEST if running.began_at else moment)
    planned = Turn.objects.filter(unit=unit, person_id=actor.id, began_at__isnull=True, begins_at__lt=moment + USUAL / 2, ends_at__gt=moment)
    turn = planned.order_by("begins_at").first()
    if turn is None:
        turn = Turn(unit=unit, person_id=actor.id, begins_at=moment, ends_at=moment + USUAL, created_by=actor.key())
    turn.began_at = moment
    turn.save()
    _tell(actor, turn, "duty.begin_turn")
    return turn


@transaction.atomic
def hand_over(*, actor: Actor, words: str = "") -> HandOver:
    """交班: one's turn ends; what the unit has open, did and promised in it is written down. Raises Refused when not on duty."""
    turn = Turn.objects.select_for_update(of=("self",)).select_related("unit").filter(
        person_id=actor.id, began_at__isnull=False, ended_at__isnull=True
    ).first()  # fmt: skip
    if turn is None or turn.began_at is None:
        raise Refused("not_on_duty", _("You are not on duty."))
    permissions.can_stand(actor, turn.unit).require(permissions.STAND)
    moment = now()
    log = station_log(turn.unit_id, since=turn.began_at, until=moment)
    turn.ended_at = moment
    turn.save(update_fields=["ended_at"])
    made = HandOver.objects.create(
        unit=turn.unit, turn=turn, given_by_id=actor.id, since=turn.began_at, at=moment, words=words.strip()[:2000],
        log={name: [line.json() for line in getattr(log, name)] for name in ("open", "done", "promised")},
    )  # fmt: skip
    _tell(actor, turn, "duty.hand_over")
    return made


@transaction.atomic
def take_over(*, actor: Actor, hand_over_id: int) -> HandOver:
    """接班: who comes has read it. Again is harmless. Raises Refused for who gave it while others work there."""
    found = HandOver.objects.select_for_update(of=("self",)).select_related("unit", "turn").filter(pk=hand_over_id).first()
    if found is None or not permissions.can_look(actor, found.unit):
        raise NotVisible("hand_over")
    permissions.can_stand(actor, found.unit).require(permissions.STAND)
    if found.taken_at is not None:
        return found
    others = Person.objects.filter(is_active=True, memberships__unit=found.unit).exclude(pk=actor.id)
    if found.given_by_id == actor.id and others.exists():
        raise Refused("own_hand_over", _("You handed this over; somebody else takes it."))
    found.taken_by_id, found.taken_at = actor.id, now()
    found.save(update_fields=["taken_by", "taken_at"])
    _tell(actor, found.turn, "duty.take_over")
    return found


def _unit(unit_id: int) -> Unit:
    unit = Unit.objects.filter(pk=unit_id).first()
    if unit is None:
        raise NotVisible("unit")
    return unit


def _tell(actor: Actor, turn: Turn, verb: str) -> None:
    record(actor=actor, verb=verb, object_type="turn", object_id=turn.pk, data={"unit": turn.unit_id, "person": turn.person_id})
    live.publish([f"unit:{turn.unit_id}"], verb, unit=turn.unit_id)
