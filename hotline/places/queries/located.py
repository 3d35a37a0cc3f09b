"""Where a point lies. The atlas is built once a process and swapped whole when an import publishes new outlines."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import shapely
from django.conf import settings
from django.db import close_old_connections, connection
from shapely.geometry.base import BaseGeometry

from hotline.places.models import Area, AreaLevel, Division, OutlineSet, Point
from hotline.places.rules.divisions import ancestors
from hotline.places.rules.finding import Atlas, KnownPoint, Located, Outlines, Points

ASKED_EVERY = 3.0
"""Seconds between two looks at whether something new was published; so long a process may answer by the old outlines."""
_LOOKED_UP = (AreaLevel.DISTRICT, AreaLevel.STREET, AreaLevel.GRID)
Mark = tuple[object, ...]


def reverse(latitude: float, longitude: float) -> Located:
    """Point (degrees, WGS-84) → district, street, community, grid and the nearest known place.

    Never raises: NaN, places outside the city and exchanged coordinates are told in the answer. From memory, about a tenth of a millisecond.
    """
    return _kept.get().locate(latitude, longitude)


def atlas() -> Atlas:
    """All outlines and points that hold now."""
    return _kept.get()


def newest_set(level: str) -> OutlineSet | None:
    """The outlines of a level that hold."""
    return OutlineSet.objects.filter(level=level).order_by("-id").first()


def outline_of(level: str, code: str) -> BaseGeometry | None:
    """The polygon of one area that holds now, WGS-84; None when there is none."""
    newest = newest_set(level)
    row = Area.objects.filter(outlines=newest, code=code).values_list("shape", flat=True).first() if newest else None
    return shapely.from_wkb(bytes(row)) if row is not None else None


def forget_outlines() -> None:
    """Look for new outlines at the next question; called after a change in this process."""
    _kept.forget()


def _mark() -> Mark:
    """Changes when outlines or points change. Two statements, whatever the number of rows."""
    newest = OutlineSet.objects.filter(level__in=_LOOKED_UP).order_by("-id").values_list("id", flat=True).first()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [["places_division", "places_point"]],
        )
        return newest, cursor.fetchone()[0]


def _outlines(level: str) -> Outlines:
    newest = newest_set(level)
    rows = Area.objects.filter(outlines=newest).values_list("code", "name", "shape") if newest else ()
    return Outlines([(code, name, shapely.from_wkb(bytes(shape))) for code, name, shape in rows])


def _read() -> Atlas:
    located = Point.objects.exclude(latitude=None).exclude(longitude=None)
    rows = list(located.values_list("name", "division_id", "longitude", "latitude"))
    # Communities and streets with a position of their own are points, too.
    divisions = Division.objects.exclude(latitude=None).exclude(longitude=None).filter(level__gte=4)
    rows += divisions.values_list("name", "code", "longitude", "latitude")
    points = [
        KnownPoint(name, division, longitude, latitude)
        for name, division, longitude, latitude in rows
        if latitude is not None and longitude is not None
    ]
    return Atlas(
        districts=_outlines(AreaLevel.DISTRICT),
        streets=_outlines(AreaLevel.STREET),
        grids=_outlines(AreaLevel.GRID),
        points=Points(points),
        names=_names({point.division for point in points}),
    )


def _names(codes: Iterable[str]) -> dict[str, str]:
    wanted = {up for code in codes for up in (code, *ancestors(code))}
    return dict(Division.objects.filter(code__in=wanted).values_list("code", "name")) if wanted else {}


class _Kept:
    """One atlas a process. The old one answers on while the new one is built beside it; in tests it is read each time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._atlas: Atlas | None = None
        self._made_from: Mark = ()
        self._until = 0.0
        self._building = False

    def get(self) -> Atlas:
        found = self._atlas
        if found is not None and time.monotonic() < self._until:
            return found
        with self._lock:
            moment = time.monotonic()
            if self._atlas is None or settings.TESTING:
                self._build(_mark())
            elif moment >= self._until and not self._building:
                self._until, self._building = moment + ASKED_EVERY, True
                threading.Thread(target=self._again, daemon=True).start()
            assert self._atlas is not None
            return self._atlas

    def forget(self) -> None:
        self._until = 0.0

    def _build(self, mark: Mark) -> None:
        self._atlas = _read()
        # Tests' rows come and go.
        self._made_from, self._until = mark, time.monotonic() + (0.0 if settings.TESTING else ASKED_EVERY)

    def _again(self) -> None:
        try:
            close_old_connections()
            mark = _mark()
            if mark != self._made_from:
                self._build(mark)
        finally:
            self._building = False
            connection.close()


_kept = _Kept()
