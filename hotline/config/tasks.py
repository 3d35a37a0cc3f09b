"""Jobs that join packages which may not know each other."""

from __future__ import annotations

from procrastinate.contrib.django import app

from hotline.knowledge import actions as knowledge
from hotline.knowledge.models import GapSource
from hotline.workorders.models import DemandType, WorkOrder


@app.task(name="knowledge.note_consultation", queue="default", retry=3)
def note_consultation(order_id: int, **_: object) -> bool:
    """A consultation was dispatched: what the hotline could not answer is a gap in its knowledge (rules.md section 8).

    Only the title goes over, and nothing of a confidential order. An order is one gap, however often it is sent.
    """
    order = WorkOrder.objects.select_related("category", "lead_unit").filter(pk=order_id).first()
    if order is None or order.secret or order.demand_type != DemandType.CONSULTATION:
        return False
    gap = knowledge.note_gap(
        actor=knowledge.SYSTEM,
        source=GapSource.ORDER,
        text=order.title,
        key=f"order:{order.pk}",
        category_code=order.category.code if order.category else "",
        region=order.division_id or "",
        unit_id=order.lead_unit_id,
    )
    return gap is not None
