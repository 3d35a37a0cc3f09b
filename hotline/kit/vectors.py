"""A table of meanings beside a model's rows: one vector each, where the database has the extension pgvector.

Such a table stands outside Django's models because it exists only where the extension does (PostgreSQL of Debian has
none), and it has no foreign key: Django, which does not know it, could not empty the other table then.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection, transaction

log = logging.getLogger("hotline.vectors")
DIMENSIONS = 384
ASK_AGAIN = 60.0
"""Seconds after which a missing table is looked for again."""
CENTRE_FOR = 600.0
"""Seconds for which a process goes by the means that it has read."""


@dataclass(frozen=True, slots=True)
class Centre:
    """Means of a city's meanings by one model: of what is asked (numbers), of what is stored (as pgvector reads it)."""

    model: str
    asked: tuple[float, ...]
    stored: str
    counted: int
    made_at: datetime


class VectorTable:
    """`name` with columns of a key and `vector`; an index by cosine."""

    def __init__(self, name: str, **key: str) -> None:
        """`key`: SQL types of the key's columns, by name."""
        self.name = name
        self.key = key
        self._there = False
        self._asked_at = -ASK_AGAIN
        self._centre: tuple[Centre | None, float] = (None, -ASK_AGAIN)

    def prepare(self, database: Any = connection) -> bool:
        """Make the table where the extension can be had; False when it cannot. Harmless when repeated."""
        columns = ", ".join(f"{name} {kind} NOT NULL" for name, kind in self.key.items())
        try:
            with transaction.atomic(using=database.alias), database.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
                if cursor.fetchone() is None:
                    return False
                cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
                cursor.execute(
                    f"CREATE TABLE IF NOT EXISTS {self.name} ({columns}, vector halfvec({DIMENSIONS}) NOT NULL,"
                    f" PRIMARY KEY ({', '.join(self.key)}))"
                )
                cursor.execute(
                    f"CREATE INDEX IF NOT EXISTS {self.name}_near ON {self.name} USING hnsw (vector halfvec_cosine_ops)"
                )
        except DatabaseError as error:
            log.warning(
                "nothing is found by meaning in %s, the database refuses pgvector: %s", self.name, error
            )
            return False
        return True

    def is_there(self) -> bool:
        """True when this database has the table; asked once, and again after a while where it has not."""
        if not self._there and time.monotonic() - self._asked_at >= ASK_AGAIN:
            with connection.cursor() as cursor:
                cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [self.name])
                self._there = bool(cursor.fetchone()[0])
            self._asked_at = time.monotonic()
        return self._there

    def centre(self) -> str:
        """Name of the table that keeps the means (`keep_centre`)."""
        return f"{self.name}_centre"

    def keep_centre(self, model: str, asked: Iterable[float], newest: int) -> int:
        """Keep where the meanings of this model lie: the mean of what is asked, and of the stored vectors of the `newest` keys.

        All texts of a city are alike in being complaints; what they have in common is taken off before they are compared.
        The table is made where it is not. Returns how many stored vectors were counted; 0 writes nothing.
        """
        key = next(iter(self.key))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS {self.centre()} (model varchar(80) PRIMARY KEY, asked vector({DIMENSIONS}) NOT NULL,"
                f" stored vector({DIMENSIONS}) NOT NULL, counted integer NOT NULL, made_at timestamptz NOT NULL)"
            )
            cursor.execute(
                f"INSERT INTO {self.centre()} (model, asked, stored, counted, made_at)"
                f" SELECT %s, %s::vector, avg(vector)::vector, count(*), now()"
                f" FROM (SELECT vector FROM {self.name} ORDER BY {key} DESC LIMIT %s) AS newest HAVING count(*) > 0"
                " ON CONFLICT (model) DO UPDATE SET asked = excluded.asked, stored = excluded.stored,"
                " counted = excluded.counted, made_at = excluded.made_at RETURNING counted",
                [model, as_text(asked), newest],
            )
            row = cursor.fetchone()
        self._centre = (None, -ASK_AGAIN)
        return int(row[0]) if row else 0

    def centre_of(self, model: str) -> Centre | None:
        """The means kept for this model; None before the first were. Read again after a while."""
        kept, at = self._centre
        if kept is not None and kept.model != model:
            kept, at = None, -ASK_AGAIN
        if time.monotonic() - at >= (CENTRE_FOR if kept else ASK_AGAIN):
            kept = self._read_centre(model)
            self._centre = (kept, time.monotonic())
        return kept

    def _read_centre(self, model: str) -> Centre | None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [self.centre()])
            if not cursor.fetchone()[0]:
                return None
            cursor.execute(
                f"SELECT asked::text, stored::text, counted, made_at FROM {self.centre()} WHERE model = %s", [model]
            )
            row = cursor.fetchone()
        return Centre(model, tuple(json.loads(row[0])), row[1], int(row[2]), row[3]) if row else None

    def forget(self) -> None:
        """Ask the database for the table at the next use."""
        self._there, self._asked_at = False, -ASK_AGAIN
        self._centre = (None, -ASK_AGAIN)


@contextmanager
def looking_for(most: int) -> Iterator[Any]:
    """A cursor whose search in the index gives up to `most` neighbours; by itself pgvector never gives more than 40."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('hnsw.ef_search', %s, true)", [str(min(max(most, 40), 1000))])
        yield cursor


def as_text(vector: Iterable[float]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{value:.6g}" for value in vector) + "]"
