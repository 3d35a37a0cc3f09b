"""What a list may be narrowed by, as a value that becomes a condition. Only what an index or the open orders bear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Q

from hotline.kit.clock import CITY_ZONE
from hotline.workorders.models import (
    FINAL_STATES,
    OPEN_STATES,
    OrderState,
    Supervision,
    SupervisionKind,
)
from hotline.workorders.queries.visibility import in_division


class StateGroup(StrEnum):
    """Groups that people think in, beside single states."""

    OPEN = "open"
    WITH_HUB = "with_hub"
    WITH_UNIT = "with_unit"
    IN_REVIEW = "in_review"
    FOLLOW_UP = "follow_up"
    FINISHED = "finished"


GROUP_STATES: dict[StateGroup, tuple[OrderState, ...]] = {
    StateGroup.OPEN: OPEN_STATES,
    StateGroup.WITH_HUB: (
        OrderState.PENDING_REVIEW,
        OrderState.PENDING_SUPPLEMENT,
        OrderState.PENDING_DISPATCH,
        OrderState.ARBITRATION,
    ),
    StateGroup.WITH_UNIT: (OrderState.PENDING_SIGN, OrderState.IN_PROGRESS, OrderState.ON_HOLD),
    StateGroup.IN_REVIEW: (
        OrderState.RETURN_REVIEW,
        OrderState.EXTENSION_REVIEW,
        OrderState.HOLD_REVIEW,
        OrderState.CLOSE_REVIEW,
    ),
    StateGroup.FOLLOW_UP: (OrderState.PENDING_FOLLOW_UP,),
    StateGroup.FINISHED: FINAL_STATES,
}


class Flag(StrEnum):
    SUPERVISED = "supervised"
    LISTED = "listed"
    OVERDUE = "overdue"
    DUE_SOON = "due_soon"
    REDO = "redo"
    RETURNED = "returned"
    DIFFICULT = "difficult"
    SECRET = "secret"  # noqa: S105


RESTING = [str(OrderState.ON_HOLD), str(OrderState.CLOSE_REVIEW), str(OrderState.PENDING_FOLLOW_UP)]
"""Open, but the city's finish clock does not run: it pauses on hold and stops with the reply."""
DUE_SOON = timedelta(hours=24)
"""What "due soon" means in lists and on the board; each clock's own warning point is the policy's."""


@dataclass(frozen=True, slots=True)
class OrderFilters:
    """All optional. `words` are free text, `number` an exact order number, `citizen_id` comes from a full phone number."""

    states: tuple[str, ...] = ()
    unit_id: int | None = None
    category_ids: tuple[int, ...] = ()
    division: str = ""
    urgencies: tuple[str, ...] = ()
    demand_types: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    words: str = ""
    number: str = ""
    citizen_id: int | None = None
    ids: tuple[int, ...] = field(default=())

    @property
    def empty(self) -> bool:
        return not any(getattr(self, item.name) for item in fields(self))

    def conditions(self, now: datetime, prefix: str = "") -> Q:
        """Everything but words, unit and visibility; `prefix` leads from the row to the order (`order__`)."""

        def p(**terms: Any) -> Q:
            return Q(**{f"{prefix}{name}": value for name, value in terms.items()})

        found = Q()
        if self.states:
            found &= p(state__in=sorted(expand_states(self.states)))
        if self.category_ids:
            found &= p(category_id__in=self.category_ids)
        if self.division:
            found &= in_division(self.division, prefix)
        if self.urgencies:
            found &= p(urgency__in=self.urgencies)
        if self.demand_types:
            found &= p(demand_type__in=self.demand_types)
        if self.channels:
            found &= p(channel__in=self.channels)
        if self.since:
            found &= p(created_at__gte=start_of(self.since))
        if self.until:
            found &= p(created_at__lt=start_of(self.until + timedelta(days=1)))
        if self.number:
            found &= p(number=self.number)
        if self.citizen_id is not None:
            found &= p(citizen_id=self.citizen_id)
        if self.ids:
            found &= p(**{("pk__in" if not prefix else "id__in"): self.ids})
        for flag in self.flags:
            found &= flag_condition(Flag(flag), now, prefix)
        return found


def start_of(day: date) -> datetime:
    """Midnight of the city's day."""
    return datetime.combine(day, time(), tzinfo=CITY_ZONE)


def expand_states(wanted: tuple[str, ...]) -> set[str]:
    """Single states and groups → single states."""
    states: set[str] = set()
    for name in wanted:
        if name in StateGroup.__members__.values():
            states |= {str(state) for state in GROUP_STATES[StateGroup(name)]}
        else:
            states.add(name)
    return states


def flag_condition(flag: Flag, now: datetime, prefix: str = "") -> Q:
    """Late and soon late concern open orders only; a clock that stands still is neither."""

    def p(**terms: Any) -> Q:
        return Q(**{f"{prefix}{name}": value for name, value in terms.items()})

    running = ~p(state__in=[str(state) for state in FINAL_STATES]) & ~p(state__in=RESTING)
    match flag:
        case Flag.SUPERVISED:
            return p(supervised=True)
        case Flag.LISTED:
            # Few among millions: named by the supervisions, never sought by walking the orders.
            listed = Supervision.objects.filter(kind=SupervisionKind.LISTED).values("order_id")
            return p(listed=True) & p(**{("pk__in" if not prefix else "id__in"): listed})
        case Flag.OVERDUE:
            return running & p(due_at__lt=now)
        case Flag.DUE_SOON:
            return running & p(due_at__gte=now, due_at__lt=now + DUE_SOON)
        case Flag.REDO:
            return p(round__gt=1)
        case Flag.RETURNED:
            return p(return_count__gt=0)
        case Flag.DIFFICULT:
            return p(difficult=True)
        case Flag.SECRET:
            return p(secret=True)


def stored(filters: OrderFilters) -> Mapping[str, Any]:
    """As JSON for the export's audit row: identity is told by id, never by number."""
    return {
        name: str(value) if isinstance(value, date) else value
        for name, value in asdict(filters).items()
        if value
    }
