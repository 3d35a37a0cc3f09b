"""Who else has an order open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.workorders.models import Presence

FRESH = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Present:
    """A colleague on the page; `editing` names the verb whose form is open, or is empty."""

    name: str
    editing: str


def present(order_id: int, now: datetime, *, except_person: int) -> list[Present]:
    """Colleagues seen within the last minute, those who are filling something in first."""
    rows = (
        Presence.objects.filter(order_id=order_id, seen_at__gte=now - FRESH)
        .exclude(person_id=except_person)
        .order_by("-editing", "person_id")
        .values_list("person__name", "editing")[:12]
    )
    return [Present(name, editing) for name, editing in rows]
