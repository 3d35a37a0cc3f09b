"""Who may do what to which order, for the whole cast; who hears of it live."""

from __future__ import annotations

import pytest

from hotline.accounts.queries import citizen_actor
from hotline.kit.actor import system_actor
from hotline.workorders.models import Assignment, OrderAccess, WorkOrder
from hotline.workorders.permissions import (
    can,
    may_hear_board,
    may_hear_order,
    may_hear_person,
    may_hear_unit,
    sees,
)
from hotline.workorders.rules import VERBS
from tests.accounts.cast import ROLES, Cast
from tests.workorders.factories import make_order, signed


def who_may(city: Cast, verb: str, order: WorkOrder, assignment: Assignment | None = None) -> set[str]:
    return {who for who in (*ROLES, "citizen", "anonymous") if can(city.actor(who), verb, order, assignment)}


@pytest.mark.parametrize(
    ("verb", "who"),
    [
        ("dispatch", {"dispatcher"}),
        ("pass_review", {"dispatcher", "shift_leader"}),
        ("designate", {"dispatcher", "supervisor"}),
        ("sign", {"handler", "manager"}),
        ("send_down", {"handler", "manager"}),
        ("approve_reply", {"reviewer"}),
        ("approve_return", {"dispatcher", "reviewer"}),
        ("finish_follow_up", {"follow_up", "citizen"}),
        ("redo", {"follow_up", "reviewer", "supervisor"}),
        ("withdraw", {"agent", "shift_leader", "citizen"}),
        ("supervise", {"supervisor"}),
        ("instruct", {"leader"}),
        ("raise_card", set()),
    ],
)
def test_verbs_of_an_order_at_unit_a(city: Cast, verb: str, who: set[str]) -> None:
    assignment = signed(city, citizen_id=city.citizen.pk)
    order = WorkOrder.objects.get(pk=assignment.order_id)
    assert who_may(city, verb, order, assignment if VERBS[verb].of_assignment else None) == who


def test_administrator_and_auditor_see_no_order(city: Cast) -> None:
    order = signed(city).order
    seen = {who for who in ROLES if sees(city.actor(who), order)}
    assert not seen & {"admin", "auditor", "other_handler", "other_manager", "knowledge_editor"}
    assert {"handler", "manager", "dispatcher", "leader", "supervisor"} <= seen
    assert "street_handler" not in seen


def test_refusals_have_reasons(city: Cast) -> None:
    order = make_order(city)
    for who in (*ROLES, "citizen", "anonymous"):
        verdict = can(city.actor(who), "dispatch", order)
        assert verdict.allowed or verdict.reason


def test_a_secret_order_is_for_named_people(city: Cast) -> None:
    order = make_order(city, secret=True, citizen_id=city.citizen.pk)
    seen = {who for who in (*ROLES, "citizen", "anonymous") if sees(city.actor(who), order)}
    assert seen == {"agent", "citizen"}
    OrderAccess.objects.create(order=order, person=city.dispatcher, granted_by="x", reason="x")
    assert can(city.actor("dispatcher"), "dispatch", order)
    assert can(city.actor("dispatcher"), "dispatch", order, named=True)


def test_machines_have_just_what_they_were_given(city: Cast) -> None:
    order = make_order(city)
    assert can(system_actor("x", "workorders:dispatch"), "dispatch", order)
    assert not can(system_actor("x"), "dispatch", order)
    assert can(system_actor("scanner", "system:scan"), "raise_card", order)
    assert sees(system_actor("x"), order)


def test_citizens_own_what_they_filed(city: Cast) -> None:
    order = make_order(city, citizen_id=city.citizen.pk)
    other = make_order(city)
    citizen = citizen_actor(city.citizen.pk)
    assert can(citizen, "supplement", order)
    assert not can(citizen, "supplement", other)
    assert not can(citizen, "note", order)
    assert not can(citizen_actor(0), "supplement", other)
    assert not sees(citizen_actor(0), other)
    assert can(citizen_actor(0), "create", None)


def test_live_topics(city: Cast) -> None:
    order = signed(city).order
    assert may_hear_order(city.actor("handler"), str(order.pk))
    assert not may_hear_order(city.actor("other_handler"), str(order.pk))
    assert not may_hear_order(city.actor("handler"), "x")
    assert may_hear_unit(city.actor("manager"), str(city.street.pk))
    assert not may_hear_unit(city.actor("manager"), str(city.b.pk))
    assert not may_hear_unit(city.actor("manager"), "0")
    assert not may_hear_unit(city.actor("manager"), "x")
    assert may_hear_board(city.actor("supervisor"), "")
    assert not may_hear_board(city.actor("admin"), "")
    assert may_hear_person(city.actor("handler"), str(city.handler.pk))
    assert not may_hear_person(city.actor("handler"), str(city.agent.pk))
