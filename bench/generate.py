"""Orders a second that `hotline generate` makes by COPY, beside a bare COPY of its own log's rows in the same database.

The city of `pages`, made anew and kept for it. Goal: 1,000,000 orders in under 10 minutes, and `hotline deadlines check` agrees on a sample.
"""

from __future__ import annotations

import shutil
import time
from typing import Any

import psycopg

from bench.city import VAR, city

TABLES = (
    "workorders_workorder",
    "workorders_workorderevent",
    "workorders_assignment",
    "workorders_clock",
    "intake_appeal",
)
BARE = 1_000_000
"""Rows of the bare COPY at most."""


def run(orders: int = 1_000_000) -> dict[str, Any]:
    """Seconds of the whole command, from its start to its commit with all indexes."""
    name = f"pages-{orders}"
    shutil.rmtree(VAR / name, ignore_errors=True)
    with city(name) as place:
        seconds = place.generate(orders)
        with psycopg.connect(place.environment["DATABASE_URL"], autocommit=True) as connection:
            rows = sum(_count(connection, table) for table in TABLES)
            bare_rows, bare = _bare(connection)
    return {
        "name": "generate",
        "orders": orders,
        "seconds": round(seconds, 1),
        "orders_per_s": round(orders / seconds),
        "table_rows": rows,
        "table_rows_per_s": round(rows / seconds),
        "bare_copy_rows_per_s": round(bare_rows / bare),
        "ratio": round(rows / seconds / (bare_rows / bare), 3),
        "minutes_per_1000000": round(seconds / orders * 1_000_000 / 60, 1),
        "goal": "1,000,000 orders in < 10 minutes",
    }


def _count(connection: psycopg.Connection[Any], name: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {name}").fetchone()  # type: ignore[call-overload]
    return int(row[0])


def _bare(connection: psycopg.Connection[Any]) -> tuple[int, float]:
    """(rows, seconds) of the log's rows copied into a table without index or key."""
    connection.execute("CREATE TABLE bench_bare (LIKE workorders_workorderevent)")
    with connection.cursor() as cursor:
        source = f"COPY (SELECT * FROM workorders_workorderevent LIMIT {BARE}) TO STDOUT (FORMAT binary)"
        with cursor.copy(source) as copy:  # type: ignore[arg-type]
            chunks = [bytes(chunk) for chunk in copy]
        began = time.perf_counter()
        with cursor.copy("COPY bench_bare FROM STDIN (FORMAT binary)") as copy:
            for chunk in chunks:
                copy.write(chunk)
        seconds = time.perf_counter() - began
        rows = max(1, cursor.rowcount)
    connection.execute("DROP TABLE bench_bare")
    return rows, seconds
