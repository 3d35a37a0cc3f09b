"""What a unit applies for: giving back, more time, a hold; who decides, and what follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from hotline.kit.errors import NotVisible
from hotline.workorders import actions
from hotline.workorders.models import (
    Application,
    Assignment,
    ReasonCode,
)
from tests.accounts.cast import Cast
from tests.workorders.expecting import no_differences, refused
from tests.workorders.factories import (
    MONDAY,
    dispatched,
    fresh,
    make_order,
    signed,
)

pytestmark = pytest.mark.usefixtures("monday")


def give_back(city: Cast, assignment: Assignment, who: str = "handler") -> Application:
    application = actions.apply(
        actor=city.actor(who), assignment_id=assignment.pk, kind="return", reason_code="duty", text="不属于本单位职责", basis="三定方案"
    )
    return actions.decide_application(actor=city.actor("dispatcher"), application_id=application.pk, approve=True, text="同意")


def test_three_returns_lead_to_arbitration_and_the_lock(city: Cast) -> None:
    order = make_order(city)
    for unit, who in (("a", "handler"), ("b", "other_handler"), ("a", "handler")):
        give_back(city, dispatched(city, order, unit), who)
    order = fresh(order)
    assert (order.state, order.return_count, order.difficult, order.lead_unit) == ("arbitration", 3, True, None)
    actions.designate(actor=city.actor("supervisor"), order_id=order.pk, lead_unit_id=city.b.pk, text="由乙局主办")
    assignment = Assignment.objects.get(order=order, state="pending_sign")
    refused(
        "return_locked", actions.apply, actor=city.actor("other_handler"), assignment_id=assignment.pk, kind="return", reason_code="x",
        text="不办", basis="三定",
    )
    no_differences()


def test_returns_have_a_window_a_basis_and_a_reason(city: Cast) -> None:
    lead = signed(city)
    ask: dict[str, Any] = {
        "actor": city.actor("handler"), "assignment_id": lead.pk, "kind": "return", "reason_code": "duty", "text": "不属于本单位",
    }
    refused("basis", actions.apply, **ask)
    refused("kind", actions.apply, **{**ask, "kind": "gift"})
    ReasonCode.objects.create(kind="return", code="duty", name="不属于职责", effective_from=MONDAY.date())
    refused("reason_code", actions.apply, **{**ask, "basis": "三定", "reason_code": "mood"})
    with time_machine.travel(MONDAY + timedelta(days=3), tick=False):
        refused("window", actions.apply, **ask, basis="三定")


def test_refusal_and_taking_back_restore_the_state(city: Cast) -> None:
    lead = dispatched(city)
    ask: dict[str, Any] = {"assignment_id": lead.pk, "reason_code": "x", "text": "说明", "basis": "三定"}
    handler, dispatcher = city.actor("handler"), city.actor("dispatcher")
    application = actions.apply(actor=handler, kind="return", **ask)
    refused("text_required", actions.decide_application, actor=dispatcher, application_id=application.pk, approve=False)
    actions.decide_application(actor=dispatcher, application_id=application.pk, approve=False, text="属于贵单位")
    assert (fresh(lead).state, fresh(lead.order).state) == ("pending_sign", "pending_sign")
    refused("decided", actions.decide_application, actor=dispatcher, application_id=application.pk, approve=True)
    actions.sign(actor=handler, assignment_id=lead.pk)
    street = actions.send_down(actor=handler, assignment_id=lead.pk, unit_id=city.street.pk)
    application = actions.apply(actor=handler, kind="extension", amount=10, **ask)
    actions.recall(actor=city.actor("manager"), assignment_id=street.pk, reason="收回")
    actions.cancel_application(actor=handler, application_id=application.pk)
    assert fresh(lead).state == "in_progress"
    with pytest.raises(NotVisible):
        actions.decide_application(actor=handler, application_id=0, approve=True)
    with pytest.raises(NotVisible):
        actions.cancel_application(actor=handler, application_id=0)
    no_differences()


def test_a_long_extension_below_is_the_centres(city: Cast) -> None:
    lead = signed(city)
    street = actions.send_down(actor=city.actor("handler"), assignment_id=lead.pk, unit_id=city.street.pk)
    actions.sign(actor=city.actor("street_handler"), assignment_id=street.pk)
    ask: dict[str, Any] = {"assignment_id": street.pk, "kind": "extension", "reason_code": "x", "text": "需检测"}
    application = actions.apply(actor=city.actor("street_handler"), amount=10, **ask)
    refused("city_decides", actions.decide_application, actor=city.actor("manager"), application_id=application.pk, approve=True)
    actions.decide_application(actor=city.actor("manager"), application_id=application.pk, approve=False, text="按期办")
    application = actions.apply(actor=city.actor("street_handler"), amount=5, **ask)
    actions.decide_application(actor=city.actor("manager"), application_id=application.pk, approve=True)
    refused("too_many", actions.apply, actor=city.actor("street_handler"), amount=5, **ask)
    no_differences()


def test_extension_only_before_expiry(city: Cast) -> None:
    lead = signed(city)
    ask: dict[str, Any] = {
        "actor": city.actor("handler"), "assignment_id": lead.pk, "kind": "extension", "reason_code": "x", "text": "需检测",
    }
    refused("amount", actions.apply, **ask, amount=6)
    with time_machine.travel(MONDAY + timedelta(days=10), tick=False):
        refused("expired", actions.apply, **ask, amount=5)


def test_unreasonable_demands(city: Cast) -> None:
    lead = signed(city)
    ask: dict[str, Any] = {
        "actor": city.actor("handler"), "assignment_id": lead.pk, "kind": "unreasonable", "reason_code": "x", "text": "诉求无政策依据",
    }
    application = actions.apply(**ask)
    assert fresh(lead.order).state == "close_review"
    refused("application_pending", actions.decide_reply, actor=city.actor("reviewer"), assignment_id=lead.pk, approve=True)
    actions.decide_application(actor=city.actor("reviewer"), application_id=application.pk, approve=False, text="仍应解释")
    application = actions.apply(**ask)
    actions.decide_application(actor=city.actor("reviewer"), application_id=application.pk, approve=True, text="同意")
    order = fresh(lead.order)
    assert (order.state, order.closing_kind) == ("closed", "unreasonable")
    no_differences()


def test_hold_needs_its_end(city: Cast) -> None:
    lead = signed(city)
    ask: dict[str, Any] = {"actor": city.actor("handler"), "assignment_id": lead.pk, "kind": "hold", "reason_code": "x", "text": "待汛期后"}
    refused("until_missing", actions.apply, **ask)
    application = actions.apply(**ask, until=(MONDAY + timedelta(days=9)).date())
    actions.decide_application(actor=city.actor("dispatcher"), application_id=application.pk, approve=False, text="不可等")
    application = actions.apply(**ask, until=(MONDAY + timedelta(days=9)).date())
    actions.decide_application(actor=city.actor("dispatcher"), application_id=application.pk, approve=True)
    actions.resume(actor=city.actor("handler"), assignment_id=lead.pk, text="提前具备条件")
    assert fresh(lead.order).state == "in_progress"
    no_differences()


def test_recall_by_the_centre(city: Cast) -> None:
    lead = signed(city, "a", "b")
    actions.recall(actor=city.actor("dispatcher"), assignment_id=lead.pk, reason="派错")
    order = fresh(lead.order)
    assert (order.state, order.lead_unit) == ("pending_dispatch", None)
    assert set(Assignment.objects.filter(order=order).values_list("state", flat=True)) == {"recalled"}
    no_differences()
