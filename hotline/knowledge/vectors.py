"""Meaning: one vector a paragraph, where the database has pgvector and a model is there. The only module that knows both.

The table stands outside Django's models because it exists only where the extension does (PostgreSQL of Debian has
none). Everything here answers "nothing" when something is missing; a search then goes by words alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

from hotline.kit.health import Level, Result

if TYPE_CHECKING:
    from hotline.language.embedding import Embedder

log = logging.getLogger("hotline.knowledge")
DIMENSIONS = 384
ASK_AGAIN = 60.0
"""Seconds after which a missing table or model is looked for again."""


@dataclass(slots=True)
class _Known:
    table: bool = False
    model: Embedder | None = None
    table_at: float = -ASK_AGAIN
    model_at: float = -ASK_AGAIN


_known = _Known()
_lock = threading.Lock()


def prepare(database: Any = connection) -> bool:
    """Make the table where the extension can be had; False when it cannot. Harmless when repeated."""
    try:
        with transaction.atomic(using=database.alias), database.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")
            if cursor.fetchone() is None:
                return False
            cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
            # No foreign key: Django, which does not know this table, could not empty `knowledge_entry` then.
            cursor.execute(
                "CREATE TABLE IF NOT EXISTS knowledge_vector ("
                " entry_id bigint NOT NULL,"
                f" position integer NOT NULL, vector halfvec({DIMENSIONS}) NOT NULL, PRIMARY KEY (entry_id, position))"
            )
            cursor.execute("CREATE INDEX IF NOT EXISTS knowledge_vector_near ON knowledge_vector USING hnsw (vector halfvec_cosine_ops)")
    except DatabaseError as error:
        log.warning("knowledge: no search by meaning, the database refuses pgvector: %s", error)
        return False
    return True


def table_there() -> bool:
    """True when paragraphs can be compared by meaning in this database."""
    if not _known.table and time.monotonic() - _known.table_at >= ASK_AGAIN:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('knowledge_vector') IS NOT NULL")
            _known.table = bool(cursor.fetchone()[0])
        _known.table_at = time.monotonic()
    return _known.table


def model() -> Embedder | None:
    """The embedding model; None when it is not installed or does not load."""
    with _lock:
        if _known.model is None and time.monotonic() - _known.model_at >= ASK_AGAIN:
            _known.model_at = time.monotonic()
            try:
                # Tests bring their own: the real one takes seconds and a hundred megabytes.
                _known.model = None if settings.TESTING else _loaded()
            except Exception:
                log.exception("knowledge: the embedding model does not load; search goes by words")
                _known.model = None
    return _known.model


def _loaded() -> Embedder | None:
    # Here, not above: its packages are an extra, and a city without them has everything but meaning.
    from hotline.language.embedding import embedder

    return embedder()


def look_again() -> None:
    """Ask the database for the table at the next use."""
    _known.table, _known.table_at = False, -ASK_AGAIN


def forget() -> None:
    """Look again for table and model; for tests."""
    look_again()
    _known.model, _known.model_at = None, -ASK_AGAIN


def use_model(found: Embedder | None) -> None:
    """Compare by this model from now on, in this process."""
    _known.model = found


def text_of(vector: Iterable[float]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{value:.6g}" for value in vector) + "]"


def embed_query(text: str) -> str | None:
    """The question's vector for SQL; None when there is no model, no table, or the model fails."""
    if not table_there() or (found := model()) is None:
        return None
    try:
        return text_of(found.query(text))
    except Exception:
        log.exception("knowledge: a question could not be embedded; searched by words")
        return None


def health() -> Result:
    """One line of the health page."""
    if not table_there():
        return Result(
            Level.OK,
            _("Knowledge is found by words. Search by meaning needs the database extension pgvector."),
            _("Install pgvector and run `hotline knowledge reindex`."),
        )
    if model() is None:
        return Result(
            Level.OK, _("Knowledge is found by words. The model for search by meaning is not installed.")
        )
    return Result(Level.OK, _("Knowledge is found by words and by meaning."))
