"""What a slow phone has to fetch before it sees the first page."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client

from hotline.portal.views.shell import _files
from hotline.ui import assets
from tests.accounts.cast import Cast

pytestmark = pytest.mark.django_db
MOST = 200_000


def _sent(name: str) -> int:
    """Bytes as the web server sends a built file: packed beforehand."""
    packed = assets.DIST / f"{name}.br"
    return (packed if packed.exists() else assets.DIST / name).stat().st_size


@pytest.mark.skipif(not assets.modified_at("manifest.json"), reason="the pages are not built")
@pytest.mark.parametrize("path", ["/", "/look-up/", "/snap/"])
def test_a_first_visit_is_light(city: Cast, path: str) -> None:
    page = Client().get(path).content
    files = _files() if path == "/snap/" else assets.entry_files("main")
    assert files
    assert len(gzip.compress(page)) + sum(map(_sent, files)) <= MOST
