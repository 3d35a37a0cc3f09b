"""Every citizen behind an order hears of what matters to them, once each (C6, C11, G5's beginning)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from hotline.followup import permissions
from hotline.intake.models import Appeal, AppealState
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE
from hotline.notifications.actions import queue_message
from hotline.workorders.models import WorkOrder, WorkOrderEvent

Facts = Callable[[WorkOrder, WorkOrderEvent], Mapping[str, str]]


def _moment(at: datetime | None) -> str:
    return at.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M") if at else _("soon")


def _unit(order: WorkOrder, _event: WorkOrderEvent) -> Mapping[str, str]:
    return {"unit": order.lead_unit.name if order.lead_unit else "", "due": _moment(order.due_at)}


def _extended(order: WorkOrder, event: WorkOrderEvent) -> Mapping[str, str]:
    old = event.data.get("old_due_at")
    return {
        "reason": _reason(event),
        "due": _moment(order.due_at),
        "old_due": _moment(datetime.fromisoformat(old) if old else None),
    }


def _held(_order: WorkOrder, event: WorkOrderEvent) -> Mapping[str, str]:
    return {"reason": _reason(event), "until": str(event.data.get("until") or _("a date to be told"))}


def _question(_order: WorkOrder, event: WorkOrderEvent) -> Mapping[str, str]:
    return {"question": event.text}


def _nothing(_order: WorkOrder, _event: WorkOrderEvent) -> Mapping[str, str]:
    return {}


def _reason(event: WorkOrderEvent) -> str:
    # What a unit wrote for its superiors is not for the citizen: the reason's public name is.
    return str(event.data.get("reason_name") or _("the matter needs more time"))


NOTICES: Mapping[str, tuple[str, Facts]] = {
    "dispatch": ("dispatched", _unit),
    "designate": ("dispatched", _unit),
    "approve_extension": ("extended", _extended),
    "approve_hold": ("held", _held),
    "ask_supplement": ("supplement_wanted", _question),
    "approve_reply": ("closed", _nothing),
    "merge": ("merged", _nothing),
    "redo": ("redone", _unit),
    "withdraw": ("withdrawn", _nothing),
}
"""Verb → template and the facts that it names."""


@transaction.atomic
def tell_citizens(*, actor: Actor, order_id: int, event_id: int) -> int:
    """Queue the notice of one event for each citizen with a phone, once each; returns how many were new."""
    permissions.can_plan(actor).require("followup:plan")
    event = (
        WorkOrderEvent.objects.select_related("order__lead_unit")
        .filter(pk=event_id, order_id=order_id)
        .first()
    )
    if event is None or event.verb not in NOTICES:
        return 0
    order = event.order
    if event.verb == "approve_reply" and event.new_state != "pending_follow_up":
        return 0  # a unit above approved the reply of one below; the citizen hears when it is theirs
    template, facts = NOTICES[event.verb]
    appeals = (
        Appeal.objects.filter(
            Q(order=order) | Q(order__merged_into=order),
            state__in=[AppealState.ORDERED, AppealState.APPENDED],
        )
        .filter(citizen__phone_hash__isnull=False)
        .order_by("id")
    )
    told: set[int] = set()
    new = 0
    for appeal in appeals:
        if appeal.citizen_id is None or appeal.citizen_id in told:
            continue
        told.add(appeal.citizen_id)
        url = settings.PUBLIC_URL + reverse("portal:look_up") + f"?number={appeal.number}"
        new += queue_message(
            actor=actor,
            key=f"event:{event.pk}:{appeal.citizen_id}",
            citizen_id=appeal.citizen_id,
            template=template,
            context={"number": appeal.number, "url": url, **facts(order, event)},
        )
    return new
