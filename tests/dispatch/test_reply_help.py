"""Similar cases on the order's page and in the reply's dialog: shown, taken by a person, never across secrecy."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from hotline.dispatch import tasks
from hotline.suggestions.models import Kind, Suggestion
from hotline.workorders.models import Reply, WorkOrder
from tests.accounts.cast import Cast
from tests.dispatch.conftest import city as city
from tests.dispatch.test_cases import TEXT, answered
from tests.dispatch.test_views import noise
from tests.workorders.factories import signed

pytestmark = pytest.mark.django_db
SAID = "经核实，2026年3月5日已责令工地停工，罚款2000元，联系人王小明。依据《噪声污染防治法》。"


def asked(cast: Cast) -> Any:
    return signed(cast, title="夜间施工", content=TEXT, category_id=noise().pk)


def get(cast: Cast, who: str, name: str, order: WorkOrder) -> Any:
    return cast.client(who).get(reverse(f"dispatch:{name}", args=[order.pk]))


def former(cast: Cast) -> WorkOrder:
    order = answered(cast)
    Reply.objects.filter(order=order).update(text=SAID)
    return order


def test_the_orders_page_asks_for_the_like_and_shows_their_answers(city: Cast) -> None:
    other, mine = former(city), asked(city).order
    page = city.client("handler").get(reverse("workorders:detail", args=[mine.number])).content.decode()
    assert reverse("dispatch:like", args=[mine.pk]) in page
    shown = get(city, "handler", "like", mine).content.decode()
    assert other.number in shown
    assert mine.number not in shown
    assert "已责令工地停工" in shown
    assert (
        "没有"
        in get(city, "dispatcher", "like", answered(city, title="路灯", content="路灯不亮")).content.decode()
    )


def test_hidden_orders_are_shown_nowhere(city: Cast) -> None:
    other, mine = former(city), asked(city).order
    WorkOrder.objects.filter(pk=other.pk).update(secret=True)
    for who in ("handler", "dispatcher", "supervisor"):
        assert other.number not in get(city, who, "like", mine).content.decode()
    assert other.number not in get(city, "handler", "reply_help", mine).content.decode()
    assert get(city, "other_handler", "like", mine).status_code == 404
    assert get(city, "other_handler", "reply_help", mine).status_code == 404
    taken = city.client("handler").post(
        reverse("dispatch:reply_used", args=[mine.pk]), {"number": other.number}
    )
    assert taken.status_code == 404
    assert not Suggestion.objects.filter(kind=Kind.REPLY).exists()


def test_a_reply_is_begun_from_one_that_ended_well_without_its_facts(city: Cast) -> None:
    other, mine = former(city), asked(city).order
    refused = former(city)
    Reply.objects.filter(order=refused).update(outcome="unsolved")
    shown = get(city, "handler", "reply_help", mine).content.decode()
    assert other.number in shown
    assert refused.number not in shown
    assert "【日期】" in shown
    assert "《噪声污染防治法》" in shown
    for fact in ("3月5日", "2000", "王小明"):
        assert fact not in shown
    assert "data-insert" in shown
    taken = city.client("handler").post(
        reverse("dispatch:reply_used", args=[mine.pk]), {"number": other.number, "percent": "44"}
    )
    assert taken.status_code == 204
    row = Suggestion.objects.get(kind=Kind.REPLY)
    assert (row.order_id, row.final, row.confidence) == (mine.pk, other.number, 0.44)
    assert row.shown_to == city.actor("handler").key()
    mine.refresh_from_db()
    assert mine.state == "in_progress"
    assert not Reply.objects.filter(order=mine).exists()


def test_what_became_of_a_former_reply_is_judged_when_the_new_one_is_approved(city: Cast) -> None:
    other = former(city)
    for sent, outcome in ((SAID.replace("3月5日", "4月1日"), "accepted"), ("我局无此职责，请咨询街道。", "changed")):
        mine = asked(city).order
        city.client("handler").post(reverse("dispatch:reply_used", args=[mine.pk]), {"number": other.number, "percent": "44"})
        tasks.settle_replies(order_id=mine.pk)
        row = Suggestion.objects.get(kind=Kind.REPLY, order=mine)
        assert row.outcome == "shown", "nothing was sent yet"
        answer = Reply.objects.get(order=other)
        answer.pk, answer.order, answer.text = None, mine, sent
        answer.assignment = mine.assignments.get()
        answer.save(force_insert=True)
        tasks.settle_replies(order_id=mine.pk)
        row.refresh_from_db()
        assert (row.outcome, row.decided_by, row.final) == (outcome, row.shown_to, other.number)


def test_gaps_do_not_reach_the_citizen(city: Cast) -> None:
    assignment = asked(city)
    address = reverse("workorders:act", args=[assignment.order.number, "reply"])
    fields = {
        "text": "【日期】已责令停工。", "fact_finding": "true", "demand_finding": "reasonable", "site_visit": "no_site",
        "outcome": "solved", "method": "phone",
    }  # fmt: skip
    dialog = city.client("handler").get(f"{address}?assignment={assignment.pk}").content.decode()
    assert reverse("dispatch:reply_help", args=[assignment.order.pk]) in dialog
    answer = city.client("handler").post(f"{address}?assignment={assignment.pk}", fields)
    assert answer.status_code == 422
    assert "还有 1 处" in answer.content.decode()
    assert not Reply.objects.filter(order=assignment.order).exists()


def test_the_number_of_queries_is_bounded(city: Cast, django_assert_max_num_queries: Any) -> None:
    for _ in range(4):
        former(city)
    mine = asked(city).order
    client, address = city.client("dispatcher"), reverse("dispatch:like", args=[mine.pk])
    client.get(address)
    with django_assert_max_num_queries(22):
        assert client.get(address).status_code == 200
