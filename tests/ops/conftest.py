"""Folders for databases that run as another user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.folders import passable


@pytest.fixture
def open_folder() -> Iterator[Path]:
    with passable() as made:
        yield made
