"""Who is on duty where, and the last hand-overs. The caller has chosen units that the actor may look at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hotline.duty.models import HandOver, Turn
from hotline.duty.rules import LONGEST
from hotline.kit.clock import now


def on_duty(unit_ids: Iterable[int]) -> dict[int, list[Turn]]:
    """Unit → turns that run now, the longest first; units without anybody are left out. Forgotten turns do not count."""
    rows = Turn.objects.filter(unit_id__in=list(unit_ids), began_at__gt=now() - LONGEST, ended_at__isnull=True)
    found: dict[int, list[Turn]] = {}
    for turn in rows.select_related("person").order_by("began_at"):
        found.setdefault(turn.unit_id, []).append(turn)
    return found


def open_turn(person_id: int) -> Turn | None:
    """The turn in which somebody is on duty."""
    return Turn.objects.select_related("unit").filter(person_id=person_id, began_at__isnull=False, ended_at__isnull=True).first()


def turns_ahead(unit_id: int, *, days: int = 7, moment: datetime | None = None) -> list[Turn]:
    """Planned turns not yet begun, of the coming days."""
    at = moment or now()
    rows = Turn.objects.filter(unit_id=unit_id, began_at__isnull=True, ends_at__gt=at, begins_at__lt=at + timedelta(days=days))
    return list(rows.select_related("person").order_by("begins_at", "id")[:60])


def last_hand_overs(unit_id: int, *, most: int = 10) -> list[HandOver]:
    """The newest first."""
    return list(HandOver.objects.filter(unit_id=unit_id).select_related("given_by", "taken_by").order_by("-at")[:most])


def latest_of(unit_ids: Iterable[int]) -> dict[int, HandOver]:
    """Unit → its last hand-over."""
    rows = HandOver.objects.filter(unit_id__in=list(unit_ids)).select_related("given_by", "taken_by")
    return {row.unit_id: row for row in rows.order_by("unit_id", "-at").distinct("unit_id")}
