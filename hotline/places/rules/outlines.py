"""Outlines of areas as files bring them: GeoJSON, one feature a line or a whole document, and ECharts' packed form.

What can be read becomes polygons in WGS-84; what cannot is refused by its number and name.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hotline.places.rules.coordinates import TO_WGS84, System, swapped
from hotline.places.rules.divisions import RowFault

MOST_FEATURES = 200_000
MOST_VERTICES = 5_000_000
LEAST_AREA = 1e-10
"""Square degrees, about a square metre: less is no area."""
REPAIR_WITHIN = 0.02
"""A ring that crosses itself is repaired when that changes its area by at most this share; else nobody knows what was meant."""


@dataclass(frozen=True, slots=True)
class Outline:
    """One area as read. `geometry` is a polygon or multipolygon in WGS-84; `repaired` when its rings were mended."""

    line: int
    code: str
    name: str
    parent: str
    geometry: BaseGeometry
    repaired: bool = False


class NoGeoJson(ValueError):
    """The file is no collection of features; the text says why."""


def read_document(data: bytes) -> list[dict[str, Any]]:
    """Features of a GeoJSON collection, of one feature, or of one feature a line (GeoJSONSeq). Raises NoGeoJson."""
    try:
        text = data.decode("utf-8-sig").lstrip("\x1e")
    except UnicodeDecodeError as error:
        raise NoGeoJson(f"not UTF-8 (byte {error.start})") from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = {"type": "FeatureCollection", "features": list(_lines(text))}
    features = [document] if isinstance(document, dict) and document.get("type") == "Feature" else None
    if features is None and isinstance(document, dict) and isinstance(document.get("features"), list):
        packed = bool(document.get("UTF8Encoding"))
        features = [_unpacked(one) if packed else one for one in document["features"]]
    if not features:
        raise NoGeoJson("no list of features in it")
    if len(features) > MOST_FEATURES:
        raise NoGeoJson(f"more than {MOST_FEATURES} features")
    return features


def _lines(text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip("\x1e \t"):
            try:
                one = json.loads(line.strip("\x1e \t"))
            except (ValueError, RecursionError):
                raise NoGeoJson(f"line {number} is not JSON") from None
            yield one if isinstance(one, dict) else {}


def read_outlines(
    features: Iterable[Mapping[str, Any]],
    *,
    system: System,
    code_field: str = "",
    name_field: str = "name",
    parent_field: str = "",
) -> tuple[list[Outline], list[RowFault]]:
    """Outlines and the faults of features that cannot be taken; `line` is the feature's number from 1.

    `code_field` may be `id` for the feature's own id; empty: codes are left empty and found by name.
    """
    found: list[Outline] = []
    faults: list[RowFault] = []
    vertices = 0
    for line, feature in enumerate(features, start=1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        properties = properties if isinstance(properties, dict) else {}
        name = _text(properties.get(name_field))
        code = _text(properties.get(code_field, feature.get("id") if code_field == "id" else None)) if code_field else ""
        label = name or code
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        if not isinstance(geometry, dict) or geometry.get("type") not in ("Polygon", "MultiPolygon"):
            faults.append(RowFault(line, "geometry", "no_polygon", label))
            continue
        try:
            shape, repaired = _shape(geometry, system)
        except _Bad as error:
            faults.append(RowFault(line, "geometry", str(error), label))
            continue
        vertices += int(shapely.get_num_coordinates(shape))
        if vertices > MOST_VERTICES:
            faults.append(RowFault(line, "geometry", "too_many_vertices", label))
            break
        found.append(Outline(line, code, name, _text(properties.get(parent_field)) if parent_field else "", shape, repaired))
    return found, faults


class _Bad(ValueError):
    """Code of the fault."""


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()[:120] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _shape(geometry: Mapping[str, Any], system: System) -> tuple[BaseGeometry, bool]:
    coordinates = geometry.get("coordinates")
    parts = [coordinates] if geometry["type"] == "Polygon" else coordinates
    if not isinstance(parts, list) or not parts:
        raise _Bad("no_polygon")
    polygons, repaired = [], False
    for part in parts:
        if not isinstance(part, list) or not part:
            raise _Bad("no_polygon")
        polygon, mended = _mended(_polygon([_ring(ring, system) for ring in part]))
        polygons.append(polygon)
        repaired = repaired or mended
    if len(polygons) == 1:
        return polygons[0], repaired
    whole = shapely.multipolygons([one for polygon in polygons for one in _polygons(polygon)])
    if not shapely.is_valid(whole):
        # Parts of one area that touch along a side or overlap: together they are still that area.
        whole, repaired = shapely.union_all(polygons), True
    return whole, repaired


def _ring(points: object, system: System) -> Any:
    """The ring as an array of two columns, longitude and latitude in WGS-84."""
    if not isinstance(points, list) or len(points) < 3:
        raise _Bad("short_ring")
    try:
        ring = np.array([(float(point[0]), float(point[1])) for point in points])
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        raise _Bad("no_numbers") from None
    if not np.isfinite(ring).all():
        raise _Bad("no_numbers")
    if swapped(float(ring[0, 1]), float(ring[0, 0])):
        raise _Bad("swapped")
    if np.abs(ring[:, 0]).max() > 180 or np.abs(ring[:, 1]).max() > 90:
        raise _Bad("no_degrees")
    if (ring[0] != ring[-1]).any():
        ring = np.vstack([ring, ring[:1]])
    if len(np.unique(ring, axis=0)) < 3:
        raise _Bad("short_ring")
    east, north = TO_WGS84[system](ring[:, 0], ring[:, 1])
    return np.column_stack([east, north])


def _polygon(rings: Sequence[Any]) -> BaseGeometry:
    return shapely.Polygon(rings[0], rings[1:])


def _mended(polygon: BaseGeometry) -> tuple[BaseGeometry, bool]:
    if shapely.is_valid(polygon):
        if polygon.area < LEAST_AREA:
            raise _Bad("no_area")
        return polygon, False
    mended = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
    kept = _polygons(mended)
    if not kept or shapely.area(mended) < LEAST_AREA:
        raise _Bad("no_area")
    if abs(shapely.area(mended) - polygon.area) > REPAIR_WITHIN * polygon.area:
        raise _Bad("crosses_itself")
    return kept[0] if len(kept) == 1 else shapely.multipolygons(kept), True


def _polygons(geometry: BaseGeometry) -> list[BaseGeometry]:
    return [one for one in shapely.get_parts(geometry) if one.geom_type == "Polygon"]


def check_outlines(outlines: Iterable[Outline]) -> list[RowFault]:
    """Codes that are missing, too long or there twice."""
    faults: list[RowFault] = []
    seen: set[str] = set()
    for one in outlines:
        if not one.code:
            faults.append(RowFault(one.line, "code", "empty", one.name))
        elif len(one.code) > 40:
            faults.append(RowFault(one.line, "code", "too_long", one.name or one.code))
        elif one.code in seen:
            faults.append(RowFault(one.line, "code", "duplicate", one.name or one.code))
        seen.add(one.code)
    return faults


def _unpacked(feature: Any) -> Any:
    """A feature of ECharts' packed maps (`UTF8Encoding`): differences in 1/1024 degrees as zigzag characters."""
    try:
        geometry = feature["geometry"]
        packed, offsets = geometry["coordinates"], geometry["encodeOffsets"]
        if geometry["type"] == "Polygon":
            rings: Any = [_ring_of(text, start) for text, start in zip(packed, offsets, strict=True)]
        else:
            rings = [
                [_ring_of(text, start) for text, start in zip(*part, strict=True)]
                for part in zip(packed, offsets, strict=True)
            ]
        return {**feature, "geometry": {"type": geometry["type"], "coordinates": rings}}
    except (KeyError, TypeError, ValueError):
        return {**feature, "geometry": None} if isinstance(feature, dict) else {}


def _ring_of(text: str, start: Sequence[int]) -> list[list[float]]:
    before, points = [int(start[0]), int(start[1])], []
    for place in range(0, len(text) - 1, 2):
        for axis in (0, 1):
            code = ord(text[place + axis]) - 64
            before[axis] += (code >> 1) ^ -(code & 1)
        points.append([before[0] / 1024, before[1] / 1024])
    return points


DETAILS = (0.0015, 0.0004, 0.00005)
"""Degrees by which a drawn line may lie beside the true one: the whole city, a district, a street."""


def simplified(geometries: Sequence[BaseGeometry], detail: int) -> list[BaseGeometry]:
    """Outlines with fewer corners; what two areas share stays shared, so that no gap opens between them."""
    listed = np.array(geometries, dtype=object)
    if not len(listed):
        return []
    return list(shapely.coverage_simplify(listed, DETAILS[detail]))


def drawn(geometry: BaseGeometry) -> list[list[int]]:
    """Rings for drawing: flat lists of 1/100,000 degrees, first the corner, then differences. Holes by the even-odd rule."""
    rings = []
    for part in shapely.get_parts(geometry):
        for ring in (part.exterior, *part.interiors):
            corners = np.rint(shapely.get_coordinates(ring) * 1e5).astype(int)[:-1]
            steps = np.vstack([corners[:1], np.diff(corners, axis=0)])
            kept = np.concatenate([[True], np.any(steps[1:] != 0, axis=1)])
            if kept.sum() >= 3:
                rings.append([int(one) for one in steps[kept].ravel()])
    return rings


def label_point(geometry: BaseGeometry) -> tuple[float, float]:
    """Where a name may stand: a point inside the largest part. Longitude, latitude."""
    largest = max(shapely.get_parts(geometry), key=lambda part: part.area)
    point = largest.centroid if largest.contains(largest.centroid) else largest.representative_point()
    return round(point.x, 5), round(point.y, 5)


def centre_metres(longitude: float, latitude: float) -> tuple[float, float]:
    """Metres that a degree of longitude and of latitude are there."""
    return 111_320.0 * math.cos(math.radians(latitude)), 110_574.0
