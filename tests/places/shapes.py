"""A city of two districts for tests: unit squares of a hundredth of a degree, one with a hole, and what lies in them."""

from __future__ import annotations

import json
from typing import Any

from hotline.kit.actor import system_actor
from hotline.places import actions
from hotline.places.rules import DivisionRow

KEEPER = system_actor("test", "places:manage")
WEST, SOUTH, SIDE = 121.40, 31.20, 0.1
ROWS = [
    DivisionRow("990000000000", "演示省", 1),
    DivisionRow("990100000000", "市辖区", 2),
    DivisionRow("990106000000", "静湖区", 3),
    DivisionRow("990106013000", "大宁路街道", 4),
    DivisionRow("990106013001", "延长居委会", 5),
    DivisionRow("990106014000", "彭浦镇", 4),
    DivisionRow("990107000000", "临江区", 3),
]


def square(west: float, south: float, side: float = SIDE) -> list[list[float]]:
    """A closed ring, counter-clockwise."""
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(name: str, *rings: list[list[float]], **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"name": name, **properties},
        "geometry": {"type": "Polygon", "coordinates": list(rings)},
    }


def collection(*features: dict[str, Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


HOLE = square(WEST + 0.04, SOUTH + 0.04, 0.02)
DISTRICTS = collection(
    feature("静湖区", square(WEST, SOUTH), HOLE, adcode=990106),
    feature("临江区", square(WEST + SIDE, SOUTH), adcode=990107),
)


def divisions() -> None:
    assert actions.import_divisions(actor=KEEPER, rows=ROWS).total == len(ROWS)


def districts(data: bytes = DISTRICTS, **given: Any) -> actions.Imported:
    options = {"level": "district", "system": "wgs84", "code_field": "adcode", "source": "d.geojson"} | given
    return actions.import_outlines(actor=KEEPER, data=data, **options)
