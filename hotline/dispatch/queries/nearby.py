"""Open orders close to a place, for a citizen who is about to report it: is it reported already?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from hotline.dispatch.rules import ALIKE, likeness
from hotline.workorders.models import FINAL_STATES, DemandType, WorkOrder
from hotline.workorders.rules.photos import metres

LOOK_BACK = timedelta(days=30)
REACH = 100.0
"""Metres."""
CANDIDATES = 60
_METRES_A_DEGREE = 111_195.0
_QUIET = (DemandType.REPORT, DemandType.PRAISE, DemandType.CONSULTATION)
"""What is no thing in the street: nobody is told that such an order exists."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """An open order at most `REACH` away: what it is about by the catalogue, never in its citizen's words."""

    order_id: int
    metres: int
    category: str
    state: str
    created_at: datetime


def open_nearby(
    *, latitude: float, longitude: float, category: str, text: str, moment: datetime, limit: int = 3
) -> list[Nearby]:
    """Recent open orders within a hundred metres of the same category (or one above or below it), or in like words; nearest first.

    Never a confidential one, nor a report of wrongdoing. One query, of a bounding box along an index and at most `CANDIDATES` rows.
    """
    tall = REACH / _METRES_A_DEGREE
    wide = tall / max(0.01, math.cos(math.radians(latitude)))
    rows = (
        WorkOrder.objects.filter(
            ~Q(state__in=[str(state) for state in FINAL_STATES]),
            secret=False,
            latitude__isnull=False,
            latitude__range=(latitude - tall, latitude + tall),
            longitude__range=(longitude - wide, longitude + wide),
            created_at__gte=moment - LOOK_BACK,
        )
        .exclude(demand_type__in=_QUIET)
        .order_by("-id")
        .values_list(
            "pk", "latitude", "longitude", "category__code", "category__name", "state", "created_at", "title", "content"
        )[:CANDIDATES]
    )
    found = []
    for pk, north, east, code, name, state, created, title, content in rows:
        if north is None or east is None:
            continue
        away = metres(latitude, longitude, north, east)
        if away <= REACH and (_akin(code or "", category) or likeness(text, f"{title}{content}") >= ALIKE):
            found.append(Nearby(pk, round(away), name or "", state, created))
    return sorted(found, key=lambda one: (one.metres, -one.order_id))[:limit]


def _akin(one: str, other: str) -> bool:
    # A whole branch (two digits) says too little.
    short, long = sorted((one, other), key=len)
    return len(short) > 2 and (long == short or long.startswith(f"{short}."))
