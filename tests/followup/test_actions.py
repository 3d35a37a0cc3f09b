"""Calls, tries, redo, second checks, ratings and appeals, through the actions that people use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from hotline.followup import actions, queries
from hotline.followup.models import FollowUpTask, TaskState
from hotline.followup.rules import Answer
from hotline.followup.tasks import tell
from hotline.intake.models import Appeal, AppealState
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.notifications.models import Message, MessageState
from hotline.workorders.models import OrderState, WorkOrder, WorkOrderEvent
from tests.accounts.cast import Cast
from tests.accounts.factories import make_citizen
from tests.workorders.factories import fresh, make_city, waiting_for_follow_up

pytestmark = pytest.mark.django_db
MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
GOOD = Answer(unit_contacted=True, reply_true=True, solved=True, satisfaction=5)
BAD = Answer(unit_contacted=True, reply_true=True, solved=False, satisfaction=1, opinion="还是每晚施工")


@pytest.fixture(autouse=True)
def monday() -> object:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


def asked(cast: Cast, **options: object) -> tuple[WorkOrder, FollowUpTask]:
    """An order whose citizen waits to be asked."""
    make_city(cast, **options)
    order = waiting_for_follow_up(cast, citizen_id=cast.citizen.pk)
    (task,) = actions.plan(actor=actions.SYSTEM, order_id=order.pk)
    return order, task


def test_planning_twice_plans_once(cast: Cast) -> None:
    order, task = asked(cast)
    assert [t.pk for t in actions.plan(actor=actions.SYSTEM, order_id=order.pk)] == [task.pk]
    assert FollowUpTask.objects.count() == 1


def test_only_the_system_plans(cast: Cast) -> None:
    order, _task = asked(cast)
    with pytest.raises(NotPermitted):
        actions.plan(actor=cast.actor("follow_up"), order_id=order.pk)


def test_nobody_to_ask_closes_without_a_rating(cast: Cast) -> None:
    make_city(cast)
    order = waiting_for_follow_up(cast, anonymous=True)
    assert actions.plan(actor=actions.SYSTEM, order_id=order.pk) == []
    order = fresh(order)
    assert (order.state, order.solved, order.satisfaction) == (OrderState.CLOSED, None, None)


def test_a_satisfied_citizen_closes_the_order(cast: Cast) -> None:
    order, task = asked(cast)
    clerk = cast.actor("follow_up")
    claimed = actions.claim_next(actor=clerk)
    assert claimed is not None
    assert claimed.pk == task.pk
    actions.record_attempt(actor=clerk, task_id=task.pk, connected=True, answer=GOOD)
    order = fresh(order)
    assert (order.state, order.solved, order.satisfaction) == (OrderState.CLOSED, True, 5)
    assert actions.claim_next(actor=clerk) is None
    with pytest.raises(Refused):
        actions.record_attempt(actor=clerk, task_id=task.pk, connected=True, answer=GOOD)


def test_missing_answers_are_named_and_nothing_is_written(cast: Cast) -> None:
    _order, task = asked(cast)
    with pytest.raises(Invalid) as refusal:
        actions.record_attempt(
            actor=cast.actor("follow_up"), task_id=task.pk, connected=True, answer=Answer(solved=False)
        )
    assert set(refusal.value.details) == {"satisfaction", "opinion"}
    with pytest.raises(Invalid):
        actions.record_attempt(actor=cast.actor("follow_up"), task_id=task.pk, connected=False)
    assert fresh(task).attempts.count() == 0


def test_a_dissatisfied_citizen_starts_a_redo_and_the_second_time_it_is_supervised(cast: Cast) -> None:
    from hotline.workorders import actions as orders
    from hotline.workorders.models import Assignment
    from tests.workorders.factories import GOOD_REPLY

    order, task = asked(cast)
    actions.record_attempt(actor=cast.actor("follow_up"), task_id=task.pk, connected=True, answer=BAD)
    order = fresh(order)
    assert (order.state, order.flow, order.round, order.redo_count) == (OrderState.PENDING_SIGN, "redo", 2, 1)
    lead = Assignment.objects.get(order=order, round=2)
    orders.sign(actor=cast.actor("handler"), assignment_id=lead.pk)
    orders.submit_reply(
        actor=cast.actor("handler"), assignment_id=lead.pk, form=orders.ReplyForm(**GOOD_REPLY)
    )
    orders.decide_reply(actor=cast.actor("reviewer"), assignment_id=lead.pk, approve=True)
    (second,) = actions.plan(actor=actions.SYSTEM, order_id=order.pk)
    actions.record_attempt(actor=cast.actor("follow_up"), task_id=second.pk, connected=True, answer=BAD)
    order = fresh(order)
    assert order.redo_count == 2
    assert order.supervised
    assert order.flow == "supervised"


def test_a_clerk_may_close_in_spite_of_it_with_a_reason(cast: Cast) -> None:
    order, task = asked(cast)
    actions.record_attempt(
        actor=cast.actor("follow_up"),
        task_id=task.pk,
        connected=True,
        answer=BAD,
        close_anyway_reason="诉求无政策依据，已解释",
    )
    order = fresh(order)
    assert (order.state, order.solved) == (OrderState.CLOSED, False)


def test_three_tries_in_different_periods_then_unrated(cast: Cast, monday: time_machine.Traveller) -> None:
    order, task = asked(cast, follow_up_tries=3)
    clerk = cast.actor("follow_up")
    periods = []
    for _ in range(3):
        task = actions.record_attempt(
            actor=clerk, task_id=task.pk, connected=False, no_answer_reason="no_answer"
        )
        periods.append(task.attempts.order_by("-id")[0].period)
        if task.state == TaskState.WAITING:
            assert queries.callable_tasks(clerk, MORNING).count() == 0 or task.not_before <= MORNING
            monday.move_to(task.not_before)
    assert sorted(periods) == ["afternoon", "evening", "morning"]
    assert task.state == TaskState.UNREACHED
    order = fresh(order)
    assert (order.state, order.solved, order.satisfaction) == (OrderState.CLOSED, None, None)


def test_two_clerks_never_call_one_citizen(cast: Cast) -> None:
    _order, task = asked(cast)
    actions.claim(actor=cast.actor("follow_up"), task_id=task.pk)
    other = cast.person("follow_up")
    other.pk = None
    other.username = "second-clerk"
    other.save()
    from hotline.accounts.models import Membership
    from hotline.accounts.queries import actor_for

    Membership.objects.create(person=other, unit=cast.hub, role="follow_up")
    colleague = actor_for(other)
    assert actions.claim_next(actor=colleague) is None
    with pytest.raises(Refused):
        actions.claim(actor=colleague, task_id=task.pk)
    with pytest.raises(Refused):
        actions.record_attempt(actor=colleague, task_id=task.pk, connected=True, answer=GOOD)


def test_a_released_call_is_free_again(cast: Cast) -> None:
    _order, task = asked(cast)
    clerk = cast.actor("follow_up")
    actions.claim(actor=clerk, task_id=task.pk)
    assert actions.release(actor=clerk, task_id=task.pk).state == TaskState.WAITING


def test_secret_orders_are_followed_up_by_named_clerks_only(cast: Cast) -> None:
    make_city(cast)
    from hotline.accounts.models import Membership

    for who in ("dispatcher", "handler", "reviewer"):
        Membership.objects.filter(person=cast.person(who)).update(handles_secret=True)
    order = waiting_for_follow_up(cast, citizen_id=cast.citizen.pk, secret=True)
    (task,) = actions.plan(actor=actions.SYSTEM, order_id=order.pk)
    assert actions.claim_next(actor=cast.actor("follow_up")) is None
    with pytest.raises(NotVisible):
        actions.claim(actor=cast.actor("follow_up"), task_id=task.pk)


def test_the_second_check_is_blind_and_somebody_elses(cast: Cast) -> None:
    order, task = asked(cast, second_check_share=1.0)
    actions.record_attempt(actor=cast.actor("follow_up"), task_id=task.pk, connected=True, answer=GOOD)
    second = FollowUpTask.objects.get(second_check=True)
    assert second.checked_task_id == task.pk
    with pytest.raises(NotVisible):
        actions.claim(actor=cast.actor("follow_up"), task_id=second.pk)
    with time_machine.travel(second.not_before):
        checker = cast.actor("supervisor")
        assert actions.claim_next(actor=checker, second_check=True) is not None
        actions.record_attempt(actor=checker, task_id=second.pk, connected=True, answer=BAD)
    assert fresh(order).state == OrderState.CLOSED
    ((row, fields),) = queries.disagreements(cast.actor("supervisor"))
    assert row.pk == second.pk
    assert fields == ["solved", "satisfaction"]


def appeal_of(order: WorkOrder, citizen_id: int, number: str) -> Appeal:
    return Appeal.objects.create(
        number=number, state=AppealState.ORDERED, order=order, citizen_id=citizen_id, channel="web", title=order.title, content=order.content,
        created_at=MORNING, updated_at=MORNING,
    )  # fmt: skip


def test_each_citizen_of_a_merged_order_is_asked_and_one_no_is_enough(cast: Cast) -> None:
    make_city(cast)
    order = waiting_for_follow_up(cast, citizen_id=cast.citizen.pk)
    other = make_citizen("13900009999", "张三")
    first, second = appeal_of(order, cast.citizen.pk, "A-1"), appeal_of(order, other.pk, "A-2")
    appeal_of(order, other.pk, "A-3")  # the same person twice is asked once
    tasks = actions.plan(actor=actions.SYSTEM, order_id=order.pk)
    assert [t.appeal_id for t in tasks] == [first.pk, second.pk]
    clerk = cast.actor("follow_up")
    actions.record_attempt(actor=clerk, task_id=tasks[0].pk, connected=True, answer=GOOD)
    assert fresh(order).state == OrderState.PENDING_FOLLOW_UP
    actions.record_attempt(actor=clerk, task_id=tasks[1].pk, connected=True, answer=BAD)
    assert fresh(order).state == OrderState.PENDING_SIGN


def test_a_citizen_rates_on_the_portal_once(cast: Cast) -> None:
    make_city(cast)
    order = waiting_for_follow_up(cast, citizen_id=cast.citizen.pk)
    appeal = appeal_of(order, cast.citizen.pk, "A-1")
    actions.plan(actor=actions.SYSTEM, order_id=order.pk)
    stranger = make_citizen("13900008888", "路人")
    from hotline.accounts.queries import citizen_actor

    with pytest.raises(NotPermitted):
        actions.rate(actor=citizen_actor(stranger.pk), appeal_id=appeal.pk, solved=True, satisfaction=5)
    with pytest.raises(Invalid):
        actions.rate(actor=cast.actor("citizen"), appeal_id=appeal.pk, solved=False, satisfaction=1)
    actions.rate(actor=cast.actor("citizen"), appeal_id=appeal.pk, solved=True, satisfaction=4)
    order = fresh(order)
    assert (order.state, order.satisfaction) == (OrderState.CLOSED, 4)
    with pytest.raises(Refused):
        actions.rate(actor=cast.actor("citizen"), appeal_id=appeal.pk, solved=True, satisfaction=4)


def test_an_appeal_goes_above_the_handler(cast: Cast) -> None:
    make_city(cast)
    order = waiting_for_follow_up(cast, citizen_id=cast.citizen.pk)
    appeal = appeal_of(order, cast.citizen.pk, "A-1")
    actions.plan(actor=actions.SYSTEM, order_id=order.pk)
    actions.rate(actor=cast.actor("citizen"), appeal_id=appeal.pk, solved=True, satisfaction=4)
    with pytest.raises(Invalid):
        actions.appeal_result(actor=cast.actor("citizen"), appeal_id=appeal.pk, text=" ")
    made = actions.appeal_result(actor=cast.actor("citizen"), appeal_id=appeal.pk, text="又开始施工了")
    with pytest.raises(Refused):
        actions.appeal_result(actor=cast.actor("citizen"), appeal_id=appeal.pk, text="又一次")
    with pytest.raises(NotPermitted):
        actions.decide_appeal(actor=cast.actor("handler"), appeal_id=made.pk, decision="upheld", text="理由")
    actions.decide_appeal(
        actor=cast.actor("appraiser"), appeal_id=made.pk, decision="redo", text="情况反弹，重新办理"
    )
    assert fresh(order).state == OrderState.PENDING_SIGN
    with pytest.raises(Refused):
        actions.decide_appeal(
            actor=cast.actor("appraiser"), appeal_id=made.pk, decision="upheld", text="理由"
        )


def test_every_citizen_is_told_once(cast: Cast) -> None:
    make_city(cast)
    order = waiting_for_follow_up(cast, citizen_id=cast.citizen.pk)
    other = make_citizen("13900009999", "张三")
    appeal_of(order, cast.citizen.pk, "A-1")
    appeal_of(order, other.pk, "A-2")
    event = WorkOrderEvent.objects.get(order=order, verb="approve_reply")
    told = actions.tell_citizens(actor=actions.SYSTEM, order_id=order.pk, event_id=event.pk)
    assert sorted(told) == sorted(Message.objects.values_list("pk", flat=True))
    assert len(told) == 2
    tell(order_id=order.pk, event_id=event.pk)
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.SENT}
    assert actions.tell_citizens(actor=actions.SYSTEM, order_id=order.pk, event_id=event.pk) == []
    created = WorkOrderEvent.objects.get(order=order, verb="create")
    assert actions.tell_citizens(actor=actions.SYSTEM, order_id=order.pk, event_id=created.pk) == []


def test_an_order_that_left_follow_up_is_not_called(cast: Cast) -> None:
    order, task = asked(cast)
    assert actions.cancel_round(actor=actions.SYSTEM, order_id=order.pk) == 0
    WorkOrder.objects.filter(pk=order.pk).update(state=OrderState.PENDING_SIGN)
    assert actions.cancel_round(actor=actions.SYSTEM, order_id=order.pk) == 1
    assert fresh(task).state == TaskState.CANCELLED
