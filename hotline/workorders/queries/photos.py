"""Photos of an order as proof: when, where, how far from its place, and whether the picture was there before."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hotline.kit.actor import Actor
from hotline.kit.statements import fetch_all
from hotline.workorders.models import Attachment, Audience, WorkOrder
from hotline.workorders.queries.visibility import get_visible, visible_to
from hotline.workorders.rules.photos import ALIKE, metres

FAR = 300
"""Metres from the order's place from which the distance is pointed out; phones among towers err by a hundred."""
OLD = timedelta(hours=24)
"""A photo taken this much before it was sent is pointed out."""

_SAME = (
    "SELECT mine.attachment_id, other.attachment_id, a.order_id, bit_count((mine.bits # other.bits)::bit(64))"
    " FROM workorders_photomark mine JOIN workorders_attachment m ON m.id = mine.attachment_id"
    " JOIN workorders_photomark other ON other.bands && mine.bands AND other.attachment_id <> mine.attachment_id"
    " JOIN workorders_attachment a ON a.id = other.attachment_id"
    " WHERE m.order_id = %s AND m.removed_at IS NULL AND a.removed_at IS NULL AND a.order_id IS NOT NULL"
    " AND bit_count((mine.bits # other.bits)::bit(64)) <= %s ORDER BY 1, 4, 2 LIMIT 200"
)


@dataclass(frozen=True, slots=True)
class Twin:
    """Another photo that looks the same. `number` is empty when the actor may not see its order; `own`: of this order."""

    attachment_id: int
    number: str
    differs: int
    own: bool = False


@dataclass(slots=True)
class PhotoProof:
    """A photo with what is known of it. `metres`: from the order's place; None when either place is not known."""

    attachment: Attachment
    device_at: datetime | None
    taken_at: datetime | None
    doubtful: bool
    latitude: float | None
    longitude: float | None
    accuracy: float | None
    metres: int | None
    far: bool
    old: bool
    twins: list[Twin] = field(default_factory=list)


def photo_proofs(actor: Actor, order_id: int, *, hub: bool = False) -> list[PhotoProof]:
    """The order's photos, the newest last; raises NotVisible. Facts for whoever reviews: nothing is judged here."""
    order = get_visible(actor, order_id)
    rows = Attachment.objects.filter(order=order, removed_at__isnull=True).exclude(thumbnail="")
    if not hub:
        rows = rows.exclude(audience=Audience.HUB)
    found = [_proof(row, order) for row in rows.select_related("mark").order_by("id")]
    twins = _twins(actor, order) if found else {}
    for proof in found:
        proof.twins = twins.get(proof.attachment.pk, [])
    return found


def _proof(row: Attachment, order: WorkOrder) -> PhotoProof:
    mark = getattr(row, "mark", None)
    latitude = mark.latitude if mark is not None and mark.latitude is not None else row.latitude
    longitude = mark.longitude if mark is not None and mark.longitude is not None else row.longitude
    taken = (mark.true_at if mark is not None else None) or row.taken_at
    away = None
    if None not in (latitude, longitude, order.latitude, order.longitude):
        away = round(metres(order.latitude, order.longitude, latitude, longitude))  # type: ignore[arg-type]
    allowance = FAR + ((mark.accuracy or 0) if mark is not None else 0)
    return PhotoProof(
        attachment=row,
        device_at=mark.device_at if mark is not None else None,
        taken_at=taken,
        doubtful=mark is not None and mark.doubtful,
        latitude=latitude,
        longitude=longitude,
        accuracy=mark.accuracy if mark is not None else None,
        metres=away,
        far=away is not None and away > allowance,
        old=taken is not None and row.created_at - taken > OLD,
    )


def _twins(actor: Actor, order: WorkOrder) -> dict[int, list[Twin]]:
    rows = fetch_all(_SAME, [order.pk, ALIKE])
    numbers = dict(visible_to(actor).filter(pk__in={row[2] for row in rows}).values_list("pk", "number"))
    found: dict[int, list[Twin]] = defaultdict(list)
    for mine, other, order_id, differs in rows:
        found[mine].append(Twin(other, numbers.get(order_id, ""), differs, own=order_id == order.pk))
    return found


__all__ = ["FAR", "PhotoProof", "Twin", "photo_proofs"]
