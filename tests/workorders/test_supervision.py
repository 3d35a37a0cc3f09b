"""Cards, listed cases and other systems' own orders, through the actions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from hotline.kit.actor import Actor, ActorKind
from hotline.kit.clock import now
from hotline.kit.errors import NotPermitted, NotVisible
from hotline.workorders import actions
from hotline.workorders.actions.notes import ECHO
from hotline.workorders.models import Note, ReasonCode
from tests.accounts.cast import Cast
from tests.workorders.expecting import no_differences, refused
from tests.workorders.factories import (
    MONDAY,
    fresh,
    signed,
)

pytestmark = pytest.mark.usefixtures("monday")


def test_cards_by_hand(city: Cast) -> None:
    order = signed(city).order
    supervisor = city.actor("supervisor")
    refused("level", actions.issue_card, actor=supervisor, order_id=order.pk, level="green", text="x")
    actions.issue_card(actor=supervisor, order_id=order.pk, level="red", text="拖延")
    refused("has_card", actions.issue_card, actor=supervisor, order_id=order.pk, level="yellow", text="拖延")
    no_differences()


def test_a_listed_case(city: Cast) -> None:
    order = signed(city).order
    supervisor = city.actor("supervisor")
    case = actions.list_case(actor=supervisor, order_id=order.pk, reason_code="hard", text="十五年车库", joint=True)
    refused("supervised", actions.list_case, actor=supervisor, order_id=order.pk, reason_code="hard", text="再次")
    refused("supervision_state", actions.advance_supervision, actor=supervisor, supervision_id=case.pk, to="completed")
    refused("to", actions.advance_supervision, actor=supervisor, supervision_id=case.pk, to="somewhere")
    actions.advance_supervision(actor=supervisor, supervision_id=case.pk, to="issued")
    day = (MONDAY + timedelta(days=10)).date()
    actions.add_meeting(
        actor=supervisor, supervision_id=case.pk, held_at=now(), participants="甲区、乙局", text="现场会", promise="月底前完成", next_on=day
    )
    assert fresh(case).next_on == day
    actions.add_meeting(actor=supervisor, supervision_id=case.pk, held_at=now(), participants="甲区", text="碰头")
    refused(
        "meeting", actions.add_meeting, actor=supervisor, supervision_id=case.pk, held_at=now() + timedelta(1), participants="",
        text="x",
    )
    refused("text_required", actions.advance_supervision, actor=city.actor("handler"), supervision_id=case.pk, to="under_review")
    actions.advance_supervision(actor=city.actor("handler"), supervision_id=case.pk, to="under_review", text="已完成")
    actions.advance_supervision(actor=supervisor, supervision_id=case.pk, to="completed")
    actions.instruct(actor=city.actor("leader"), order_id=order.pk, text="请限期办结")
    actions.advance_supervision(actor=supervisor, supervision_id=case.pk, to="closed")
    order = fresh(order)
    assert (order.listed, order.supervised, order.difficult) == (False, True, True)
    meeting: dict[str, Any] = {"actor": supervisor, "held_at": now(), "participants": "甲区", "text": "x"}
    refused("supervision_state", actions.add_meeting, supervision_id=case.pk, **meeting)
    with pytest.raises(NotVisible):
        actions.add_meeting(supervision_id=0, **meeting)
    with pytest.raises(NotVisible):
        actions.advance_supervision(actor=supervisor, supervision_id=0, to="issued")
    no_differences()


def test_supervision_has_a_reason(city: Cast) -> None:
    order = signed(city).order
    ReasonCode.objects.create(kind="supervise", code="overdue", name="超期", effective_from=MONDAY.date())
    refused("reason_code", actions.supervise, actor=city.actor("supervisor"), order_id=order.pk, reason_code="mood", text="x")
    actions.supervise(actor=city.actor("supervisor"), order_id=order.pk, reason_code="overdue", text="超期未办")
    assert fresh(order).supervised


def test_another_system_acts_on_its_own_orders(city: Cast) -> None:
    api = Actor(kind=ActorKind.API, id=7, name="110", permissions=frozenset({"workorders:create", "workorders:note", "workorders:view"}))
    order = actions.create_order(actor=api, demand=actions.NewOrder(channel="api", demand_type="help", title="井盖", content="井盖松动"))
    actions.supplement(actor=api, order_id=order.pk, text="位置在东门")
    with pytest.raises(NotPermitted):
        actions.urge(actor=api, order_id=order.pk)


def test_the_same_words_twice_at_once_are_one_act(city: Cast) -> None:
    """A double click, or a line that broke before the answer came."""
    order = signed(city, citizen_id=city.citizen.pk).order
    agent = city.actor("agent")
    with time_machine.travel(MONDAY + timedelta(days=1), tick=False) as traveller:
        for _ in range(2):
            actions.urge(actor=agent, order_id=order.pk, text="请尽快")
            actions.add_note(actor=agent, order_id=order.pk, text="已转告")
            actions.supplement(actor=agent, order_id=order.pk, text="在东门")
        actions.urge(actor=city.actor("supervisor"), order_id=order.pk, text="请尽快")
        actions.add_note(actor=agent, order_id=order.pk, text="已转告", audience="public")
        assert fresh(order).urge_count == 2
        kinds = Note.objects.filter(order=order).values_list("kind", flat=True)
        assert sorted(kinds) == ["note", "note", "supplement", "urge", "urge"]
        citizen = city.actor("citizen")
        for _ in range(2):
            actions.urge(actor=citizen, order_id=order.pk, text="请尽快")
            actions.supplement(actor=citizen, order_id=order.pk, text="在东门")
        assert fresh(order).urge_count == 3
        assert Note.objects.filter(order=order, kind="supplement").count() == 2
        traveller.shift(ECHO)
        actions.urge(actor=agent, order_id=order.pk, text="请尽快")
    assert fresh(order).urge_count == 4
    no_differences()
