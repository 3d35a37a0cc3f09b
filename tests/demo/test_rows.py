"""Moments of generated rows read as Python writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hotline.demo.life.rows import NULL, Stamps, datetime_of, iso, local_day, moment_of
from hotline.kit.clock import CITY_ZONE


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 23, 8, 0, 5, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=1),
        datetime(2026, 11, 23, 8, 0, 5, 42, tzinfo=UTC),
        datetime(2026, 11, 23, 8, 0, 5, tzinfo=CITY_ZONE),
        datetime(2026, 11, 22, 16, 0, tzinfo=UTC),
    ],
)
def test_a_moment_is_written_as_isoformat_writes_it(at: datetime) -> None:
    moment = moment_of(at)
    assert isinstance(moment, int) == (at.microsecond == 0)
    assert iso(moment) == at.astimezone(UTC).isoformat()
    assert datetime_of(moment) == at
    assert local_day(moment) == at.astimezone(CITY_ZONE).date()


def test_no_moment_is_null() -> None:
    stamp, at = Stamps(), datetime(2026, 11, 23, tzinfo=UTC)
    moment = moment_of(at)
    assert (stamp[None], stamp[moment], stamp[moment]) == (NULL, at.isoformat(), at.isoformat())
