"""Every citizen behind an order hears of what matters to them, once each (C6, C11, G5's beginning)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from hotline.followup import permissions, queries
from hotline.intake.actions import code_for_notice
from hotline.intake.models import Appeal
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE
from hotline.notifications.actions import queue_message
from hotline.workorders.models import (
    Application,
    Assignment,
    AssignmentRole,
    Clock,
    ClockKind,
    WorkOrder,
    WorkOrderEvent,
)
from hotline.workorders.queries import reason_names

Facts = Callable[[WorkOrder, WorkOrderEvent], Mapping[str, str]]


def _moment(at: datetime | None) -> str:
    return at.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M") if at else _("soon")


def _unit(order: WorkOrder, _event: WorkOrderEvent) -> Mapping[str, str]:
    return {"unit": order.lead_unit.name if order.lead_unit else "", "due": _moment(order.due_at)}


def _contact(order: WorkOrder, event: WorkOrderEvent) -> Mapping[str, str]:
    """Until when the unit calls: the contact clock of the unit that leads, else the order's own date."""
    clocks = Clock.objects.filter(
        order=order, kind=ClockKind.CONTACT, assignment__role=AssignmentRole.LEAD, assignment__parent__isnull=True
    )
    due = clocks.order_by("-id").values_list("due_at", flat=True).first()
    return {**_unit(order, event), "due": _moment(due or order.due_at)}


def _extended(order: WorkOrder, event: WorkOrderEvent) -> Mapping[str, str]:
    old = event.data.get("old_due")
    return {
        "reason": _reason(event),
        "due": _moment(order.due_at),
        "old_due": _moment(datetime.fromisoformat(old) if old else None),
    }


def _held(_order: WorkOrder, event: WorkOrderEvent) -> Mapping[str, str]:
    return {"reason": _reason(event), "until": str(event.data.get("until") or _("a date to be told"))[:10]}


def _question(_order: WorkOrder, event: WorkOrderEvent) -> Mapping[str, str]:
    return {"question": event.text}


def _nothing(_order: WorkOrder, _event: WorkOrderEvent) -> Mapping[str, str]:
    return {}


def _reason(event: WorkOrderEvent) -> str:
    # What a unit wrote for its superiors is not for the citizen: the reason's name in the list is.
    code = Application.objects.filter(pk=event.data.get("application") or 0).values_list("reason_code", flat=True).first()
    return (reason_names({code}).get(code) if code else "") or str(_("the matter needs more time"))


NOTICES: Mapping[str, tuple[str, Facts]] = {
    "dispatch": ("dispatched", _contact),
    "designate": ("dispatched", _contact),
    "approve_extension": ("extended", _extended),
    "approve_hold": ("held", _held),
    "ask_supplement": ("supplement_wanted", _question),
    "approve_reply": ("closed", _nothing),
    "merge": ("merged", _nothing),
    "redo": ("redone", _unit),
    "withdraw": ("withdrawn", _nothing),
}
"""Verb → template and the facts that it names."""


def _below(assignment_id: int) -> bool:
    return Assignment.objects.filter(pk=assignment_id, parent__isnull=False).exists()


@transaction.atomic
def tell_citizens(*, actor: Actor, order_id: int, event_id: int) -> list[int]:
    """Queue the notice of one event for each citizen with a phone, once each; ids of the messages to hand over."""
    permissions.can_plan(actor).require("followup:plan")
    event = (
        WorkOrderEvent.objects.select_related("order__lead_unit")
        .filter(pk=event_id, order_id=order_id)
        .first()
    )
    if event is None or event.verb not in NOTICES:
        return []
    order = event.order
    if event.verb == "approve_reply" and event.new_state != "pending_follow_up":
        return []  # a unit above approved the reply of one below; the citizen hears when it is theirs
    if event.verb == "approve_extension" and event.assignment_id is not None and _below(event.assignment_id):
        return []  # more time for a unit below moves nothing that the citizen was promised
    template, facts = NOTICES[event.verb]
    appeals = queries.appeals_behind(order)
    told: set[int] = set()
    waiting = []
    for appeal in appeals:
        if appeal.citizen_id is None or appeal.citizen_id in told:
            continue
        told.add(appeal.citizen_id)
        message_id = queue_message(
            actor=actor,
            key=f"event:{event.pk}:{appeal.citizen_id}",
            citizen_id=appeal.citizen_id,
            template=template,
            context={"number": appeal.number, "url": _address(appeal), **facts(order, event)},
        )
        if message_id is not None:
            waiting.append(message_id)
    return waiting


def _address(appeal: Appeal) -> str:
    return f"{settings.PUBLIC_URL}{reverse('portal:look_up')}?number={appeal.number}"


@transaction.atomic
def tell_accepted(*, actor: Actor, appeal_id: int) -> int | None:
    """Queue number, look-up code and promise for who has just filed; the message to hand over, None when there is none.

    Rows of an import are not told: they were filed elsewhere, perhaps years ago.
    """
    permissions.can_plan(actor).require("followup:plan")
    appeal = (
        Appeal.objects.select_related("order", "raw")
        .filter(pk=appeal_id, citizen__phone_hash__isnull=False, order__isnull=False)
        .first()
    )
    if appeal is None or appeal.order is None or appeal.citizen_id is None:
        return None
    if appeal.raw is None or appeal.raw.source.startswith("import:"):
        return None
    return queue_message(
        actor=actor,
        key=f"accepted:{appeal.pk}",
        citizen_id=appeal.citizen_id,
        template="accepted",
        context={
            "number": appeal.number,
            "code": code_for_notice(actor=actor, appeal_id=appeal.pk),
            "due": _moment(appeal.order.due_at),
            "url": _address(appeal),
        },
    )
