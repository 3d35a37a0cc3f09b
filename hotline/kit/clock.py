"""The only clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

CITY_ZONE = ZoneInfo("Asia/Shanghai")


_simulated: ContextVar[datetime | None] = ContextVar("simulated_moment", default=None)


def now() -> datetime:
    """The present moment, aware, UTC."""
    return _simulated.get() or timezone.now().astimezone(UTC)


@contextmanager
def simulated(at: datetime) -> Iterator[None]:
    """Within the block `now()` is `at`: for a replay, whose people live in another time than this machine."""
    token = _simulated.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _simulated.reset(token)


def today() -> date:
    """The city's calendar day."""
    return now().astimezone(CITY_ZONE).date()
