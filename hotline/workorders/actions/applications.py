"""Return, extension, hold, closing as unreasonable: a unit applies, the level above or the centre decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.workorders.actions._case import Case, is_top_lead, unit_of
from hotline.workorders.actions.handling import end_branch, give_back, leave_unit
from hotline.workorders.city import city
from hotline.workorders.models import (
    Application,
    ApplicationKind,
    ApplicationState,
    Assignment,
    AssignmentState,
    Clock,
    ClosingKind,
    OrderState,
)
from hotline.workorders.rules import FAULTS, Place, after_return, amount_of, decided_at
from hotline.workorders.rules.applications import extension_refusal, hold_refusal, return_refusal
from hotline.workorders.rules.closing import option
from hotline.worktime import queries as worktime
from hotline.worktime.rules import ReturnLimits


def apply(
    *,
    actor: Actor,
    assignment_id: int,
    kind: str,
    reason_code: str,
    text: str,
    basis: str = "",
    amount: int | None = None,
    until: date | None = None,
    suggested_unit_id: int | None = None,
    revision: int | None = None,
) -> Application:
    """Apply for a return (`basis`, `suggested_unit_id`), extension (`amount` in the policy's unit), hold (`until`) or
    closing as unreasonable. Raises Refused with a code of `rules.FAULTS` or `rules.WHY_NOT`.
    """
    if kind not in ApplicationKind.values:
        raise Invalid("kind", _("Choose what you apply for."), details={"kind": _("Choose one of the list.")})
    return _apply(actor, assignment_id, ApplicationKind(kind), reason_code, text, basis, amount, until, suggested_unit_id, revision)


@transaction.atomic
def _apply(
    actor: Actor, assignment_id: int, kind: ApplicationKind, reason_code: str, text: str, basis: str, amount: int | None,
    until: date | None, suggested_unit_id: int | None, revision: int | None,
) -> Application:
    verb = f"apply_{kind}"
    case, assignment = Case.at(actor, assignment_id, revision=revision, text=text)
    case.permit(verb, assignment)
    case.require(verb, assignment, text=text)
    case.reason(verb, reason_code)
    code = _refusal(case, assignment, kind, basis, amount, until)
    if code:
        raise Refused(code, FAULTS[code])
    suggested = unit_of(suggested_unit_id) if suggested_unit_id else None
    application = Application.objects.create(
        assignment=assignment, order=case.order, kind=kind, reason_code=reason_code, text=text, basis=basis, amount=amount, until=until,
        suggested_unit=suggested, resume_state=assignment.state, created_by=actor.key(), created_at=case.now,
        old_due_at=assignment.due_at,
    )
    state = {
        ApplicationKind.RETURN: AssignmentState.RETURN_REVIEW,
        ApplicationKind.EXTENSION: AssignmentState.EXTENSION_REVIEW,
        ApplicationKind.HOLD: AssignmentState.HOLD_REVIEW,
        ApplicationKind.UNREASONABLE: AssignmentState.REPLIED,
    }[kind]
    case.move(assignment, state)
    case.follow_lead(assignment)
    case.record(
        verb, assignment=assignment, reason_code=reason_code, text=text,
        data={"application": application.pk, "basis": basis, "amount": amount, "until": until, "suggested": suggested_unit_id},
    )
    return application


def _refusal(
    case: Case, assignment: Assignment, kind: ApplicationKind, basis: str, amount: int | None, until: date | None
) -> str:
    """Code of what the policy or the calendar says against it."""
    if kind is ApplicationKind.HOLD:
        return hold_refusal(until, clock.today())
    limits = case.selection(assignment.unit.level)
    if limits is None:
        return "basis" if kind is ApplicationKind.RETURN and not basis.strip() else ""
    if kind is ApplicationKind.RETURN:
        started = assignment.signed_at if limits.returns.start_event == "signed" else assignment.created_at
        return return_refusal(
            limits.returns, started_at=started or case.now, now=case.now, basis=basis,
            calendar=worktime.calendar(case.order.calendar_id or 0).calendar,
        )
    if kind is ApplicationKind.EXTENSION:
        return extension_refusal(
            limits.extension, used=_extensions_of(assignment), amount=amount_of(limits.extension, amount), now=case.now,
            due_at=_running_finish(assignment),
        )
    return ""


def _extensions_of(assignment: Assignment) -> int:
    return Application.objects.filter(assignment=assignment, kind=ApplicationKind.EXTENSION, state="approved").count()


def _running_finish(assignment: Assignment) -> Any:
    clocks = Clock.objects.filter(order=assignment.order_id, assignment=assignment, kind="finish", state="running")
    return clocks.values_list("due_at", flat=True).first()


@transaction.atomic
def decide_application(
    *, actor: Actor, application_id: int, approve: bool, text: str = "", revision: int | None = None
) -> Application:
    """Approve or refuse. A refusal gives words; nobody decides their own application."""
    found = Application.objects.filter(pk=application_id).first()
    if found is None:
        raise NotVisible
    case, assignment = Case.at(actor, found.assignment_id, revision=revision, text=text)
    application = Application.objects.get(pk=application_id)
    kind = ApplicationKind(application.kind)
    verb = f"{'approve' if approve else 'refuse'}_{kind}"
    case.permit(verb, assignment)
    if application.state != ApplicationState.PENDING:
        raise Refused("decided", _("This application has been decided already."))
    case.require(verb, assignment, text=text)
    _check_city(case, assignment, application, approve)
    application.state = ApplicationState.APPROVED if approve else ApplicationState.REFUSED
    application.decided_by, application.decided_at, application.decision_text = actor.key(), case.now, text
    if approve:
        _APPROVALS[kind](case, assignment, application, text)
    else:
        _give_back_state(case, assignment, application)
        case.record(verb, assignment=assignment, text=text, data={"application": application.pk})
    application.save()
    return application


def _check_city(case: Case, assignment: Assignment, application: Application, approve: bool) -> None:
    """A long extension of a unit below is the centre's to grant."""
    if not approve or application.kind != ApplicationKind.EXTENSION:
        return
    limits = case.selection(assignment.unit.level)
    amount = amount_of(limits.extension, application.amount) if limits else None
    place = decided_at(
        ApplicationKind.EXTENSION, top=assignment.parent_id is None, limits=limits.extension if limits else None, amount=amount
    )
    if place is Place.HUB and assignment.parent_id is not None:
        hub = city().hub_path
        if not case.actor.is_system and not any(grant.unit_path == hub for grant in case.actor.grants):
            raise Refused("city_decides", _("An extension this long is decided by the hotline centre."))


def _give_back_state(case: Case, assignment: Assignment, application: Application) -> None:
    case.move(assignment, AssignmentState(application.resume_state or AssignmentState.IN_PROGRESS))
    if assignment.state == AssignmentState.SENT_DOWN and not case.children(assignment):
        case.move(assignment, AssignmentState.IN_PROGRESS)
    case.follow_lead(assignment)


def _approve_return(case: Case, assignment: Assignment, application: Application, text: str) -> None:
    data: Mapping[str, Any] = {"application": application.pk, "reason_code": application.reason_code, "unit": assignment.unit_id}
    if not is_top_lead(assignment):
        branch = end_branch(case, assignment, AssignmentState.RETURNED)
        give_back(case, assignment)
        case.record("approve_return", assignment=assignment, branch=branch, moments=(), text=text, data=data)
        return
    limits = case.selection(assignment.unit.level)
    count = case.order.return_count + 1
    to = after_return(count, limits.returns if limits else ReturnLimits())
    case.change(return_count=count, difficult=case.order.difficult or to == OrderState.ARBITRATION)
    leave_unit(case, assignment, AssignmentState.RETURNED, "approve_return", to, text=text, data={**data, "count": count})


def _approve_extension(case: Case, assignment: Assignment, application: Application, text: str) -> None:
    limits = case.selection(assignment.unit.level)
    amount = amount_of(limits.extension, application.amount) if limits else None
    application.old_due_at = assignment.due_at
    _give_back_state(case, assignment, application)
    if is_top_lead(assignment):
        case.change(extension_count=case.order.extension_count + 1)
    old = case.order.due_at if is_top_lead(assignment) else assignment.due_at
    case.record(
        "approve_extension", assignment=assignment, extra=str(amount) if amount else "", effects=None if amount else (), text=text,
        data={"application": application.pk, "old_due": old, "amount": application.amount},
    )
    application.new_due_at = assignment.due_at


def _approve_hold(case: Case, assignment: Assignment, application: Application, text: str) -> None:
    case.move(assignment, AssignmentState.ON_HOLD)
    case.follow_lead(assignment)
    case.record("approve_hold", assignment=assignment, text=text, data={"application": application.pk, "until": application.until})


def _approve_unreasonable(case: Case, assignment: Assignment, application: Application, text: str) -> None:
    case.move(assignment, AssignmentState.DONE)
    end_order(case, assignment, "approve_unreasonable", ClosingKind.UNREASONABLE, text, {"application": application.pk})


_APPROVALS = {
    ApplicationKind.RETURN: _approve_return,
    ApplicationKind.EXTENSION: _approve_extension,
    ApplicationKind.HOLD: _approve_hold,
    ApplicationKind.UNREASONABLE: _approve_unreasonable,
}


def end_order(
    case: Case, assignment: Assignment, verb: str, kind: ClosingKind, text: str, data: Mapping[str, Any] | None = None
) -> None:
    """Close the order from its lead: whoever else still had it is released."""
    branch = case.end(case.open())
    case.change(state=str(OrderState.CLOSED), closed_at=case.now, closing_kind=str(kind))
    case.record(verb, assignment=assignment, branch=branch, text=text, data={"closing_kind": str(kind), **(data or {})})


@transaction.atomic
def cancel_application(*, actor: Actor, application_id: int, revision: int | None = None) -> Application:
    """The unit takes its application back; everything is as before it."""
    found = Application.objects.filter(pk=application_id).first()
    if found is None:
        raise NotVisible
    case, assignment = Case.at(actor, found.assignment_id, revision=revision)
    case.permit("cancel_application", assignment)
    case.require("cancel_application", assignment)
    application = Application.objects.get(pk=application_id)
    if application.state != ApplicationState.PENDING:
        raise Refused("decided", _("This application has been decided already."))
    application.state, application.decided_by, application.decided_at = ApplicationState.CANCELLED, actor.key(), case.now
    application.save()
    _give_back_state(case, assignment, application)
    case.record("cancel_application", assignment=assignment, data={"application": application.pk})
    return application


# ── hold's end ──


@transaction.atomic
def resume(*, actor: Actor, assignment_id: int, text: str = "", revision: int | None = None) -> Assignment:
    """End a hold: clocks run on, later by exactly the time held."""
    case, assignment = Case.at(actor, assignment_id, revision=revision, text=text)
    case.permit("resume", assignment)
    case.require("resume", assignment)
    back = AssignmentState.SENT_DOWN if case.children(assignment) else AssignmentState.IN_PROGRESS
    case.move(assignment, back)
    case.follow_lead(assignment)
    case.record("resume", assignment=assignment, text=text)
    return assignment


@transaction.atomic
def expire_hold(*, actor: Actor, assignment_id: int, text: str, revision: int | None = None) -> Assignment:
    """挂起到期: close the order at the end of its hold; words for the file are needed."""
    case, assignment = Case.at(actor, assignment_id, revision=revision, text=text)
    case.permit("expire_hold", assignment)
    case.require("expire_hold", assignment, text=text)
    case.move(assignment, AssignmentState.DONE)
    end_order(case, assignment, "expire_hold", ClosingKind.HOLD_EXPIRED, text)
    return assignment


def hold_closes() -> bool:
    """True when the city closes orders at the end of a hold instead of resuming them."""
    return str(option(city().options, "hold_expiry")) == "close"


__all__ = ["apply", "cancel_application", "decide_application", "expire_hold", "resume"]
