"""What the desk knows of a caller, in four queries, while the phone still rings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hotline.accounts.models import Citizen
from hotline.accounts.queries import find_citizen
from hotline.intake.models import Appeal, AppealState, CallerRestriction
from hotline.intake.rules.restrictions import MEASURES, Restriction, in_force
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.workorders.models import FINAL_STATES, WorkOrder
from hotline.workorders.queries import visible_to

SHOWN_ORDERS = 12
SHOWN_APPEALS = 6


@dataclass(frozen=True, slots=True)
class CallerCard:
    """`citizen` None for somebody who never called. Orders newest first, open ones apart."""

    citizen: Citizen | None
    open_orders: list[WorkOrder] = field(default_factory=list)
    finished: list[WorkOrder] = field(default_factory=list)
    appeals: list[Appeal] = field(default_factory=list)
    restrictions: list[Restriction] = field(default_factory=list)

    @property
    def earlier(self) -> int:
        """How many orders and answers are shown as history."""
        return len(self.open_orders) + len(self.finished) + len(self.appeals)


def caller_card(phone: str, *, actor: Actor) -> CallerCard:
    """History of a full number, by its keyed hash; of orders only what this actor may see."""
    citizen = find_citizen(phone)
    if citizen is None:
        return CallerCard(None)
    orders = list(
        visible_to(actor)
        .filter(citizen_id=citizen.pk)
        .select_related("lead_unit", "category")
        .defer("content", "search", "answers", "expectation")
        .order_by("-id")[:SHOWN_ORDERS]
    )
    appeals = list(
        Appeal.objects.filter(
            citizen_id=citizen.pk,
            order=None,
            state__in=[AppealState.ANSWERED, AppealState.NOT_ACCEPTED, AppealState.REFERRED],
        )
        .defer("content", "form", "answer")
        .order_by("-id")[:SHOWN_APPEALS]
    )
    return CallerCard(
        citizen=citizen,
        open_orders=[order for order in orders if order.state not in FINAL_STATES],
        finished=[order for order in orders if order.state in FINAL_STATES],
        appeals=appeals,
        restrictions=restrictions_of(citizen.pk, now()),
    )


def restrictions_of(citizen_id: int, moment: datetime) -> list[Restriction]:
    """Advice in force about a caller."""
    rows = CallerRestriction.objects.filter(citizen_id=citizen_id, state="approved").order_by("-id")
    return [
        Restriction(
            row.pk,
            str(MEASURES.get(row.measure, row.measure)),
            row.reason_code,
            row.text,
            row.expires_at,
            bool(row.appeal_text and not row.appeal_decision),
        )
        for row in rows
        if in_force(row.state, row.expires_at, moment)
    ]


def restrictions_waiting() -> list[CallerRestriction]:
    """Proposals and objections that wait for a decision, oldest first."""
    rows = CallerRestriction.objects.select_related("citizen").order_by("id")
    return [
        *rows.filter(state="proposed")[:100],
        *rows.filter(state="approved", appeal_decision="").exclude(appeal_text="")[:100],
    ]


def restrictions_decided(limit: int = 50) -> list[CallerRestriction]:
    """What was decided lately, newest first."""
    return list(
        CallerRestriction.objects.select_related("citizen").exclude(state="proposed").order_by("-id")[:limit]
    )
