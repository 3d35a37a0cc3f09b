from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    """Recordings of this test in folders of its own."""
    settings.SWITCH_DIR = tmp_path / "switch"
    settings.MEDIA_ROOT = tmp_path / "files"
