"""A table of meanings beside a model's rows: one vector each, where the database has the extension pgvector.

Such a table stands outside Django's models because it exists only where the extension does (PostgreSQL of Debian has
none), and it has no foreign key: Django, which does not know it, could not empty the other table then.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connection, transaction

log = logging.getLogger("hotline.vectors")
DIMENSIONS = 384
ASK_AGAIN = 60.0
"""Seconds after which a missing table is looked for again."""


class VectorTable:
    """`name` with columns of a key and `vector`; an index by cosine."""

    def __init__(self, name: str, **key: str) -> None:
        """`key`: SQL types of the key's columns, by name."""
        self.name = name
        self.key = key
        self._there = False
        self._asked_at = -ASK_AGAIN

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

    def forget(self) -> None:
        """Ask the database for the table at the next use."""
        self._there, self._asked_at = False, -ASK_AGAIN


@contextmanager
def looking_for(most: int) -> Iterator[Any]:
    """A cursor whose search in the index gives up to `most` neighbours; by itself pgvector never gives more than 40."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('hnsw.ef_search', %s, true)", [str(min(max(most, 40), 1000))])
        yield cursor


def as_text(vector: Iterable[float]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{value:.6g}" for value in vector) + "]"
