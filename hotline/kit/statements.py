"""One statement of a busy way: values travel apart from the text, and the server keeps the plan.

Django's own cursors write values into the text, so that the server parses and plans each time; for a statement of fifty
columns that costs more than running it. Errors are Django's, and `assertNumQueries` counts these statements too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections


def fetch_one(text: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """Run a constant `text` in the present transaction, else in one of its own; its first row, None when there is none.

    Every value is a parameter (`%s`); a value whose type the statement does not tell needs a cast there.
    """
    db = connections[DEFAULT_DB_ALIAS]
    db.ensure_connection()
    raw = db.connection
    if db.queries_logged or db.execute_wrappers or not isinstance(raw, psycopg.Connection):
        with db.cursor() as plain:
            plain.execute(text, parameters)
            return plain.fetchone() if plain.description else None
    db.validate_no_broken_transaction()
    with db.wrap_database_errors:
        cursor = psycopg.RawCursor(raw)
        cursor.execute(_numbered(text), parameters, prepare=True)
        return cursor.fetchone() if cursor.pgresult is not None and cursor.pgresult.nfields else None


@lru_cache(maxsize=256)
def _numbered(text: str) -> bytes:
    """The text as the server reads it (`$1`, `$2`, …), made once: psycopg would look for the values in a long text each time."""
    number = count(1)
    return re.sub("%[s%]", lambda found: "%" if found[0] == "%%" else f"${next(number)}", text).encode()
