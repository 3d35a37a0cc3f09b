from __future__ import annotations

import pytest

from hotline.knowledge import vectors


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    """Files of this test in a folder of its own, and no model of another test."""
    settings.MEDIA_ROOT = tmp_path
    vectors.forget()
    yield
    vectors.forget()
