"""A year's holidays are published: what was counted without them is counted anew, as an event of the order's log."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from hotline.config.subscriptions import SUBSCRIPTIONS
from hotline.kit import simulation
from hotline.kit.actor import system_actor
from hotline.kit.errors import NotPermitted
from hotline.workorders import actions, tasks
from hotline.workorders.actions.checking import check_orders
from hotline.workorders.actions.settling import settle_calendar, settle_order
from hotline.workorders.models import WorkOrder, WorkOrderEvent
from hotline.workorders.queries.citizen import citizen_view
from hotline.worktime import queries as worktime
from hotline.worktime.models import Calendar, CalendarDay
from tests.accounts.cast import Cast
from tests.workorders.factories import closed, make_order, moment, signed

NEW_YEARS_EVE = moment("2026-12-31 10:00")


def publish(years: list[int], *holidays: date) -> Calendar:
    """The next version, in effect now."""
    Calendar.objects.filter(state="published").update(state="retired")
    calendar = Calendar.objects.create(version=2, state="published", years=years)
    for day in (date(2026, 1, 1), *holidays):
        CalendarDay.objects.create(calendar=calendar, day=day, kind="holiday", name="元旦")
    return calendar


def publish_2027() -> Calendar:
    """The notice came out: 1 and 4 January are free, so that seven working days end two later."""
    return publish([2024, 2025, 2026, 2027], date(2027, 1, 1), date(2027, 1, 4))


def provisional() -> int:
    from hotline.workorders.actions.checking import Checked

    counted = Checked()
    assert [str(one) for one in check_orders(checked=counted)] == []
    return counted.provisional


def fresh(order: WorkOrder) -> WorkOrder:
    return WorkOrder.objects.get(pk=order.pk)


def test_publishing_settles_what_was_provisional(city: Cast) -> None:
    with time_machine.travel(NEW_YEARS_EVE, tick=False):
        order = signed(city, citizen_id=city.citizen.pk).order
        before = fresh(order)
        assert provisional() > 0
        calendar = publish_2027()
        assert tasks.settle_calendar(calendar_id=calendar.pk) == 1
        after = fresh(order)
        assert before.due_at is not None
        assert after.due_at is not None
        assert (after.due_at - before.due_at).days == 1 + 1, "two holidays more, both on weekdays"
        assert (after.calendar_id, after.revision) == (calendar.pk, before.revision)
        event = WorkOrderEvent.objects.get(order=order, verb="settle_calendar")
        assert event.data == {
            "calendar": calendar.pk, "calendar_before": before.calendar_id, "old_due": before.due_at.isoformat(),
        }
        assert provisional() == 0
        assert citizen_view(after).steps[-1].at == event.at
        assert tasks.settle_late(timestamp=0) == 0, "once is enough"


def test_an_order_within_the_known_years_stays_pinned(city: Cast) -> None:
    with time_machine.travel(moment("2026-12-01 10:00"), tick=False):
        order = make_order(city)
        publish_2027()
        assert settle_calendar() == 0
        assert not settle_order(actor=system_actor("x", "system:settle"), order_id=order.pk)
        assert fresh(order).calendar_id == order.calendar_id


def test_a_closed_order_stays_as_it_ended(city: Cast) -> None:
    with time_machine.travel(NEW_YEARS_EVE, tick=False):
        order = closed(city)
        publish_2027()
        assert settle_calendar() == 0
        assert not settle_order(actor=system_actor("x", "system:settle"), order_id=order.pk)


def test_a_calendar_without_the_year_settles_nothing(city: Cast) -> None:
    with time_machine.travel(NEW_YEARS_EVE, tick=False):
        order = make_order(city)
        publish([2024, 2025, 2026], date(2026, 12, 30))
        assert settle_calendar() == 0
        assert fresh(order).calendar_id == order.calendar_id


def test_a_redo_under_the_old_pin_is_settled_later(city: Cast) -> None:
    with time_machine.travel(moment("2026-12-01 10:00"), tick=False):
        order = closed(city)
        publish_2027()
    with time_machine.travel(moment("2027-01-20 10:00"), tick=False):
        actions.redo(actor=city.actor("reviewer"), order_id=order.pk, reason_code="", text="市民称未解决。")
        assert fresh(order).calendar_id == order.calendar_id
        assert provisional() > 0
        assert tasks.settle_late(timestamp=0) == 1
        assert provisional() == 0


def test_without_a_calendar_there_is_nothing_to_settle_with(city: Cast) -> None:
    Calendar.objects.update(state="retired")
    worktime.forget()
    assert settle_calendar() == 0


def test_only_the_platform_settles(city: Cast) -> None:
    with time_machine.travel(NEW_YEARS_EVE, tick=False):
        order = make_order(city)
    for actor in (city.actor("admin"), system_actor("stranger")):
        with pytest.raises(NotPermitted):
            settle_order(actor=actor, order_id=order.pk)
        with pytest.raises(NotPermitted):
            settle_calendar(actor=actor)


def test_a_replay_lives_in_its_own_time(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "running", lambda: True)
    monkeypatch.setattr("hotline.workorders.actions.settling.settle_calendar", lambda: 1 / 0)
    assert (tasks.settle_calendar(calendar_id=1), tasks.settle_late(timestamp=0)) == (0, 0)


def test_the_command_agrees(city: Cast, capsys: Any) -> None:
    with time_machine.travel(NEW_YEARS_EVE, tick=False):
        make_order(city)
        publish_2027()
        settle_calendar()
        call_command("deadlines", "check")
    assert " 0 clocks provisional" in capsys.readouterr().out


def test_publication_is_wired() -> None:
    assert ("worktime.calendar_published", "hotline.workorders.tasks", "settle_calendar") in SUBSCRIPTIONS
