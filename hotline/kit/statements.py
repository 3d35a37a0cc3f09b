"""One statement of a busy way: values travel apart from the text, and the server keeps the plan.

Django's own cursors write values into the text, so that the server parses and plans each time; for a statement of fifty
columns that costs more than running it. Errors are Django's, and `assertNumQueries` counts these statements too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections


def fetch_one(text: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """Run a constant `text` in the present transaction; its first row, None when there is none.

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
        cursor = psycopg.Cursor(raw)
        cursor.execute(text, parameters, prepare=True)
        return cursor.fetchone() if cursor.pgresult is not None and cursor.pgresult.nfields else None
