"""Coordinate systems of maps in China, and the way to WGS-84, in which the platform keeps everything.

- WGS-84: GPS, browsers' geolocation, photographs.
- CGCS2000: the state's own (国家大地坐标系). Its ellipsoid differs from WGS-84's by 0.1 mm and its frame by less than a
  metre, so it is taken as equal: below what a phone knows of its place.
- GCJ-02: the offset that maps published in China must carry (高德, 腾讯, DataV). No official formula is public; this
  is the one that everybody uses, known since 2010 (eviltransform, MIT). Outside China's frame there is no offset.
- BD-09: Baidu's, a second offset on top of GCJ-02.

Degrees throughout, longitude first as in GeoJSON; floats or arrays alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import numpy as np

Degrees = Any
"""A float or an array of floats."""
Pair = tuple[Degrees, Degrees]

SEMI_MAJOR = 6378245.0
ECCENTRICITY = 0.00669342162296594323
"""Squared; Krasovsky 1940, which the offset is computed on."""
BAIDU = np.pi * 3000.0 / 180.0
CLOSE = 1e-9
"""Degrees; a tenth of a millimetre, where the inverse stops."""
MOST_STEPS = 30
EARTH = 6371008.8
"""Mean radius in metres."""


class System(StrEnum):
    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def in_china(longitude: Degrees, latitude: Degrees) -> Any:
    """Whether the offset holds there: the frame that all implementations use, wider than the country."""
    return (longitude >= 72.004) & (longitude <= 137.8347) & (latitude >= 0.8293) & (latitude <= 55.8271)


def _bend(x: Degrees, y: Degrees) -> Pair:
    """Raw offset in metres' scale; x, y are degrees east of 105 and north of 35."""
    shared = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    root = np.sqrt(np.abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + shared
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + shared
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    return east, north


def wgs84_to_gcj02(longitude: Degrees, latitude: Degrees) -> Pair:
    """The offset map's coordinates; unchanged outside China's frame."""
    east, north = _bend(longitude - 105.0, latitude - 35.0)
    radians = latitude / 180.0 * np.pi
    magic = 1 - ECCENTRICITY * np.sin(radians) ** 2
    root = np.sqrt(magic)
    east = east * 180.0 / (SEMI_MAJOR / root * np.cos(radians) * np.pi)
    north = north * 180.0 / (SEMI_MAJOR * (1 - ECCENTRICITY) / (magic * root) * np.pi)
    inside = in_china(longitude, latitude)
    return longitude + np.where(inside, east, 0.0), latitude + np.where(inside, north, 0.0)


def gcj02_to_wgs84(longitude: Degrees, latitude: Degrees) -> Pair:
    """The inverse, by iteration: its result, offset again, is the given point within 1e-9 degrees."""
    return _inverse(wgs84_to_gcj02, longitude, latitude)


def gcj02_to_bd09(longitude: Degrees, latitude: Degrees) -> Pair:
    """Baidu's own turn and stretch."""
    radius = np.sqrt(longitude**2 + latitude**2) + 0.00002 * np.sin(latitude * BAIDU)
    angle = np.arctan2(latitude, longitude) + 0.000003 * np.cos(longitude * BAIDU)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def wgs84_to_bd09(longitude: Degrees, latitude: Degrees) -> Pair:
    return gcj02_to_bd09(*wgs84_to_gcj02(longitude, latitude))


def bd09_to_wgs84(longitude: Degrees, latitude: Degrees) -> Pair:
    return gcj02_to_wgs84(*_inverse(gcj02_to_bd09, longitude, latitude))


def _inverse(forward: Callable[[Degrees, Degrees], Pair], longitude: Degrees, latitude: Degrees) -> Pair:
    """The point that `forward` leads to the given one: its slope is near one, so a few steps are enough."""
    east, north = longitude, latitude
    for _step in range(MOST_STEPS):
        there_east, there_north = forward(east, north)
        off_east, off_north = longitude - there_east, latitude - there_north
        east, north = east + off_east, north + off_north
        if max(np.max(np.abs(off_east)), np.max(np.abs(off_north))) < CLOSE:
            break
    return east, north


def _same(longitude: Degrees, latitude: Degrees) -> Pair:
    return longitude, latitude


TO_WGS84: Mapping[System, Callable[[Degrees, Degrees], Pair]] = {
    System.WGS84: _same,
    System.CGCS2000: _same,
    System.GCJ02: gcj02_to_wgs84,
    System.BD09: bd09_to_wgs84,
}
FROM_WGS84: Mapping[System, Callable[[Degrees, Degrees], Pair]] = {
    System.WGS84: _same,
    System.CGCS2000: _same,
    System.GCJ02: wgs84_to_gcj02,
    System.BD09: wgs84_to_bd09,
}


def metres_between(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float:
    """Great-circle distance in metres, on a sphere (0.5 % at worst)."""
    one, other = math.radians(latitude), math.radians(other_latitude)
    across = math.radians(other_longitude - longitude)
    chord = math.sin((other - one) / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(across / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(chord)))


def swapped(latitude: float, longitude: float) -> bool:
    """Whether the two were exchanged: together they lie outside China, the other way round inside.

    The frame is the land's own (3–54° north, 73–136° east), so that no place in China is ever taken for exchanged.
    """
    return not _in_land(longitude, latitude) and _in_land(latitude, longitude)


def _in_land(longitude: float, latitude: float) -> bool:
    return 73.0 <= longitude <= 136.0 and 3.0 <= latitude <= 54.0
