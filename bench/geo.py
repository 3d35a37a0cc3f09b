"""Point → district, street, grid: look-ups a second in one process, beside the bare tree of the geometry library.

`python -m bench geo`, no database. Districts are the demo city's outlines; streets and grid are the same districts cut into
squares of 0.06 and 0.009 degrees (a street of 6 km, a grid of 1 km), because the pack has none; points are drawn evenly over the
city's box, so that some lie outside. Goal: 20,000 a second at each level.
"""

from __future__ import annotations

import os
import time
from random import Random
from typing import Any

POINTS = 50_000
KNOWN = 20_000
TURNS = 3


def run() -> dict[str, Any]:
    """Look-ups a second by level, medians of three turns with the bare tree between, and of the whole reverse answer."""
    os.environ.setdefault("HOTLINE_MODE", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.config.settings")
    import django

    django.setup()
    import shapely

    from bench.city import PACK
    from hotline.places.rules.coordinates import System
    from hotline.places.rules.finding import Atlas, KnownPoint, Outlines, Points
    from hotline.places.rules.outlines import read_document, read_outlines

    read, _faults = read_outlines(read_document((PACK / "districts.json").read_bytes()), system=System.GCJ02)
    districts = [(f"{310101 + place}000000", one.name, one.geometry) for place, one in enumerate(read)]

    def cut(step: float) -> list[tuple[str, str, Any]]:
        out = []
        for code, name, shape in districts:
            west, south, east, north = shape.bounds
            number, x = 0, west
            while x < east:
                y = south
                while y < north:
                    part = shape.intersection(shapely.box(x, y, x + step, y + step))
                    if part.area > 0:
                        number += 1
                        out.append((f"{code[:6]}{number:06d}", f"{name}{number}", part))
                    y += step
                x += step
        return out

    chance = Random(1)
    west, south, east, north = shapely.total_bounds([shape for *_names, shape in districts])
    points = [(chance.uniform(south, north), chance.uniform(west, east)) for _ in range(POINTS)]
    levels = {"district": districts, "street": cut(0.06), "grid": cut(0.009)}
    rows, outlines = [], {}
    for name, areas in levels.items():
        ours = outlines[name] = Outlines(areas)
        tree = shapely.STRtree([shape for *_names, shape in areas])
        mine, bare = [], []
        for _turn in range(TURNS):
            began = time.perf_counter()
            found = [ours.at(x, y) for y, x in points]
            mine.append(POINTS / (time.perf_counter() - began))
            began = time.perf_counter()
            plain = [tree.query(shapely.Point(x, y), predicate="intersects") for y, x in points]
            bare.append(POINTS / (time.perf_counter() - began))
            if any((spot is None) != (len(query) == 0) for spot, query in zip(found, plain, strict=True)):
                raise SystemExit(f"{name}: the tree says otherwise")
        rows.append({"level": name, "areas": len(areas), "per_second": round(sorted(mine)[1]), "bare_tree": round(sorted(bare)[1])})
    known = [KnownPoint(str(n), districts[n % len(districts)][0], chance.uniform(west, east), chance.uniform(south, north)) for n in range(KNOWN)]
    atlas = Atlas(outlines["district"], outlines["street"], outlines["grid"], Points(known), {})
    began = time.perf_counter()
    for point in points:
        atlas.locate(*point)
    return {"rows": rows, "points": POINTS, "known_places": KNOWN, "whole_per_second": round(POINTS / (time.perf_counter() - began))}
