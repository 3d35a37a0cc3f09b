"""When citizens may be called, and when again. Pure: the moment and the hours that anybody may be called in are given."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from hotline.kit.clock import CITY_ZONE

Hours = tuple[time, time]
"""From – before; `time.max` is the day's end."""
PERIODS = (time(12, 0), time(18, 0))
"""Morning, afternoon, evening: tries fall into different ones."""


def bounded(opens: time, closes: time, legal: Hours) -> Hours:
    """A campaign's own hours, of which only those within the legal ones count."""
    return max(opens, legal[0]), min(closes, legal[1])


def within(at: datetime, hours: Hours) -> bool:
    """Whether anybody may be called at this moment, working days aside."""
    return hours[0] <= at.astimezone(CITY_ZONE).time() < hours[1]


def city_day(at: datetime) -> date:
    return at.astimezone(CITY_ZONE).date()


def next_try(at: datetime, hours: Hours) -> datetime:
    """After an attempt now: the beginning of the next period of the day, else of the next day; it may fall on a day off."""
    local = at.astimezone(CITY_ZONE)
    for begins in PERIODS:
        if local.time() < begins and hours[0] <= begins < hours[1]:
            return datetime.combine(local.date(), begins, CITY_ZONE)
    return datetime.combine(local.date() + timedelta(days=1), hours[0], CITY_ZONE)
