"""When the holidays of a year are published: orders whose deadlines were counted without them are counted anew.

An order stays pinned to the calendar that it was filed under (rules.md section 3), except that a deadline which reached
into a year nobody knew was provisional from the beginning (`derive_provisionally`) and is settled here, as an event of
its log, together with the pin.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor, system_actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import ActionError, NotPermitted
from hotline.workorders.actions import _clocks
from hotline.workorders.actions._case import Case
from hotline.workorders.actions._log import announce, write_event
from hotline.workorders.models import OPEN_STATES, Clock, ClockState, WorkOrder
from hotline.workorders.rules import VERBS
from hotline.worktime import queries as worktime
from hotline.worktime.queries import LoadedCalendar

SETTLER = system_actor("settler", "system:settle")
_COUNTING = (ClockState.RUNNING, ClockState.PAUSED)


def settle_calendar(*, actor: Actor = SETTLER) -> int:
    """Settle every open order whose provisional deadlines the calendar in effect now knows; returns how many.

    Harmless when repeated; one transaction an order, so that a stop in between loses nothing.
    """
    _permit(actor)
    try:
        current = worktime.calendar_in_effect()
    except ActionError:
        return 0  # no calendar at all; the health page says so
    return sum(settle_order(actor=actor, order_id=number) for number in _provisional(current))


def settle_order(*, actor: Actor, order_id: int) -> bool:
    """Count one order's deadlines with the calendar in effect and pin it; False when nothing of it was provisional."""
    _permit(actor)
    with transaction.atomic():
        case = Case.of(actor, order_id)
        current = worktime.calendar_in_effect()
        order = case.order
        if order.state not in OPEN_STATES or order.calendar_id == current.id or not _counts_unknown(order, current):
            return False
        before, pinned = order.due_at, order.calendar_id
        order.calendar_id = current.id
        data: dict[str, Any] = {"calendar": current.id, "calendar_before": pinned}
        # The revision stays: what somebody is typing about the order is as true as before.
        changed = {"calendar", *_clocks.refresh(order, case.clocks, case.assignments.values())}
        order.save(update_fields=sorted(changed))
        if before is not None and order.due_at != before:
            data["old_due"] = before.isoformat()
        event = write_event(order, "settle_calendar", actor, at=case.now, old_state=str(order.state), data=data)
        announce(order, "settle_calendar", event, old_state=str(order.state), units={row.unit_id for row in case.open()})
    return True


def _permit(actor: Actor) -> None:
    if not actor.is_system or not actor.has(VERBS["settle_calendar"].permission):
        raise NotPermitted("system:settle", _("Only the platform's own jobs may do this."))


def _provisional(current: LoadedCalendar) -> list[int]:
    """Open orders, pinned to an older calendar, that count into a year which it lacked and the current one holds."""
    found: set[int] = set()
    orders = WorkOrder.objects.filter(state__in=OPEN_STATES, calendar__isnull=False).exclude(calendar_id=current.id)
    for pinned in orders.order_by().values_list("calendar_id", flat=True).distinct():
        gained = current.calendar.years - worktime.calendar(pinned or 0).calendar.years
        if gained:
            since = datetime(min(gained), 1, 1, tzinfo=CITY_ZONE)
            found |= set(
                Clock.objects.filter(
                    order__in=orders.filter(calendar_id=pinned), state__in=_COUNTING, due_at__gte=since
                ).values_list("order_id", flat=True)
            )
    return sorted(found)


def _counts_unknown(order: WorkOrder, current: LoadedCalendar) -> bool:
    """Whether a clock that still counts assumes a year that the current calendar holds."""
    clocks = _clocks.rebuild(order).clocks.values()
    return any(clock.state in _COUNTING and clock.deadline.assumed & current.calendar.years for clock in clocks)
