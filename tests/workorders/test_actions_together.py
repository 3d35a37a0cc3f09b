"""Two at once: scanners, dispatchers, a reader of the log. Real transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from hotline.kit.clock import now
from hotline.kit.errors import Refused, Stale
from hotline.workorders import actions
from hotline.workorders.actions import checking
from hotline.workorders.actions.checking import check_orders
from hotline.workorders.actions.scanning import scan_clocks
from hotline.workorders.models import Assignment, WorkOrder, WorkOrderEvent
from tests.accounts.cast import Cast
from tests.workorders.factories import dispatched, fresh, make_city, make_order, signed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def city(transactional_db: None) -> Cast:
    cast = Cast()
    make_city(cast)
    return cast


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own at the same moment; results or errors in order."""
    results: list[Any] = [None] * len(acts)
    barrier = Barrier(len(acts))

    def run(place: int, act: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[place] = act()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_scanners_raise_each_level_once(city: Cast) -> None:
    orders = [signed(city).order for _number in range(6)]
    at = now() + timedelta(days=60)
    scans = together(*(lambda: scan_clocks(now=at) for _number in range(3)))
    raised = Counter(
        (event.order_id, *map(str, event.data["clocks"][0])) for event in WorkOrderEvent.objects.filter(verb="raise_card")
    )
    assert raised
    assert set(raised.values()) == {1}
    assert sum(scan.raised.total() for scan in scans) == len(raised)
    # Orders that a scanner skipped because the other held them are left to the next run.
    scan_clocks(now=at)
    assert {fresh(order).card for order in orders} == {"escalated"}
    assert list(check_orders()) == []


def test_a_killed_scanner_leaves_nothing_half_done(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    order = signed(city).order
    at = now() + timedelta(days=60)

    def die(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hotline.workorders.actions.scanning._announce", die)
        with pytest.raises(KeyboardInterrupt):
            scan_clocks(now=at)
    assert not WorkOrderEvent.objects.filter(verb="raise_card").exists()
    assert fresh(order).card == "green"
    assert scan_clocks(now=at).raised
    assert list(check_orders()) == []


def test_two_dispatchers_send_it_once(city: Cast) -> None:
    order = make_order(city)
    dispatcher = city.actor("dispatcher")
    results = together(
        *(
            lambda unit=unit: actions.dispatch_order(
                actor=dispatcher, order_id=order.pk, lead_unit_id=unit, revision=order.revision
            )
            for unit in (city.a.pk, city.b.pk)
        )
    )
    assert sorted(type(result).__name__ for result in results) == ["Stale", "WorkOrder"]
    assert Assignment.objects.filter(order=order).count() == 1
    assert any(isinstance(result, Stale) for result in results)


def test_merges_against_each_other_do_not_block(city: Cast) -> None:
    first, second = make_order(city), make_order(city)
    dispatcher = city.actor("dispatcher")
    results = together(
        lambda: actions.merge(actor=dispatcher, order_ids=[first.pk], into_id=second.pk),
        lambda: actions.merge(actor=dispatcher, order_ids=[second.pk], into_id=first.pk),
    )
    assert sorted(type(result).__name__ for result in results) == ["Refused", "WorkOrder"]
    assert any(isinstance(result, Refused) for result in results)
    assert WorkOrder.objects.filter(state="merged").count() == 1


def test_numbers_are_never_given_twice(city: Cast) -> None:
    agent = city.actor("agent")
    demand = actions.NewOrder(channel="phone", demand_type="help", title="路灯不亮", content="三号楼前路灯不亮")
    orders = together(*(lambda: actions.create_order(actor=agent, demand=demand) for _number in range(4)))
    assert len({order.number for order in orders}) == 4


def test_the_log_only_grows(city: Cast) -> None:
    order = dispatched(city).order
    for statement in ("UPDATE workorders_workorderevent SET text = 'x'", "DELETE FROM workorders_workorderevent"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert WorkOrderEvent.objects.filter(order=order).count() == 2


def test_a_check_of_a_working_city_sees_one_moment(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    order = signed(city).order
    read_logs = checking._logs

    def meanwhile(ids: Any) -> Any:
        logs = read_logs(ids)
        if not scanned:
            scanned.extend(together(lambda: scan_clocks(now=now() + timedelta(days=60))))
        return logs

    scanned: list[Any] = []
    monkeypatch.setattr(checking, "_logs", meanwhile)
    assert list(check_orders()) == []
    assert scanned[0].raised.total() > 0
    assert fresh(order).card == "escalated"
    assert list(check_orders()) == []
