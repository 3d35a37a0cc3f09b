"""`{% load places %}{% map … %}`: the map component; see the package's README."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from hotline.places.queries.drawing import drawn_version

register = template.Library()


@register.inclusion_tag("places/_map.html")
def map(
    level: str = "district",
    *,
    markers: Sequence[Mapping[str, Any]] = (),
    counts: Mapping[str, int] | None = None,
    pick: bool = False,
    latitude: float | str | None = None,
    longitude: float | str | None = None,
    prefix: str = "",
    draw: str = "",
    within: str = "",
    label: str = "",
    tall: bool = False,
    details: bool = True,
) -> dict[str, Any]:
    """Outlines of a level with markers, counts by area, or a point to pick.

    `markers`: mappings latitude, longitude, label, and url, tone (idle active wait done stopped) where they have one.
    `counts`: number by area's code. `pick`: fields `{prefix}latitude` and `{prefix}longitude` are part of the form
    around. `draw`: the name of a field that takes a drawn polygon as GeoJSON. Always followed by a list of the same.
    """
    version = drawn_version(level)
    url = reverse("places:outlines", args=[level]) + f"?v={version}" if version else ""
    if url and within:
        url += f"&within={within}"
    listed = [
        {
            "latitude": one["latitude"],
            "longitude": one["longitude"],
            "label": str(one.get("label", "")),
            "url": str(one.get("url", "")),
            "tone": str(one.get("tone", "active")),
        }
        for one in markers
        if one.get("latitude") is not None and one.get("longitude") is not None
    ]
    return {
        "outlines": url,
        "markers": listed,
        "markers_json": json.dumps(listed, ensure_ascii=False),
        "counts_json": json.dumps(counts, ensure_ascii=False) if counts is not None else "",
        "pick": pick,
        "draw": draw,
        "latitude": "" if latitude is None else latitude,
        "longitude": "" if longitude is None else longitude,
        "prefix": prefix,
        "label": label or _("Map"),
        "tall": tall,
        "details": details,
        "reverse_url": reverse("places:reverse") if pick else "",
        "tiles": settings.MAP_TILES,
        "tiles_system": settings.MAP_TILES_SYSTEM,
        "attribution": settings.MAP_ATTRIBUTION,
    }
