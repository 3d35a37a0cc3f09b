"""How many calls a day will bring, by quarter hour, and how wrong that has been.

forecast = (what this kind of day usually has) × (how the last days stood to what is usual) × (the share of the quarter) × (what a
planner knows beforehand). Days are told apart by weekday, make-up workday and holiday; the past counts by half-lives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

QUARTERS = 96
HISTORY_DAYS = 84
USUAL_HALF_LIFE = 28.0
"""Days after which a day counts half for what is usual. Design default."""
RECENT_HALF_LIFE = 5.0
"""The same for how the last days stood to it. Design default."""
FEW = 2.0
"""So many days of its own kind outweigh those of its like (working days, days of rest) half and half. Design default."""

LENT = 200.0
"""A quarter's neighbours count as much as so many calls seen in it: few calls are smoothed, many stand as they are. Design default."""

Counts = Mapping[date, Sequence[float]]
"""Day of the city → calls that asked for an agent in each of its 96 quarters."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`rest`: no working day. `name`: the weekday "0"…"6", "make_up" (调休上班日), "holiday"."""

    name: str
    rest: bool


def kind_of(day: date, *, works: bool) -> Kind:
    """`works`: whether the calendar says that the day is worked."""
    weekend = day.weekday() >= 5
    if works:
        return Kind("make_up" if weekend else str(day.weekday()), rest=False)
    return Kind(str(day.weekday()) if weekend else "holiday", rest=True)


def forecast(
    history: Counts, day: date, kind: Callable[[date], Kind], factor: Callable[[date], float]
) -> list[float] | None:
    """Calls by quarter of a day, from days before it alone; None without any. `factor`: 1.0 unless a planner knows more."""
    past = [
        one
        for one in history
        if day - timedelta(days=HISTORY_DAYS) <= one < day and sum(history[one]) > 0 and factor(one) > 0
    ]
    if not past:
        return None
    weight = {one: 0.5 ** ((day - one).days / USUAL_HALF_LIFE) for one in past}
    total = {one: sum(history[one]) / factor(one) for one in past}
    kinds = {one: kind(one) for one in {*past, day}}

    def usual(wanted: Kind, values: Callable[[date], float]) -> float:
        own = [one for one in past if kinds[one].name == wanted.name]
        like = [one for one in past if kinds[one].rest == wanted.rest] or past
        return _blend(own, like, weight, values)

    level_of = {one: usual(one, total.__getitem__) for one in set(kinds.values())}
    recent = [0.5 ** ((day - one).days / RECENT_HALF_LIFE) for one in past]
    stand = sum(w * total[one] / level_of[kinds[one]] for w, one in zip(recent, past, strict=True)) / sum(
        recent
    )
    shape = _shape(history, past, weight, kinds, kinds[day])
    whole = level_of[kinds[day]] * stand * factor(day)
    return [whole * part for part in shape]


def _blend(
    own: Sequence[date], like: Sequence[date], weight: Mapping[date, float], values: Callable[[date], float]
) -> float:
    def mean(days: Sequence[date]) -> float:
        return sum(weight[one] * values(one) for one in days) / sum(weight[one] for one in days)

    if not own:
        return mean(like)
    trust = len(own) / (len(own) + FEW)
    return trust * mean(own) + (1 - trust) * mean(like)


def _shape(
    history: Counts,
    past: Sequence[date],
    weight: Mapping[date, float],
    kinds: Mapping[date, Kind],
    wanted: Kind,
) -> list[float]:
    """Shares of the quarters, summing to one, smoothed by their neighbours where few calls were seen."""

    def shares(days: Sequence[date]) -> list[float]:
        sums = [0.0] * QUARTERS
        for one in days:
            scale = weight[one] / sum(history[one])
            for place, count in enumerate(history[one]):
                sums[place] += scale * count
        whole = sum(sums)
        return [value / whole for value in sums]

    own = [one for one in past if kinds[one].name == wanted.name]
    like = shares([one for one in past if kinds[one].rest == wanted.rest] or past)
    trust = len(own) / (len(own) + FEW)
    mixed = [trust * a + (1 - trust) * b for a, b in zip(shares(own) if own else like, like, strict=True)]
    seen = [sum(history[one][n] for one in own or past) for n in range(QUARTERS)]
    smooth = []
    for n in range(QUARTERS):
        around = (mixed[max(0, n - 1)] + 2 * mixed[n] + mixed[min(QUARTERS - 1, n + 1)]) / 4
        smooth.append((seen[n] * mixed[n] + LENT * around) / (seen[n] + LENT))
    whole = sum(smooth)
    return [value / whole for value in smooth]


@dataclass(frozen=True, slots=True)
class Error:
    """Of one day: mean absolute error a quarter, and the sum of errors ÷ the sum of calls (WAPE); None of no call."""

    mae: float
    wape: float | None


def error_of(expected: Sequence[float], actual: Sequence[float]) -> Error:
    off = sum(abs(one - other) for one, other in zip(expected, actual, strict=True))
    whole = sum(actual)
    return Error(off / len(actual), off / whole if whole else None)


@dataclass(frozen=True, slots=True)
class Tested:
    """A past day, forecast from the days before it, beside the same quarters of a week earlier."""

    day: date
    calls: float
    expected: float
    ours: Error
    naive: Error | None


def backtest(
    history: Counts, days: Sequence[date], kind: Callable[[date], Kind], factor: Callable[[date], float]
) -> list[Tested]:
    """Each day as it would have been forecast the evening before."""
    found = []
    for day in days:
        expected = forecast(history, day, kind, factor)
        if expected is None or day not in history:
            continue
        before = history.get(day - timedelta(days=7))
        found.append(
            Tested(
                day,
                sum(history[day]),
                sum(expected),
                error_of(expected, history[day]),
                error_of(before, history[day]) if before is not None else None,
            )
        )
    return found


def together(tested: Sequence[Tested]) -> tuple[Error | None, Error | None]:
    """Ours and the naive one over all days, each weighed by its calls; only days that have both are compared."""
    both = [one for one in tested if one.naive is not None]
    calls = sum(one.calls for one in both)
    if not both or not calls:
        return None, None

    def over(errors: Sequence[Error]) -> Error:
        off = sum(one.mae for one in errors) * QUARTERS
        return Error(off / QUARTERS / len(errors), off / calls)

    return over([one.ours for one in both]), over([one.naive for one in both if one.naive is not None])
