"""Moments of generated rows read as Python writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hotline.demo.life.rows import NULL, Stamps, iso
from hotline.kit.clock import CITY_ZONE


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 23, 8, 0, 5, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=1),
        datetime(2026, 11, 23, 8, 0, 5, 42, tzinfo=UTC),
        datetime(2026, 11, 23, 8, 0, 5, tzinfo=CITY_ZONE),
    ],
)
def test_a_moment_is_written_as_isoformat_writes_it(at: datetime) -> None:
    assert iso(at) == at.isoformat()
    assert iso(at) == at.isoformat()  # the day is kept by then


def test_no_moment_is_null() -> None:
    stamp, at = Stamps(), datetime(2026, 11, 23, tzinfo=UTC)
    assert (stamp[None], stamp[at], stamp[at]) == (NULL, at.isoformat(), at.isoformat())
