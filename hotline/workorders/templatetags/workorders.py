"""Small parts of the order's screens."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from hotline.ui.templatetags import ui
from hotline.workorders.models import AssignmentState, OrderState, Urgency

register = template.Library()

_TONES = {
    OrderState.PENDING_REVIEW: "idle",
    OrderState.PENDING_SUPPLEMENT: "wait",
    OrderState.PENDING_DISPATCH: "idle",
    OrderState.ARBITRATION: "wait",
    OrderState.PENDING_SIGN: "idle",
    OrderState.IN_PROGRESS: "active",
    OrderState.RETURN_REVIEW: "wait",
    OrderState.EXTENSION_REVIEW: "wait",
    OrderState.HOLD_REVIEW: "wait",
    OrderState.ON_HOLD: "stopped",
    OrderState.CLOSE_REVIEW: "wait",
    OrderState.PENDING_FOLLOW_UP: "wait",
    OrderState.CLOSED: "done",
    OrderState.ARCHIVED: "done",
    OrderState.MERGED: "stopped",
}
_UNIT_TONES = {
    AssignmentState.PENDING_SIGN: "idle",
    AssignmentState.IN_PROGRESS: "active",
    AssignmentState.SENT_DOWN: "active",
    AssignmentState.ON_HOLD: "stopped",
    AssignmentState.DONE: "done",
    AssignmentState.RETURNED: "stopped",
    AssignmentState.RECALLED: "stopped",
}
_RANKS = {Urgency.ROUTINE: 0, Urgency.ELEVATED: 1, Urgency.URGENT: 2}


@register.simple_tag
def order_state(order: Any) -> SafeString:
    """The order's state as a chip."""
    return ui.state(order.get_state_display(), _TONES.get(order.state, "active"))


@register.simple_tag
def unit_state(assignment: Any) -> SafeString:
    """An assignment's state as a chip; what waits for a decision is dashed."""
    return ui.state(assignment.get_state_display(), _UNIT_TONES.get(assignment.state, "wait"))


@register.simple_tag
def order_urgency(order: Any) -> SafeString:
    """Urgency; nothing to see for the ordinary."""
    return ui.urgency(_RANKS.get(order.urgency, 0), order.get_urgency_display())


@register.simple_tag
def chip(value: Any, label: str = "") -> SafeString:
    """A `queries.signals.Chip` as the clock's chip."""
    return ui.clock(value.due, soon=value.soon, done=value.done, paused=value.paused, label=label)


@register.filter
def capped(value: int) -> str:
    """999+ instead of a number that nobody counts."""
    return "999+" if value > 999 else str(value)


@register.filter
def size(value: int) -> str:
    """Bytes for people: 2.4 MB."""
    number = float(value)
    for unit in ("B", "KB", "MB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GB"


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or nothing."""
    try:
        return mapping.get(key)
    except AttributeError:
        return None
