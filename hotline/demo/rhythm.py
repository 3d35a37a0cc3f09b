"""When appeals come: hours, weekdays, months, surges. Pure and exact: order number i of N always has the same moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from hotline.kit.clock import CITY_ZONE


@dataclass(frozen=True, slots=True)
class Surge:
    """Days on which more comes, and which categories (prefix → factor) it comes under."""

    name: str
    first: date
    last: date
    factor: float
    categories: tuple[tuple[str, float], ...]


def surges(rhythm: Mapping[str, Any], first: date, last: date, seed: int) -> list[Surge]:
    """The surges of each year between two days, moved within their month by chance."""
    found = []
    for year in range(first.year, last.year + 1):
        for at, one in enumerate(rhythm.get("surges") or ()):
            rng = Random(f"surge {seed} {year} {at}")
            begin = date(year, int(one["month"]), 1 + int(rng.random() * 24))
            end = begin + timedelta(days=int(one["days"]) - 1)
            if end >= first and begin <= last:
                factors = tuple((str(code), float(factor)) for code, factor in one["categories"].items())
                found.append(Surge(str(one["name"]), begin, end, float(one["factor"]), factors))
    return found


def day_weight(rhythm: Mapping[str, Any], day: date, storms: Sequence[Surge]) -> float:
    """How much comes on a day, relative."""
    weight = rhythm["weekdays"][day.weekday()] * rhythm["months"][day.month - 1] / 10_000
    for surge in storms:
        if surge.first <= day <= surge.last:
            weight *= surge.factor
    return float(weight)


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """`total` in whole parts by weight, none lost (largest cumulative rounding)."""
    whole = sum(weights) or 1.0
    counts, given, reach = [], 0, 0.0
    for weight in weights:
        reach += weight
        upto = round(total * reach / whole)
        counts.append(upto - given)
        given = upto
    return counts


class Timetable:
    """Moments of `orders` appeals between two moments, rising; `recent` of them in the last `recent_days`.

    The last `fresh` of all come evenly within `fresh_span` before the end, whatever the hour.
    """

    def __init__(
        self,
        rhythm: Mapping[str, Any],
        begin: datetime,
        end: datetime,
        orders: int,
        seed: int,
        *,
        recent: int = 0,
        recent_days: int = 12,
        fresh: int = 0,
        fresh_span: timedelta = timedelta(0),
    ) -> None:
        self.fresh, self.fresh_from, self.fresh_span = (
            min(fresh, orders - 1),
            orders - min(fresh, orders - 1),
            fresh_span,
        )
        if self.fresh > 0:
            end, orders, recent = end - fresh_span, orders - self.fresh, max(0, recent - self.fresh)
        self.begin, self.end = begin.astimezone(CITY_ZONE), end.astimezone(CITY_ZONE)
        first, last = self.begin.date(), self.end.date()
        self.days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        self._midnights = [
            int(datetime.combine(day, datetime.min.time(), tzinfo=CITY_ZONE).timestamp()) for day in self.days
        ]
        self.storms = surges(rhythm, first, last, seed)
        self.seed = seed
        weights = [day_weight(rhythm, day, self.storms) for day in self.days]
        hours = [float(weight) for weight in rhythm["hours"]]
        # The last day has only begun; its hours after `end` do not count.
        self.hours = list(accumulate(hours))
        gone = self._hour_share(self.end)
        weights[-1] *= gone
        cut = max(1, len(self.days) - recent_days)
        recent = min(recent, orders)
        self.counts = apportion(orders - recent, weights[:cut]) + apportion(recent, weights[cut:])
        if len(self.days) <= cut:
            self.counts = apportion(orders, weights)
        self.starts = [0, *accumulate(self.counts)]
        self._last_share = gone

    def _hour_share(self, at: datetime) -> float:
        before = self.hours[at.hour - 1] if at.hour else 0.0
        width = self.hours[at.hour] - before
        return max(1e-6, (before + width * (at.minute * 60 + at.second) / 3600) / self.hours[-1])

    def place(self, number: int) -> tuple[date, int]:
        """(day, running number within the day from 1) of order `number` (from 0); fresh ones count to the last day."""
        at = min(bisect_right(self.starts, number), len(self.days)) - 1
        return self.days[at], number - self.starts[at] + 1

    def moment(self, number: int) -> datetime:
        """The moment (UTC, whole seconds) of order `number`: rising with the number, spread by the hours' weights."""
        return datetime.fromtimestamp(self.second(number), UTC)

    def second(self, number: int) -> int:
        """The same in seconds since 1970."""
        if self.fresh > 0 and number >= self.fresh_from:
            share = (number - self.fresh_from + 0.5) / self.fresh
            return int((self.end + self.fresh_span * share).replace(microsecond=0).timestamp())
        at = bisect_right(self.starts, number) - 1
        count = self.counts[at]
        share = (number - self.starts[at] + 0.5) / count
        if at == len(self.days) - 1:
            share *= self._last_share
        reach = share * self.hours[-1]
        hour = min(23, bisect_right(self.hours, reach))
        before = self.hours[hour - 1] if hour else 0.0
        width = self.hours[hour] - before or 1.0
        second = int((hour + min(0.9999, (reach - before) / width)) * 3600)
        return self._midnights[at] + second

    def storm_on(self, day: date) -> Surge | None:
        """The surge that holds on a day."""
        return next((surge for surge in self.storms if surge.first <= day <= surge.last), None)
