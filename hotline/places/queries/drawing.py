"""Outlines as pages draw them: simplified, packed, made once a process for each import."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from functools import lru_cache

import shapely
from django.conf import settings

from hotline.places.models import Area, AreaLevel, OutlineSet
from hotline.places.queries.located import newest_set
from hotline.places.rules.outlines import DETAILS, drawn, label_point, simplified

MOST_DRAWN = 3000
"""Areas beyond which a browser is given none: a map of ten thousand grids shows nothing."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """JSON `{set, level, box: [west, south, east, north], areas: [{c: code, n: name, p: label's place, r: rings}]}`.

    Rings are flat lists of 1/100,000 degrees: the first corner, then differences.
    """

    set_id: int
    plain: bytes
    packed: bytes


def outline_sets() -> list[OutlineSet]:
    """Imports, newest first, at most 50."""
    return list(OutlineSet.objects.order_by("-id")[:50])


def drawing(level: str, detail: int, *, within: str = "") -> Drawing | None:
    """The outlines of a level that hold now; None when there are none. `detail`: 0 the city, 1 a district, 2 a street.

    `within`: only areas whose code or parent begins so.
    """
    newest = newest_set(level) if level in AreaLevel.values else None
    if newest is None:
        return None
    return _made(newest.pk, level, min(max(detail, 0), len(DETAILS) - 1), within)


def drawn_version(level: str) -> int | None:
    """The number of the outlines that hold, for an address that may be kept for good."""
    newest = newest_set(level)
    return newest.pk if newest else None


@lru_cache(maxsize=64)
def _kept(set_id: int, level: str, detail: int, within: str) -> Drawing:
    rows = Area.objects.filter(outlines_id=set_id).order_by("code").values_list("code", "name", "parent_code", "shape")
    areas = [
        (code, name, shapely.from_wkb(bytes(shape)))
        for code, name, parent, shape in rows
        if not within or code.startswith(within) or parent.startswith(within)
    ][:MOST_DRAWN]
    shapes = simplified([shape for _code, _name, shape in areas], detail)
    listed = [
        {"c": code, "n": name, "p": label_point(whole), "r": rings}
        for (code, name, whole), shape in zip(areas, shapes, strict=True)
        if (rings := drawn(shape) or drawn(whole))
    ]
    box = [round(float(edge), 5) for edge in shapely.total_bounds([shape for *_spot, shape in areas])] if areas else []
    document = {"set": set_id, "level": level, "box": box, "areas": listed}
    plain = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Drawing(set_id, plain, gzip.compress(plain, 9, mtime=0))


def _made(set_id: int, level: str, detail: int, within: str) -> Drawing:
    # Tests' numbers begin anew.
    return _kept.__wrapped__(set_id, level, detail, within) if settings.TESTING else _kept(set_id, level, detail, within)
