"""Rows of the lists of orders as HTML.

Plain functions, because a page shows hundreds of cells: through the template engine one costs 60 to 100 µs, here a few.
Whatever comes from people is escaped here; the words come from the catalogue of the request's language, read once a process.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hotline.ui.templatetags import ui
from hotline.workorders.models import (
    AssignmentRole,
    AssignmentState,
    Channel,
    ClockLevel,
    DemandType,
    OrderState,
    Urgency,
)
from hotline.workorders.queries.signals import Chip

STATE_TONES: Mapping[str, str] = {
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
UNIT_TONES: Mapping[str, str] = {
    AssignmentState.PENDING_SIGN: "idle",
    AssignmentState.IN_PROGRESS: "active",
    AssignmentState.SENT_DOWN: "active",
    AssignmentState.ON_HOLD: "stopped",
    AssignmentState.DONE: "done",
    AssignmentState.RETURNED: "stopped",
    AssignmentState.RECALLED: "stopped",
}
_RANKS: Mapping[str, int] = {Urgency.ROUTINE: 0, Urgency.ELEVATED: 1, Urgency.URGENT: 2}
_MARKED = ' class="is-secret"'
_NOTHING = '<span class="nothing">—</span>'


class Words:
    """What the cells say in one language."""

    def __init__(self) -> None:
        self.states = {str(one): ui.state(str(one.label), STATE_TONES[one]) for one in OrderState}
        self.unit_states = {
            str(one): ui.state(str(one.label), UNIT_TONES.get(one, "wait")) for one in AssignmentState
        }
        self.urgencies = {str(one): ui.urgency(_RANKS[one], str(one.label)) for one in Urgency}
        self.types = {str(one): escape(str(one.label)) for one in DemandType}
        self.channels = {str(one): escape(str(one.label)) for one in Channel}
        self.secret = f"{ui.secrecy()} "
        self.cards = {
            str(ClockLevel.YELLOW): _card("yellow", _("Yellow card")),
            str(ClockLevel.RED): _card("red", _("Red card")),
            str(ClockLevel.ESCALATED): _card("red", _("Escalated")),
        }
        self.listed, self.supervised = _tag(_("Listed case")), _tag(_("Supervised"))
        self.redo, self.no_return = _("Redo %(n)s"), _tag(_("No return"))
        self.difficult, self.urged = _tag(_("Difficult")), _("Urged %(n)s×")
        self.anonymous, self.select = escape(_("Anonymous")), escape(_("Select"))
        self.assists = _tag(_("Assists"))


def _card(level: str, name: str) -> str:
    return f'<span class="card-mark" data-card="{level}">{escape(name)}</span> '


def _tag(name: str) -> str:
    return f'<span class="tagmark">{escape(name)}</span> '


@lru_cache(maxsize=8)
def _words(language: str) -> Words:
    del language  # the key: inside, `gettext` speaks the language of the request
    return Words()


def words() -> Words:
    """The cells' words in the request's language."""
    return _words(get_language() or "")


# `say` is `words()`, asked for once a table: which language a request speaks costs more to find out than a cell.


def state_of(order: Any, say: Words | None = None) -> str:
    """The order's state as a chip."""
    return (say or words()).states.get(order.state) or ui.state(order.get_state_display())


def unit_state_of(assignment: Any, say: Words | None = None) -> str:
    """An assignment's state as a chip; what waits for a decision is dashed."""
    known = (say or words()).unit_states.get(assignment.state)
    return known or ui.state(assignment.get_state_display(), "wait")


def urgency_of(order: Any, say: Words | None = None) -> str:
    """Urgency; nothing to see for the ordinary."""
    return (say or words()).urgencies.get(order.urgency) or ui.urgency(0, order.get_urgency_display())


def marks_of(order: Any, say: Words | None = None) -> str:
    """Everything that sets an order apart: secrecy, card, supervision, redo, returns locked, difficult, urged."""
    say, found = say or words(), ""
    if order.secret:
        found += say.secret
    found += say.cards.get(order.card, "")
    if order.listed:
        found += say.listed
    elif order.supervised:
        found += say.supervised
    if order.round > 1:
        found += _tag(say.redo % {"n": order.redo_count})
    if order.return_locked:
        found += say.no_return
    if order.difficult:
        found += say.difficult
    if order.urge_count:
        found += _tag(say.urged % {"n": order.urge_count})
    return found


def chip_of(value: Chip, label: str = "") -> str:
    """A deadline's chip."""
    return ui.clock(value.due, value.soon, value.done, value.paused, label)


def _category(order: Any, _say: Words) -> str:
    category = order.category
    if category is None:
        return _NOTHING
    return f'<span title="{escape(category.path_name)}">{escape(category.name)}</span>'


def _place(order: Any, _say: Words | None = None, longest: int = 24) -> str:
    division = escape(order.division.name) if order.division else ""
    if not order.address:
        return division
    address = order.address if len(order.address) <= longest else Truncator(order.address).chars(longest)
    return f'{division} <span class="text-secondary">{escape(address)}</span>'


def _unit(order: Any, _say: Words) -> str:
    return ui.unit_name(order.lead_unit.short_name) if order.lead_unit else _NOTHING


def _citizen(order: Any, say: Words) -> str:
    if order.anonymous:
        return say.anonymous
    citizen = order.citizen
    return f"{escape(citizen.name_mask)} {ui.phone(citizen.phone_mask)}" if citizen else ""


def _counts(order: Any, _say: Words) -> str:
    return f"{order.return_count} · {order.extension_count} · {order.redo_count} · {order.urge_count}"


def _title(order: Any, say: Words) -> str:
    return f'{urgency_of(order, say)} <span class="title-cut">{escape(order.title)}</span>'


#: Column → (class of the cell, what stands in it); `clock` and `number` need more than the order.
CELLS: Mapping[str, tuple[str, Callable[[Any, Words], str]]] = {
    "title": ("title-cell", _title),
    "state": ("fit", state_of),
    "urgency": ("fit", urgency_of),
    "type": ("fit", lambda order, say: say.types.get(order.demand_type, "")),
    "category": ("category-cell", _category),
    "place": ("place-cell", _place),
    "unit": ("unit", _unit),
    "citizen": ("fit", _citizen),
    "channel": ("fit", lambda order, say: say.channels.get(order.channel, "")),
    "marks": ("", marks_of),
    "created": ("fit", lambda order, _say: ui.moment(order.created_at)),
    "closed": ("fit", lambda order, _say: ui.moment(order.closed_at)),
    "counts": ("fit number", _counts),
}


def _addresses(number: str) -> tuple[str, str]:
    """What stands before and after an order's number in the address of its page."""
    before, _number, after = reverse("workorders:detail", args=[number]).rpartition(number)
    return before, after


def _tick(name: str, value: int, number: str, say: Words) -> str:
    label = f"{say.select} {number}"
    return f'<td class="fit"><input type="checkbox" class="form-check-input" name="{name}" value="{value}" aria-label="{label}"></td>'


def list_rows(rows: Sequence[Mapping[str, Any]], columns: Iterable[str], tick: bool) -> SafeString:
    """`<tr>` of each `{"order", "clock"}` with the named columns; `tick`: with a box to choose it for a bulk action."""
    if not rows:
        return mark_safe("")
    before, after = _addresses(rows[0]["order"].number)
    names, say = list(columns), words()
    lines = []
    for row in rows:
        order = row["order"]
        number = escape(order.number)
        address = f"{before}{number}{after}"
        line = [f'<tr data-row data-open="{address}"{_MARKED if order.secret else ""}>']
        if tick:
            line.append(_tick("order", order.pk, number, say))
        for name in names:
            if name == "clock":
                line.append(f'<td class="fit">{chip_of(row["clock"])}</td>')
            elif name == "number":
                line.append(f'<td class="fit"><a href="{address}" translate="no">{number}</a></td>')
            else:
                kind, cell = CELLS[name]
                shown = cell(order, say)
                line.append(f'<td class="{kind}">{shown}</td>' if kind else f"<td>{shown}</td>")
        line.append("</tr>")
        lines.append("".join(line))
    return mark_safe("\n".join(lines))  # noqa: S308 (every cell escapes what people wrote)


def inbox_rows(rows: Sequence[Mapping[str, Any]], tick: bool) -> SafeString:
    """`<tr>` of each `{"at": assignment, "chip", "owed"}` of the unit's inbox."""
    if not rows:
        return mark_safe("")
    say = words()
    before, after = _addresses(rows[0]["at"].order.number)
    lines = []
    for row in rows:
        at = row["at"]
        order = at.order
        number = escape(order.number)
        who = f"{escape(at.unit.short_name)}{f' · {escape(at.handler.name)}' if at.handler else ''}"
        lines.append(
            f'<tr data-row="{at.pk}" id="at-{at.pk}"{_MARKED if order.secret else ""}>'
            f"{_tick('assignment', at.pk, number, say) if tick else ''}"
            f'<td class="fit">{chip_of(row["chip"], str(row["owed"].label))}</td>'
            f'<td class="fit"><a href="{before}{number}{after}" translate="no">{number}</a></td>'
            f'<td class="title-cell">{_title(order, say)}</td>'
            f'<td class="wide-only">{_place(order, longest=20)}</td>'
            f'<td class="wide-only">{escape(order.category.name) if order.category else "—"}</td>'
            f'<td class="fit">{say.assists if at.role == AssignmentRole.ASSISTANT else ""}{who}<br>{unit_state_of(at, say)}</td>'
            f"<td>{marks_of(order, say)}</td></tr>"
        )
    return mark_safe("\n".join(lines))  # noqa: S308


def board_rows(rows: Sequence[Mapping[str, Any]], permissions: Container[str]) -> SafeString:
    """`<tr>` of each `{"order", "chip"}` of the supervision board, with the acts that the holder of `permissions` has."""
    if not rows:
        return mark_safe("")
    acts = [
        (verb, escape(label))
        for verb, code, label in (
            ("urge", "workorders:urge", _("Urge")),
            ("issue_card", "workorders:supervise", _("Card")),
            ("supervise", "workorders:supervise", _("Supervise")),
        )
        if code in permissions
    ]
    first = rows[0]["order"].number
    before, after = _addresses(first)
    ways = [(*reverse("workorders:act", args=[first, verb]).rpartition(first), label) for verb, label in acts]
    returned, say = _("returned %(n)s×"), words()
    lines = []
    for row in rows:
        order = row["order"]
        number = escape(order.number)
        buttons = " ".join(
            f'<button type="button" class="btn btn-sm" hx-get="{start}{number}{end}" hx-target="#act-body">{label}</button>'
            for start, _number, end, label in ways
        )
        back = f" <small>{escape(returned % {'n': order.return_count})}</small>" if order.return_count else ""
        lines.append(
            f'<tr data-row id="order-{order.pk}"{_MARKED if order.secret else ""}>'
            f'<td class="fit">{chip_of(row["chip"])}</td>'
            f'<td class="order-cell"><a href="{before}{number}{after}"><span class="title-cut">{escape(order.title)}</span></a>'
            f'<small translate="no">{number}</small> {state_of(order, say)}{marks_of(order, say)}{back}</td>'
            f'<td class="unit">{_unit(order, say)}</td><td class="row-acts">{buttons}</td></tr>'
        )
    return mark_safe("\n".join(lines))  # noqa: S308
