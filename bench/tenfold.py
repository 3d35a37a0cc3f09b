"""`python -m bench.tenfold [COPIES]`: the city of `pages-1000000` with its closed orders told again, for pages at 10,000,000 orders.

A whole city of ten million needs 140 GB. Lists and look-ups read four tables by index (`TOLD`); their rows are copied for
closed orders with all their columns and indexes, three years further back for each copy, under lower ids and numbers of their own.
What a page reads by the key of one order alone (events, clocks, replies, contacts, follow-ups) stays that of the first million:
about 50 GB in all. What is measured with it: `python -m bench pages --orders 10000000`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from bench.city import VAR, city

WHOLE = 10_000_000
FROM, TO = "pages-1000000", f"pages-{WHOLE}"
YEARS = 3
IDS = {"workorders_workorder": 4_000_000, "intake_appeal": 4_000_000, "workorders_assignment": 10**8, "workorders_involvement": 10**8}
"""Ids of a table that one copy takes, below all before it; more than the table has, gaps and all."""
TOLD = ("workorders_workorder", "intake_appeal", "workorders_assignment", "workorders_involvement")
OWN = {
    "workorders_workorder": ("id",),
    "intake_appeal": ("id", "order_id", "raw_id"),
    "workorders_assignment": ("id", "order_id", "parent_id"),
    "workorders_involvement": ("id", "order_id"),
}
"""Columns that name a row of the copy; all others keep what they point to."""
UNIQUE = {"raw_id": sql.SQL("NULL")}
"""Columns whose rows are not told again."""


def _columns(connection: psycopg.Connection[Any], table: str) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [table],
    ).fetchall()


def _told(table: str, name: str, kind: str) -> sql.Composable:
    """A column's value in copy %(copy)s."""
    column = sql.SQL("t.{}").format(sql.Identifier(name))
    if name in UNIQUE:
        return UNIQUE[name]
    if name in OWN[table]:
        step = IDS["workorders_workorder" if name == "order_id" else table]
        return sql.SQL("{} - %(copy)s::bigint * {}").format(column, step)
    if name == "number":
        return sql.SQL("{} || '-' || %(copy)s").format(column)
    if kind == "timestamp with time zone":
        return sql.SQL("{} - %(copy)s * interval '{} years'").format(column, YEARS)
    return column


def _references(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    """(table, name) of the foreign keys of the told tables."""
    return connection.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])", [list(TOLD)]
    ).fetchall()


def _indexes(connection: psycopg.Connection[Any], table: str) -> list[tuple[str, str]]:
    """(name, definition) of indexes that no constraint stands on."""
    return connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i WHERE indrelid = %s::regclass"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        [table],
    ).fetchall()


def tell(connection: psycopg.Connection[Any], copies: int, tables: Sequence[str] = TOLD) -> None:
    """Fill the tables; the database is autocommitting and nobody else writes."""
    connection.execute("SET synchronous_commit = off")
    connection.execute("SET maintenance_work_mem = '3GB'")
    for table, name in _references(connection):  # a throw-away city: nobody needs them, and each would be asked ten million times
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name)))
    for table in tables:
        began = time.perf_counter()
        name_of = sql.Identifier(table)
        connection.execute(sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = false)").format(name_of))
        indexes = _indexes(connection, table)
        for name, _definition in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.SQL(name)))
        columns = _columns(connection, table)
        names = sql.SQL(", ").join(sql.Identifier(name) for name, _kind in columns)
        values = sql.SQL(", ").join(_told(table, name, kind) for name, kind in columns)
        order = "id" if table == "workorders_workorder" else "order_id"
        statement = sql.SQL(
            "INSERT INTO {table} ({names}) SELECT {values} FROM {table} t JOIN workorders_workorder o ON o.id = t.{order}"
            " WHERE o.closed_at IS NOT NULL AND o.id > 0 AND t.id > 0"
        ).format(table=name_of, names=names, values=values, order=sql.Identifier(order))
        for copy in range(1, copies + 1):
            rows = connection.execute(statement, {"copy": copy}).rowcount
            print(f"{table}: copy {copy}, {rows:,} rows, {time.perf_counter() - began:.0f} s", flush=True)
        for name, definition in indexes:
            connection.execute(definition)  # type: ignore[call-overload]
            print(f"{table}: {name}, {time.perf_counter() - began:.0f} s", flush=True)
        connection.execute(sql.SQL("ALTER TABLE {} RESET (autovacuum_enabled)").format(name_of))
        connection.execute(sql.SQL("VACUUM (ANALYZE) {}").format(name_of))


def main() -> None:
    """Copy the folder, then tell its orders again."""
    copies = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    if not (VAR / TO).exists():
        subprocess.run(["cp", "-a", VAR / FROM, VAR / TO], check=True)
        os.sync()
    with city(TO) as place, psycopg.connect(place.environment["DATABASE_URL"], autocommit=True) as connection:
        tell(connection, copies)
        counted = connection.execute("SELECT count(*) FROM workorders_workorder").fetchone()
        print(f"{counted[0] if counted else 0:,} orders", flush=True)


if __name__ == "__main__":
    main()
