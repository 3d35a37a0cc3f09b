"""A unit's verbs: sign, contact, take, send down, recall, assistance."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Person
from hotline.kit.actor import Actor
from hotline.kit.errors import ActionError, Invalid, Refused
from hotline.workorders.actions._case import Case, is_top_lead, unit_of, units_of
from hotline.workorders.actions.lifecycle import end_applications
from hotline.workorders.city import city
from hotline.workorders.models import (
    Assignment,
    AssignmentRole,
    AssignmentState,
    Audience,
    Contact,
    Note,
    OrderState,
    ReasonCode,
)
from hotline.workorders.rules.closing import contact_settles


@transaction.atomic
def sign(*, actor: Actor, assignment_id: int, revision: int | None = None) -> Assignment:
    """签收: the unit takes the order on."""
    case, assignment = Case.at(actor, assignment_id, revision=revision)
    case.permit("sign", assignment)
    case.require("sign", assignment)
    case.move(assignment, AssignmentState.IN_PROGRESS, signed_at=case.now)
    case.follow_lead(assignment)
    case.record("sign", assignment=assignment, concerns=[assignment])
    return assignment


def sign_many(*, actor: Actor, assignment_ids: Iterable[int]) -> dict[int, str]:
    """Sign for several; returns the reason for each one that could not be, the others are signed."""
    refused: dict[int, str] = {}
    for number in dict.fromkeys(assignment_ids):
        try:
            sign(actor=actor, assignment_id=number)
        except ActionError as error:
            refused[number] = str(error.message)
    return refused


@transaction.atomic
def take(*, actor: Actor, assignment_id: int, person_id: int | None = None, revision: int | None = None) -> Assignment:
    """A handler takes the order on (经办人); a manager may name another person of the unit."""
    case, assignment = Case.at(actor, assignment_id, revision=revision)
    case.permit("take", assignment)
    case.require("take", assignment)
    wanted = person_id or actor.id
    person = Person.objects.filter(pk=wanted, is_active=True, memberships__unit__path__startswith=assignment.unit.path).first()
    if person is None and wanted != actor.id:
        raise Invalid("person", _("This person does not work at the unit."), details={"person": _("Choose a person of the unit.")})
    case.touch(assignment, handler_id=wanted)
    case.record("take", assignment=assignment, data={"handler": wanted})
    return assignment


@transaction.atomic
def record_contact(
    *,
    actor: Actor,
    assignment_id: int,
    reached: bool,
    person: str,
    contacted_at: datetime | None = None,
    reason_code: str = "",
    text: str = "",
    revision: int | None = None,
) -> Contact:
    """先行联系: who contacted the citizen when; 未联 needs its reason. The clock stops when reached, or tried often enough."""
    case, assignment = Case.at(actor, assignment_id, revision=revision, text=text)
    case.permit("contact", assignment)
    case.require("contact", assignment)
    moment = contacted_at or case.now
    _check_contact(case, assignment, reached, person, moment, reason_code)
    moment = max(moment, case.order.created_at)
    tries = Contact.objects.filter(assignment__order=case.order, assignment__round=case.order.round, reached=False).count()
    contact = Contact.objects.create(
        assignment=assignment, reached=reached, reason_code="" if reached else reason_code, contacted_at=moment, person=person[:60],
        text=text, created_by=actor.key(),
    )
    settled = contact_settles(reached, tries, city().options)
    if settled:
        for row in (assignment, *case.above(assignment)):
            if row.contacted_at is None:
                case.touch(row, contacted_at=moment)
    case.record(
        "contact", assignment=assignment, effects=None if settled else (), reason_code=reason_code, text=text,
        data={"reached": reached, "person": person[:60], "contacted_at": moment.isoformat(), "settled": settled},
    )
    return contact


def _check_contact(case: Case, assignment: Assignment, reached: bool, person: str, moment: datetime, reason_code: str) -> None:
    faults: dict[str, str] = {}
    if not person.strip():
        faults["person"] = _("Say who made the contact.")
    if moment > case.now:
        faults["contacted_at"] = _("This moment has not come yet.")
    elif moment < case.order.created_at.replace(second=0, microsecond=0):  # people write whole minutes
        faults["contacted_at"] = _("This is before the order existed.")
    if not reached:
        known = set(ReasonCode.objects.filter(kind="no_contact").values_list("code", flat=True))
        if not reason_code or (known and reason_code not in known):
            faults["reason_code"] = _("Say why the citizen was not reached.")
    if faults:
        raise Invalid("contact", _("The contact cannot be recorded like this."), details=faults)


@transaction.atomic
def arrive(
    *,
    actor: Actor,
    assignment_id: int,
    arrived_at: datetime | None = None,
    latitude: float | None = None,
    longitude: float | None = None,
    accuracy: float | None = None,
    revision: int | None = None,
) -> Assignment:
    """到达: somebody of the unit stands at the place. Degrees WGS-84 and metres as a phone says, kept beside the event."""
    case, assignment = Case.at(actor, assignment_id, revision=revision)
    case.permit("arrive", assignment)
    case.require("arrive", assignment)
    moment = min(max(arrived_at or case.now, assignment.created_at), case.now)
    if assignment.arrived_at is None:
        case.touch(assignment, arrived_at=moment)
    place = {"latitude": latitude, "longitude": longitude, "accuracy": accuracy}
    known = {name: value for name, value in place.items() if value is not None}
    case.record("arrive", assignment=assignment, data={"arrived_at": moment.isoformat(), **known})
    return assignment


@transaction.atomic
def send_down(
    *, actor: Actor, assignment_id: int, unit_id: int, instructions: str = "", revision: int | None = None
) -> Assignment:
    """逐级转派: give it to a unit below, as often and as deep as needed; its deadline lies inside the own one."""
    case, assignment = Case.at(actor, assignment_id, revision=revision, text=instructions)
    case.permit("send_down", assignment)
    case.require("send_down", assignment)
    unit = unit_of(unit_id)
    if unit.pk == assignment.unit_id or not unit.path.startswith(assignment.unit.path):
        raise Refused("not_below", _("%(unit)s is not below your unit. Ask for assistance, or apply for return.") % {"unit": unit.name})
    child = case.add(unit, parent=assignment, instructions=instructions)
    case.move(assignment, AssignmentState.SENT_DOWN)
    case.follow_lead(assignment)
    case.record("send_down", assignment=assignment, text=instructions, data={"to_unit": unit.pk})
    return child


@transaction.atomic
def recall(*, actor: Actor, assignment_id: int, reason: str, revision: int | None = None) -> Assignment:
    """Take the order back from a unit: the centre from a lead (then it is dispatched anew) or assistant, a unit from one below."""
    case, assignment = Case.at(actor, assignment_id, revision=revision, text=reason)
    if is_top_lead(assignment):
        case.permit("recall", assignment)
        case.require("recall", assignment, text=reason)
        leave_unit(case, assignment, AssignmentState.RECALLED, "recall", OrderState.PENDING_DISPATCH, text=reason)
        return assignment
    verb = "recall_down" if assignment.parent_id is not None else "recall_assistant"
    case.permit(verb, assignment)
    case.require(verb, assignment, text=reason)
    branch = end_branch(case, assignment, AssignmentState.RECALLED)
    give_back(case, assignment)
    case.record(verb, assignment=assignment, branch=branch, text=reason)
    return assignment


def end_branch(case: Case, assignment: Assignment, state: AssignmentState) -> list[int]:
    """End an assignment and everything below it; returns the ids below."""
    below: list[Assignment] = []
    frontier = {assignment.pk}
    for row in case.open():  # by id: a parent comes before its children
        if row.parent_id in frontier:
            frontier.add(row.pk)
            below.append(row)
    case.order.applications.filter(assignment_id__in=[assignment.pk, *(row.pk for row in below)], state="pending").update(
        state="cancelled" if state == AssignmentState.RECALLED else "approved", decided_at=case.now, decided_by=case.actor.key()
    )
    case.move(assignment, state)
    return case.end(below)


def give_back(case: Case, assignment: Assignment) -> None:
    """The unit above has it again when no other unit below it is at work."""
    parent = assignment.parent
    if parent is not None and parent.state == AssignmentState.SENT_DOWN and not case.children(parent):
        case.move(parent, AssignmentState.IN_PROGRESS)
        case.follow_lead(parent)


def leave_unit(
    case: Case, assignment: Assignment, state: AssignmentState, verb: str, order_state: OrderState, *, text: str = "",
    reason_code: str = "", data: dict[str, object] | None = None,
) -> None:
    """The top lead loses the order: everything open ends, the order goes to pool or arbitration."""
    end_applications(case)
    case.move(assignment, state)
    branch = case.end(case.open())
    case.change(state=str(order_state), lead_unit_id=None, pool_claimed_by_id=None, pool_claimed_at=None)
    case.record(verb, assignment=assignment, branch=branch, concerns=(), text=text, reason_code=reason_code, data=data)


@transaction.atomic
def ask_assistance(
    *, actor: Actor, assignment_id: int, unit_ids: Iterable[int], text: str = "", revision: int | None = None
) -> list[Assignment]:
    """协办: the lead asks other units for their opinion; they get clocks of their own inside the lead's."""
    case, assignment = Case.at(actor, assignment_id, revision=revision, text=text)
    case.permit("ask_assistance", assignment)
    case.require("ask_assistance", assignment)
    units = units_of(unit_ids)
    if not units:
        raise Invalid("units", _("Choose at least one unit."), details={"units": _("Choose at least one unit.")})
    asked = [case.add(unit, role=AssignmentRole.ASSISTANT, parent=assignment, instructions=text) for unit in units]
    case.record("ask_assistance", assignment=assignment, text=text, data={"assistants": [unit.pk for unit in units]})
    return asked


@transaction.atomic
def give_opinion(*, actor: Actor, assignment_id: int, text: str, revision: int | None = None) -> Assignment:
    """The assisting unit's opinion goes to the lead; its part is done."""
    case, assignment = Case.at(actor, assignment_id, revision=revision, text=text)
    case.permit("give_opinion", assignment)
    case.require("give_opinion", assignment, text=text)
    Note.objects.create(
        order=case.order, audience=Audience.INTERNAL, kind="opinion", text=text, assignment=assignment, author=actor.key(),
        author_name=actor.name[:80], created_at=case.now,
    )
    case.move(assignment, AssignmentState.DONE, replied_at=case.now)
    case.record("give_opinion", assignment=assignment, text=text)
    return assignment


__all__ = ["arrive", "ask_assistance", "give_opinion", "recall", "record_contact", "send_down", "sign", "sign_many", "take"]
