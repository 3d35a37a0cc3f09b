"""The city's places as the language library reads them: built once a process, built anew when the rows changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from django.conf import settings
from django.db import close_old_connections, connection
from django.db.models import Q

from hotline.language.places import Finder, Gazetteer, Row
from hotline.places.models import Division, DivisionLevel, Point
from hotline.places.rules import significant
from hotline.workorders.queries.reference import city

ASKED_EVERY = 60.0
"""Seconds between two looks at whether the places changed."""


def _rows(home: str) -> Iterator[Row]:
    """Everything inside the city, and of the rest of the country provinces and cities, so that another city is known as one.

    A platform without a city of its own reads no communities: of a whole country they would not fit beside each process.
    """
    within = Q(code__startswith=significant(home)) if home else Q(level__lte=DivisionLevel.STREET)
    divisions = Division.objects.filter(Q(level__lte=DivisionLevel.CITY) | within).values_list(
        "code", "name", "level", "parent_id", "longitude", "latitude"
    )
    for code, name, level, parent, longitude, latitude in divisions.iterator(chunk_size=5000):
        yield Row(code, name, level, parent or "", (), longitude, latitude)
    points = Point.objects.filter(division__code__startswith=significant(home)).values_list(
        "id", "name", "aliases", "kind", "division_id", "longitude", "latitude"
    )
    for pk, name, aliases, kind, division, longitude, latitude in points.iterator(chunk_size=5000):
        kind = "road" if kind == "road" else "point"
        yield Row(f"point:{pk}", name, 6, division, tuple(map(str, aliases)), longitude, latitude, kind)


def _mark() -> tuple[object, ...]:
    """Changes when rows of places or the city's own code change. Reads two counters, however many rows there are."""
    home = city()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [["places_division", "places_point"]],
        )
        return home.division_code if home else "", cursor.fetchone()[0]


class _Kept:
    """One finder a process. The old one serves on while the new one is built beside it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._finder: Finder | None = None
        self._made_from: tuple[object, ...] = ()
        self._until = 0.0
        self._building = False

    def get(self) -> Finder:
        moment = time.monotonic()
        found = self._finder
        if found is not None and moment < self._until:
            return found
        with self._lock:
            if self._finder is None or settings.TESTING:
                self._build(_mark())
            elif moment >= self._until and not self._building:
                self._until = moment + ASKED_EVERY
                mark = _mark()
                if mark != self._made_from:
                    self._building = True
                    threading.Thread(target=self._again, args=(mark,), daemon=True).start()
            assert self._finder is not None
            return self._finder

    def warm(self) -> None:
        if self._finder is None and not self._building and not settings.TESTING:
            self._building = True
            threading.Thread(target=self._again, args=(None,), daemon=True).start()

    def _build(self, mark: tuple[object, ...]) -> None:
        self._finder = Finder(Gazetteer(_rows(str(mark[0]))))
        # Tests' rows come and go.
        self._made_from, self._until = mark, time.monotonic() + (0.0 if settings.TESTING else ASKED_EVERY)

    def _again(self, mark: tuple[object, ...] | None) -> None:
        try:
            close_old_connections()
            if mark is not None:
                self._build(mark)
            elif self._finder is None:
                self.get()
        finally:
            self._building = False
            connection.close()


_kept = _Kept()


def place_finder() -> Finder:
    """Reads texts for the city's places. The first call of a process reads the rows (a city's 20,000: about half a second)."""
    return _kept.get()


def warm_places() -> None:
    """Begin to read the places beside what is going on, so that nobody waits for it; costs nothing when they are read."""
    _kept.warm()
