"""Preview of one act on many orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.workorders.models import Application, Assignment, WorkOrder
from hotline.workorders.queries.offers import bulk_verdict
from hotline.workorders.queries.visibility import visible_to


@dataclass(frozen=True, slots=True)
class Prospect:
    """A row of the preview; an empty `reason` means that it would be tried."""

    order: WorkOrder
    assignment_id: int | None
    reason: str


def preview(actor: Actor, verb: str, order_ids: Sequence[int], *, now: datetime) -> list[Prospect]:
    """What would happen to each visible order, in the order given. Invisible ones are left out: they do not exist."""
    rows = (
        visible_to(actor)
        .filter(pk__in=order_ids)
        .select_related("lead_unit", "category")
        .defer("content", "search", "answers")
        .prefetch_related(
            Prefetch("assignments", Assignment.objects.select_related("unit", "parent__unit").order_by("id")),
            Prefetch("applications", Application.objects.filter(state="pending")),
        )
    )
    found = {row.pk: row for row in rows}
    prospects = []
    for number in order_ids:
        order = found.get(number)
        if order is None:
            continue
        if order.secret and verb in ("reclassify", "dispatch"):
            prospects.append(Prospect(order, None, _("Confidential orders are handled one by one.")))
            continue
        assignment, reason = bulk_verdict(actor, verb, order, now)
        prospects.append(Prospect(order, assignment.pk if assignment else None, reason))
    return prospects
