"""Returns, extensions, holds: windows, counts and who decides (rules.md sections 2 and 4.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy as _

from hotline.workorders.models.states import ApplicationKind, OrderState
from hotline.workorders.rules.rows import Place, Words
from hotline.worktime.rules import (
    ExtensionLimits,
    ReturnLimits,
    Span,
    WorkCalendar,
    YearUnknown,
    extension_fault,
    return_fault,
)

LONGEST_HOLD = timedelta(days=180)
"""X: a hold is looked at again at least twice a year."""

FAULTS: Mapping[str, Words] = {
    "window": _("The time for returning is over (see the policy). The order must be handled; apply for assistance if needed."),
    "basis": _("A return needs its legal basis."),
    "none_allowed": _("The policy allows no extension here."),
    "too_many": _("The extensions that the policy allows are used up."),
    "expired": _("An extension must be asked for before the deadline."),
    "amount": _("Choose one of the lengths that the policy allows."),
    "until_missing": _("Say until when the order shall wait."),
    "until_past": _("The hold must end after today."),
    "until_far": _("A hold may last half a year at most."),
    "no_clock": _("There is no running deadline to extend."),
}


def return_refusal(
    limits: ReturnLimits, *, started_at: datetime, now: datetime, calendar: WorkCalendar, basis: str
) -> str:
    """Code of `FAULTS` that forbids a return now, or empty. A year missing from the calendar never costs the right."""
    if not basis.strip():
        return "basis"
    try:
        return return_fault(limits, started_at=started_at, now=now, calendar=calendar)
    except YearUnknown:
        return ""


def extension_refusal(
    limits: ExtensionLimits, *, used: int, amount: Span | None, now: datetime, due_at: datetime | None
) -> str:
    """Code of `FAULTS` that forbids an extension now, or empty."""
    if due_at is None:
        return "no_clock"
    if amount is None:
        return "amount"
    return extension_fault(limits, used=used, amount=amount, now=now, due_at=due_at)


def amount_of(limits: ExtensionLimits, days: int | None) -> Span | None:
    """The policy's length with that number (`Application.amount` is "in the policy's unit")."""
    return next((span for span in limits.amounts if span.amount == days), None)


def hold_refusal(until: date | None, today: date) -> str:
    """Code of `FAULTS` that forbids a hold until then, or empty."""
    if until is None:
        return "until_missing"
    if until <= today:
        return "until_past"
    return "until_far" if until > today + LONGEST_HOLD else ""


def decided_at(kind: ApplicationKind, *, top: bool, limits: ExtensionLimits | None = None, amount: Span | None = None) -> Place:
    """Who decides: the unit above for what stays inside its own deadline, else the hotline centre."""
    if top or kind in (ApplicationKind.HOLD, ApplicationKind.UNREASONABLE):
        return Place.HUB
    if kind is ApplicationKind.EXTENSION and limits is not None and amount is not None and limits.needs_city(amount):
        return Place.HUB
    return Place.ABOVE


def after_return(return_count: int, limits: ReturnLimits) -> OrderState:
    """Where an order goes after its `return_count`-th approved return."""
    after = limits.arbitration_after
    return OrderState.ARBITRATION if after and return_count >= after else OrderState.PENDING_DISPATCH


def ping_pong(units: Sequence[int]) -> list[int]:
    """Units that got the order again after it had gone elsewhere, from the sequence of top lead units."""
    seen: set[int] = set()
    found: list[int] = []
    last: int | None = None
    for unit in units:
        if unit != last and unit in seen and unit not in found:
            found.append(unit)
        seen.add(unit)
        last = unit
    return found
