"""Reading outlines: GeoJSON in its forms, broken rings, packed maps, drawing."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as some

from hotline.demo.pack import PACKS
from hotline.places.rules.coordinates import System, wgs84_to_gcj02
from hotline.places.rules.outlines import (
    NoGeoJson,
    check_outlines,
    drawn,
    label_point,
    read_document,
    read_outlines,
    simplified,
)
from tests.places.shapes import DISTRICTS, SIDE, SOUTH, WEST, collection, feature, square


def read(*features, system=System.WGS84, **given):
    return read_outlines(list(features), system=system, **given)


def test_collections_single_features_and_lines_are_read() -> None:
    one = feature("甲", square(WEST, SOUTH))
    assert len(read_document(DISTRICTS)) == 2
    assert len(read_document(json.dumps(one).encode())) == 1
    lines = "\n".join(json.dumps(one) for _ in range(3)) + "\n"
    assert len(read_document(b"\xef\xbb\xbf" + lines.encode())) == 3


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[1]", b"{}", b'{"features": []}', b"{}\nno", b'"x"', b"[" * 100_000])
def test_what_is_no_geojson_is_said(data: bytes) -> None:
    with pytest.raises(NoGeoJson):
        read_document(data)


def test_holes_and_several_parts_stay() -> None:
    hole = square(WEST + 0.04, SOUTH + 0.04, 0.02)
    two = {
        "type": "Feature",
        "properties": {"name": "两块"},
        "geometry": {"type": "MultiPolygon", "coordinates": [[square(WEST, SOUTH), hole], [square(WEST + 1, SOUTH)]]},
    }
    [found], faults = read(two)
    assert not faults
    assert found.geometry.area == pytest.approx(2 * SIDE**2 - 0.02**2)
    assert not found.repaired


def test_parts_that_overlap_are_one_area() -> None:
    two = feature("两块", square(WEST, SOUTH))
    two["geometry"] = {"type": "MultiPolygon", "coordinates": [[square(WEST, SOUTH)], [square(WEST + SIDE / 2, SOUTH)]]}
    [found], faults = read(two)
    assert not faults
    assert found.repaired
    assert found.geometry.area == pytest.approx(1.5 * SIDE**2)


def test_a_small_spike_is_mended_and_a_bow_tie_refused_by_name() -> None:
    spiked = square(WEST, SOUTH)
    spiked[2:2] = [[WEST + SIDE, SOUTH + 0.05], [WEST + SIDE + 0.02, SOUTH + 0.05], [WEST + SIDE, SOUTH + 0.05]]
    bow = [[WEST, SOUTH], [WEST + SIDE, SOUTH + SIDE], [WEST + SIDE, SOUTH], [WEST, SOUTH + SIDE], [WEST, SOUTH]]
    found, faults = read(feature("有刺", spiked), feature("蝴蝶结", bow))
    assert [(one.name, one.repaired) for one in found] == [("有刺", True)]
    assert found[0].geometry.area == pytest.approx(SIDE**2, rel=0.02)
    assert [(fault.line, fault.code, fault.value) for fault in faults] == [(2, "crosses_itself", "蝴蝶结")]


@pytest.mark.parametrize(
    ("ring", "code"),
    [
        ([[121.4, 31.2], [121.5, 31.2]], "short_ring"),
        ([[121.4, 31.2]] * 5, "short_ring"),
        ([[121.4, 31.2], [121.5, 31.2], [121.6, 31.2]], "no_area"),
        ([[31.2, 121.4], [31.3, 121.4], [31.3, 121.5]], "swapped"),
        ([[350000.0, 3450000.0], [350100.0, 3450000.0], [350100.0, 3450100.0]], "no_degrees"),
        ([[121.4, "x"], [121.5, 31.2], [121.5, 31.3]], "no_numbers"),
        ([[121.4, None], [121.5, 31.2], [121.5, 31.3]], "no_numbers"),
        ([[float("nan"), 31.2], [121.5, 31.2], [121.5, 31.3]], "no_numbers"),
        ([[10**400, 31.2], [121.5, 31.2], [121.5, 31.3]], "no_numbers"),
        ("ring", "short_ring"),
    ],
)
def test_a_bad_ring_is_refused_by_number_and_name(ring: object, code: str) -> None:
    found, faults = read(feature("好", square(WEST, SOUTH)), feature("坏", ring))
    assert [one.name for one in found] == ["好"]
    assert [(fault.line, fault.code, fault.value) for fault in faults] == [(2, code, "坏")]


@pytest.mark.parametrize("broken", [None, {}, {"type": "Point", "coordinates": [1, 2]}, {"type": "Polygon"}, {"type": "Polygon", "coordinates": [[]]}])
def test_what_is_no_polygon_is_refused(broken: object) -> None:
    _found, faults = read({"type": "Feature", "properties": None, "geometry": broken}, "text")
    assert [fault.line for fault in faults] == [1, 2]


Json = some.recursive(some.none() | some.booleans() | some.floats() | some.text(max_size=5), lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.sampled_from(["type", "geometry", "coordinates", "properties", "name"]), inner, max_size=4), max_leaves=20)


@given(some.lists(Json, max_size=4))
def test_nothing_in_a_file_breaks_the_reader(features: list[object]) -> None:
    found, faults = read(*features)
    assert len(found) + len(faults) == len(features)


def test_codes_are_told_missing_long_and_twice() -> None:
    found, _ = read(
        feature("甲", square(WEST, SOUTH), c="1"), feature("乙", square(WEST, SOUTH), c=1.0),
        feature("丙", square(WEST, SOUTH)), feature("丁", square(WEST, SOUTH), c="9" * 41), code_field="c",
    )  # fmt: skip
    assert [(one.line, one.code) for one in check_outlines(found)] == [(2, "duplicate"), (3, "empty"), (4, "too_long")]


def test_offset_files_are_put_right() -> None:
    ring = [list(map(float, wgs84_to_gcj02(*corner))) for corner in square(WEST, SOUTH)]
    [found], _ = read(feature("甲", ring), system=System.GCJ02)
    assert np.allclose(shapely.get_coordinates(found.geometry), square(WEST, SOUTH), atol=1e-8, rtol=0)


def test_the_packed_map_of_the_demo_city_is_whole() -> None:
    features = read_document((PACKS / "shanghai" / "districts.json").read_bytes())
    found, faults = read(*features, system=System.GCJ02)
    assert not faults
    assert len(found) == 16
    areas = {one.name: shapely.area(one.geometry) * 111.3 * 95.3 for one in found}
    # Square kilometres as the city publishes them; the file is coarse to 100 m, and generous at the sea.
    assert areas["静安区"] == pytest.approx(37, rel=0.1)
    assert areas["青浦区"] == pytest.approx(670, rel=0.1)


COMPARISON = Path(__file__).resolve().parents[3] / "shared" / "data" / "places" / "shanghai_districts.geojson"


@pytest.mark.skipif(not COMPARISON.exists(), reason="the comparison file is not here")
def test_the_packed_map_agrees_with_a_finer_one() -> None:
    packed, _ = read(*read_document((PACKS / "shanghai" / "districts.json").read_bytes()), system=System.GCJ02)
    finer, _ = read(*read_document(COMPARISON.read_bytes()), system=System.GCJ02)
    by_name = {one.name: one.geometry for one in finer}
    for one in packed:
        other = by_name[one.name]
        shared = shapely.area(shapely.intersection(one.geometry, other)) / shapely.area(shapely.union(one.geometry, other))
        # At the coast the one draws tidal flats that the other leaves out.
        assert shared > (0.65 if one.name in ("崇明区", "浦东新区", "金山区", "奉贤区") else 0.9), (one.name, shared)


def test_neighbours_stay_neighbours_when_simplified() -> None:
    border = [[WEST + SIDE, SOUTH + step * SIDE / 40 + 0] for step in range(41)]
    border = [[x + (0.0004 if place % 2 else 0), y] for place, (x, y) in enumerate(border)]
    left = shapely.Polygon([[WEST, SOUTH], *border, [WEST, SOUTH + SIDE]])
    right = shapely.Polygon([*border, [WEST + 2 * SIDE, SOUTH + SIDE], [WEST + 2 * SIDE, SOUTH]])
    one, other = simplified([left, right], 0)
    assert shapely.get_num_coordinates(one) < 20 < shapely.get_num_coordinates(left)
    assert shapely.area(shapely.intersection(one, other)) == pytest.approx(0, abs=1e-12)
    assert one.touches(other)


def test_what_is_drawn_can_be_read_back() -> None:
    shape = shapely.Polygon(square(WEST, SOUTH), [square(WEST + 0.04, SOUTH + 0.04, 0.02)])
    outer, inner = drawn(shape)
    corners = np.cumsum(np.array(outer).reshape(-1, 2), axis=0) / 1e5
    assert np.allclose(corners, square(WEST, SOUTH)[:-1], atol=1e-5)
    assert len(inner) == 8


def test_a_label_stands_inside() -> None:
    horseshoe = shapely.Polygon([[0, 0], [10, 0], [10, 10], [8, 10], [8, 2], [2, 2], [2, 10], [0, 10]])
    assert horseshoe.contains(shapely.Point(label_point(horseshoe)))


def test_nothing_to_draw_is_nothing() -> None:
    assert simplified([], 0) == []
    assert collection()
