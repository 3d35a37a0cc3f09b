"""Clocks: what starts and stops them, caps, cards raised once, holds, the check against the log."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from hotline.kit.actor import system_actor
from hotline.kit.clock import now
from hotline.workorders import actions
from hotline.workorders.actions import scanning
from hotline.workorders.actions.checking import check_orders, fix_order, preview_calendar
from hotline.workorders.actions.scanning import SCANNER, archive_closed, close_by_time, end_holds, scan_clocks
from hotline.workorders.models import Application, Clock, StandingCard, Supervision, WorkOrder, WorkOrderEvent
from hotline.workorders.rules import ReplyForm
from hotline.worktime.rules import WorkCalendar
from tests.accounts.cast import Cast
from tests.workorders.expecting import no_differences
from tests.workorders.factories import (
    GOOD_REPLY,
    MONDAY,
    closed,
    dispatched,
    fresh,
    make_order,
    moment,
    signed,
    waiting_for_follow_up,
)


def clock_of(order_id: int, kind: str, side: str = "unit", **more: object) -> Clock:
    return Clock.objects.get(order_id=order_id, kind=kind, side=side, **more)


def test_dispatch_starts_and_sign_stops(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False):
        assignment = dispatched(city)
        assert clock_of(assignment.order_id, "dispatch", "city").state == "met"
        assert clock_of(assignment.order_id, "sign").due_at == MONDAY + timedelta(hours=4)
        assert clock_of(assignment.order_id, "finish").due_at == moment("2026-03-09 17:30")
        assert fresh(assignment).due_at == moment("2026-03-09 17:30")
        assert fresh(assignment).next_due_at == MONDAY + timedelta(hours=4)
    with time_machine.travel(MONDAY + timedelta(hours=5), tick=False):
        actions.sign(actor=city.actor("handler"), assignment_id=assignment.pk)
        assert clock_of(assignment.order_id, "sign").state == "missed"
        no_differences()


def test_a_unit_below_lies_inside(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        assignment = signed(city)
        traveller.move_to(MONDAY + timedelta(days=2))
        child = actions.send_down(actor=city.actor("handler"), assignment_id=assignment.pk, unit_id=city.street.pk)
        own = clock_of(assignment.order_id, "finish", assignment=assignment)
        below = clock_of(assignment.order_id, "finish", assignment=child)
        assert below.due_at == own.due_at
        assert clock_of(assignment.order_id, "sign", assignment=child).due_at == MONDAY + timedelta(days=2, hours=4)
        no_differences()


def test_extension_moves_both_and_keeps_the_old(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False):
        assignment = signed(city)
        order = assignment.order
        application = actions.apply(
            actor=city.actor("handler"), assignment_id=assignment.pk, kind="extension", reason_code="complex", text="需检测", amount=5
        )
        assert fresh(order).state == "extension_review"
        actions.decide_application(actor=city.actor("dispatcher"), application_id=application.pk, approve=True)
        clock = clock_of(order.pk, "finish")
        assert clock.original_due_at == moment("2026-03-09 17:30")
        assert clock.due_at == moment("2026-03-16 17:30")
        application.refresh_from_db()
        assert (application.old_due_at, application.new_due_at) == (clock.original_due_at, clock.due_at)
        assert fresh(order).due_at == moment("2026-03-18 17:30")
        assert fresh(order).extension_count == 1
        no_differences()


def test_hold_pauses_exactly_and_ends_by_itself(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        assignment = signed(city)
        application = actions.apply(
            actor=city.actor("handler"), assignment_id=assignment.pk, kind="hold", reason_code="season", text="待汛期后",
            until=(MONDAY + timedelta(days=7)).date(),
        )
        actions.decide_application(actor=city.actor("dispatcher"), application_id=application.pk, approve=True)
        assert fresh(assignment.order).state == "on_hold"
        assert clock_of(assignment.order_id, "finish").state == "paused"
        assert end_holds(now=now()) == 0
        traveller.move_to(MONDAY + timedelta(days=7))
        assert end_holds(now=now()) == 1
        clock = clock_of(assignment.order_id, "finish")
        assert (clock.state, clock.due_at) == ("running", moment("2026-03-16 17:30"))
        assert fresh(assignment.order).state == "in_progress"
        assert end_holds(now=now()) == 0
        no_differences()


def test_a_city_may_close_at_the_end_of_a_hold(city: Cast) -> None:
    from hotline.workorders.models import CitySettings

    CitySettings.objects.update(options={"hold_expiry": "close"})
    with time_machine.travel(MONDAY, tick=False) as traveller:
        assignment = signed(city)
        application = actions.apply(
            actor=city.actor("handler"), assignment_id=assignment.pk, kind="hold", reason_code="season", text="待汛期后",
            until=(MONDAY + timedelta(days=7)).date(),
        )
        actions.decide_application(actor=city.actor("dispatcher"), application_id=application.pk, approve=True)
        traveller.move_to(MONDAY + timedelta(days=8))
        assert end_holds(now=now()) == 1
        order = fresh(assignment.order)
        assert (order.state, order.closing_kind) == ("closed", "hold_expired")
        no_differences()


def test_refused_reply_takes_the_stop_back(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        assignment = signed(city)
        actions.submit_reply(actor=city.actor("handler"), assignment_id=assignment.pk, form=ReplyForm(**GOOD_REPLY))
        assert clock_of(assignment.order_id, "finish").state == "met"
        traveller.move_to(MONDAY + timedelta(days=1))
        actions.decide_reply(actor=city.actor("reviewer"), assignment_id=assignment.pk, approve=False, text="请写明巡查时间")
        clock = clock_of(assignment.order_id, "finish")
        assert (clock.state, clock.due_at) == ("running", moment("2026-03-09 17:30"))
        assert clock_of(assignment.order_id, "review", "city").state == "met"
        no_differences()


def test_reclassify_asks_the_policy_again(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False):
        assignment = signed(city)
        actions.reclassify(actor=city.actor("dispatcher"), order_id=assignment.order_id, urgency="urgent")
        assert clock_of(assignment.order_id, "finish").due_at == MONDAY + timedelta(hours=24)
        no_differences()


def test_merge_and_undo_leave_the_deadline(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        assignment, main = signed(city), make_order(city)
        before = Clock.objects.filter(order=assignment.order).order_by("id").values_list("state", "due_at", "next_at")
        stored = list(before)
        traveller.move_to(MONDAY + timedelta(hours=2))
        actions.merge(actor=city.actor("dispatcher"), order_ids=[assignment.order_id], into_id=main.pk)
        assert fresh(assignment.order).state == "merged"
        assert fresh(assignment).state == "recalled"
        assert set(before.values_list("state", flat=True)) <= {"void", "met"}
        traveller.move_to(MONDAY + timedelta(days=1))
        actions.unmerge(actor=city.actor("dispatcher"), order_id=assignment.order_id)
        order = fresh(assignment.order)
        assert (order.state, order.merged_into_id, order.closing_kind, order.lead_unit_id) == ("in_progress", None, "", city.a.pk)
        assert fresh(assignment).ended_at is None
        assert list(before.all()) == stored
        no_differences()


def test_each_level_is_raised_once(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False):
        order = signed(city).order
    at = moment("2026-03-20 10:00")
    first = scan_clocks(now=at)
    assert first.raised["escalated"] == 1
    assert scan_clocks(now=at).clocks == 0
    raised = WorkOrderEvent.objects.filter(order=order, verb="raise_card", data__clocks__0__1="finish", data__clocks__0__2="city")
    assert [event.data["level"] for event in raised.order_by("id")] == ["warning", "yellow", "red", "escalated"]
    order = fresh(order)
    assert order.card == "escalated"
    assert Supervision.objects.get(order=order).state == "proposed"
    no_differences()


@pytest.mark.django_db(transaction=True)
def test_each_level_is_raised_once_by_lanes_side_by_side(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "BATCH", 2)
    with time_machine.travel(MONDAY, tick=False):
        orders = [signed(city).order for _ in range(7)]
    at = moment("2026-03-20 10:00")
    done = scan_clocks(now=at, lanes=3)
    assert done.raised["escalated"] >= len(orders)
    assert scan_clocks(now=at, lanes=3).clocks == 0
    raised = WorkOrderEvent.objects.filter(verb="raise_card")
    assert raised.count() == done.raised.total()
    said = raised.values_list("order", "data__clocks")
    assert len({(order, str(clocks)) for order, clocks in said}) == done.raised.total()
    assert {fresh(order).card for order in orders} == {"escalated"}
    no_differences()


@pytest.mark.django_db(transaction=True)
def test_a_lane_that_fails_is_heard_of_and_leaves_the_rest_done(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "BATCH", 2)
    with time_machine.travel(MONDAY, tick=False):
        for _ in range(5):
            signed(city)
    at = moment("2026-03-20 10:00")
    whole, failed = scanning._announce, []

    def fails_once(*given: Any) -> None:
        if threading.current_thread() is not threading.main_thread() and not failed:
            failed.append(True)
            raise RuntimeError("the disk is full")
        whole(*given)

    monkeypatch.setattr(scanning, "_announce", fails_once)
    with pytest.raises(RuntimeError, match="disk"):
        scan_clocks(now=at, lanes=2)
    scan_clocks(now=at, lanes=2)
    said = WorkOrderEvent.objects.filter(verb="raise_card").values_list("order", "data__clocks")
    assert len({(order, str(clocks)) for order, clocks in said}) == len(said)
    assert scan_clocks(now=at).clocks == 0
    no_differences()


def test_a_warning_is_no_card_and_refuses_nobodys_text(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False):
        order = make_order(city)
    revision = order.revision
    scan_clocks(now=moment("2026-03-09 18:00"), limit=1)
    scan_clocks(now=moment("2026-03-09 18:00"), limit=5)
    order = fresh(order)
    assert order.revision == revision
    assert WorkOrderEvent.objects.filter(order=order, verb="raise_card").exists()
    no_differences()


def test_only_the_scanner_raises_cards(city: Cast) -> None:
    with pytest.raises(PermissionError):
        scan_clocks(actor=city.actor("supervisor"), now=now())
    with pytest.raises(PermissionError):
        archive_closed(actor=city.actor("agent"), now=now())
    assert scan_clocks(actor=SCANNER, now=now()).clocks == 0


def test_time_closes_and_archives(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False):
        waiting = make_order(city, reviewed=False)
        actions.ask_supplement(actor=city.actor("dispatcher"), order_id=waiting.pk, text="请补充地址")
        unheard = waiting_for_follow_up(city)
        done = closed(city)
        assert close_by_time(now=now()) == 0
    with time_machine.travel(MONDAY + timedelta(days=16), tick=False):
        assert close_by_time(now=now()) == 2
        assert fresh(waiting).closing_kind == "automatic"
        assert fresh(unheard).closing_kind == "automatic"
    with time_machine.travel(MONDAY + timedelta(days=31), tick=False):
        assert archive_closed(actor=system_actor("archiver", "workorders:archive"), now=now()) == 1
        assert fresh(done).state == "archived"
        no_differences()


def test_check_finds_and_fixes(city: Cast) -> None:
    order = signed(city).order
    Clock.objects.filter(order=order, kind="finish").update(due_at=now(), state="paused")
    Clock.objects.filter(order=order, kind="sign").delete()
    WorkOrder.objects.filter(pk=order.pk).update(state="closed", closed_at=now())
    StandingCard.objects.create(order=order, level="red")
    order.assignments.update(state="pending_sign")
    found = {difference.what for difference in check_orders()}
    assert {"state", "card", "unit sign clock of round 1 at assignment " + str(order.assignments.get().pk)} <= found
    out = StringIO()
    with pytest.raises(SystemExit) as stop:
        call_command("deadlines", "check", stdout=out)
    assert stop.value.code == 1
    call_command("deadlines", "check", "--fix", stdout=out)
    assert "0 differences left" in out.getvalue()
    no_differences()
    call_command("deadlines", "check", "--sample", "5", stdout=out)
    from hotline.kit.errors import NotPermitted

    with pytest.raises(NotPermitted):
        fix_order(actor=city.actor("admin"), order_id=order.pk)


def test_an_empty_city_checks(db: None) -> None:
    out = StringIO()
    call_command("deadlines", "check", stdout=out)
    call_command("workorders", "prove", stdout=out)
    call_command("workorders", "table", stdout=out)
    assert "0 differences" in out.getvalue()
    assert "no dead end" in out.getvalue()


def test_preview_of_a_calendar(city: Cast) -> None:
    from datetime import date

    with time_machine.travel(MONDAY, tick=False):
        order = make_order(city)
        same = preview_calendar(WorkCalendar([2024, 2025, 2026]))
        moved = preview_calendar(WorkCalendar([2024, 2025, 2026], [date(2026, 3, 4)]))
    assert (same.open, same.moved) == (1, 0)
    assert [number for number, _old, _new in moved.examples] == [order.number]


def test_a_year_without_holidays_is_provisional(city: Cast) -> None:
    with time_machine.travel(moment("2026-12-31 10:00"), tick=False):
        order = make_order(city)
    assert order.due_at is not None
    assert order.due_at.year == 2027
    no_differences()


def test_without_policy_an_appeal_is_still_accepted(cast: Cast) -> None:
    order = make_order(cast)
    assert (order.policy_id, order.due_at) == (None, None)
    assignment = dispatched(cast, order)
    actions.sign(actor=cast.actor("handler"), assignment_id=assignment.pk)
    application = actions.apply(
        actor=cast.actor("handler"), assignment_id=assignment.pk, kind="return", reason_code="x", text="不属于本单位", basis="三定"
    )
    actions.decide_application(actor=cast.actor("dispatcher"), application_id=application.pk, approve=True)
    assert Application.objects.get().state == "approved"
    assert not Clock.objects.exists()
    no_differences()
