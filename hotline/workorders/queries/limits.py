"""What the order's pinned policy allows a unit to ask for."""

from __future__ import annotations

from hotline.workorders.city import category_code
from hotline.workorders.models import Assignment, WorkOrder
from hotline.worktime import queries as worktime
from hotline.worktime.rules import span_words


def extension_amounts(order: WorkOrder, assignment: Assignment) -> tuple[tuple[str, str], ...]:
    """(number, words) of each length that the policy allows, e.g. ("5", "5 个工作日"); empty without a policy."""
    if not order.policy_id:
        return ()
    limits = (
        worktime.policy(order.policy_id)
        .document.select(
            demand_type=order.demand_type,
            category_code=category_code(order.category_id),
            urgency=order.urgency,
            channel=order.channel,
            unit_level=assignment.unit.level,
            flow=order.flow,
        )
        .extension
    )
    return tuple((str(span.amount), span_words(span)) for span in limits.amounts)
