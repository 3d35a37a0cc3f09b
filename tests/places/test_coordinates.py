"""Coordinate systems: there and back, against published figures, and outside China."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from hotline.places.rules.coordinates import (
    FROM_WGS84,
    TO_WGS84,
    System,
    gcj02_to_wgs84,
    in_china,
    metres_between,
    swapped,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

# Inside the frame by more than the offset, so that what is offset stays inside.
EAST = some.floats(72.1, 137.7)
NORTH = some.floats(0.95, 55.7)


@given(EAST, NORTH)
def test_the_offset_can_be_taken_back(longitude: float, latitude: float) -> None:
    back = gcj02_to_wgs84(*wgs84_to_gcj02(longitude, latitude))
    assert abs(back[0] - longitude) < 1e-6
    assert abs(back[1] - latitude) < 1e-6


@given(EAST, NORTH)
def test_every_system_comes_back_to_where_it_began(longitude: float, latitude: float) -> None:
    for system in System:
        back = TO_WGS84[system](*FROM_WGS84[system](longitude, latitude))
        assert np.allclose(back, (longitude, latitude), atol=1e-6, rtol=0), system


@given(some.floats(-180, 180), some.floats(-89, 89))
def test_outside_china_nothing_is_offset(longitude: float, latitude: float) -> None:
    if not in_china(longitude, latitude):
        assert wgs84_to_gcj02(longitude, latitude) == (longitude, latitude)
        assert gcj02_to_wgs84(longitude, latitude) == (longitude, latitude)


@given(some.floats(75, 130), some.floats(18, 53))
def test_the_offset_is_some_hundred_metres(longitude: float, latitude: float) -> None:
    assert 10 < metres_between(longitude, latitude, *map(float, wgs84_to_gcj02(longitude, latitude))) < 1500


@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [
        # eviltransform's own tests.
        ((121.474103, 31.248460), None),
        ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
        ((113.326, 23.1), None),
    ],
)
def test_against_the_formula_that_everybody_uses(wgs: tuple[float, float], gcj: tuple[float, float] | None) -> None:
    found = wgs84_to_gcj02(*wgs)
    assert np.allclose(found, gcj or plain(*wgs), atol=1e-9, rtol=0)


def plain(longitude: float, latitude: float) -> tuple[float, float]:
    """The formula once more, as it is published, with `math` and without arrays."""
    x, y, pi = longitude - 105.0, latitude - 35.0, math.pi
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)) * 2.0 / 3.0
    north += (20.0 * math.sin(y * pi) + 40.0 * math.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * pi) + 320 * math.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)) * 2.0 / 3.0
    east += (20.0 * math.sin(x * pi) + 40.0 * math.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * pi) + 300.0 * math.sin(x / 30.0 * pi)) * 2.0 / 3.0
    magic = 1 - 0.00669342162296594323 * math.sin(latitude / 180.0 * pi) ** 2
    root = math.sqrt(magic)
    north = north * 180.0 / ((6378245.0 * (1 - 0.00669342162296594323)) / (magic * root) * pi)
    east = east * 180.0 / (6378245.0 / root * math.cos(latitude / 180.0 * pi) * pi)
    return longitude + east, latitude + north


def test_baidu_lies_beside_both() -> None:
    gcj, bd = wgs84_to_gcj02(116.404, 39.915), wgs84_to_bd09(116.404, 39.915)
    assert 500 < metres_between(*map(float, gcj), *map(float, bd)) < 1200


def test_arrays_and_single_points_agree() -> None:
    east, north = np.array([121.47, 2.35]), np.array([31.24, 48.85])
    both = np.column_stack(wgs84_to_gcj02(east, north))
    assert np.allclose(both[0], wgs84_to_gcj02(121.47, 31.24))
    assert tuple(both[1]) == (2.35, 48.85)


@given(some.floats(3.0, 54.0), some.floats(73.0, 136.0))
def test_no_place_in_china_is_taken_for_exchanged(latitude: float, longitude: float) -> None:
    assert not swapped(latitude, longitude)
    assert swapped(longitude, latitude) == (not (3 <= longitude <= 54 and 73 <= latitude <= 136))
