"""Days and working time against the real holidays of China."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hotline.worktime.rules import (
    Span,
    SpanUnit,
    WorkCalendar,
    WorkHours,
    YearUnknown,
    minute_text,
    parse_minute,
)
from tests.worktime.factories import PUBLIC, at, local


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2025-10-01", False),  # National Day
        ("2025-10-08", False),  # its last day, a Wednesday
        ("2025-09-28", True),  # Sunday, make-up workday
        ("2025-10-11", True),  # Saturday, make-up workday
        ("2025-10-12", False),
        ("2026-10-07", False),
        ("2026-09-20", True),
        ("2026-10-10", True),
        ("2026-02-14", True),
        ("2026-02-23", False),
        ("2026-11-22", False),
        ("2026-11-23", True),
    ],
)
def test_days(day, worked):
    assert PUBLIC.is_workday(date.fromisoformat(day)) is worked


def test_counts_of_years_are_the_official_ones():
    # 365 days less weekends and holidays, as the notices of the State Council give them.
    assert PUBLIC.count_workdays(date(2025, 1, 1), date(2025, 12, 31)) == 248
    assert PUBLIC.count_workdays(date(2026, 1, 1), date(2026, 12, 31)) == 248
    assert PUBLIC.count_workdays(date(2026, 3, 5), date(2026, 3, 4)) == 0


def test_shifting_by_workdays_skips_national_day():
    assert PUBLIC.shift_workdays(date(2025, 9, 30), 1) == date(2025, 10, 9)
    assert PUBLIC.shift_workdays(date(2025, 9, 27), 1) == date(2025, 9, 28)
    assert PUBLIC.shift_workdays(date(2025, 10, 9), -1) == date(2025, 9, 30)
    assert PUBLIC.shift_workdays(date(2025, 10, 5), 0) == date(2025, 10, 5)
    assert PUBLIC.workday_on_or_after(date(2025, 10, 1)) == date(2025, 10, 9)
    assert PUBLIC.shift(at("2025-10-05 08:00"), Span.parse("0 workday")) == at("2025-10-05 08:00")
    assert local(PUBLIC.shift(at("2025-09-30 16:00"), Span.parse("1 workday"), sign=-1)) == "2025-09-29 16:00"


def test_a_missing_year_is_never_guessed():
    with pytest.raises(YearUnknown) as beyond:
        PUBLIC.shift_workdays(date(2026, 12, 31), 1)
    assert beyond.value.year == 2027
    with pytest.raises(YearUnknown) as before:
        PUBLIC.shift_workdays(date(2004, 1, 1), -1)
    assert before.value.year == 2003
    with pytest.raises(YearUnknown):
        PUBLIC.is_workday(date(2027, 1, 4))
    with pytest.raises(YearUnknown):
        WorkCalendar([]).is_workday(date(2026, 1, 1))


def test_a_gap_between_years_is_not_jumped():
    gap = WorkCalendar([2024, 2026])
    with pytest.raises(YearUnknown) as crossed:
        gap.shift_workdays(date(2024, 12, 30), 5)
    assert crossed.value.year == 2025
    with pytest.raises(YearUnknown):
        gap.is_workday(date(2025, 5, 6))
    assert gap.shift_workdays(date(2024, 12, 2), 1) == date(2024, 12, 3)
    assert gap.shift_workdays(date(2026, 2, 2), 1) == date(2026, 2, 3)


def test_assumed_years_are_told_apart():
    more = PUBLIC.assuming([2026, 2027])
    assert more.assumed == {2027}
    assert more.is_workday(date(2027, 1, 1))
    assert not more.is_workday(date(2027, 1, 2))
    assert not more.is_workday(date(2026, 10, 1))


def test_working_time():
    hours = WorkHours()
    assert PUBLIC.working_time(at("2026-11-20 16:30"), at("2026-11-23 10:00"), hours) == timedelta(hours=2)
    assert PUBLIC.working_time(at("2026-11-21 00:00"), at("2026-11-22 23:00"), hours) == timedelta(0)
    assert PUBLIC.working_time(at("2026-11-23 10:00"), at("2026-11-20 16:30"), hours) == timedelta(0)
    lunch = WorkHours.parse("08:30-12:00, 13:30-17:30")
    assert PUBLIC.working_time(at("2026-11-23 11:00"), at("2026-11-23 14:00"), lunch) == timedelta(minutes=90)
    assert PUBLIC.working_time(at("2026-11-23 12:10"), at("2026-11-23 13:10"), lunch) == timedelta(0)


def test_the_end_of_a_day_stays_that_days_end():
    hours = WorkHours.parse("08:30-12:00, 13:30-17:30")
    for text in ("2026-11-20 17:30", "2026-11-20 12:00", "2026-11-20 15:15"):
        assert local(PUBLIC.moment(PUBLIC.position(at(text), hours), hours, at(text))) == text


def test_exceptions_come_as_runs():
    runs = PUBLIC.exceptions(date(2025, 9, 20), date(2025, 10, 12))
    assert [(first.isoformat(), last.isoformat(), worked) for first, last, _name, worked in runs] == [
        ("2025-09-28", "2025-09-28", True),
        ("2025-10-01", "2025-10-05", False),
        ("2025-10-06", "2025-10-06", False),  # Mid-autumn Festival within the holiday
        ("2025-10-07", "2025-10-08", False),
        ("2025-10-11", "2025-10-11", True),
    ]


def test_texts():
    assert Span.parse("5 workdays") == Span(5, SpanUnit.WORKDAY)
    assert str(Span.parse(" 24 hour ")) == "24 hour"
    assert Span(2, SpanUnit.DAY).elapsed == timedelta(days=2)
    assert str(WorkHours.parse("9:00-11:30,13:00-17:30")) == "09:00-11:30, 13:00-17:30"
    assert minute_text(parse_minute("24:00")) == "24:00"
    assert (WorkHours().begin, WorkHours().end) == (540, 1050)


@pytest.mark.parametrize("text", ["5 weeks", "workday", "-1 day", "", "5", None, 5])
def test_bad_spans(text):
    with pytest.raises(ValueError, match="length"):
        Span.parse(text)


@pytest.mark.parametrize("text", ["25:00", "9", "09:75", "24:01", None])
def test_bad_times(text):
    with pytest.raises(ValueError, match="time of day"):
        parse_minute(text)


@pytest.mark.parametrize("text", ["17:30-09:00", "09:00", "09:00-12:00, 12:00-17:00", ""])
def test_bad_hours(text):
    with pytest.raises(ValueError, match="period"):
        WorkHours.parse(text)


def test_no_hours_and_too_long_days():
    with pytest.raises(ValueError, match="period"):
        WorkHours(())
    with pytest.raises(ValueError, match="longer"):
        WorkHours().moment(WorkHours().length_us + 1)
    with pytest.raises(ValueError, match="fixed"):
        _ = Span(1, SpanUnit.WORKDAY).elapsed
    with pytest.raises(ValueError, match="both"):
        WorkCalendar([2026], [date(2026, 5, 9)], [date(2026, 5, 9)])
