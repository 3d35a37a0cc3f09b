"""What citizens are told when something happens to their order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from hotline.followup import actions
from hotline.followup.tasks import tell_accepted
from hotline.intake.actions import file_appeal
from hotline.intake.models import Appeal
from hotline.intake.rules import AppealForm, CitizenInput
from hotline.kit.errors import NotPermitted
from hotline.notifications.models import Message, MessageState
from hotline.workorders import actions as orders
from hotline.workorders.models import Assignment, ReasonCode, WorkOrder, WorkOrderEvent
from hotline.workorders.rules import ReplyForm
from tests.accounts.cast import Cast
from tests.followup.test_actions import MORNING, appeal_of
from tests.workorders.factories import GOOD_REPLY, closed, dispatched, make_city, make_order, signed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday(cast: Cast) -> object:
    with time_machine.travel(MORNING, tick=False) as traveller:
        make_city(cast)
        yield traveller


def told(order: WorkOrder, verb: str) -> str:
    """The text that the citizen gets for the latest event of that verb; empty when nothing is said."""
    event = WorkOrderEvent.objects.filter(order=order, verb=verb).latest("id")
    new = actions.tell_citizens(actor=actions.SYSTEM, order_id=order.pk, event_id=event.pk)
    return Message.objects.latest("id").text if new else ""


def of(cast: Cast, assignment: Assignment) -> WorkOrder:
    appeal_of(assignment.order, cast.citizen.pk, "A-1")
    return assignment.order


def applied(cast: Cast, kind: str, reason: str, **more: object) -> WorkOrder:
    at = signed(cast, citizen_id=cast.citizen.pk)
    order = of(cast, at)
    found = orders.apply(
        actor=cast.actor("handler"), assignment_id=at.pk, kind=kind, reason_code=reason, text="内部说明：等第三方检测报告", **more
    )
    for who in ("manager", "dispatcher"):
        try:
            orders.decide_application(actor=cast.actor(who), application_id=found.pk, approve=True, text="同意")
        except NotPermitted:
            continue
        break
    return order


def test_a_dispatched_order_names_the_unit_and_until_when_it_calls(cast: Cast) -> None:
    order = of(cast, dispatched(cast, citizen_id=cast.citizen.pk))
    text = told(order, "dispatch")
    assert cast.unit("a").name in text
    assert "2026-11-24" in text  # the contact clock: one working day


def test_without_a_contact_clock_the_orders_own_date_is_named(cast: Cast) -> None:
    order = of(cast, dispatched(cast, citizen_id=cast.citizen.pk))
    order.clocks.filter(kind="contact").delete()
    WorkOrder.objects.filter(pk=order.pk).update(due_at=datetime(2026, 12, 2, 9, 30, tzinfo=UTC))
    assert "2026-12-02 17:30" in told(order, "dispatch")


def test_more_time_gives_the_reasons_name_and_both_dates_never_the_units_words(cast: Cast) -> None:
    ReasonCode.objects.create(
        kind="extension", code="third_party", name="需第三方检测", effective_from=MORNING.date() - timedelta(days=1)
    )
    order = applied(cast, "extension", "third_party", amount=5)
    text = told(order, "approve_extension")
    assert "需第三方检测" in text
    assert "内部说明" not in text


def test_a_hold_says_until_when_and_an_unnamed_reason_stays_general(cast: Cast) -> None:
    until = (MORNING + timedelta(days=7)).date()
    order = applied(cast, "hold", "season", until=until)
    text = told(order, "approve_hold")
    assert until.isoformat() in text
    assert "season" not in text


def test_a_question_to_the_citizen_is_sent_as_it_was_asked(cast: Cast) -> None:
    order = make_order(cast, citizen_id=cast.citizen.pk, reviewed=False)
    appeal_of(order, cast.citizen.pk, "A-1")
    orders.ask_supplement(actor=cast.actor("dispatcher"), order_id=order.pk, text="请补充楼栋号")
    assert "请补充楼栋号" in told(order, "ask_supplement")


def test_a_redo_says_so(cast: Cast) -> None:
    order = closed(cast, citizen_id=cast.citizen.pk)
    appeal_of(order, cast.citizen.pk, "A-1")
    orders.redo(actor=cast.actor("supervisor"), order_id=order.pk, reason_code="unsolved", text="情况反弹")
    assert order.number not in told(order, "redo")  # the citizen's own number stands there
    assert "A-1" in Message.objects.latest("id").text


def test_who_has_no_phone_and_who_filed_twice(cast: Cast) -> None:
    order = of(cast, dispatched(cast, citizen_id=cast.citizen.pk))
    appeal_of(order, cast.citizen.pk, "A-2")
    event = WorkOrderEvent.objects.get(order=order, verb="dispatch")
    assert actions.tell_citizens(actor=actions.SYSTEM, order_id=order.pk, event_id=event.pk) == [
        Message.objects.get().pk
    ]
    assert actions.tell_citizens(actor=actions.SYSTEM, order_id=order.pk, event_id=0) == []


def test_what_happens_below_is_not_the_citizens_news(cast: Cast) -> None:
    """A reply that the unit above approved, more time for a unit below: nothing that the citizen was promised moves."""
    lead = signed(cast, citizen_id=cast.citizen.pk)
    order = of(cast, lead)
    street = orders.send_down(actor=cast.actor("handler"), assignment_id=lead.pk, unit_id=cast.street.pk)
    orders.sign(actor=cast.actor("street_handler"), assignment_id=street.pk)
    found = orders.apply(
        actor=cast.actor("street_handler"), assignment_id=street.pk, kind="extension", reason_code="x", text="需检测", amount=5
    )
    orders.decide_application(actor=cast.actor("manager"), application_id=found.pk, approve=True, text="同意")
    assert told(order, "approve_extension") == ""
    orders.submit_reply(actor=cast.actor("street_handler"), assignment_id=street.pk, form=ReplyForm(**GOOD_REPLY))
    orders.decide_reply(actor=cast.actor("manager"), assignment_id=street.pk, approve=True)
    assert told(order, "approve_reply") == ""


@pytest.fixture
def filed(cast: Cast) -> Appeal:
    made = file_appeal(
        actor=cast.actor("agent"), channel="phone", source="desk", idempotency_key="one",
        demand=AppealForm(title="路灯不亮", content="小区门口路灯连续三晚不亮，老人出门不便。", demand_type="help"),
        citizen=CitizenInput(phone="13900001234", name="王小明"),
    )  # fmt: skip
    return Appeal.objects.get(pk=made.appeal_id)


def test_who_has_filed_is_told_number_code_and_promise_once(filed: Appeal) -> None:
    assert actions.tell_accepted(actor=actions.SYSTEM, appeal_id=filed.pk)
    tell_accepted(appeal_id=filed.pk, order_id=filed.order_id)
    message = Message.objects.get()
    assert filed.number in message.text
    assert message.state == MessageState.SENT
    assert actions.tell_accepted(actor=actions.SYSTEM, appeal_id=filed.pk) is None


def test_nothing_to_tell(cast: Cast, filed: Appeal) -> None:
    assert not actions.tell_accepted(actor=actions.SYSTEM, appeal_id=0)
    assert filed.raw is not None
    filed.raw.source = "import:12"
    filed.raw.save(update_fields=["source"])
    assert not actions.tell_accepted(actor=actions.SYSTEM, appeal_id=filed.pk)
    with pytest.raises(NotPermitted):
        actions.tell_accepted(actor=cast.actor("follow_up"), appeal_id=filed.pk)
