from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings

from hotline.analytics import folder


@pytest.fixture
def lake(settings: LazySettings, tmp_path: Path) -> Path:
    """An empty lake of this test's own."""
    settings.LAKE_DIR = tmp_path / "lake"
    folder.reader.forget()
    return tmp_path / "lake"
