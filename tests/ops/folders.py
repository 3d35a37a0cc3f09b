"""Folders for databases that run as another user."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def passable() -> Iterator[Path]:
    """A folder that every user may pass through, gone afterwards.

    Not in pytest's own: every session that starts closes that one to others, for all workers at once.
    """
    with tempfile.TemporaryDirectory(prefix="xinsheng-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)
