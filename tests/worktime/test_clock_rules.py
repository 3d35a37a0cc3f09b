"""Deadlines: tables from the calendar of China, and properties that hold for every order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.worktime.rules import (
    ClockEvent,
    MarkBasis,
    MarkSpec,
    Span,
    SpanUnit,
    WorkCalendar,
    WorkHours,
    YearUnknown,
    default_marks,
    derive,
    derive_provisionally,
)
from tests.worktime.factories import PUBLIC, at, local, spec


def due(start: str, span: str, **more: object) -> str:
    return local(derive([ClockEvent("start", at(start))], spec(span, **more), PUBLIC).due_at)


@pytest.mark.parametrize(
    ("start", "span", "cutoff", "expected"),
    [
        # Friday; the day does not count (Civil Code art. 201)
        ("2026-11-20 10:00", "5 workday", None, "2026-11-27 17:30"),
        ("2026-11-20 16:40", "5 workday", None, "2026-11-27 17:30"),
        ("2026-11-22 14:00", "5 workday", None, "2026-11-27 17:30"),  # Sunday
        # cut-off 15:00: before it the day itself is day 1
        ("2026-11-20 10:00", "5 workday", 900, "2026-11-26 17:30"),
        ("2026-11-20 15:00", "5 workday", 900, "2026-11-27 17:30"),
        ("2026-11-20 16:40", "5 workday", 900, "2026-11-27 17:30"),
        ("2026-11-21 09:00", "5 workday", 900, "2026-11-27 17:30"),
        # counting inclusively (Guangzhou states days as working days, inclusive)
        ("2026-11-23 17:00", "1 workday", 1050, "2026-11-23 17:30"),
        # after work the day is over, whatever the cut-off says
        ("2026-11-20 20:00", "1 workday", 1440, "2026-11-23 17:30"),
        # National Day 2025: 28 September and 11 October are worked
        ("2025-09-26 11:00", "5 workday", None, "2025-10-10 17:30"),
        ("2025-09-30 17:00", "1 workday", None, "2025-10-09 17:30"),
        ("2025-10-03 08:00", "3 workday", None, "2025-10-11 17:30"),
        # National Day 2026: 20 September and 10 October are worked
        ("2026-09-18 09:00", "2 workday", None, "2026-09-21 17:30"),
        ("2026-09-30 09:00", "3 workday", None, "2026-10-10 17:30"),
        # Spring Festival 2026 (15 to 23 February), 14 and 28 February worked
        ("2026-02-13 16:00", "5 workday", None, "2026-02-27 17:30"),
        ("2026-02-13 16:00", "6 workday", None, "2026-02-28 17:30"),
        # day and night
        ("2026-09-30 23:30", "2 hour", None, "2026-10-01 01:30"),
        ("2026-09-30 23:30", "45 minute", None, "2026-10-01 00:15"),
        ("2026-09-30 00:10", "7 day", None, "2026-10-07 23:59"),
    ],
)
def test_first_due(start, span, cutoff, expected):
    assert due(start, span, cutoff=cutoff) == expected


def test_pause_extension_stop():
    events = [
        ClockEvent("start", at("2026-11-20 16:40")),
        ClockEvent("pause", at("2026-11-23 10:00")),
        ClockEvent("pause", at("2026-11-23 11:00")),  # already waiting
        ClockEvent("resume", at("2026-11-25 15:00")),
        ClockEvent("resume", at("2026-11-25 16:00")),  # already running
        ClockEvent("extend", at("2026-11-26 09:00"), Span.parse("5 workday")),
        ClockEvent("stop", at("2026-12-09 13:00")),
        ClockEvent("stop", at("2026-12-10 13:00")),
    ]
    found = derive(events, spec("5 workday"), PUBLIC)
    # 2 working days and 5 hours waited: 27 November 17:30 becomes 2 December 14:00, then 5 working days more
    assert local(found.due_at) == "2026-12-09 14:00"
    assert local(found.original_due_at) == "2026-11-27 17:30"
    assert (found.met, found.running, found.extensions) == (True, False, 1)
    assert [step.kind for step in found.steps] == [
        "started",
        "first_day",
        "last_day",
        "paused",
        "extended",
        "stopped",
    ]
    extended = found.steps[4].data
    assert (local(extended["old"]), local(extended["new"])) == ("2026-12-02 14:00", "2026-12-09 14:00")


def test_a_waiting_clock_stands_still():
    events = [ClockEvent("start", at("2026-11-20 10:00")), ClockEvent("pause", at("2026-11-23 10:00"))]
    found = derive(events, spec("5 workday"), PUBLIC)
    assert not found.running
    assert found.met is None
    assert found.steps[-1].kind == "waiting"


def test_a_reply_while_waiting_ends_the_pause():
    events = [
        ClockEvent("start", at("2026-11-20 10:00")),
        ClockEvent("pause", at("2026-11-26 10:00")),
        ClockEvent("stop", at("2026-11-30 10:00")),
    ]
    found = derive(events, spec("5 workday"), PUBLIC)
    assert local(found.due_at) == "2026-12-01 17:30"
    assert found.met


def test_a_stop_can_be_taken_back_and_the_time_between_counts():
    events = [
        ClockEvent("start", at("2026-11-20 10:00")),
        ClockEvent("stop", at("2026-11-24 10:00")),
        ClockEvent("pause", at("2026-11-24 11:00")),  # a stopped clock does not wait
        ClockEvent("resume", at("2026-11-26 10:00")),
        ClockEvent("stop", at("2026-11-30 10:00")),
    ]
    found = derive(events, spec("5 workday"), PUBLIC)
    assert local(found.due_at) == "2026-11-27 17:30"
    assert found.met is False
    assert "reopened" in [step.kind for step in found.steps]


def test_void_ends_without_a_verdict_and_a_new_start_begins_anew():
    events = [
        ClockEvent("pause", at("2026-11-19 10:00")),  # before any start: nothing to do
        ClockEvent("start", at("2026-11-20 10:00")),
        ClockEvent("extend", at("2026-11-20 11:00"), Span.parse("5 workday")),
        ClockEvent("void", at("2026-11-23 10:00")),
        ClockEvent("extend", at("2026-11-23 11:00"), Span.parse("5 workday")),
    ]
    found = derive(events, spec("5 workday"), PUBLIC)
    assert (found.running, found.met, found.extensions) == (False, None, 1)
    assert found.steps[-1].kind == "void"
    again = derive([*events, ClockEvent("start", at("2026-12-01 10:00"))], spec("5 workday"), PUBLIC)
    assert (local(again.due_at), again.extensions, again.running) == ("2026-12-08 17:30", 0, True)


def test_faults_of_the_caller():
    with pytest.raises(ValueError, match="start"):
        derive([], spec("5 workday"), PUBLIC)
    with pytest.raises(ValueError, match="span"):
        derive(
            [ClockEvent("start", at("2026-11-20 10:00")), ClockEvent("extend", at("2026-11-20 11:00"))],
            spec("5 workday"),
            PUBLIC,
        )
    with pytest.raises(ValueError, match="not an event"):
        derive(
            [ClockEvent("start", at("2026-11-20 10:00")), ClockEvent("leap", at("2026-11-20 11:00"))],
            spec("5 workday"),
            PUBLIC,
        )


def test_an_extension_of_hours_stays_in_working_hours():
    start = ClockEvent("start", at("2026-11-20 10:00"))
    evening = derive(
        [start, ClockEvent("extend", at("2026-11-23 10:00"), Span.parse("3 hour"))], spec("5 workday"), PUBLIC
    )
    assert local(evening.due_at) == "2026-11-30 09:00"
    paused = [
        start,
        ClockEvent("pause", at("2026-11-23 09:00")),
        ClockEvent("resume", at("2026-11-23 11:00")),
    ]
    inside = derive(
        [*paused, ClockEvent("extend", at("2026-11-23 12:00"), Span.parse("3 hour"))],
        spec("5 workday"),
        PUBLIC,
    )
    assert local(inside.due_at) == "2026-11-30 14:00"
    nothing = derive(
        [start, ClockEvent("extend", at("2026-11-23 10:00"), Span.parse("0 hour"))], spec("5 workday"), PUBLIC
    )
    assert local(nothing.due_at) == "2026-11-27 17:30"
    by_workdays = derive(
        [start, ClockEvent("extend", at("2026-11-20 11:00"), Span.parse("1 workday"))],
        spec("24 hour"),
        PUBLIC,
    )
    assert local(by_workdays.due_at) == "2026-11-23 10:00"


def test_next_year_is_an_error_until_it_is_known():
    events = [ClockEvent("start", at("2026-12-29 10:00"))]
    with pytest.raises(YearUnknown):
        derive(events, spec("5 workday"), PUBLIC)
    provisional = derive_provisionally(events, spec("5 workday"), PUBLIC)
    assert local(provisional.due_at) == "2027-01-05 17:30"
    assert provisional.assumed == {2027}
    assert provisional.steps[-1].kind == "assumed"
    assert (
        derive_provisionally([ClockEvent("start", at("2026-12-01 10:00"))], spec("5 workday"), PUBLIC).assumed
        == frozenset()
    )
    # Hours need no calendar, so nothing about them is provisional.
    assert derive_provisionally(events, spec("24 hour"), PUBLIC.assuming([2027])).assumed == frozenset()
    known = PUBLIC.assuming([2027])
    assert (
        derive([ClockEvent("start", at("2026-11-20 10:00"))], spec("5 workday"), known).assumed == frozenset()
    )


# ---- marks


def marks(start: str, span: str, *extra: ClockEvent, **more: object) -> list[tuple[str, str]]:
    found = derive([ClockEvent("start", at(start)), *extra], spec(span, **more), PUBLIC)
    return [(mark.level, local(mark.at)) for mark in found.marks]


def test_default_marks():
    assert marks("2026-11-20 10:00", "5 workday") == [
        ("warning", "2026-11-25 13:15"),
        ("yellow", "2026-11-26 17:30"),
        ("red", "2026-11-27 17:30"),
    ]
    assert marks("2026-11-20 10:00", "4 hour") == [
        ("warning", "2026-11-20 12:00"),
        ("yellow", "2026-11-20 13:00"),
        ("red", "2026-11-20 14:00"),
    ]
    assert [mark.level for mark in default_marks(Span(1, SpanUnit.WORKDAY))] == ["warning", "yellow", "red"]


def test_cards_by_working_days():
    cards = (
        MarkSpec("yellow", MarkBasis.BEFORE, Span.parse("1 workday")),
        MarkSpec("red", MarkBasis.FIRST_OVERDUE_WORKDAY),
        MarkSpec("escalated", MarkBasis.AFTER, Span.parse("5 workday")),
    )
    assert marks("2025-09-23 10:00", "5 workday", marks=cards) == [
        ("yellow", "2025-09-28 17:30"),
        ("red", "2025-09-30 09:00"),
        ("escalated", "2025-10-13 17:30"),
    ]


def test_marks_that_a_graver_one_overtakes_drop_out():
    odd = (
        MarkSpec("warning", MarkBasis.LEFT, percent=10),
        MarkSpec("yellow", MarkBasis.LEFT, percent=50),
        MarkSpec("red", MarkBasis.AFTER),
    )
    assert [level for level, _at in marks("2026-11-20 10:00", "4 hour", marks=odd)] == ["yellow", "red"]
    early = (MarkSpec("yellow", MarkBasis.BEFORE, Span.parse("3 workday")), MarkSpec("red", MarkBasis.AFTER))
    assert [level for level, _at in marks("2026-11-20 10:00", "1 workday", marks=early)] == ["red"]


# ---- properties

MOMENTS = st.datetimes(datetime(2004, 1, 5), datetime(2026, 6, 1)).map(
    lambda value: value.replace(tzinfo=UTC)
)
SPANS = st.one_of(
    st.integers(1, 30).map(lambda n: Span(n, SpanUnit.WORKDAY)),
    st.integers(1, 60).map(lambda n: Span(n, SpanUnit.DAY)),
    st.integers(1, 240).map(lambda n: Span(n, SpanUnit.HOUR)),
    st.integers(1, 5000).map(lambda n: Span(n, SpanUnit.MINUTE)),
)
HOURS = st.sampled_from(["09:00-17:30", "08:30-12:00, 13:30-17:30", "00:00-24:00"])
CUTOFFS = st.sampled_from([None, 0, 900, 1050, 1440])
LENGTHS = st.timedeltas(timedelta(0), timedelta(days=25))


@st.composite
def specs(draw):
    found = spec("1 hour", cutoff=draw(CUTOFFS), hours=draw(HOURS))
    return type(found)(found.kind, found.side, draw(SPANS), found.start_event, found.hours, found.cutoff)


def derived(clock, *events):
    return derive([ClockEvent(kind, moment, span) for kind, moment, span in events], clock, PUBLIC)


@settings(max_examples=300, deadline=None)
@given(specs(), MOMENTS, LENGTHS)
def test_a_later_start_is_never_due_earlier(clock, start, later):
    assert (
        derived(clock, ("start", start, None)).due_at <= derived(clock, ("start", start + later, None)).due_at
    )


@settings(max_examples=300, deadline=None)
@given(specs(), MOMENTS, st.integers(1, 20))
def test_a_longer_span_is_never_due_earlier_and_always_after_the_start(clock, start, more):
    longer = type(clock)(
        clock.kind,
        clock.side,
        Span(clock.span.amount + more, clock.span.unit),
        clock.start_event,
        clock.hours,
        clock.cutoff,
    )
    first, second = derived(clock, ("start", start, None)), derived(longer, ("start", start, None))
    assert start < first.due_at < second.due_at


@settings(max_examples=300, deadline=None)
@given(specs(), MOMENTS, LENGTHS, LENGTHS)
def test_a_pause_adds_exactly_the_pause(clock, start, wait, length):
    begin, end = start + wait, start + wait + length
    before = derived(clock, ("start", start, None)).due_at
    after = derived(clock, ("start", start, None), ("pause", begin, None), ("resume", end, None)).due_at
    if clock.span.in_workdays:
        added = PUBLIC.position(after, clock.hours) - PUBLIC.position(before, clock.hours)
        assert timedelta(microseconds=added) == PUBLIC.working_time(begin, end, clock.hours)
    else:
        assert after - before == length


@settings(max_examples=300, deadline=None)
@given(specs(), MOMENTS, LENGTHS, LENGTHS, LENGTHS)
def test_pauses_that_touch_equal_one(clock, start, wait, first, second):
    a, b, c = start + wait, start + wait + first, start + wait + first + second
    one = derived(clock, ("start", start, None), ("pause", a, None), ("resume", c, None))
    two = derived(
        clock,
        ("start", start, None),
        ("pause", a, None),
        ("resume", b, None),
        ("pause", b, None),
        ("resume", c, None),
    )
    assert one.due_at == two.due_at
    assert one.marks == two.marks


@settings(max_examples=200, deadline=None)
@given(specs(), MOMENTS, LENGTHS)
def test_a_pause_of_no_length_changes_nothing(clock, start, wait):
    moment = start + wait
    assert derived(
        clock, ("start", start, None), ("pause", moment, None), ("resume", moment, None)
    ) == derived(clock, ("start", start, None))


@settings(max_examples=300, deadline=None)
@given(specs(), MOMENTS, LENGTHS, LENGTHS, st.integers(1, 15))
def test_pause_and_extension_commute(clock, start, wait, length, amount):
    more = Span(amount, clock.span.unit)
    pause, resume = ("pause", start + wait, None), ("resume", start + wait + length, None)
    extended_first = derived(clock, ("start", start, None), ("extend", start, more), pause, resume)
    paused_first = derived(
        clock, ("start", start, None), pause, resume, ("extend", start + wait + length, more)
    )
    assert extended_first.due_at == paused_first.due_at
    assert extended_first.original_due_at == derived(clock, ("start", start, None)).due_at


@settings(max_examples=200, deadline=None)
@given(specs(), MOMENTS, LENGTHS, LENGTHS)
def test_computing_again_gives_the_same_through_storage(clock, start, wait, length):
    events = [("start", start, None), ("pause", start + wait, None), ("resume", start + wait + length, None)]
    first = derived(clock, *events)
    stored = [(kind, datetime.fromisoformat(moment.isoformat()), span) for kind, moment, span in events]
    assert derived(clock, *stored) == first
    assert len(first.steps) >= 2


@settings(max_examples=300, deadline=None)
@given(specs(), MOMENTS)
def test_marks_rise_in_level_and_time(clock, start):
    found = derived(clock, ("start", start, None))
    levels = ["green", "warning", "yellow", "red", "escalated"]
    ranks = [levels.index(mark.level) for mark in found.marks]
    assert ranks == sorted(set(ranks))
    times = [mark.at for mark in found.marks]
    assert times == sorted(set(times))
    assert all(moment > start for moment in times)


def test_a_calendar_of_one_year_serves_orders_within_it():
    small = WorkCalendar([2026], PUBLIC.holidays, ())
    assert small.is_workday(at("2026-11-23 10:00").date())
    found = derive([ClockEvent("start", at("2026-01-04 10:00"))], spec("2 workday"), small)
    assert local(found.due_at) == "2026-01-06 17:30"
    assert str(WorkHours()) == "09:00-17:30"
