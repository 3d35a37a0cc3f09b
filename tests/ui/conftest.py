"""Fixtures of the interface's tests."""

from __future__ import annotations

import pytest

from hotline.ui import city


@pytest.fixture(autouse=True)
def plain_city(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interface alone: no city is read from a database that most of these tests do not open."""
    monkeypatch.setattr(city, "_source", city.City)
