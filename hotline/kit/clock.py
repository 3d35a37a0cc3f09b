"""The only clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

CITY_ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present moment, aware, UTC."""
    return timezone.now().astimezone(UTC)


def today() -> date:
    """The city's calendar day."""
    return now().astimezone(CITY_ZONE).date()
