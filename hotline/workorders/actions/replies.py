"""The unit's reply and its review, level by level up to the hotline centre."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid
from hotline.workorders.actions._case import Case, is_top_lead
from hotline.workorders.actions.handling import give_back
from hotline.workorders.models import (
    Assignment,
    AssignmentState,
    Attachment,
    Audience,
    Channel,
    Reply,
    WorkOrder,
)
from hotline.workorders.rules import ReplyForm, check_reply

SIGNED_FILE = "signed"
"""Kind of the attachment that a reply to the State Council's platform needs."""


@transaction.atomic
def submit_reply(*, actor: Actor, assignment_id: int, form: ReplyForm, revision: int | None = None) -> Reply:
    """办结回复: a new version of the unit's answer goes to review. Raises Invalid with the form's faults by field."""
    case, assignment = Case.at(actor, assignment_id, revision=revision, text=form.text)
    case.permit("reply", assignment)
    case.require("reply", assignment)
    order = case.order
    signed = order.channel != Channel.STATE_PLATFORM or _has_signed_file(order)
    # People write whole minutes; a visit in the minute of the order's creation is not before it.
    faults = check_reply(form, order.demand_type, started_at=order.created_at.replace(second=0, microsecond=0), now=case.now, signed_file=signed)
    if faults:
        raise Invalid("reply", _("The reply is not complete yet."), details={fault.field: fault.message for fault in faults})
    latest = Reply.objects.filter(assignment=assignment).aggregate(version=Max("version"))["version"] or 0
    reply = Reply.objects.create(
        assignment=assignment, order=order, version=latest + 1, created_by=actor.key(), created_at=case.now,
        **{**asdict(form), "signed_unit": form.signed_unit or assignment.unit.name, "handled_by": form.handled_by or actor.name[:60]},
    )
    case.move(assignment, AssignmentState.REPLIED, replied_at=case.now)
    case.follow_lead(assignment)
    case.record(
        "reply", assignment=assignment, concerns=(), moments=None if is_top_lead(assignment) else (),
        data={"reply": reply.pk, "version": reply.version, "outcome": form.outcome},
    )
    return reply


def _has_signed_file(order: WorkOrder) -> bool:
    return Attachment.objects.filter(order=order, kind=SIGNED_FILE, removed_at__isnull=True).exists()


@transaction.atomic
def decide_reply(*, actor: Actor, assignment_id: int, approve: bool, text: str = "", revision: int | None = None) -> Assignment:
    """Review a reply: the unit above for a unit below it, the hotline centre for the lead.

    Approved by the centre, the order waits for follow-up; a refusal says why and takes the stop of the clocks back.
    """
    verb = "approve_reply" if approve else "refuse_reply"
    case, assignment = Case.at(actor, assignment_id, revision=revision, text=text)
    case.permit(verb, assignment)
    case.require(verb, assignment, text=text)
    reply = Reply.objects.filter(assignment=assignment).order_by("-version").first()
    if reply is None:
        raise Invalid("reply", _("There is no reply to review."))
    reply.state, reply.decided_at, reply.decision_text = ("approved" if approve else "refused"), case.now, text
    reply.save(update_fields=["state", "decided_at", "decision_text"])
    data = {"reply": reply.pk, "outcome": reply.outcome}
    if not approve:
        case.move(assignment, AssignmentState.IN_PROGRESS, replied_at=None)
        case.follow_lead(assignment)
        case.record(verb, assignment=assignment, text=text, data=data)
        return assignment
    case.move(assignment, AssignmentState.DONE)
    if not is_top_lead(assignment):
        give_back(case, assignment)
        case.record(verb, assignment=assignment, moments=(), text=text, data=data, event="work_order.reply_passed_up")
        return assignment
    branch = case.end(case.open())
    case.follow_lead(assignment)
    case.change(replied_at=reply.created_at, outcome=reply.outcome)
    case.record(
        verb, assignment=assignment, branch=branch, concerns=(), audience=Audience.PUBLIC, text=reply.text, data={**data, "remark": text}
    )
    return assignment


__all__ = ["SIGNED_FILE", "decide_reply", "submit_reply"]
