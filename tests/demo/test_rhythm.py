from datetime import UTC, date, datetime

import pytest

from hotline.demo import rhythm
from hotline.demo.rhythm import Timetable

RHYTHM = {
    "hours": [1] * 8 + [10] * 10 + [1] * 6,
    "weekdays": [100, 100, 100, 100, 100, 50, 50],
    "months": [100] * 12,
    "surges": [{"name": "storm", "month": 7, "days": 3, "factor": 4, "categories": {"04": 5}}],
}
BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 4, tzinfo=UTC)


def test_parts_lose_nothing() -> None:
    assert rhythm.apportion(7, [1, 1, 1]) == [2, 3, 2]
    assert sum(rhythm.apportion(12_345, [0.1, 7, 3.3, 0, 2])) == 12_345


@pytest.mark.parametrize("orders", [1, 7, 5_000])
def test_moments_rise_and_stay_inside(orders: int) -> None:
    table = Timetable(RHYTHM, BEGIN, END, orders, seed=1)
    moments = [table.moment(number) for number in range(orders)]
    assert moments == sorted(moments)
    assert moments[-1] <= END
    assert {table.place(number)[1] for number in range(min(orders, 3))} <= {1, 2, 3}


def test_weekends_and_nights_are_quieter_and_storms_are_not() -> None:
    table = Timetable(RHYTHM, BEGIN, END, 20_000, seed=1)
    by_day = dict(zip(table.days, table.counts, strict=True))
    assert by_day[date(2025, 3, 4)] > 1.7 * by_day[date(2025, 3, 8)]
    storm = table.storms[0]
    assert table.storm_on(storm.first) is storm
    assert table.storm_on(date(2025, 1, 1)) is None
    assert by_day[storm.first] > 1.5 * max(by_day[date(2025, 3, 4)], by_day[date(2025, 3, 8)])
    hours = [(table.moment(number).hour + 8) % 24 for number in range(0, 20_000, 7)]
    assert sum(8 <= hour < 18 for hour in hours) > 0.8 * len(hours)


def test_the_recent_days_get_their_share() -> None:
    table = Timetable(RHYTHM, BEGIN, END, 1_000, seed=1, recent=600, recent_days=30)
    assert sum(table.counts[-30:]) == 600


def test_chance_comes_from_the_seed() -> None:
    first = [surge.first for surge in rhythm.surges(RHYTHM, date(2020, 1, 1), date(2025, 12, 31), seed=1)]
    assert first == [
        surge.first for surge in rhythm.surges(RHYTHM, date(2020, 1, 1), date(2025, 12, 31), seed=1)
    ]
    assert first != [
        surge.first for surge in rhythm.surges(RHYTHM, date(2020, 1, 1), date(2025, 12, 31), seed=2)
    ]
