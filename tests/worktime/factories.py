"""Calendars, moments and specs for tests, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import chinese_calendar.constants as public

from hotline.kit.clock import CITY_ZONE
from hotline.worktime.rules import ClockSpec, PolicyDocument, Span, WorkCalendar, WorkHours

PUBLIC = WorkCalendar(
    range(2004, 2027),
    {day: str(name) for day, name in public.holidays.items()},
    {day: str(name) for day, name in public.workdays.items()},
)


def at(text: str) -> datetime:
    """`"2026-11-20 16:40"` in the city, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=CITY_ZONE).astimezone(UTC)


def local(moment: datetime) -> str:
    return moment.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M")


def spec(span: str, *, cutoff: int | None = None, hours: str = "09:00-17:30", **more: object) -> ClockSpec:
    return ClockSpec("finish", "unit", Span.parse(span), "dispatched", WorkHours.parse(hours), cutoff, **more)  # type: ignore[arg-type]


def document(rules: list[dict[str, object]], **more: object) -> PolicyDocument:
    return PolicyDocument.parse({"format": 1, "name": "试验", "rules": rules, **more})
