"""One statement of a busy way: values travel apart from the text, and the server keeps the plan.

Django's own cursors write values into the text, so that the server parses and plans each time; for a statement of fifty
columns that costs more than running it. Errors are Django's, and `assertNumQueries` counts these statements too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import count
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model


def fetch_one(text: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """Run a constant `text` in the present transaction, else in one of its own; its first row, None when there is none.

    Every value is a parameter (`%s`); a value whose type the statement does not tell needs a cast there.
    """
    with _run(text, parameters) as cursor:
        result = cursor.pgresult  # psycopg would describe each column to say whether there are any
        return cursor.fetchone() if result is not None and result.nfields else None


def fetch_all(text: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of a constant `text` that selects; as `fetch_one`."""
    with _run(text, parameters) as cursor:
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def fetch_models(text: str, parameters: Sequence[Any], *models: type[Model]) -> list[tuple[Any, ...]]:
    """A tuple of instances a row, one of each model, as the ORM makes them; `text` selects their `columns` one after another.

    For the few reads that every action begins with: the ORM would write the statement anew each time, and the server plan it.
    """
    with _run(text, parameters) as cursor:
        rows = cursor.fetchall()
    made = []
    for row in rows:
        at, instances = 0, []
        for model in models:
            names, converters = _shape(model)
            values = list(row[at : at + len(names)])
            for place, converter in converters:
                values[place] = converter(values[place], None, connections[DEFAULT_DB_ALIAS])
            instances.append(model.from_db(DEFAULT_DB_ALIAS, names, values))
            at += len(names)
        made.append(tuple(instances))
    return made


def columns(model: type[Model], alias: str) -> str:
    """All columns of a model's table for a SELECT, under an alias; safe to put into a constant text."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


@cache
def _shape(model: type[Model]) -> tuple[list[str], list[tuple[int, Any]]]:
    db = connections[DEFAULT_DB_ALIAS]
    fields: list[Any] = list(model._meta.concrete_fields)
    converters = [
        (place, converter) for place, field in enumerate(fields) for converter in field.get_db_converters(db)
    ]
    return [field.attname for field in fields], converters


@contextmanager
def _run(text: str, parameters: Sequence[Any]) -> Iterator[Any]:
    db = connections[DEFAULT_DB_ALIAS]
    db.ensure_connection()
    raw = db.connection
    if db.queries_logged or db.execute_wrappers or not isinstance(raw, psycopg.Connection):
        with db.cursor() as plain:
            plain.execute(text, parameters)
            yield plain
        return
    db.validate_no_broken_transaction()
    with db.wrap_database_errors:
        cursor = psycopg.RawCursor(raw)
        cursor.execute(_numbered(text), parameters, prepare=True)
    yield cursor


@lru_cache(maxsize=256)
def _numbered(text: str) -> bytes:
    """The text as the server reads it (`$1`, `$2`, …), made once: psycopg would look for the values in a long text each time."""
    number = count(1)
    return re.sub("%[s%]", lambda found: "%" if found[0] == "%%" else f"${next(number)}", text).encode()
