"""Deadline = f(events, clock of the policy, calendar). Pure: the same arguments give the same answer for ever.

Algebra (rules.md section 2; Civil Code art. 201 and 203 for what counts):

- `minute`, `hour`: due = start + length, day and night.
- `day`: calendar days; the start's day does not count; due on the last day at `day_end`.
- `workday`: day 1 is the start's own day when it is worked and the start lies before `cutoff`, else the next working
  day. Without a cut-off the start's day never counts (art. 201); a cut-off at the day's end is counting inclusively.
  Due on the N-th day at the end of working hours.
- a pause moves the due moment by exactly the time paused: working time for working days, elapsed time otherwise.
  Two pauses that touch equal one; a pause of no length changes nothing.
- an extension moves it by its span; old and new both stay in the steps.
- `stop` meets (or misses) the promise; a `resume` after it takes the stop back and the time between counts.
- a later `start` begins anew. `void` ends the clock without a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from hotline.kit.clock import CITY_ZONE
from hotline.worktime.rules.calendar import (
    MICROSECOND,
    MINUTE_US,
    Span,
    SpanUnit,
    WorkCalendar,
    WorkHours,
    YearUnknown,
    at_day,
)

LEVELS = ("green", "warning", "yellow", "red", "escalated")
"""Ranks of what a scanner raises; the same words as `workorders.models.ClockLevel`."""



@dataclass(frozen=True, slots=True)
class ClockEvent:
    """One fact of the order's log as this clock sees it; `span` for an extension."""

    kind: str
    at: datetime
    span: Span | None = None


class MarkBasis(StrEnum):
    BEFORE = "before"
    LEFT = "left"
    AFTER = "after"
    FIRST_OVERDUE_WORKDAY = "first_overdue_workday"


@dataclass(frozen=True, slots=True)
class MarkSpec:
    """When a level is raised: a span before or after the due moment, or with `percent` of the promised time left."""

    level: str
    basis: MarkBasis
    span: Span | None = None
    percent: int = 0


NOW = Span(0, SpanUnit.MINUTE)


def default_marks(span: Span) -> tuple[MarkSpec, ...]:
    """Half the time left warns, the last working day (or quarter) is yellow, overdue is red (rules.md 2, X)."""
    last_day = span.unit in (SpanUnit.WORKDAY, SpanUnit.DAY) and span.amount > 1
    yellow = (
        MarkSpec("yellow", MarkBasis.BEFORE, Span(1, SpanUnit.WORKDAY))
        if last_day
        else MarkSpec("yellow", MarkBasis.LEFT, percent=25)
    )
    return (MarkSpec("warning", MarkBasis.LEFT, percent=50), yellow, MarkSpec("red", MarkBasis.AFTER, NOW))


@dataclass(frozen=True, slots=True)
class ClockSpec:
    """One clock of a policy. `cutoff` and `day_end` in minutes since midnight; `rule` names where it was written."""

    kind: str
    side: str
    span: Span
    start_event: str
    hours: WorkHours = WorkHours()  # noqa: RUF009 (frozen, a value)
    cutoff: int | None = None
    day_end: int = 1439
    marks: tuple[MarkSpec, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    level: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the arithmetic; `data` holds dates, moments and spans for the words."""

    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deadline:
    """What a clock promises now.

    While paused, `due_at` is what it was when the pause began. `met` is None until stopped. `assumed` holds the years
    of the calendar that were counted without knowing their holidays; empty in all normal work.
    """

    started_at: datetime
    due_at: datetime
    original_due_at: datetime
    running: bool = True
    paused_at: datetime | None = None
    stopped_at: datetime | None = None
    voided_at: datetime | None = None
    met: bool | None = None
    extensions: int = 0
    marks: tuple[Mark, ...] = ()
    assumed: frozenset[int] = frozenset()
    spec: ClockSpec | None = field(default=None, compare=False, repr=False)
    calendar: WorkCalendar | None = field(default=None, compare=False, repr=False)
    trace: tuple[tuple[str, tuple[Any, ...]], ...] = field(default=(), compare=False, repr=False)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The arithmetic, step by step, in the order in which it happened."""
        return tuple(_expand(self))


def derive(events: Sequence[ClockEvent], spec: ClockSpec, calendar: WorkCalendar) -> Deadline:
    """The deadline of one clock from its events in order of time. Raises YearUnknown; ValueError without a start."""
    started = due = original = paused = stopped = voided = None
    extensions = 0
    trace: list[tuple[str, tuple[Any, ...]]] = []
    for event in events:
        kind, at = event.kind, event.at
        if kind == "start":
            started, due = at, first_due(at, spec, calendar)
            original, paused, stopped, voided, extensions = due, None, None, None, 0
            trace = [("started", (at, due))]
        elif due is None or voided is not None:
            continue
        elif kind == "pause":
            if paused is None and stopped is None:
                paused = at
        elif kind == "resume":
            if paused is not None:
                before, due = due, after_pause(due, paused, at, spec, calendar)
                trace.append(("paused", (paused, at, before, due)))
                paused = None
            elif stopped is not None:
                trace.append(("reopened", (stopped, at)))
                stopped = None
        elif kind == "extend":
            if event.span is None:
                raise ValueError("an extension needs its span")
            before, due = due, after_extension(due, event.span, spec, calendar)
            extensions += 1
            trace.append(("extended", (at, event.span, before, due)))
        elif kind == "stop":
            if stopped is None:
                # A reply while the order waits: the pause ends with it.
                if paused is not None:
                    before, due = due, after_pause(due, paused, at, spec, calendar)
                    trace.append(("paused", (paused, at, before, due)))
                    paused = None
                stopped = at
        elif kind == "void":
            voided = at
        else:
            raise ValueError(f"{kind!r} is not an event of a clock")
    if started is None or due is None or original is None:
        raise ValueError("a clock needs its start")
    return Deadline(
        started_at=started,
        due_at=due,
        original_due_at=original,
        running=paused is None and stopped is None and voided is None,
        paused_at=paused,
        stopped_at=stopped,
        voided_at=voided,
        met=None if stopped is None or voided is not None else stopped <= due,
        extensions=extensions,
        marks=marks_of(started, original, due, spec, calendar),
        assumed=_assumed(started, due, spec, calendar),
        spec=spec,
        calendar=calendar,
        trace=tuple(trace),
    )


def derive_provisionally(events: Sequence[ClockEvent], spec: ClockSpec, calendar: WorkCalendar) -> Deadline:
    """As `derive`, but a year that the calendar lacks counts Monday to Friday and the result says so in `assumed`.

    For intake alone: an appeal is never turned away because an administrator has not entered next year's holidays.
    The health page fails meanwhile, the order page says that the date is provisional, and publishing the calendar
    settles it.
    """
    while True:
        try:
            return derive(events, spec, calendar)
        except YearUnknown as unknown:
            calendar = calendar.assuming([unknown.year])


def _assumed(started: datetime, due: datetime, spec: ClockSpec, calendar: WorkCalendar) -> frozenset[int]:
    if not calendar.assumed or not spec.span.in_workdays:
        return frozenset()
    first, last = (at.astimezone(CITY_ZONE).year for at in (started, due))
    return frozenset(year for year in calendar.assumed if first <= year <= last)


def first_counted_day(at: datetime, spec: ClockSpec, calendar: WorkCalendar) -> date:
    """Day 1 of a promise in working days that starts at `at`. Raises YearUnknown."""
    local = at.astimezone(CITY_ZONE)
    day = local.date()
    # Nothing can be due before it began: after work the day is over, whatever the cut-off says.
    if spec.cutoff is not None and local.hour * 60 + local.minute < min(spec.cutoff, spec.hours.end):
        return calendar.workday_on_or_after(day)
    return calendar.shift_workdays(day, 1)


def first_due(at: datetime, spec: ClockSpec, calendar: WorkCalendar) -> datetime:
    """Due moment (UTC) without pauses and extensions. Raises YearUnknown."""
    span = spec.span
    if span.unit is SpanUnit.WORKDAY:
        day = first_counted_day(at, spec, calendar)
        if span.amount > 1:
            day = calendar.shift_workdays(day, span.amount - 1)
        return at_day(day, spec.hours.end * MINUTE_US)
    if span.unit is SpanUnit.DAY:
        return at_day(at.astimezone(CITY_ZONE).date() + timedelta(days=span.amount), spec.day_end * MINUTE_US)
    return at.astimezone(UTC) + span.elapsed


def after_pause(
    due: datetime, paused: datetime, resumed: datetime, spec: ClockSpec, calendar: WorkCalendar
) -> datetime:
    """Due moment after a pause: later by exactly the time paused. Raises YearUnknown."""
    if resumed <= paused:
        return due
    if not spec.span.in_workdays:
        return due + (resumed - paused)
    hours = spec.hours
    worked = calendar.position(resumed, hours) - calendar.position(paused, hours)
    return calendar.moment(calendar.position(due, hours) + worked, hours, due) if worked else due


def after_extension(due: datetime, span: Span, spec: ClockSpec, calendar: WorkCalendar) -> datetime:
    """Due moment after an extension. A promise in working days stays within working hours. Raises YearUnknown."""
    later = _shift(due, span, 1, spec, calendar)
    if spec.span.in_workdays and not span.in_workdays and span.amount:
        hours = spec.hours
        position = calendar.position(later, hours)
        settled = calendar.moment(position, hours, later)
        # Outside working hours it falls due when work begins again, never earlier.
        return later if settled == later else calendar.moment(position + 1, hours, later) - MICROSECOND
    return later


def marks_of(
    started: datetime, original: datetime, due: datetime, spec: ClockSpec, calendar: WorkCalendar
) -> tuple[Mark, ...]:
    """Levels with their moments, rising in both; a level that a higher one overtakes, or that lies before the start,
    drops out. `spec.marks` stand in order of level.
    """
    found: list[Mark] = []
    for mark in spec.marks or default_marks(spec.span):
        at = _mark_at(mark, started, original, due, spec, calendar)
        if at <= started:
            continue
        while found and found[-1].at >= at:
            found.pop()
        found.append(Mark(mark.level, at))
    return tuple(found)


def _mark_at(
    mark: MarkSpec,
    started: datetime,
    original: datetime,
    due: datetime,
    spec: ClockSpec,
    calendar: WorkCalendar,
) -> datetime:
    if mark.basis is MarkBasis.LEFT:
        if spec.span.in_workdays:
            hours = spec.hours
            left = spec.span.amount * hours.length_us * mark.percent // 100
            return calendar.moment(calendar.position(due, hours) - left, hours, due)
        return due - (original - started) * mark.percent / 100
    if mark.basis is MarkBasis.FIRST_OVERDUE_WORKDAY:
        # A day that is worked until 24:00 ends on the next date.
        day = calendar.shift_workdays((due - MICROSECOND).astimezone(CITY_ZONE).date(), 1)
        return at_day(day, spec.hours.begin * MINUTE_US)
    span = mark.span or NOW
    return _shift(due, span, -1 if mark.basis is MarkBasis.BEFORE else 1, spec, calendar)


def _shift(due: datetime, span: Span, sign: int, spec: ClockSpec, calendar: WorkCalendar) -> datetime:
    """By working days along working time where the promise runs there, else on the wall clock."""
    if not (span.amount and span.in_workdays and spec.span.in_workdays):
        return calendar.shift(due, span, sign=sign)
    hours = spec.hours
    return calendar.moment(calendar.position(due, hours) + sign * span.amount * hours.length_us, hours, due)


# ---- steps


def _expand(deadline: Deadline) -> Iterable[Step]:
    spec, calendar = deadline.spec, deadline.calendar
    assert spec is not None
    assert calendar is not None
    for kind, data in deadline.trace:
        if kind == "started":
            yield from _start_steps(data[0], data[1], spec, calendar)
        elif kind == "paused":
            paused, resumed, before, after = data
            added = (
                calendar.working_time(paused, resumed, spec.hours)
                if spec.span.in_workdays
                else resumed - paused
            )
            yield Step("paused", {"from": paused, "to": resumed, "added": added, "old": before, "new": after})
        elif kind == "extended":
            at, span, before, after = data
            yield Step("extended", {"at": at, "span": span, "old": before, "new": after})
        else:
            yield Step("reopened", {"stopped": data[0], "at": data[1]})
    if deadline.paused_at is not None:
        yield Step("waiting", {"at": deadline.paused_at, "due": deadline.due_at})
    if deadline.voided_at is not None:
        yield Step("void", {"at": deadline.voided_at})
    elif deadline.stopped_at is not None:
        yield Step("stopped", {"at": deadline.stopped_at, "met": deadline.met, "due": deadline.due_at})
    if deadline.assumed:
        yield Step("assumed", {"years": sorted(deadline.assumed)})


def _start_steps(at: datetime, due: datetime, spec: ClockSpec, calendar: WorkCalendar) -> Iterable[Step]:
    yield Step("started", {"at": at, "event": spec.start_event, "kind": spec.kind, "span": spec.span})
    local = at.astimezone(CITY_ZONE)
    if spec.span.unit is SpanUnit.WORKDAY:
        first = first_counted_day(at, spec, calendar)
        if first == local.date():
            why = "same_day"
        elif not calendar.is_workday(local.date()):
            why = "not_worked"
        else:
            why = "start_day" if spec.cutoff is None else "cutoff"
        yield Step("first_day", {"day": first, "why": why, "cutoff": spec.cutoff})
        last = due.astimezone(CITY_ZONE).date()
        for begin, end, name, worked in calendar.exceptions(local.date(), last):
            yield Step("make_up" if worked else "holiday", {"first": begin, "last": end, "name": name})
        yield Step("last_day", {"number": spec.span.amount, "day": last, "due": due})
    elif spec.span.unit is SpanUnit.DAY:
        yield Step("calendar_days", {"amount": spec.span.amount, "due": due})
    else:
        yield Step("elapsed", {"span": spec.span, "due": due})


__all__ = [
    "LEVELS",
    "MICROSECOND",
    "ClockEvent",
    "ClockSpec",
    "Deadline",
    "Mark",
    "MarkBasis",
    "MarkSpec",
    "Step",
    "default_marks",
    "derive",
    "derive_provisionally",
]
