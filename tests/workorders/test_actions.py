"""The order's life through its actions, with the standing cast."""

from __future__ import annotations

import pytest

from hotline.workorders import actions
from hotline.workorders.actions._clocks import key_of, rebuild
from hotline.workorders.models import Assignment, Clock, WorkOrder, WorkOrderEvent
from tests.accounts.cast import Cast
from tests.workorders.factories import closed, make_city, make_order


@pytest.fixture
def city(cast: Cast) -> Cast:
    make_city(cast)
    return cast


def agrees(order: WorkOrder) -> None:
    """The stored order, assignments and clocks equal what the log says."""
    order = WorkOrder.objects.get(pk=order.pk)
    found = rebuild(order)
    assert found.state == order.state
    assert found.card == order.card
    assert found.due_at() == order.due_at
    assert {node.id: node.state for node in found.nodes.values()} == dict(Assignment.objects.filter(order=order).values_list("id", "state"))
    rows = {key_of(row): row for row in Clock.objects.filter(order=order)}
    assert rows.keys() == found.clocks.keys()
    for key, clock in found.clocks.items():
        for name, value in clock.row().items():
            assert getattr(rows[key], name) == value, (key, name)


def test_whole_life(city: Cast) -> None:
    order = closed(city)
    assert order.state == "closed"
    assert order.closing_kind == "handled"
    assert order.number.startswith("JD")
    agrees(order)
    verbs = list(WorkOrderEvent.objects.filter(order=order).order_by("id").values_list("verb", flat=True))
    assert verbs == ["create", "dispatch", "sign", "reply", "approve_reply", "finish_follow_up"]
    assert order.revision == len(verbs)


def test_created_order_has_its_clocks(city: Cast) -> None:
    order = make_order(city)
    agrees(order)
    assert set(Clock.objects.filter(order=order).values_list("kind", "side")) == {("dispatch", "city"), ("finish", "city")}


def test_redo(city: Cast) -> None:
    order = closed(city)
    actions.redo(actor=city.actor("follow_up"), order_id=order.pk, reason_code="unsolved", text="仍在施工")
    order.refresh_from_db()
    assert (order.state, order.round, order.flow, order.redo_count) == ("pending_sign", 2, "redo", 1)
    agrees(order)
