"""What follow-up refuses: ids that are nobody's, wrong moments, empty words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from hotline.accounts.models import Membership, Person
from hotline.accounts.queries import actor_for
from hotline.followup import actions, permissions, rules
from hotline.followup.models import FollowUpTask, TaskState
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders import actions as orders
from hotline.workorders.models import OrderState, WorkOrder
from tests.accounts.cast import Cast
from tests.followup.test_actions import GOOD, MORNING, appeal_of, asked
from tests.workorders.factories import closed, fresh, make_city, make_order, waiting_for_follow_up

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday() -> object:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


def second_clerk(cast: Cast) -> Actor:
    person = Person.objects.create(username="second-clerk", name="纪青")
    Membership.objects.create(person=person, unit=cast.hub, role="follow_up")
    return actor_for(person)


@pytest.mark.parametrize(
    "act",
    [
        lambda cast: actions.plan(actor=actions.SYSTEM, order_id=0),
        lambda cast: actions.rate(actor=cast.actor("citizen"), appeal_id=0, solved=True, satisfaction=5),
        lambda cast: actions.appeal_result(actor=cast.actor("citizen"), appeal_id=0, text="不认可"),
        lambda cast: actions.decide_appeal(actor=cast.actor("appraiser"), appeal_id=0, decision="upheld", text="维持"),
        lambda cast: actions.claim(actor=cast.actor("follow_up"), task_id=0),
    ],
)
def test_what_does_not_exist_is_not_visible(cast: Cast, act: Callable[[Cast], Any]) -> None:
    with pytest.raises(NotVisible):
        act(cast)


def test_a_task_that_has_ended_is_not_taken_again(cast: Cast) -> None:
    _order, task = asked(cast)
    clerk = cast.actor("follow_up")
    actions.record_attempt(actor=clerk, task_id=task.pk, connected=True, answer=GOOD)
    with pytest.raises(Refused, match="结束"):
        actions.claim(actor=clerk, task_id=task.pk)


def test_a_claim_that_was_forgotten_is_taken_over(cast: Cast, monday: time_machine.Traveller) -> None:
    _order, task = asked(cast)
    actions.claim(actor=cast.actor("follow_up"), task_id=task.pk)
    monday.shift(rules.CLAIM_LIFE + timedelta(seconds=1))
    colleague = second_clerk(cast)
    assert actions.claim(actor=colleague, task_id=task.pk).claimed_by_id == colleague.id


def test_only_who_holds_a_call_gives_it_back(cast: Cast) -> None:
    _order, task = asked(cast)
    clerk = cast.actor("follow_up")
    actions.claim(actor=clerk, task_id=task.pk)
    kept = actions.release(actor=second_clerk(cast), task_id=task.pk)
    assert (kept.state, kept.claimed_by_id) == (TaskState.CLAIMED, clerk.id)


def test_rating_has_its_time(cast: Cast) -> None:
    make_city(cast)
    order = make_order(cast, citizen_id=cast.citizen.pk)
    appeal = appeal_of(order, cast.citizen.pk, "A-1")
    with pytest.raises(Refused):
        actions.rate(actor=cast.actor("citizen"), appeal_id=appeal.pk, solved=True, satisfaction=5)
    with pytest.raises(Refused):
        actions.appeal_result(actor=cast.actor("citizen"), appeal_id=appeal.pk, text="不认可")


def test_a_rating_comes_before_the_call_was_planned(cast: Cast) -> None:
    make_city(cast)
    order = waiting_for_follow_up(cast, citizen_id=cast.citizen.pk)
    appeal = appeal_of(order, cast.citizen.pk, "A-1")
    actions.rate(actor=cast.actor("citizen"), appeal_id=appeal.pk, solved=True, satisfaction=5)
    assert fresh(order).state == OrderState.CLOSED
    assert FollowUpTask.objects.get(order=order).state == TaskState.DONE


def test_one_citizen_rates_once_while_another_is_still_asked(cast: Cast) -> None:
    from tests.accounts.factories import make_citizen

    make_city(cast)
    order = waiting_for_follow_up(cast, citizen_id=cast.citizen.pk)
    appeal = appeal_of(order, cast.citizen.pk, "A-1")
    appeal_of(order, make_citizen("13900009999", "张三").pk, "A-2")
    actions.plan(actor=actions.SYSTEM, order_id=order.pk)
    actions.rate(actor=cast.actor("citizen"), appeal_id=appeal.pk, solved=True, satisfaction=5)
    assert fresh(order).state == OrderState.PENDING_FOLLOW_UP
    with pytest.raises(Refused, match="评价"):
        actions.rate(actor=cast.actor("citizen"), appeal_id=appeal.pk, solved=True, satisfaction=4)


@pytest.mark.parametrize(("decision", "text", "field"), [("maybe", "理由", "decision"), ("upheld", " ", "text")])
def test_a_decision_is_one_of_three_and_has_a_reason(cast: Cast, decision: str, text: str, field: str) -> None:
    make_city(cast)
    order = closed(cast, citizen_id=cast.citizen.pk)
    made = actions.appeal_result(
        actor=cast.actor("citizen"), appeal_id=appeal_of(order, cast.citizen.pk, "A-1").pk, text="又开始施工了"
    )
    with pytest.raises(Invalid) as refusal:
        actions.decide_appeal(actor=cast.actor("appraiser"), appeal_id=made.pk, decision=decision, text=text)
    assert set(refusal.value.details) == {field}
    assert fresh(made).state == "open"


def test_a_result_that_stands_starts_nothing(cast: Cast) -> None:
    make_city(cast)
    order = closed(cast, citizen_id=cast.citizen.pk)
    made = actions.appeal_result(
        actor=cast.actor("citizen"), appeal_id=appeal_of(order, cast.citizen.pk, "A-1").pk, text="不认可"
    )
    actions.decide_appeal(actor=cast.actor("appraiser"), appeal_id=made.pk, decision="upheld", text="处理得当")
    assert fresh(made).state == "upheld"
    assert fresh(order).state == OrderState.CLOSED


def test_answers_of_an_order_that_left_follow_up_change_nothing(cast: Cast) -> None:
    order, task = asked(cast)
    WorkOrder.objects.filter(pk=order.pk).update(state=OrderState.PENDING_SIGN)
    actions.record_attempt(actor=cast.actor("follow_up"), task_id=task.pk, connected=True, answer=GOOD)
    assert fresh(order).state == OrderState.PENDING_SIGN


def test_nobody_checks_their_own_call(cast: Cast) -> None:
    _order, task = asked(cast, second_check_share=1.0)
    Membership.objects.create(person=cast.person("follow_up"), unit=cast.hub, role="supervisor")
    both = actor_for(cast.person("follow_up"))  # calls, and makes second checks
    actions.record_attempt(actor=both, task_id=task.pk, connected=True, answer=GOOD)
    second = FollowUpTask.objects.get(second_check=True)
    with time_machine.travel(second.not_before), pytest.raises(NotPermitted, match="复核须由他人"):
        actions.claim(actor=both, task_id=second.pk)
    assert permissions.can_call(cast.actor("supervisor"), second)


def test_cancelling_what_nobody_planned(cast: Cast) -> None:
    make_city(cast)
    order = make_order(cast)
    assert actions.cancel_round(actor=actions.SYSTEM, order_id=order.pk) == 0
    orders.withdraw(actor=cast.actor("agent"), order_id=order.pk, text="市民来电撤回")
    assert actions.cancel_round(actor=actions.SYSTEM, order_id=order.pk) == 0
