"""An order as its citizen may read it: who holds it, the promised date and why, what happened, in a citizen's words (G2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.workorders.models import Audience, OrderState, Reply, WorkOrder, WorkOrderEvent
from hotline.workorders.rules.verbs import VERBS

CITIZENS_OWN = frozenset(
    {"create", "supply", "supplement", "urge", "withdraw", "ask_supplement", "attach", "remove_attachment"}
)
"""Steps between the hotline and one citizen; those behind a merged order do not read each other's."""
PROMISED_STATES = (OrderState.CLOSED, OrderState.ARCHIVED, OrderState.PENDING_FOLLOW_UP)


@dataclass(frozen=True, slots=True)
class PublicStep:
    """One line of the citizen's timeline; `note` are words written for the citizen, empty for most steps."""

    at: datetime
    text: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class CitizenView:
    """`reply` is the approved answer of the latest round, empty before. `steps` run from the oldest to the newest."""

    state: str
    state_text: str
    unit: str
    reply: str
    replied_by: str
    steps: tuple[PublicStep, ...]


def citizen_view(order: WorkOrder) -> CitizenView:
    """What the citizen sees of an order; of a merged one, its own steps and then those of the order that carries it.

    Three queries, one more for a merged order. The caller has checked that the citizen may see `order`.
    """
    carrier = order.merged_into if order.merged_into_id else order
    assert carrier is not None
    steps = _steps(order.pk)
    if carrier.pk != order.pk:
        merged_at = max((step.at for step in steps), default=order.created_at)
        # What the other citizen did or wrote is theirs alone.
        steps += [step for step in _steps(carrier.pk, without=CITIZENS_OWN) if step.at > merged_at]
    reply = None
    if carrier.state in PROMISED_STATES:
        reply = (
            Reply.objects.filter(order_id=carrier.pk, state="approved")
            .select_related("assignment__unit")
            .order_by("-id")
            .first()
        )
    return CitizenView(
        state=carrier.state,
        state_text=str(OrderState(carrier.state).label),
        unit=carrier.lead_unit.name if carrier.lead_unit else "",
        reply=reply.text if reply else "",
        replied_by=(reply.signed_unit or reply.assignment.unit.name) if reply else "",
        steps=tuple(steps),
    )


def _steps(order_id: int, *, without: frozenset[str] = frozenset()) -> list[PublicStep]:
    told = [name for name, verb in VERBS.items() if verb.public is not None and name not in without]
    rows = (
        WorkOrderEvent.objects.filter(order_id=order_id, verb__in=told).select_related("unit").order_by("id")
    )
    return [
        PublicStep(
            at=event.at,
            text=str(VERBS[event.verb].public),
            unit=event.unit.name if event.unit else "",
            note=event.text if event.audience == Audience.PUBLIC else "",
        )
        for event in rows
        if event.audience == Audience.PUBLIC or not VERBS[event.verb].by_audience
    ]
