"""B12: callers whom nobody spoke to are called back, by deadline: claim, call, what came of it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Role
from hotline.accounts.queries.actors import valid_memberships
from hotline.audit import actions as audit
from hotline.calls.actions.calling_out import call_citizen
from hotline.calls.actions.moving import SYSTEM, event
from hotline.calls.actions.owing import OPEN, TOPIC, settle, told
from hotline.calls.models import Call, CallBack, CallBackResult, CallBackState, CallBackTry, CallState, Medium
from hotline.calls.permissions import TAKE, can_call_back
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.live import publish


@transaction.atomic
def claim_call_back(*, actor: Actor, call_back_id: int) -> CallBack:
    """The actor calls this one back. Raises NotPermitted, NotVisible, Refused `taken`, `over`."""
    row = _open(actor, call_back_id)
    if row.state == CallBackState.CLAIMED and row.claimed_by_id != actor.id:
        raise Refused("taken", _("Somebody else calls this citizen back already."))
    if row.state == CallBackState.WAITING:
        row.state, row.claimed_by_id, row.claimed_at = CallBackState.CLAIMED, actor.id, now()
        row.save(update_fields=["state", "claimed_by", "claimed_at"])
        told(row)
    return row


@transaction.atomic
def give_back_call_back(*, actor: Actor, call_back_id: int) -> None:
    """For others again; one's own, or as a shift leader anybody's. Refused `under_way` while it rings or they talk."""
    row = _open(actor, call_back_id)
    can_call_back(actor, row).require(TAKE)
    if row.attempts.filter(call__ended_at=None, call__isnull=False).exists():
        raise Refused("under_way", _("The call is under way. Hang up first."))
    row.attempts.filter(ended_at=None).delete()
    row.state, row.claimed_by, row.claimed_at = CallBackState.WAITING, None, None
    row.save(update_fields=["state", "claimed_by", "claimed_at"])
    told(row)


@transaction.atomic
def call_back(*, actor: Actor, call_back_id: int) -> Call:
    """Ring the citizen from the actor's own telephone; the number is not shown. Claims it where nobody has.

    Raises what `claim_call_back` and `call_citizen` raise, and Refused `under_way` when an attempt is open still.
    """
    row = claim_call_back(actor=actor, call_back_id=call_back_id)
    if row.call.medium == Medium.VIDEO:
        raise Refused("by_video", _("This citizen called by video; a link is sent by SMS instead of a call."))
    if row.attempts.filter(ended_at=None).exists():
        raise Refused("under_way", _("Say first what came of the last attempt."))
    citizen = row.call.citizen_id
    assert citizen is not None
    call = call_citizen(actor=actor, citizen_id=citizen)
    CallBackTry.objects.create(call_back=row, person_id=actor.id, call=call, at=now())
    row.tries += 1
    row.save(update_fields=["tries"])
    told(row)
    return call


@transaction.atomic
def settle_call_back(*, actor: Actor, call_back_id: int, result: str, note: str = "") -> CallBack:
    """What came of the attempt that was answered. Raises NotPermitted, NotVisible, Invalid, Refused `not_tried`, `under_way`."""
    row = _open(actor, call_back_id)
    can_call_back(actor, row).require(TAKE)
    if result not in CallBackResult.values:
        words = _("Choose what came of it.")
        raise Invalid("result", words, details={"result": words})
    attempt = row.attempts.filter(ended_at=None).select_related("call").first()
    if attempt is None:
        raise Refused("not_tried", _("Call the citizen first."))
    if attempt.call is not None and attempt.call.state != CallState.ENDED:
        raise Refused("under_way", _("The call is under way. Hang up first."))
    settle(row, attempt, result, note.strip()[:200], now())
    audit.record(
        actor=actor,
        verb="calls.settle_call_back",
        object_type="call_back",
        object_id=row.pk,
        data={"outcome": result},
    )
    return row


def alarm_overdue(at: datetime) -> int:
    """Call-backs whose deadline has passed are told to the shift leaders, each once; how many."""
    with transaction.atomic():
        late = CallBack.objects.select_for_update(skip_locked=True).filter(
            state__in=OPEN, due_at__lte=at, alarmed_at=None
        )
        rows = list(late.order_by("due_at")[:200])
        if not rows:
            return 0
        CallBack.objects.filter(pk__in=[row.pk for row in rows]).update(alarmed_at=at)
        leaders = valid_memberships(at).filter(role=Role.SHIFT_LEADER).values_list("person_id", flat=True)
        publish([TOPIC, *(f"person:{pk}" for pk in set(leaders))], "call_back.overdue", count=len(rows))
        for row in rows:
            event("call_back_overdue", actor=SYSTEM, at=at, call=row.call)
    return len(rows)


def _open(actor: Actor, call_back_id: int) -> CallBack:
    can_call_back(actor).require(TAKE)
    row = (
        CallBack.objects.select_for_update(of=("self",))
        .select_related("call")
        .filter(pk=call_back_id)
        .first()
    )
    if row is None:
        raise NotVisible(call_back_id)
    if row.state not in OPEN:
        raise Refused("over", _("This call-back is over."))
    return row
