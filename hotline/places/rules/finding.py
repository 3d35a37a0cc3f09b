"""From a point to the areas that it lies in: trees over outlines and points, built once, read by many threads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from hotline.places.rules.coordinates import metres_between, swapped
from hotline.places.rules.divisions import LEVEL_DIGITS, level_of

NEAR_METRES = 300.0
"""A point in no outline belongs to the nearest within this distance: outlines are coarse at quays and bridges."""
POINT_METRES = 500.0
"""So near, a known point says street and community; farther away it is only told."""
TOLD_METRES = 3000.0
"""Beyond this no point is near."""
_DEGREES_NORTH = 110_574.0


@dataclass(frozen=True, slots=True)
class Spot:
    """An area by its code and name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Located:
    """Where a point lies. Coordinates are WGS-84, put right when they came exchanged (`swapped`).

    `fault`: "" found; `invalid` no coordinates at all; `outside` the city; `unknown` nothing is imported that could
    tell. `exact` is False when the point lies just beside the district's outline. `point` is the nearest known place,
    `distance` metres away. What a level cannot say is None.
    """

    latitude: float
    longitude: float
    district: Spot | None = None
    street: Spot | None = None
    community: Spot | None = None
    grid: Spot | None = None
    point: str = ""
    distance: float | None = None
    exact: bool = True
    swapped: bool = False
    fault: str = ""

    @property
    def division(self) -> str:
        """The smallest division's 12-digit code that is known; "" for none."""
        found = self.community or self.street or self.district
        return found.code if found else ""

    @property
    def path(self) -> str:
        """Names from the district down."""
        return " ".join(one.name for one in (self.district, self.street, self.community) if one)


class Outlines:
    """The areas of one level. The smallest code has a point that lies on a border, so that the answer is always the same."""

    def __init__(self, areas: Sequence[tuple[str, str, BaseGeometry]]) -> None:
        ordered = sorted(areas, key=lambda area: area[0])
        self.spots: list[Spot] = [Spot(code, name) for code, name, _shape in ordered]
        self.by_code = {spot.code: place for place, spot in enumerate(self.spots)}
        self.shapes = np.array([shape for _code, _name, shape in ordered], dtype=object)
        shapely.prepare(self.shapes)
        for shape in self.shapes:
            # GEOS makes a shape's index at its first question, and not for two threads at once.
            shapely.intersects_xy(shape, 0.0, 0.0)
        self._tree = shapely.STRtree(self.shapes)
        if len(self.shapes):
            self._tree.query(shapely.Point(0.0, 0.0))

    def __len__(self) -> int:
        return len(self.spots)

    def at(self, longitude: float, latitude: float) -> Spot | None:
        """The area that holds the point, its border included."""
        found: list[int] = self._tree.query(shapely.points(longitude, latitude)).tolist()
        found.sort()
        for place in found:
            if shapely.intersects_xy(self.shapes[place], longitude, latitude):
                return self.spots[place]
        return None

    def near(self, longitude: float, latitude: float, metres: float = NEAR_METRES) -> Spot | None:
        """The nearest area within so many metres."""
        if not self.spots:
            return None
        # A circle of metres is an ellipse of degrees; the longer side is asked for, then the distance is measured.
        across = metres / (_DEGREES_NORTH * max(math.cos(math.radians(latitude)), 0.01))
        point = shapely.Point(longitude, latitude)
        best, least = None, metres
        for place in sorted(self._tree.query(point, predicate="dwithin", distance=across).tolist()):
            to = shapely.get_coordinates(shapely.shortest_line(self.shapes[place], point))[0]
            away = metres_between(longitude, latitude, float(to[0]), float(to[1]))
            if away <= least and (best is None or away < least):
                best, least = self.spots[place], away
        return best

    def over(self, shape: BaseGeometry) -> list[Spot]:
        """Areas that share ground with a shape, not only a border."""
        found = self._tree.query(shape, predicate="intersects")
        return [self.spots[place] for place in sorted(found.tolist()) if self.shapes[place].intersection(shape).area > 0]


@dataclass(frozen=True, slots=True)
class KnownPoint:
    """A point of the gazetteer: `division` is its 12-digit code."""

    name: str
    division: str
    longitude: float
    latitude: float


class Points:
    """The gazetteer's points, in metres of a plane at the city's own latitude."""

    def __init__(self, points: Sequence[KnownPoint]) -> None:
        self.points = list(points)
        middle = float(np.median([one.latitude for one in self.points])) if self.points else 0.0
        self._across = _DEGREES_NORTH * math.cos(math.radians(middle))
        flat = [(one.longitude * self._across, one.latitude * _DEGREES_NORTH) for one in self.points]
        self._tree = shapely.STRtree(shapely.points(np.array(flat).reshape(-1, 2)))

    def nearest(self, longitude: float, latitude: float) -> tuple[KnownPoint, float] | None:
        """The nearest point and its distance in metres; None when none is within TOLD_METRES."""
        if not self.points:
            return None
        place = self._tree.nearest(shapely.points(longitude * self._across, latitude * _DEGREES_NORTH))
        found = self.points[int(place)]
        away = metres_between(longitude, latitude, found.longitude, found.latitude)
        return (found, away) if away <= TOLD_METRES else None


@dataclass(frozen=True, slots=True)
class Atlas:
    """All that a point can be looked up in; one version, never changed."""

    districts: Outlines
    streets: Outlines
    grids: Outlines
    points: Points
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of streets and communities by code, as far as points lie in them."""

    def locate(self, latitude: float, longitude: float) -> Located:
        """Where the point lies. Never raises: what is no point is told in `fault`."""
        if not (math.isfinite(latitude) and math.isfinite(longitude)):
            return Located(latitude, longitude, fault="invalid")
        turned = swapped(latitude, longitude)
        if turned:
            latitude, longitude = longitude, latitude
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            return Located(latitude, longitude, fault="invalid")
        district, exact = self.districts.at(longitude, latitude), True
        street = self.streets.at(longitude, latitude) if len(self.streets) else None
        if district is None and street is None and len(self.districts):
            district, exact = self.districts.near(longitude, latitude), False
            if district is None:
                return Located(latitude, longitude, swapped=turned, fault="outside")
        nearest = self.points.nearest(longitude, latitude)
        grid = self.grids.at(longitude, latitude) if len(self.grids) else None
        if not (district or street or nearest):
            nothing = not (len(self.streets) or self.points.points)
            return Located(latitude, longitude, swapped=turned, grid=grid, fault="unknown" if nothing else "outside")
        community = None
        if nearest and nearest[1] <= POINT_METRES:
            street, community = self._told(nearest[0].division, district, street)
        if district is None:
            district = self._above(street, 3) or self._above(nearest and Spot(nearest[0].division, ""), 3)
        return Located(
            latitude, longitude, district, street, community, grid,
            nearest[0].name if nearest else "", round(nearest[1], 1) if nearest else None, exact, turned,
        )  # fmt: skip

    def _told(self, code: str, district: Spot | None, street: Spot | None) -> tuple[Spot | None, Spot | None]:
        """Street and community by a near point's division, as far as the outlines do not say otherwise."""
        level = level_of(code)
        by_point = self._above(Spot(code, ""), 4) if level >= 4 else None
        if district and by_point and by_point.code[:6] != district.code[:6]:
            return street, None
        if street and by_point and by_point.code != street.code:
            return street, None
        community = Spot(code, self.names.get(code, "")) if level == 5 else None
        return street or by_point, community

    def _above(self, spot: Spot | None, level: int) -> Spot | None:
        """The division of a level that a code belongs to, when its name is known."""
        if spot is None or level_of(spot.code) < level:
            return None
        code = spot.code[: LEVEL_DIGITS[level - 1]].ljust(12, "0")
        return Spot(code, self.names[code]) if code in self.names else None
