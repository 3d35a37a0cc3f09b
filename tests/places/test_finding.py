"""From point to areas: borders, holes, outside, nonsense, exchanged coordinates."""

import threading

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as some

from hotline.places.rules.coordinates import metres_between
from hotline.places.rules.finding import Atlas, KnownPoint, Outlines, Points, Spot
from tests.places.shapes import HOLE, SIDE, SOUTH, WEST, square

NONE = Outlines([])
DISTRICTS = Outlines(
    [
        ("990107000000", "临江区", shapely.Polygon(square(WEST + SIDE, SOUTH))),
        ("990106000000", "静湖区", shapely.Polygon(square(WEST, SOUTH), [HOLE])),
    ]
)
STREETS = Outlines([("990106013000", "大宁路街道", shapely.Polygon(square(WEST, SOUTH, SIDE / 2)))])
NAMES = {"990106000000": "静湖区", "990106013000": "大宁路街道", "990106013001": "延长居委会", "990107001000": "江边街道", "990107000000": "临江区"}
ESTATE = KnownPoint("延长小区", "990106013001", WEST + 0.01, SOUTH + 0.01)


def atlas(districts=DISTRICTS, streets=NONE, points=()) -> Atlas:
    return Atlas(districts, streets, NONE, Points(list(points)), NAMES)


def test_a_point_in_a_district() -> None:
    found = atlas().locate(SOUTH + 0.02, WEST + 0.02)
    assert found.district == Spot("990106000000", "静湖区")
    assert (found.fault, found.exact, found.division) == ("", True, "990106000000")


def test_a_shared_border_and_corner_belong_to_the_smaller_code() -> None:
    assert atlas().locate(SOUTH + 0.05, WEST + SIDE).division == "990106000000"
    assert atlas().locate(SOUTH + SIDE, WEST + SIDE).division == "990106000000"


def test_a_hole_is_outside_but_its_edge_is_not() -> None:
    assert atlas().locate(SOUTH + 0.05, WEST + 0.05).fault == "outside"
    assert atlas().locate(SOUTH + 0.05, WEST + 0.04).district == Spot("990106000000", "静湖区")
    beside = atlas().locate(SOUTH + 0.05, WEST + 0.041)  # a hundred metres into the hole
    assert (beside.district, beside.exact) == (Spot("990106000000", "静湖区"), False)


def test_just_beside_belongs_to_the_nearest_and_farther_does_not() -> None:
    at_sea = atlas().locate(SOUTH + 0.05, WEST + 2 * SIDE + 0.002)  # 190 m east
    assert (at_sea.district, at_sea.exact) == (Spot("990107000000", "临江区"), False)
    assert atlas().locate(SOUTH + 0.05, WEST + 2 * SIDE + 0.005).fault == "outside"


@pytest.mark.parametrize(
    "point", [(float("nan"), 121.4), (31.2, float("inf")), (95.0, 200.0), (-91.0, 10.0), (31.2, 181.0)]
)
def test_what_is_no_point_is_told(point: tuple[float, float]) -> None:
    assert atlas().locate(*point).fault == "invalid"


def test_exchanged_coordinates_are_put_right_and_told() -> None:
    found = atlas().locate(WEST + 0.02, SOUTH + 0.02)
    assert found.swapped
    assert (found.latitude, found.longitude, found.division) == (SOUTH + 0.02, WEST + 0.02, "990106000000")
    assert atlas().locate(116.4, 39.9).fault == "outside"


def test_another_country_is_outside() -> None:
    assert atlas().locate(48.85, 2.35).fault == "outside"


def test_without_any_outline_the_nearest_point_tells() -> None:
    found = atlas(NONE, NONE, [ESTATE]).locate(SOUTH + 0.011, WEST + 0.011)
    assert found.path == "静湖区 大宁路街道 延长居委会"
    assert found.point == "延长小区"
    assert found.distance == pytest.approx(metres_between(WEST + 0.011, SOUTH + 0.011, ESTATE.longitude, ESTATE.latitude), abs=0.1)


def test_a_far_point_is_told_and_says_no_street() -> None:
    found = atlas(NONE, NONE, [ESTATE]).locate(SOUTH + 0.025, WEST + 0.01)
    assert (found.point, found.street, found.community) == ("延长小区", None, None)
    assert found.district == Spot("990106000000", "静湖区")


def test_without_anything_nobody_knows() -> None:
    assert atlas(NONE).locate(SOUTH, WEST).fault == "unknown"
    assert atlas(NONE, NONE, [ESTATE]).locate(48.85, 2.35).fault == "outside"


def test_outlines_overrule_a_point_across_the_border() -> None:
    other = KnownPoint("江边楼", "990107001000", WEST + SIDE + 0.001, SOUTH + 0.05)
    found = atlas(points=[other]).locate(SOUTH + 0.05, WEST + SIDE - 0.001)
    assert (found.district, found.street) == (Spot("990106000000", "静湖区"), None)
    across = KnownPoint("彭浦楼", "990106014000", WEST + 0.049, SOUTH + 0.049)
    found = atlas(streets=STREETS, points=[across]).locate(SOUTH + 0.0489, WEST + 0.0489)
    assert found.street == Spot("990106013000", "大宁路街道")


def test_streets_by_outline_and_community_by_point() -> None:
    found = atlas(streets=STREETS, points=[ESTATE]).locate(SOUTH + 0.0101, WEST + 0.0101)
    assert found.division == "990106013001"


def test_the_nearest_of_many_points() -> None:
    points = Points([KnownPoint(str(place), "990106013001", WEST + place / 1000, SOUTH) for place in range(200)])
    found = points.nearest(WEST + 0.0502, SOUTH + 0.001)
    assert found is not None
    assert found[0].name == "50"


@given(some.floats(WEST - 0.05, WEST + 0.25), some.floats(SOUTH - 0.05, SOUTH + 0.15))
def test_the_tree_says_what_asking_every_shape_says(longitude: float, latitude: float) -> None:
    point = shapely.Point(longitude, latitude)
    each = [
        spot for spot, shape in zip(DISTRICTS.spots, DISTRICTS.shapes, strict=True) if shape.intersects(point)
    ]
    assert DISTRICTS.at(longitude, latitude) == (each[0] if each else None)


def test_areas_over_a_shape() -> None:
    assert [one.name for one in DISTRICTS.over(shapely.box(WEST + 0.05, SOUTH, WEST + SIDE + 0.01, SOUTH + 0.03))] == ["静湖区", "临江区"]
    assert DISTRICTS.over(shapely.box(0, 0, 1, 1)) == []


def test_threads_may_ask_at_once() -> None:
    wrong: list[object] = []

    def ask() -> None:
        for _turn in range(300):
            if DISTRICTS.at(WEST + 0.02, SOUTH + 0.02) != Spot("990106000000", "静湖区"):
                wrong.append(1)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
