"""What the machine proposes for a new order: read, kept, its risk raised; settled when a person has decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.dispatch.actions.automatic import dispatch_automatically, note_return
from hotline.dispatch.models import AutomaticDispatch
from hotline.dispatch.queries.automatic import the_switch
from hotline.dispatch.queries.ranking import ranked_units
from hotline.dispatch.queries.similar import likely_duplicates
from hotline.dispatch.rules import Hold
from hotline.kit.actor import Actor
from hotline.kit.clock import now, today
from hotline.kit.errors import Invalid
from hotline.suggestions import actions as suggestions
from hotline.suggestions import queries as readings
from hotline.suggestions.models import Kind
from hotline.suggestions.queries import Reading
from hotline.suggestions.rules import Candidate, Proposal
from hotline.workorders import actions as orders
from hotline.workorders.models import FINAL_STATES, Category, OrderState, WorkOrder, WorkOrderEvent
from hotline.workorders.queries import get_visible

BEFORE_DISPATCH = frozenset(
    {OrderState.PENDING_REVIEW, OrderState.PENDING_SUPPLEMENT, OrderState.PENDING_DISPATCH}
)
CATALOGUE = "catalogue and past orders"
PATIENCE = 5.0
"""Seconds that a job waits for a busy model, so that no order goes unread because the machine was."""


def propose(*, actor: Actor, order_id: int, seen_by: str = "") -> int:
    """Read an order and keep what can be proposed; returns how many proposals are new. May run twice.

    `seen_by`: key of the agent who had the same proposals beside the form while typing; empty: nobody saw them yet.

    Nothing is proposed for what was answered on the line and is closed: nobody will decide on it, and at a big hotline it
    is more than half. Its dangers are raised all the same. The models are asked before anything is written, so that no row
    is locked while the worker thinks.
    """
    order = WorkOrder.objects.select_related("category").filter(pk=order_id).first()
    if order is None or readings.proposals_of(order_id):
        return 0
    reading, proposals = _read(order)
    with transaction.atomic():
        made = suggestions.keep_proposals(
            actor=actor, order_id=order_id, proposals=proposals, seen_by=seen_by, seen_at=order.created_at
        )
        if reading.alarming:
            suggestions.raise_risk(
                actor=actor,
                order_id=order_id,
                kinds=[one.kind for one in reading.alarming],
                level=reading.urgency,
                evidence=reading.alarm_spans,
                model="rules",
            )
    if proposals and order.state not in BEFORE_DISPATCH:
        settle(actor=actor, order_id=order_id)
    return made


def _read(order: WorkOrder) -> tuple[Reading, list[Proposal]]:
    if order.state in FINAL_STATES:
        return readings.read_danger(order.title, order.content), []
    chosen = order.category.code if order.category else ""
    place = order.actual_division_id or order.division_id or ""
    reading = readings.read_text(order.title, order.content, category=chosen, area=place, patience=PATIENCE)
    code = chosen or (reading.categories[0].value if reading.categories and reading.sure else "")
    place = place or (reading.places[0].code if reading.places else "")
    units = ranked_units(code, place, today())
    proposals = [
        *reading.proposals(),
        Proposal(
            Kind.UNIT, CATALOGUE, tuple(Candidate(str(one.unit_id), one.name, one.score) for one in units)
        ),
    ]
    return reading, proposals


def settle(*, actor: Actor, order_id: int) -> int:
    """An order was sent to a unit: what people made of the proposals. The last dispatch says who decided."""
    sent = (
        WorkOrderEvent.objects.filter(order_id=order_id, verb__in=["dispatch", "designate"])
        .order_by("-id")
        .values_list("actor", flat=True)
        .first()
    )
    return suggestions.settle(actor=actor, order_id=order_id, decided_by=sent) if sent else 0


def send_by_itself(*, actor: Actor, order_id: int) -> Hold | None:
    """Let an order that waits in the pool go out by itself, if the city trusts the machine with it; else why it waits."""
    switch = the_switch()
    if switch is None or not switch.on:
        return Hold.SWITCHED_OFF
    order = (
        WorkOrder.objects.select_related("category")
        .filter(pk=order_id, state=OrderState.PENDING_DISPATCH)
        .first()
    )
    proposal = readings.proposals_of(order_id).get(Kind.CATEGORY)
    if order is None:
        return Hold.CLAIMED
    if proposal is None or not proposal.candidates:
        return Hold.NO_CATEGORY
    code = str(proposal.candidates[0]["value"])
    doubles = likely_duplicates(
        actor=actor,
        citizen_id=order.citizen_id,
        category=order.category.code if order.category else code,
        division=order.actual_division_id or order.division_id or "",
        text=f"{order.title}{order.content}",
        moment=now(),
        except_id=order.pk,
    )
    risk = readings.risk_of(order_id)
    return dispatch_automatically(
        actor=actor,
        order_id=order_id,
        category_code=code,
        confidence=proposal.confidence,
        model=proposal.model,
        risks=0 if risk is None or risk.confirmed is False else 1,
        duplicates=len(doubles),
    )


def note_returned(*, actor: Actor, order_id: int) -> bool:
    """A unit gave an order back; when it had gone out by itself, that judges it."""
    if not AutomaticDispatch.objects.filter(order_id=order_id, right=None).exists():
        return False
    return note_return(actor=actor, order_id=order_id)


@transaction.atomic
def dispatch_as_proposed(
    *,
    actor: Actor,
    order_id: int,
    category_code: str,
    unit_id: int,
    division_code: str = "",
    assistant_ids: Sequence[int] = (),
    revision: int | None = None,
) -> WorkOrder:
    """One key: what the order lacks of category and place is set as proposed, and it goes to the proposed unit.

    All stand or fall together. What `reclassify` and `dispatch_order` refuse is refused; Invalid for an unknown category.
    """
    order = get_visible(actor, order_id)
    fields: dict[str, Any] = {}
    if category_code and order.category is None:
        category = Category.objects.filter(code=category_code).first()
        if category is None:
            raise Invalid("category", _("There is no such category."))
        fields["category_id"] = category.pk
    if division_code and not order.division_id:
        fields["division_id"] = division_code
    if fields:
        orders.reclassify(actor=actor, order_id=order_id, revision=revision, **fields)
        revision = None
    return orders.dispatch_order(
        actor=actor,
        order_id=order_id,
        lead_unit_id=unit_id,
        assistant_unit_ids=list(assistant_ids),
        instructions="",
        revision=revision,
    )
