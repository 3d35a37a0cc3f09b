"""The working calendar: days, working hours, and arithmetic along working time.

One coordinate carries every promise in working days: the *position* of a moment is the working time (microseconds)
that lies between the calendar's first day and it. Nights, weekends and holidays have no length there, so a position
plus a length is a shift by exactly that much working time. Look-ups are table reads; no loop walks over days.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property

from hotline.kit.clock import CITY_ZONE

MICROSECOND = timedelta(microseconds=1)
MINUTE_US = 60_000_000
DAY_US = 24 * 60 * MINUTE_US
_EPOCH_US = {"hour": 60 * MINUTE_US, "minute": MINUTE_US, "day": DAY_US}


class YearUnknown(LookupError):
    """The calendar does not hold the year that a deadline reaches; holidays are announced, never guessed."""

    def __init__(self, year: int) -> None:
        super().__init__(f"the working calendar does not hold {year}")
        self.year = year


class SpanUnit(StrEnum):
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WORKDAY = "workday"


_SPAN = re.compile(r"\s*(\d{1,5})\s*(minute|hour|day|workday)s?\s*\Z")


@dataclass(frozen=True, slots=True)
class Span:
    """A length that a rule promises. Minutes and hours run day and night, `day` is a calendar day."""

    amount: int
    unit: SpanUnit

    @classmethod
    def parse(cls, text: str) -> Span:
        """`"5 workday"`, `"24 hours"`; raises ValueError."""
        found = _SPAN.match(text) if isinstance(text, str) else None
        if found is None:
            raise ValueError(
                f"{text!r} is not a length such as '5 workday', '24 hour', '7 day' or '30 minute'"
            )
        return cls(int(found[1]), SpanUnit(found[2]))

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"

    @property
    def in_workdays(self) -> bool:
        return self.unit is SpanUnit.WORKDAY

    @property
    def elapsed(self) -> timedelta:
        """The length on the wall clock; a span in working days has none (ValueError)."""
        if self.in_workdays:
            raise ValueError("working days have no fixed length")
        return timedelta(microseconds=self.amount * _EPOCH_US[self.unit])


def parse_minute(text: str) -> int:
    """Minutes since midnight of `"17:30"`, up to `"24:00"`; raises ValueError."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text) if isinstance(text, str) else None
    minutes = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else -1
    if not 0 <= minutes <= 1440:
        raise ValueError(f"{text!r} is not a time of day such as '17:30'")
    return minutes


def minute_text(minute: int) -> str:
    """`"17:30"` of 1050."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


@dataclass(frozen=True)
class WorkHours:
    """Working hours of a day as periods in minutes since midnight, in order; a gap between two is a break."""

    periods: tuple[tuple[int, int], ...] = ((540, 1050),)

    def __post_init__(self) -> None:
        flat = [minute for period in self.periods for minute in period]
        if not flat or flat != sorted(set(flat)) or not (flat[0] >= 0 and flat[-1] <= 1440):
            raise ValueError(
                "working hours must be periods in order that do not touch, e.g. 09:00-11:30 and 13:00-17:30"
            )

    @classmethod
    def parse(cls, text: str) -> WorkHours:
        """`"09:00-17:30"` or `"09:00-11:30, 13:00-17:30"`; raises ValueError."""
        periods = []
        for part in str(text).split(","):
            begin, dash, end = part.strip().partition("-")
            if not dash:
                raise ValueError(f"{part!r} is not a period such as '09:00-17:30'")
            periods.append((parse_minute(begin.strip()), parse_minute(end.strip())))
        return cls(tuple(periods))

    def __str__(self) -> str:
        return ", ".join(f"{minute_text(begin)}-{minute_text(end)}" for begin, end in self.periods)

    @property
    def begin(self) -> int:
        return self.periods[0][0]

    @property
    def end(self) -> int:
        return self.periods[-1][1]

    @cached_property
    def length_us(self) -> int:
        """Working time of one day in microseconds."""
        return sum(end - begin for begin, end in self.periods) * MINUTE_US

    def worked(self, of_day: int) -> int:
        """Working time (µs) between midnight and `of_day` (µs since midnight)."""
        total = 0
        for begin, end in self.periods:
            if of_day <= begin * MINUTE_US:
                break
            total += min(of_day, end * MINUTE_US) - begin * MINUTE_US
        return total

    def moment(self, worked: int) -> int:
        """The earliest µs since midnight by which `worked` µs of working time have passed; 0 < worked ≤ length."""
        for begin, end in self.periods:
            period = (end - begin) * MINUTE_US
            if worked <= period:
                return begin * MINUTE_US + worked
            worked -= period
        raise ValueError("longer than a working day")


class WorkCalendar:
    """Which days are worked. Immutable; build one per version and keep it.

    `holidays` and `make_ups` (调休上班日) name the days that differ from the week; `years` says for which years that
    list is known. `assumed` are years counted by the week alone because nothing is known yet: only
    `assuming()` makes them, and whatever is computed with them says so.
    """

    def __init__(
        self,
        years: Iterable[int],
        holidays: Mapping[date, str] | Iterable[date] = (),
        make_ups: Mapping[date, str] | Iterable[date] = (),
        *,
        assumed: Iterable[int] = (),
    ) -> None:
        self.assumed = frozenset(assumed)
        self.years = frozenset(years) | self.assumed
        self.holidays: dict[date, str] = _named(holidays)
        self.make_ups: dict[date, str] = _named(make_ups)
        if both := self.holidays.keys() & self.make_ups.keys():
            raise ValueError(f"{min(both)} is both a holiday and a make-up workday")
        self._missing: tuple[int, ...] = ()
        self._first = self._days = 0
        self._rank = array("i", [0])
        self._workdays = array("i")
        if self.years:
            self._build(min(self.years), max(self.years))

    def _build(self, first: int, last: int) -> None:
        self._missing = tuple(year for year in range(first, last + 1) if year not in self.years)
        self._first = date(first, 1, 1).toordinal()
        self._days = date(last, 12, 31).toordinal() - self._first + 1
        off = {day.toordinal() for day in self.holidays}
        on = {day.toordinal() for day in self.make_ups}
        for ordinal in range(self._first, self._first + self._days):
            # Ordinal 1 (0001-01-01) is a Monday, so 6 and 0 are the weekend.
            if ordinal in on or (ordinal % 7 not in (6, 0) and ordinal not in off):
                self._workdays.append(ordinal)
            self._rank.append(len(self._workdays))

    def assuming(self, years: Iterable[int]) -> WorkCalendar:
        """The same calendar with unknown years counted Monday to Friday, marked as assumed."""
        return WorkCalendar(
            self.years - self.assumed,
            self.holidays,
            self.make_ups,
            assumed=self.assumed | set(years) - self.years,
        )

    # ---- days

    def _index(self, ordinal: int) -> int:
        index = ordinal - self._first
        if not 0 <= index < self._days:
            raise YearUnknown(date.fromordinal(ordinal).year)
        if self._missing and (year := date.fromordinal(ordinal).year) in self._missing:
            raise YearUnknown(year)
        return index

    def _workday(self, number: int, origin: int) -> int:
        """Ordinal of the workday with this number, reached from the day `origin` without crossing an unknown year."""
        if number < 0:
            raise YearUnknown(min(self.years) - 1)
        if number >= len(self._workdays):
            raise YearUnknown(max(self.years) + 1)
        found = self._workdays[number]
        if self._missing:
            low, high = sorted((date.fromordinal(origin).year, date.fromordinal(found).year))
            for year in self._missing:
                if low <= year <= high:
                    raise YearUnknown(year)
        return found

    def is_workday(self, day: date) -> bool:
        """Raises YearUnknown."""
        index = self._index(day.toordinal())
        return self._rank[index + 1] > self._rank[index]

    def workday_on_or_after(self, day: date) -> date:
        """The day itself when it is worked, else the next that is. Raises YearUnknown."""
        ordinal = day.toordinal()
        return date.fromordinal(self._workday(self._rank[self._index(ordinal)], ordinal))

    def shift_workdays(self, day: date, count: int) -> date:
        """The `count`-th working day strictly after `day` (before it when negative). Raises YearUnknown."""
        ordinal = day.toordinal()
        index = self._index(ordinal)
        if count > 0:
            return date.fromordinal(self._workday(self._rank[index + 1] + count - 1, ordinal))
        if count < 0:
            return date.fromordinal(self._workday(self._rank[index] + count, ordinal))
        return day

    def count_workdays(self, first: date, last: date) -> int:
        """Working days from `first` to `last`, both included; 0 when `last` is earlier. Raises YearUnknown."""
        low, high = self._index(first.toordinal()), self._index(last.toordinal())
        return max(0, self._rank[high + 1] - self._rank[low])

    def exceptions(self, first: date, last: date) -> list[tuple[date, date, str, bool]]:
        """Runs of days that differ from the week: (first, last, name, worked), in order, within the bounds."""
        found: list[tuple[date, date, str, bool]] = []
        for ordered, names, worked in (
            (self._ordered[0], self.holidays, False),
            (self._ordered[1], self.make_ups, True),
        ):
            for day in ordered[bisect_left(ordered, first) :]:
                if day > last:
                    break
                name = names[day]
                if (
                    found
                    and found[-1][3] == worked
                    and found[-1][2] == name
                    and found[-1][1] == day - timedelta(days=1)
                ):
                    found[-1] = (found[-1][0], day, name, worked)
                else:
                    found.append((day, day, name, worked))
        return sorted(found)

    @cached_property
    def _ordered(self) -> tuple[list[date], list[date]]:
        return sorted(self.holidays), sorted(self.make_ups)

    # ---- working time

    def position(self, at: datetime, hours: WorkHours) -> int:
        """Working time (µs) from the calendar's first day to `at`. Raises YearUnknown."""
        local = at.astimezone(CITY_ZONE)
        index = self._index(local.toordinal())
        before = self._rank[index]
        position = before * hours.length_us
        if self._rank[index + 1] > before:
            of_day = (
                (local.hour * 60 + local.minute) * MINUTE_US + local.second * 1_000_000 + local.microsecond
            )
            position += hours.worked(of_day)
        return position

    def moment(self, position: int, hours: WorkHours, origin: datetime) -> datetime:
        """The earliest moment of that position, so that the end of a day stays that day's end. Raises YearUnknown."""
        number, worked = divmod(position - 1, hours.length_us)
        ordinal = self._workday(number, origin.astimezone(CITY_ZONE).toordinal())
        return at_day(date.fromordinal(ordinal), hours.moment(worked + 1))

    def working_time(self, begin: datetime, end: datetime, hours: WorkHours) -> timedelta:
        """Working time between two moments, never negative. Raises YearUnknown."""
        return MICROSECOND * max(0, self.position(end, hours) - self.position(begin, hours))

    def shift(self, at: datetime, span: Span, *, sign: int = 1) -> datetime:
        """`at` moved by a span; by working days it keeps its time of day. Raises YearUnknown."""
        if not span.in_workdays:
            return at + sign * span.elapsed
        if not span.amount:
            return at
        local = at.astimezone(CITY_ZONE)
        day = local.date()
        return (local + (self.shift_workdays(day, sign * span.amount) - day)).astimezone(UTC)


def at_day(day: date, of_day: int) -> datetime:
    """The moment (UTC) `of_day` µs after the city's midnight of `day`; 24:00 is the next midnight."""
    local = datetime(day.year, day.month, day.day) + timedelta(microseconds=of_day)
    return local.replace(tzinfo=CITY_ZONE).astimezone(UTC)


def _named(days: Mapping[date, str] | Iterable[date]) -> dict[date, str]:
    return dict(days) if isinstance(days, Mapping) else dict.fromkeys(days, "")
