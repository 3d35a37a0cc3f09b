"""Who has an order open. Not an act on the order: no event, no revision; forgotten after a minute."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from hotline.kit import live
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.workorders.models import Presence
from hotline.workorders.queries.presence import FRESH
from hotline.workorders.queries.visibility import get_visible
from hotline.workorders.rules import VERBS


@transaction.atomic
def beat(*, actor: Actor, order_id: int, editing: str = "", leaving: bool = False) -> None:
    """Say that a member of staff is on the page; tells the others only when something changed. Raises NotVisible."""
    if not actor.is_staff:
        return
    get_visible(actor, order_id)
    moment = now()
    editing = editing if editing in VERBS else ""
    before = (
        Presence.objects.filter(order_id=order_id, person_id=actor.id)
        .values_list("seen_at", "editing")
        .first()
    )
    if leaving:
        Presence.objects.filter(order_id=order_id, person_id=actor.id).delete()
        changed = before is not None
    else:
        Presence.objects.update_or_create(
            order_id=order_id, person_id=actor.id, defaults={"seen_at": moment, "editing": editing}
        )
        changed = before is None or before[0] < moment - FRESH or before[1] != editing
        Presence.objects.filter(Q(order_id=order_id), seen_at__lt=moment - 10 * FRESH).delete()
    if changed:
        live.publish([f"presence:{order_id}"], "presence", order=order_id)
