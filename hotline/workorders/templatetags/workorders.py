"""Small parts of the order's screens."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from hotline.ui.templatetags import ui
from hotline.workorders.templatetags import cells

register = template.Library()


@register.simple_tag
def order_state(order: Any) -> SafeString:
    """The order's state as a chip."""
    return mark_safe(cells.state_of(order))  # noqa: S308


@register.simple_tag
def unit_state(assignment: Any) -> SafeString:
    """An assignment's state as a chip; what waits for a decision is dashed."""
    return mark_safe(cells.unit_state_of(assignment))  # noqa: S308


@register.simple_tag
def order_urgency(order: Any) -> SafeString:
    """Urgency; nothing to see for the ordinary."""
    return mark_safe(cells.urgency_of(order))  # noqa: S308


@register.simple_tag
def order_marks(order: Any) -> SafeString:
    """What sets the order apart from others."""
    return mark_safe(cells.marks_of(order))  # noqa: S308


@register.simple_tag
def list_rows(rows: Any, columns: Any, tick: bool) -> SafeString:
    """The rows of a list with its columns."""
    return cells.list_rows(rows, [column.name for column in columns], bool(tick))


@register.simple_tag
def inbox_rows(rows: Any, tick: bool) -> SafeString:
    """The rows of the inbox."""
    return cells.inbox_rows(rows, bool(tick))


@register.simple_tag
def board_rows(rows: Any, permissions: Any) -> SafeString:
    """The rows of the supervision board."""
    return cells.board_rows(rows, permissions)


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
