"""Urging, cards, supervision, listed cases, leaders' instructions (催办, 黄牌红牌, 督办, 立项督办, 批示)."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.workorders.actions._cards import set_card
from hotline.workorders.actions._case import Case, main_of
from hotline.workorders.actions.notes import said_just_now
from hotline.workorders.models import (
    Audience,
    ClockLevel,
    ListedState,
    Note,
    OrderState,
    Supervision,
    SupervisionKind,
    SupervisionMeeting,
    WorkOrder,
)
from hotline.workorders.rules import BY_UNIT, may_advance
from hotline.workorders.rules.clocks import higher

CARDS = (ClockLevel.YELLOW, ClockLevel.RED)


@transaction.atomic
def urge(*, actor: Actor, order_id: int, text: str = "", reason_code: str = "", revision: int | None = None) -> WorkOrder:
    """催办: an urging of an open order is a record on it, never a second order. On a merged order it reaches the main one."""
    main = main_of(order_id)
    cases = Case.many(actor, [order_id, *([main] if main else [])])
    case = cases[order_id]
    if revision is not None and revision != case.order.revision:
        case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("urge")
    case.require("urge")
    if said_just_now(case, "urge", text) is not None:
        return case.order
    _urge(case, text, reason_code)
    if main is not None and case.order.state == OrderState.MERGED:
        _urge(cases[main], text, reason_code, source=order_id)
    return case.order


def _urge(case: Case, text: str, reason_code: str, source: int | None = None) -> None:
    case.change(urge_count=case.order.urge_count + 1)
    Note.objects.create(
        order=case.order, audience=Audience.INTERNAL, kind="urge", text=text, author=case.actor.key(), author_name=case.actor.name[:80],
        created_at=case.now,
    )
    case.assignments  # noqa: B018 (read, so that the units' screens hear of it)
    case.record("urge", text=text, reason_code=reason_code, data={"count": case.order.urge_count, **({"from": source} if source else {})})


@transaction.atomic
def issue_card(*, actor: Actor, order_id: int, level: str, text: str, revision: int | None = None) -> WorkOrder:
    """A supervisor's yellow or red card; cards are only ever raised, never taken back."""
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("issue_card")
    case.require("issue_card", text=text)
    if level not in CARDS:
        raise Invalid("level", _("A card is yellow or red."), details={"level": _("A card is yellow or red.")})
    if higher(case.order.card, level) == case.order.card:
        raise Refused("has_card", _("The order has this card, or a graver one, already."))
    set_card(case.order, level)
    case.assignments  # noqa: B018
    case.record("issue_card", text=text, data={"card": str(level)})
    return case.order


def supervise(
    *, actor: Actor, order_id: int, reason_code: str, text: str, joint: bool = False, promised_on: date | None = None,
    revision: int | None = None,
) -> Supervision:
    """督办 (or 联合督办): issued to the lead at once, with its own sub-flow."""
    return _open(
        actor, order_id, "supervise", SupervisionKind.SUPERVISED, ListedState.ISSUED, reason_code, text, joint, promised_on, revision
    )


def list_case(
    *, actor: Actor, order_id: int, reason_code: str, text: str, joint: bool = False, promised_on: date | None = None,
    revision: int | None = None,
) -> Supervision:
    """立项督办 (挂账): a difficult case is proposed and then issued; it stays listed until its sub-flow ends."""
    return _open(
        actor, order_id, "list_case", SupervisionKind.LISTED, ListedState.PROPOSED, reason_code, text, joint, promised_on, revision
    )


def instruct(*, actor: Actor, order_id: int, text: str, promised_on: date | None = None, revision: int | None = None) -> Supervision:
    """批示: a leader's instruction puts the order under supervision."""
    return _open(
        actor, order_id, "instruct", SupervisionKind.INSTRUCTION, ListedState.ISSUED, "instruction", text, False, promised_on, revision
    )


@transaction.atomic
def _open(
    actor: Actor, order_id: int, verb: str, kind: SupervisionKind, state: ListedState, reason_code: str, text: str, joint: bool,
    promised_on: date | None, revision: int | None,
) -> Supervision:
    case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit(verb)
    case.require(verb, text=text)
    if verb != "instruct":
        case.reason(verb, reason_code)
    if Supervision.objects.filter(order=case.order, kind=kind, closed_at__isnull=True).exists() and kind != SupervisionKind.INSTRUCTION:
        raise Refused("supervised", _("There is an open supervision of this kind already; go on with that."))
    supervision = Supervision.objects.create(
        order=case.order, kind=kind, state=state, reason_code=reason_code, text=text, joint=joint, promised_on=promised_on,
        next_on=promised_on, created_by=actor.key(), created_at=case.now,
    )
    case.change(supervised=True)
    if kind == SupervisionKind.LISTED:
        case.change(listed=True, difficult=True)
    case.assignments  # noqa: B018
    case.record(
        verb, text=text, reason_code=reason_code,
        data={"supervision": supervision.pk, "joint": joint, "promised_on": promised_on},
    )
    return supervision


@transaction.atomic
def advance_supervision(
    *, actor: Actor, supervision_id: int, to: str, text: str = "", promised_on: date | None = None, next_on: date | None = None,
    revision: int | None = None,
) -> Supervision:
    """One step of the sub-flow (`rules.STEPS`); steps of `rules.BY_UNIT` belong to the unit, all others to the supervisor."""
    found = Supervision.objects.filter(pk=supervision_id).first()
    if found is None:
        raise NotVisible
    if to not in ListedState.values:
        raise Invalid("to", _("Choose one of the list."), details={"to": _("Choose one of the list.")})
    verb = "answer_supervision" if ListedState(to) in BY_UNIT else "advance_supervision"
    case = Case.of(actor, found.order_id, revision=revision, text=text)
    case.permit(verb)
    case.require(verb, text=text)
    supervision = Supervision.objects.get(pk=supervision_id)
    if not may_advance(supervision.state, to):
        raise Refused("supervision_state", _("The supervision cannot take this step now."))
    old = supervision.state
    supervision.state = ListedState(to)
    supervision.promised_on = promised_on or supervision.promised_on
    supervision.next_on = next_on or supervision.next_on
    if to == ListedState.CLOSED:
        supervision.closed_at, supervision.next_on = case.now, None
        still = Supervision.objects.filter(order=case.order, closed_at__isnull=True).exclude(pk=supervision.pk)
        kinds = set(still.values_list("kind", flat=True))
        case.change(supervised=bool(kinds), listed=SupervisionKind.LISTED in kinds)
    supervision.save()
    case.assignments  # noqa: B018
    case.record(verb, text=text, data={"supervision": supervision.pk, "from": str(old), "to_state": str(to), "next_on": next_on})
    return supervision


@transaction.atomic
def add_meeting(
    *, actor: Actor, supervision_id: int, held_at: datetime, participants: str, text: str, promise: str = "", next_on: date | None = None,
    revision: int | None = None,
) -> SupervisionMeeting:
    """A joint meeting: who met, what was said and promised, when next."""
    found = Supervision.objects.filter(pk=supervision_id).first()
    if found is None:
        raise NotVisible
    case = Case.of(actor, found.order_id, revision=revision, text=text)
    case.permit("add_meeting")
    case.require("add_meeting", text=text)
    faults = {}
    if not participants.strip():
        faults["participants"] = _("Say who took part.")
    if held_at > case.now:
        faults["held_at"] = _("This moment has not come yet.")
    if faults:
        raise Invalid("meeting", _("The meeting cannot be recorded like this."), details=faults)
    if found.closed_at is not None:
        raise Refused("supervision_state", _("The supervision cannot take this step now."))
    meeting = SupervisionMeeting.objects.create(
        supervision=found, held_at=held_at, participants=participants, text=text, promise=promise, next_on=next_on, created_by=actor.key()
    )
    if next_on is not None:
        Supervision.objects.filter(pk=found.pk).update(next_on=next_on)
    case.record("add_meeting", text=text, data={"supervision": found.pk, "meeting": meeting.pk, "next_on": next_on})
    return meeting
