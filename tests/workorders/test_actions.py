"""The order's life through its actions, with the standing cast."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from hotline.accounts.models import Membership
from hotline.accounts.queries import actor_for, citizen_actor
from hotline.kit.actor import system_actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Stale
from hotline.workorders import actions
from hotline.workorders.models import (
    Application,
    Assignment,
    Contact,
    Involvement,
    Note,
    OrderAccess,
    OrderLink,
    ReasonCode,
    Reply,
    Supervision,
    WorkOrder,
    WorkOrderEvent,
)
from hotline.workorders.rules import ReplyForm
from tests.accounts.cast import Cast
from tests.accounts.factories import make_person
from tests.workorders.expecting import no_differences, refused, verbs
from tests.workorders.factories import (
    GOOD_REPLY,
    MONDAY,
    closed,
    dispatched,
    fresh,
    make_order,
    replied,
    signed,
    waiting_for_follow_up,
)

pytestmark = pytest.mark.usefixtures("monday")


# ── creation ──


def test_whole_life(city: Cast) -> None:
    order = closed(city)
    assert (order.state, order.closing_kind, order.solved, order.satisfaction) == ("closed", "handled", True, 5)
    assert order.number.startswith("JD20260302-")
    assert verbs(order) == ["create", "dispatch", "sign", "reply", "approve_reply", "finish_follow_up"]
    assert order.revision == 6
    no_differences()


def test_create_checks_its_fields(city: Cast) -> None:
    with pytest.raises(Invalid) as error:
        make_order(city, title=" ", content="", channel="pigeon", demand_type="wish", urgency="now")
    assert set(error.value.details) == {"title", "content", "channel", "demand_type", "urgency"}
    with pytest.raises(Invalid):
        make_order(city, title="长" * 201)
    with pytest.raises(NotPermitted):
        make_order(city, who="handler")


def test_a_citizen_and_a_system_create(city: Cast) -> None:
    demand = actions.NewOrder(channel="web", demand_type="help", title="路灯不亮", content="三号楼前路灯不亮", citizen_id=city.citizen.pk)
    order = actions.create_order(actor=city.actor("citizen"), demand=demand)
    assert (order.state, order.created_by) == ("pending_review", f"citizen:{city.citizen.pk}")
    actions.create_order(actor=system_actor("intake", "workorders:create"), demand=demand)
    with pytest.raises(NotPermitted):
        actions.create_order(actor=system_actor("intake"), demand=demand)


def test_numbers_go_on(city: Cast) -> None:
    first, second = make_order(city), make_order(city)
    assert int(second.number[-6:]) == int(first.number[-6:]) + 1


# ── secrecy ──


def test_a_report_of_wrongdoing_is_open_to_named_people_only(city: Cast) -> None:
    Membership.objects.filter(person=city.handler).update(handles_secret=True)
    order = make_order(city, demand_type="report")
    assert order.secret
    assert set(OrderAccess.objects.filter(order=order).values_list("person_id", flat=True)) == {city.agent.pk}
    with pytest.raises(NotVisible):
        actions.dispatch_order(actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=city.a.pk)
    Membership.objects.filter(person=city.dispatcher).update(handles_secret=True)
    actions.dispatch_order(actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=city.a.pk)
    assert OrderAccess.objects.filter(order=order, person=city.handler).exists()
    assignment = Assignment.objects.get(order=order)
    with pytest.raises(NotVisible):
        actions.sign(actor=city.actor("manager"), assignment_id=assignment.pk)
    actions.sign(actor=city.actor("handler"), assignment_id=assignment.pk)
    access = actions.grant_access(
        actor=city.actor("dispatcher"), order_id=order.pk, person_id=city.manager.pk, reason="负责此事"
    )
    assert access.person == city.manager
    actions.grant_access(actor=city.actor("dispatcher"), order_id=order.pk, person_id=city.manager.pk, reason="再次")
    assert verbs(order).count("grant_access") == 1
    refused("person", actions.grant_access, actor=city.actor("dispatcher"), order_id=order.pk, person_id=0, reason="x")
    refused(
        "not_secret", actions.grant_access, actor=city.actor("dispatcher"), order_id=make_order(city).pk,
        person_id=city.manager.pk, reason="x",
    )


def test_secret_by_correction(city: Cast) -> None:
    Membership.objects.filter(person__in=[city.dispatcher, city.handler]).update(handles_secret=True)
    order = signed(city).order
    actions.reclassify(actor=city.actor("dispatcher"), order_id=order.pk, demand_type="report")
    assert fresh(order).secret
    named = set(OrderAccess.objects.filter(order=order).values_list("person_id", flat=True))
    assert named == {city.dispatcher.pk, city.handler.pk}
    refused(
        "secrecy", actions.merge, actor=city.actor("dispatcher"), order_ids=[make_order(city).pk], into_id=order.pk
    )


# ── two people ──


def test_the_loser_keeps_the_text(city: Cast) -> None:
    order = make_order(city)
    seen = order.revision
    actions.add_note(actor=city.actor("dispatcher"), order_id=order.pk, text="同类已有两件")
    with pytest.raises(Stale) as error:
        actions.dispatch_order(
            actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=city.a.pk, instructions="请今晚到场", revision=seen
        )
    assert error.value.details["yours"] == "请今晚到场"
    assert error.value.details["theirs"]["text"] == "同类已有两件"
    for act, more in (
        (actions.merge, {"order_ids": [make_order(city).pk], "into_id": order.pk}),
        (actions.urge, {"order_id": order.pk}),
        (actions.supplement, {"order_id": order.pk, "text": "补充"}),
        (actions.link, {"order_id": order.pk, "other_id": make_order(city).pk}),
    ):
        with pytest.raises(Stale):
            act(actor=city.actor("shift_leader"), revision=seen, **more)


def test_who_sees_nothing_learns_nothing_from_a_conflict(city: Cast) -> None:
    order = signed(city).order
    with pytest.raises(NotVisible):
        actions.add_note(actor=city.actor("other_handler"), order_id=order.pk, text="x", revision=1)
    with pytest.raises(NotVisible):
        actions.add_note(actor=city.actor("agent"), order_id=0, text="x")
    with pytest.raises(NotVisible):
        actions.sign(actor=city.actor("handler"), assignment_id=0)
    with pytest.raises(NotVisible):
        actions.link(actor=city.actor("agent"), order_id=order.pk, other_id=0)


# ── pool ──


def test_pool(city: Cast) -> None:
    order = make_order(city)
    dispatcher = city.actor("dispatcher")
    actions.claim(actor=dispatcher, order_id=order.pk)
    actions.claim(actor=dispatcher, order_id=order.pk)
    assert verbs(order).count("claim") == 1
    other = actor_for(make_person("另一派单员", ("dispatcher", city.hub)))
    refused("claimed", actions.claim, actor=other, order_id=order.pk)
    refused("claimed", actions.dispatch_order, actor=other, order_id=order.pk, lead_unit_id=city.a.pk)
    actions.release(actor=dispatcher, order_id=order.pk)
    refused("not_claimed", actions.release, actor=dispatcher, order_id=order.pk)
    actions.send_back(actor=dispatcher, order_id=order.pk, text="要素不全")
    assert fresh(order).state == "pending_review"
    actions.pass_review(actor=dispatcher, order_id=order.pk)
    actions.ask_supplement(actor=dispatcher, order_id=order.pk, text="请补充地址")
    actions.supply(actor=city.actor("shift_leader"), order_id=order.pk, text="三号楼")
    actions.pass_review(actor=dispatcher, order_id=order.pk)
    refused("text_required", actions.dispute, actor=dispatcher, order_id=order.pk, text=" ")
    actions.dispute(actor=dispatcher, order_id=order.pk, text="职责不清")
    actions.designate(actor=dispatcher, order_id=order.pk, lead_unit_id=city.b.pk, assistant_unit_ids=[city.a.pk], text="首接负责")
    order = fresh(order)
    assert (order.state, order.return_locked, order.difficult) == ("pending_sign", True, True)
    no_differences()


def test_dispatch_reaches_units_and_their_lists(city: Cast) -> None:
    order = make_order(city)
    actions.dispatch_order(
        actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=city.street.pk, assistant_unit_ids=[city.b.pk, city.b.pk],
        urgency="urgent",
    )
    assert set(Involvement.objects.filter(order=order).values_list("unit_id", flat=True)) == {city.street.pk, city.a.pk, city.b.pk}
    assert fresh(order).urgency == "urgent"
    actions.add_assistants(actor=city.actor("dispatcher"), order_id=order.pk, unit_ids=[city.station.pk])
    assert Assignment.objects.filter(order=order, role="assistant").count() == 2
    for code, arguments in (
        ("unit_has_it", {"unit_ids": [city.b.pk]}),
        ("units", {"unit_ids": []}),
        ("unit", {"unit_ids": [0]}),
        ("unit_hub", {"unit_ids": [city.hub.pk]}),
    ):
        refused(code, actions.add_assistants, actor=city.actor("dispatcher"), order_id=order.pk, **arguments)
    city.a.closed_on = MONDAY.date()
    city.a.save()
    refused("unit_closed", actions.add_assistants, actor=city.actor("dispatcher"), order_id=order.pk, unit_ids=[city.a.pk])
    refused(
        "urgency", actions.dispatch_order, actor=city.actor("dispatcher"), order_id=make_order(city).pk, lead_unit_id=city.b.pk,
        urgency="x",
    )


# ── at the unit ──


def test_down_the_tree_and_up_again(city: Cast) -> None:
    lead = signed(city)
    street = actions.send_down(actor=city.actor("handler"), assignment_id=lead.pk, unit_id=city.street.pk, instructions="请现场处置")
    assert (fresh(lead).state, fresh(lead.order).state) == ("sent_down", "in_progress")
    actions.sign(actor=city.actor("street_handler"), assignment_id=street.pk)
    station = actions.send_down(actor=city.actor("street_handler"), assignment_id=street.pk, unit_id=city.station.pk)
    actions.sign(actor=city.actor("station_handler"), assignment_id=station.pk)
    actions.record_contact(actor=city.actor("station_handler"), assignment_id=station.pk, reached=True, person="王五")
    assert fresh(lead).contacted_at == MONDAY
    refused("assignment_state", actions.submit_reply, actor=city.actor("handler"), assignment_id=lead.pk, form=ReplyForm(**GOOD_REPLY))
    refused("not_below", actions.send_down, actor=city.actor("station_handler"), assignment_id=station.pk, unit_id=city.b.pk)
    for who, judge, row in (
        ("station_handler", "street_manager", station), ("street_handler", "manager", street), ("handler", "reviewer", lead),
    ):
        actions.submit_reply(actor=city.actor(who), assignment_id=row.pk, form=ReplyForm(**GOOD_REPLY))
        with pytest.raises(NotPermitted):
            actions.decide_reply(actor=city.actor(who), assignment_id=row.pk, approve=True)
        actions.decide_reply(actor=city.actor(judge), assignment_id=row.pk, approve=True)
    order = fresh(lead.order)
    assert (order.state, order.outcome) == ("pending_follow_up", "solved")
    no_differences()


def test_nobody_reviews_their_own_work(city: Cast) -> None:
    lead = signed(city)
    street = actions.send_down(actor=city.actor("handler"), assignment_id=lead.pk, unit_id=city.street.pk)
    actions.sign(actor=city.actor("manager"), assignment_id=street.pk)
    actions.submit_reply(actor=city.actor("manager"), assignment_id=street.pk, form=ReplyForm(**GOOD_REPLY))
    with pytest.raises(NotPermitted):
        actions.decide_reply(actor=city.actor("manager"), assignment_id=street.pk, approve=True)
    actions.recall(actor=city.actor("handler"), assignment_id=street.pk, reason="重新安排")
    assert fresh(lead).state == "in_progress"
    other = actions.send_down(actor=city.actor("handler"), assignment_id=lead.pk, unit_id=city.station.pk)
    application = actions.apply(
        actor=city.actor("manager"), assignment_id=other.pk, kind="return", reason_code="x", text="不属于本站", basis="三定"
    )
    with pytest.raises(NotPermitted):
        actions.decide_application(actor=city.actor("manager"), application_id=application.pk, approve=True)


def test_a_unit_below_returns(city: Cast) -> None:
    lead = signed(city)
    street = actions.send_down(actor=city.actor("handler"), assignment_id=lead.pk, unit_id=city.street.pk)
    application = actions.apply(
        actor=city.actor("street_handler"), assignment_id=street.pk, kind="return", reason_code="x", text="不在辖区", basis="区划",
        suggested_unit_id=city.b.pk,
    )
    actions.decide_application(actor=city.actor("manager"), application_id=application.pk, approve=True)
    assert fresh(street).state == "returned"
    assert fresh(lead).state == "in_progress"
    assert fresh(lead.order).return_count == 0
    no_differences()


def test_assistants(city: Cast) -> None:
    lead = signed(city, "a", "b")
    top = Assignment.objects.get(order=lead.order, role="assistant")
    actions.sign(actor=city.actor("other_handler"), assignment_id=top.pk)
    refused("assistants_open", actions.submit_reply, actor=city.actor("handler"), assignment_id=lead.pk, form=ReplyForm(**GOOD_REPLY))
    actions.give_opinion(actor=city.actor("other_handler"), assignment_id=top.pk, text="已查，无违规许可")
    assert Note.objects.get(kind="opinion").assignment_id == top.pk
    (asked,) = actions.ask_assistance(actor=city.actor("handler"), assignment_id=lead.pk, unit_ids=[city.station.pk], text="请协查")
    refused("units", actions.ask_assistance, actor=city.actor("handler"), assignment_id=lead.pk, unit_ids=[])
    actions.recall(actor=city.actor("handler"), assignment_id=asked.pk, reason="不再需要")
    actions.add_assistants(actor=city.actor("dispatcher"), order_id=lead.order_id, unit_ids=[city.street.pk])
    added = Assignment.objects.get(order=lead.order, unit=city.street)
    actions.recall(actor=city.actor("dispatcher"), assignment_id=added.pk, reason="不再需要")
    actions.submit_reply(actor=city.actor("handler"), assignment_id=lead.pk, form=ReplyForm(**GOOD_REPLY))
    no_differences()


def test_an_assistant_that_is_late_does_not_hold_the_reply_up(city: Cast) -> None:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        lead = signed(city, "a", "b")
        traveller.move_to(MONDAY + timedelta(days=20))
        actions.submit_reply(actor=city.actor("handler"), assignment_id=lead.pk, form=ReplyForm(**GOOD_REPLY))
        actions.decide_reply(actor=city.actor("reviewer"), assignment_id=lead.pk, approve=True)
        assert Assignment.objects.get(order=lead.order, role="assistant").state == "recalled"
        no_differences()


def test_contact(city: Cast) -> None:
    lead = signed(city)
    handler = city.actor("handler")
    with pytest.raises(Invalid) as error:
        actions.record_contact(actor=handler, assignment_id=lead.pk, reached=False, person="", contacted_at=now() + timedelta(hours=1))
    assert set(error.value.details) == {"person", "contacted_at", "reason_code"}
    refused(
        "contact", actions.record_contact, actor=handler, assignment_id=lead.pk, reached=True, person="张三",
        contacted_at=now() - timedelta(days=1),
    )
    ReasonCode.objects.create(kind="no_contact", code="off", name="始终关机", effective_from=MONDAY.date())
    refused("contact", actions.record_contact, actor=handler, assignment_id=lead.pk, reached=False, person="张三", reason_code="lazy")
    for tries in (1, 2, 3):
        actions.record_contact(actor=handler, assignment_id=lead.pk, reached=False, person="张三", reason_code="off")
        assert (fresh(lead).contacted_at is not None) == (tries == 3)
    assert Contact.objects.count() == 3
    no_differences()


def test_take(city: Cast) -> None:
    lead = signed(city)
    actions.take(actor=city.actor("handler"), assignment_id=lead.pk)
    assert fresh(lead).handler == city.handler
    actions.take(actor=city.actor("manager"), assignment_id=lead.pk, person_id=city.street_handler.pk)
    refused("person", actions.take, actor=city.actor("manager"), assignment_id=lead.pk, person_id=city.other_handler.pk)


def test_sign_many(city: Cast) -> None:
    first, second = dispatched(city), dispatched(city, unit="b")
    refusals = actions.sign_many(actor=city.actor("manager"), assignment_ids=[first.pk, first.pk])
    assert refusals == {}
    assert first.pk in actions.sign_many(actor=city.actor("manager"), assignment_ids=[first.pk])
    with pytest.raises(NotVisible):
        actions.sign_many(actor=city.actor("manager"), assignment_ids=[second.pk])


# ── reply, follow-up, redo ──


def test_reply_faults_come_by_field(city: Cast) -> None:
    lead = signed(city)
    with pytest.raises(Invalid) as error:
        actions.submit_reply(actor=city.actor("handler"), assignment_id=lead.pk, form=ReplyForm(text=""))
    assert {"text", "fact_finding", "site_visit"} <= set(error.value.details)
    state = signed(city, channel="state_platform")
    refused("reply", actions.submit_reply, actor=city.actor("handler"), assignment_id=state.pk, form=ReplyForm(**GOOD_REPLY))


def test_versions_of_a_reply(city: Cast) -> None:
    lead = replied(city)
    refused("text_required", actions.decide_reply, actor=city.actor("reviewer"), assignment_id=lead.pk, approve=False)
    actions.decide_reply(actor=city.actor("reviewer"), assignment_id=lead.pk, approve=False, text="请写明时间")
    actions.submit_reply(actor=city.actor("handler"), assignment_id=lead.pk, form=ReplyForm(**GOOD_REPLY))
    actions.decide_reply(actor=city.actor("reviewer"), assignment_id=lead.pk, approve=True)
    assert list(Reply.objects.order_by("version").values_list("version", "state")) == [(1, "refused"), (2, "approved")]
    event = WorkOrderEvent.objects.get(order=lead.order, verb="approve_reply")
    assert (event.audience, event.text) == ("public", GOOD_REPLY["text"])
    Reply.objects.all().delete()
    Assignment.objects.filter(pk=lead.pk).update(state="replied")
    WorkOrder.objects.update(state="close_review")
    refused("reply", actions.decide_reply, actor=city.actor("reviewer"), assignment_id=lead.pk, approve=True)


def test_follow_up(city: Cast) -> None:
    order = waiting_for_follow_up(city, citizen_id=city.citizen.pk)
    clerk = city.actor("follow_up")
    refused("other_round", actions.finish_follow_up, actor=clerk, order_id=order.pk, solved=True, satisfaction=5, round=2)
    refused("satisfaction", actions.finish_follow_up, actor=clerk, order_id=order.pk, solved=True, satisfaction=6)
    with pytest.raises(NotVisible):
        actions.finish_follow_up(actor=citizen_actor(city.citizen.pk + 1), order_id=order.pk, solved=True, satisfaction=5)
    actions.finish_follow_up(actor=city.actor("citizen"), order_id=order.pk, solved=False, satisfaction=2, opinion="还在吵")
    assert fresh(order).closing_kind == "handled"


def test_redo_then_supervision(city: Cast) -> None:
    order = closed(city)
    redo: dict[str, Any] = {"actor": city.actor("follow_up"), "order_id": order.pk, "reason_code": "unsolved", "text": "仍在施工"}
    actions.redo(**redo)
    order = fresh(order)
    assert (order.state, order.round, order.flow, order.redo_count, order.solved) == ("pending_sign", 2, "redo", 1, None)
    lead = Assignment.objects.get(order=order, state="pending_sign")
    assert (lead.unit, lead.round) == (city.a, 2)
    actions.sign(actor=city.actor("handler"), assignment_id=lead.pk)
    actions.submit_reply(actor=city.actor("handler"), assignment_id=lead.pk, form=ReplyForm(**GOOD_REPLY))
    actions.decide_reply(actor=city.actor("reviewer"), assignment_id=lead.pk, approve=True)
    actions.redo(**redo)
    order = fresh(order)
    assert (order.flow, order.supervised, order.round) == ("supervised", True, 3)
    assert Supervision.objects.get(order=order).state == "issued"
    no_differences()


def test_redo_without_a_unit_waits_for_dispatch(city: Cast) -> None:
    order = make_order(city)
    actions.close_directly(actor=city.actor("dispatcher"), order_id=order.pk, kind="direct_answer", text="已解答")
    actions.redo(actor=city.actor("supervisor"), order_id=order.pk, reason_code="x", text="答非所问")
    assert fresh(order).state == "pending_dispatch"
    handled = closed(city)
    city.a.closed_on = MONDAY.date()
    city.a.save()
    actions.redo(actor=city.actor("supervisor"), order_id=handled.pk, reason_code="x", text="未解决")
    assert fresh(handled).state == "pending_dispatch"
    no_differences()


def test_closing_without_a_unit(city: Cast) -> None:
    order = make_order(city)
    refused("closing_kind", actions.close_directly, actor=city.actor("dispatcher"), order_id=order.pk, kind="handled", text="x")
    actions.close_directly(actor=city.actor("dispatcher"), order_id=order.pk, kind="not_accepted", text="请向法院提出", reason_code="court")
    assert fresh(order).closing_kind == "not_accepted"
    refused("state", actions.urge, actor=city.actor("agent"), order_id=order.pk)
    actions.reopen(actor=city.actor("reviewer"), order_id=order.pk, text="复核")
    assert (fresh(order).state, fresh(order).round) == ("pending_dispatch", 2)
    no_differences()


def test_withdraw(city: Cast) -> None:
    lead = signed(city, citizen_id=city.citizen.pk)
    actions.apply(actor=city.actor("handler"), assignment_id=lead.pk, kind="extension", reason_code="x", text="需检测", amount=5)
    with pytest.raises(NotVisible):
        actions.withdraw(actor=citizen_actor(0), order_id=lead.order_id, text="不办了")
    actions.withdraw(actor=city.actor("citizen"), order_id=lead.order_id, text="已自行解决")
    order = fresh(lead.order)
    assert (order.state, order.closing_kind) == ("closed", "withdrawn")
    assert Application.objects.get().state == "cancelled"
    actions.archive(actor=city.actor("reviewer"), order_id=order.pk)
    assert fresh(order).state == "archived"
    no_differences()


# ── duplicates ──


def test_merge(city: Cast) -> None:
    first, second, main = signed(city).order, make_order(city), make_order(city, citizen_id=city.citizen.pk)
    shift_leader = city.actor("shift_leader")
    refused("orders", actions.merge, actor=shift_leader, order_ids=[main.pk], into_id=main.pk)
    actions.merge(actor=shift_leader, order_ids=[first.pk, second.pk, second.pk], into_id=main.pk, text="同一工地")
    assert {fresh(one).merged_into_id for one in (first, second)} == {main.pk}
    refused("state", actions.merge, actor=shift_leader, order_ids=[main.pk], into_id=first.pk)
    actions.urge(actor=city.actor("agent"), order_id=first.pk, text="请尽快")
    actions.supplement(actor=city.actor("agent"), order_id=first.pk, text="又响了")
    assert fresh(main).urge_count == fresh(first).urge_count == 1
    assert Note.objects.get(order=main, kind="supplement").audience == ""
    outer = make_order(city)
    actions.merge(actor=shift_leader, order_ids=[main.pk], into_id=outer.pk)
    actions.urge(actor=city.actor("agent"), order_id=first.pk, text="仍未处理")
    assert fresh(outer).urge_count == 1
    actions.unmerge(actor=shift_leader, order_id=main.pk)
    actions.unmerge(actor=shift_leader, order_id=first.pk)
    assert fresh(first).state == "in_progress"
    assert verbs(main)[-1] == "part"
    with pytest.raises(Stale):
        actions.unmerge(actor=shift_leader, order_id=second.pk, revision=1)
    no_differences()


def test_links(city: Cast) -> None:
    first, second = make_order(city), make_order(city)
    agent = city.actor("agent")
    refused("other", actions.link, actor=agent, order_id=first.pk, other_id=first.pk)
    made = actions.link(actor=agent, order_id=second.pk, other_id=first.pk)
    refused("linked", actions.link, actor=agent, order_id=first.pk, other_id=second.pk)
    actions.unlink(actor=agent, link_id=made.pk)
    assert not OrderLink.objects.exists()
    with pytest.raises(NotVisible):
        actions.unlink(actor=agent, link_id=made.pk)
    no_differences()


# ── words ──


def test_notes(city: Cast) -> None:
    lead = signed(city)
    note = actions.add_note(
        actor=city.actor("handler"), order_id=lead.order_id, text="已到现场", kind="interim_report", audience="hub", assignment_id=lead.pk
    )
    assert note.assignment_id == lead.pk
    refused("note", actions.add_note, actor=city.actor("handler"), order_id=lead.order_id, text="x", audience="everybody")
    actions.locate(
        actor=city.actor("handler"), order_id=lead.order_id, address="五号楼", latitude=31.2, longitude=121.4
    )
    actions.locate(actor=city.actor("handler"), order_id=lead.order_id, address="六号楼")
    order = fresh(lead.order)
    assert (order.actual_address, order.latitude) == ("六号楼", 31.2)


def test_correction(city: Cast) -> None:
    order = make_order(city)
    dispatcher = city.actor("dispatcher")
    actions.reclassify(actor=dispatcher, order_id=order.pk, title="工地噪声", labels=["噪音扰民"], text="归类")
    event = WorkOrderEvent.objects.get(order=order, verb="reclassify")
    assert event.data["changes"]["title"] == ["小区东侧工地夜间施工噪声", "工地噪声"]
    assert WorkOrder.objects.extra(where=["search @@ to_tsquery('simple', '工地 & 噪声')"]).filter(pk=order.pk).exists()
    actions.reclassify(actor=dispatcher, order_id=order.pk, title="工地噪声")
    assert verbs(order).count("reclassify") == 1
    for code, fields in (
        ("fields", {"state": "closed"}),
        ("urgency", {"urgency": "x"}),
        ("category", {"category_id": 999999}),
        ("title", {"title": " "}),
    ):
        refused(code, actions.reclassify, actor=dispatcher, order_id=order.pk, **fields)
    no_differences()


def test_exclusion(city: Cast) -> None:
    order = closed(city)
    supervisor = city.actor("supervisor")
    actions.exclude(actor=supervisor, order_id=order.pk, text="历史遗留")
    actions.exclude(actor=supervisor, order_id=order.pk, text="历史遗留")
    assert fresh(order).excluded
    actions.exclude(actor=supervisor, order_id=order.pk, text="恢复", excluded=False)
    assert verbs(order)[-2:] == ["exclude", "include"]
