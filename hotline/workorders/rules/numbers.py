"""Numbers of orders: prefix, the city's date, running number (rules.md section 5: unique, date-based)."""

from __future__ import annotations

import re
from datetime import datetime

from hotline.kit.clock import CITY_ZONE

_NUMBER = re.compile(r"([A-Z]{0,6})(\d{8})-?(\d{6,9})")


def format_number(prefix: str, at: datetime, running: int) -> str:
    """`JD20261122-000123`; the running number never restarts, so that two days can never collide."""
    day = at.astimezone(CITY_ZONE)
    return f"{prefix}{day.year:04d}{day.month:02d}{day.day:02d}-{running:06d}"


def read_number(text: str) -> str | None:
    """The number as stored from what a person typed or read aloud (spaces, lower case, no dash); None when it is none."""
    found = _NUMBER.fullmatch(re.sub(r"[\s—–-]", "", text).upper())
    return f"{found[1]}{found[2]}-{found[3]}" if found else None
