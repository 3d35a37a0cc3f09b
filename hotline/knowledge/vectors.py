"""Meaning: one vector a paragraph, where the database has pgvector and a model is there. The only module that knows both.

Everything here answers "nothing" when something is missing; a search then goes by words alone.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from hotline.kit.health import Level, Result
from hotline.kit.vectors import VectorTable, as_text
from hotline.language.client import Unanswered

if TYPE_CHECKING:
    from hotline.language.embedding import Embedder

log = logging.getLogger("hotline.knowledge")
TABLE = VectorTable("knowledge_vector", entry_id="bigint", position="integer")
ASK_AGAIN = 60.0
"""Seconds after which a missing model is looked for again."""


@dataclass(slots=True)
class _Known:
    model: Embedder | None = None
    model_at: float = -ASK_AGAIN


_known = _Known()
_lock = threading.Lock()


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


def forget() -> None:
    """Look again for table and model; for tests."""
    TABLE.forget()
    _known.model, _known.model_at = None, -ASK_AGAIN


def use_model(found: Embedder | None) -> None:
    """Compare by this model from now on, in this process."""
    _known.model = found


def embed_query(text: str) -> str | None:
    """The question's vector for SQL; None when there is no model, no table, or the model fails."""
    if not TABLE.is_there() or (found := model()) is None:
        return None
    try:
        return as_text(found.query(text))
    except Unanswered as error:
        log.warning("knowledge: searched by words alone: %s", error)
        return None
    except Exception:
        log.exception("knowledge: a question could not be embedded; searched by words")
        return None


def health() -> Result:
    """One line of the health page."""
    if not TABLE.is_there():
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
