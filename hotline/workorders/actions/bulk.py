"""One verb on many orders: each by its own action, in its own transaction, answering for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.kit.actor import Actor
from hotline.kit.errors import ActionError, NotPermitted, NotVisible
from hotline.workorders.models import WorkOrder

MOST = 500
"""Orders of one run; larger jobs are several runs, each seen beforehand."""


def run_bulk(
    *, actor: Actor, verb: str, given: Mapping[str, Any], targets: Sequence[tuple[int, int | None]]
) -> dict[int, str]:
    """Run `verb` on (order id, assignment id) pairs; returns order id → why not, empty for done.

    A refusal of one order stops no other; nothing is half done within one order. Raises NotPermitted for the whole.
    """
    if not actor.has("workorders:bulk"):
        raise NotPermitted("workorders:bulk", _("Your roles do not include acting on many orders."))
    call = _calls()[verb]
    results: dict[int, str] = {}
    for order_id, assignment_id in targets[:MOST]:
        try:
            call(actor, order_id, assignment_id, given)
            results[order_id] = ""
        except ActionError as error:
            results[order_id] = str(error.message)
        except NotVisible:
            results[order_id] = _("It is not there any more, or not for you.")
    with transaction.atomic():
        record(
            actor=actor,
            verb="workorders.bulk",
            object_type="work_orders",
            object_id=verb,
            data={
                "orders": [order for order, _unit in targets[:MOST]],
                "done": sum(not reason for reason in results.values()),
            },
        )
    return results


Call = Callable[[Actor, int, int | None, Mapping[str, Any]], Any]


def _calls() -> Mapping[str, Call]:
    from hotline.workorders import actions

    def reclassify(actor: Actor, order: int, _unit: int | None, given: Mapping[str, Any]) -> Any:
        fields: dict[str, Any] = {}
        if given.get("category"):
            fields["category_id"] = given["category"].pk
        if given.get("urgency"):
            fields["urgency"] = given["urgency"]
        if given.get("labels"):
            had = list(WorkOrder.objects.filter(pk=order).values_list("labels", flat=True).first() or [])
            fields["labels"] = list(dict.fromkeys([*had, *given["labels"].split()]))
        return actions.reclassify(actor=actor, order_id=order, text=given["text"], **fields)

    return {
        "sign": lambda a, o, u, g: actions.sign(actor=a, assignment_id=u or 0),
        "dispatch": lambda a, o, u, g: actions.dispatch_order(
            actor=a, order_id=o, lead_unit_id=g["lead_unit"].pk, instructions=g["instructions"]
        ),
        "urge": lambda a, o, u, g: actions.urge(actor=a, order_id=o, text=g["text"]),
        "reclassify": reclassify,
        "approve_reply": lambda a, o, u, g: actions.decide_reply(
            actor=a, assignment_id=u or 0, approve=True, text=g["text"]
        ),
        "supervise": lambda a, o, u, g: actions.supervise(
            actor=a, order_id=o, reason_code=g["reason_code"], text=g["text"]
        ),
        "pass_review": lambda a, o, u, g: actions.pass_review(actor=a, order_id=o),
        "archive": lambda a, o, u, g: actions.archive(actor=a, order_id=o),
        "note": lambda a, o, u, g: actions.add_note(actor=a, order_id=o, text=g["text"]),
    }
