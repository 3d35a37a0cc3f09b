"""Duplicates: merge, undo, link. Every citizen keeps number, notice and follow-up."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.workorders.actions._case import Case
from hotline.workorders.models import (
    AssignmentState,
    ClosingKind,
    OrderLink,
    OrderState,
    WorkOrder,
    WorkOrderEvent,
)
from hotline.workorders.rules.clocks import ClockEffect


@transaction.atomic
def merge(*, actor: Actor, order_ids: Iterable[int], into_id: int, text: str = "", revision: int | None = None) -> WorkOrder:
    """并单: the orders go on inside `into_id`; what they were stays in the event, so that it can be undone.

    `revision` is the main order's. Raises Refused when the main order is merged or ended itself.
    """
    wanted = [number for number in dict.fromkeys(order_ids) if number != into_id]
    if not wanted:
        raise Invalid("orders", _("Choose the orders to merge."), details={"orders": _("Choose the orders to merge.")})
    cases = Case.many(actor, [*wanted, into_id])
    main = cases[into_id]
    if revision is not None and revision != main.order.revision:
        main = Case.of(actor, into_id, revision=revision, text=text)
    main.permit("absorb")
    main.require("absorb")
    for number in wanted:
        case = cases[number]
        case.permit("merge")
        case.require("merge")
        if case.order.secret != main.order.secret:
            raise Refused("secrecy", _("A confidential order can only be merged with confidential ones."))
        _merge_one(case, main.order, text)
    main.record("absorb", text=text, data={"absorbed": wanted})
    return main.order


def _merge_one(case: Case, main: WorkOrder, text: str) -> None:
    order = case.order
    was = {
        "state": order.state,
        "assignments": {str(row.pk): row.state for row in case.open()},
        "lead_unit": order.lead_unit_id,
    }
    case.end(case.open())
    case.change(
        state=str(OrderState.MERGED), merged_into_id=main.pk, closing_kind=str(ClosingKind.MERGED), pool_claimed_by_id=None,
        pool_claimed_at=None,
    )
    case.record("merge", text=text, data={"into": main.pk, "was": was})


@transaction.atomic
def unmerge(*, actor: Actor, order_id: int, text: str = "", revision: int | None = None) -> WorkOrder:
    """Undo a merge: state, clocks and assignments come back from the log; deadlines are what they were before it."""
    main_id = WorkOrder.objects.filter(pk=order_id).values_list("merged_into_id", flat=True).first()
    cases = Case.many(actor, [order_id, *([main_id] if main_id else [])])
    case = cases[order_id]
    if revision is not None and revision != case.order.revision:
        case = Case.of(actor, order_id, revision=revision, text=text)
    case.permit("unmerge")
    case.require("unmerge")
    event = WorkOrderEvent.objects.filter(order_id=order_id, verb="merge").order_by("-id").first()
    if event is None:
        raise Refused("no_merge", _("The log does not hold what the order was before the merge."))
    was = event.data["was"]
    for number, state in was["assignments"].items():
        row = case.assignments[int(number)]
        case.move(row, AssignmentState(state), ended_at=None)
    main = case.order.merged_into_id
    case.change(state=was["state"], merged_into_id=None, closing_kind="", lead_unit_id=was["lead_unit"])
    case.record("unmerge", text=text, effects=_restored(event), data={"from": main, "undoes": event.pk})
    if main_id is not None:
        cases[main_id].record("part", text=text, data={"parted": order_id})
    return case.order


def _restored(event: WorkOrderEvent) -> list[ClockEffect]:
    lines = [ClockEffect.read(line) for line in event.data.get("clocks", ())]
    return [ClockEffect("restore", line.key) for line in lines if line.do == "void"]


@transaction.atomic
def link(*, actor: Actor, order_id: int, other_id: int, kind: str = "related", revision: int | None = None) -> OrderLink:
    """关联工单: both orders know of each other and stay themselves."""
    if order_id == other_id:
        raise Invalid("other", _("An order cannot be linked with itself."), details={"other": _("Choose another order.")})
    cases = Case.many(actor, [order_id, other_id])
    case = cases[order_id]
    if revision is not None and revision != case.order.revision:
        case = Case.of(actor, order_id, revision=revision)
    for one in (case, cases[other_id]):
        one.permit("link")
    first, second = sorted((order_id, other_id))
    try:
        with transaction.atomic():
            made = OrderLink.objects.create(first_id=first, second_id=second, kind=kind[:30], created_by=actor.key())
    except IntegrityError:
        raise Refused("linked", _("These orders are linked already.")) from None
    case.record("link", data={"other": other_id, "kind": kind})
    cases[other_id].record("link", data={"other": order_id, "kind": kind})
    return made


@transaction.atomic
def unlink(*, actor: Actor, link_id: int) -> None:
    """Undo a link."""
    found = OrderLink.objects.filter(pk=link_id).first()
    if found is None:
        raise NotVisible
    cases = Case.many(actor, [found.first_id, found.second_id])
    for case in cases.values():
        case.permit("unlink")
    kind = found.kind
    found.delete()
    cases[found.first_id].record("unlink", data={"other": found.second_id, "kind": kind})
    cases[found.second_id].record("unlink", data={"other": found.first_id, "kind": kind})


__all__ = ["link", "merge", "unlink", "unmerge"]
