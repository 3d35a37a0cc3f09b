"""The clerk's queue and call, the supervisor's decisions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hotline.followup import actions
from hotline.followup.models import Attempt, FollowUpTask, ResultAppeal, TaskState
from hotline.workorders.models import OrderState, ReasonCode, WorkOrder
from tests.accounts.cast import Cast
from tests.workorders.factories import fresh, make_city, waiting_for_follow_up

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def monday() -> object:
    with time_machine.travel(datetime(2026, 11, 23, 2, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def asked(cast: Cast) -> tuple[WorkOrder, FollowUpTask]:
    make_city(cast)
    ReasonCode.objects.create(
        kind="no_contact", code="off", name="始终关机", effective_from=datetime(2020, 1, 1, tzinfo=UTC).date()
    )
    order = waiting_for_follow_up(cast, citizen_id=cast.citizen.pk)
    (task,) = actions.plan(actor=actions.SYSTEM, order_id=order.pk)
    return order, task


def test_next_call_to_its_record(cast: Cast) -> None:
    order, task = asked(cast)
    client = cast.client("follow_up")
    assert order.title in client.get("/follow-up/").content.decode()
    assert client.post("/follow-up/next/")["Location"] == f"/follow-up/{task.pk}/"
    page = client.get(f"/follow-up/{task.pk}/").content.decode()
    assert "call-form" in page
    assert "13800001234" not in page
    answers = {"connected": "yes", "solved": "yes", "satisfaction": "5"}
    assert client.post(f"/follow-up/{task.pk}/", answers).status_code == 302
    assert fresh(order).state == OrderState.CLOSED
    assert order.title in client.get("/follow-up/?pile=done").content.decode()


def test_what_is_missing_comes_back_with_what_was_typed(cast: Cast) -> None:
    _order, task = asked(cast)
    client = cast.client("follow_up")
    client.post(f"/follow-up/{task.pk}/take/")
    answer = client.post(f"/follow-up/{task.pk}/", {"connected": "yes", "solved": "no", "opinion": "仍然很吵"})
    assert answer.status_code == 422
    assert "仍然很吵" in answer.content.decode()
    assert client.post(f"/follow-up/{task.pk}/", {"connected": "no"}).status_code == 422
    assert not Attempt.objects.exists()


def test_answers_typed_before_nobody_was_reached_are_not_kept(cast: Cast) -> None:
    _order, task = asked(cast)
    client = cast.client("follow_up")
    client.post(f"/follow-up/{task.pk}/take/")
    given = {"connected": "no", "no_answer_reason": "off", "solved": "yes", "opinion": "写错了"}
    assert client.post(f"/follow-up/{task.pk}/", given).status_code == 302
    attempt = Attempt.objects.get()
    assert (attempt.solved, attempt.opinion) == (None, "")
    assert fresh(task).state == TaskState.WAITING


def test_put_back(cast: Cast) -> None:
    _order, task = asked(cast)
    client = cast.client("follow_up")
    client.post(f"/follow-up/{task.pk}/take/")
    client.post(f"/follow-up/{task.pk}/release/")
    assert fresh(task).state == TaskState.WAITING


def test_a_supervisor_decides_and_wrong_input_stays_with_its_appeal(cast: Cast) -> None:
    order, _task = asked(cast)
    made = ResultAppeal.objects.create(order=order, text="并没有停工。", created_at=datetime(2026, 11, 23, tzinfo=UTC))
    client = cast.client("supervisor")
    assert "并没有停工。" in client.get("/follow-up/appeals/").content.decode()
    wrong = client.post(f"/follow-up/appeals/{made.pk}/", {"decision": "redo", "text": ""})
    assert wrong.status_code == 422
    assert client.post(f"/follow-up/appeals/{made.pk}/", {"decision": "redo", "text": "复核属实。"}).status_code == 302
    assert fresh(made).state == "redo"
    assert client.get("/follow-up/second-checks/").status_code == 200


def test_doors(cast: Cast) -> None:
    make_city(cast)
    for path in ("/follow-up/", "/follow-up/appeals/", "/follow-up/second-checks/"):
        assert cast.client("handler").get(path).status_code == 403
        assert cast.client("anonymous").get(path).status_code == 302
    assert cast.client("follow_up").get("/follow-up/appeals/").status_code == 403
    assert cast.client("follow_up").get("/follow-up/999999/").status_code == 404


def test_pages_ask_few_questions(cast: Cast) -> None:
    _order, task = asked(cast)
    client = cast.client("follow_up")
    client.post(f"/follow-up/{task.pk}/take/")
    for path in ("/follow-up/", "/follow-up/?pile=done", f"/follow-up/{task.pk}/"):
        client.get(path)
        with CaptureQueriesContext(connection) as counted:
            assert client.get(path).status_code == 200
        assert len(counted) <= 15, (path, [one["sql"][:110] for one in counted])
