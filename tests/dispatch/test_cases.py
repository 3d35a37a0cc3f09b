"""How similar cases were answered: found by words, ordered by likeness, secrecy respected."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hotline.dispatch.queries.cases import answered_like
from hotline.workorders.models import Category, Reply, WorkOrder
from tests.accounts.cast import Cast
from tests.dispatch.conftest import city as city
from tests.dispatch.test_views import noise, waiting
from tests.workorders.factories import replied

pytestmark = pytest.mark.django_db
TEXT = "工地夜间施工噪声很大，半夜还在打桩，睡不着。"


def answered(cast: Cast, **more: object) -> WorkOrder:
    given = {"title": "夜间施工噪声", "content": TEXT, "category_id": noise().pk, **more}
    order = replied(cast, **given).order
    Reply.objects.filter(order=order).update(state="approved")
    return order


def test_the_likest_answered_order_with_its_reply(city: Cast) -> None:
    wanted = answered(city)
    answered(city, title="小区停水", content="小区停水两天了，水质也不好。")
    refused = answered(city)
    Reply.objects.filter(order=refused).update(state="refused")
    found = answered_like(
        city.actor("dispatcher"), title="夜间施工", content="半夜施工噪声，睡不着", category="02.01.01"
    )
    assert [one.order.pk for one in found] == [wanted.pk]
    assert found[0].reply.text
    assert found[0].percent > 15
    page = city.client("dispatcher").get(
        reverse("dispatch:cases", args=[waiting(city, title="夜间施工", content=TEXT).pk])
    )
    assert wanted.number in page.content.decode()
    desk = city.client("agent").post(reverse("intake:alike"), {"content": TEXT, "category": "02.01.01"})
    assert wanted.number in desk.content.decode()


def test_a_shared_street_does_not_make_another_branch_alike(city: Cast) -> None:
    elsewhere = Category.objects.create(code="09.01", name="招生", path_name="教育›招生", level=2)
    other = answered(city, title="咨询幸福路随迁子女入学", content="幸福路小学入学材料", category_id=elsewhere.pk)
    asked = {"title": "幸福路工地施工噪声", "content": "幸福路工地连续三晚夜间施工，噪声很大，老人孩子睡不好。"}
    actor = city.actor("dispatcher")
    assert [one.order.pk for one in answered_like(actor, **asked)] == [other.pk]
    assert answered_like(actor, **asked, category="02.01.01") == []
    assert [one.order.pk for one in answered_like(actor, **asked, category=elsewhere.code)] == [other.pk]
    same = {"title": other.title, "content": other.content}
    assert answered_like(actor, **same, category="02.01.01")[0].percent > 25


def test_confidential_and_invisible_orders_are_no_examples(city: Cast) -> None:
    secret = answered(city)
    WorkOrder.objects.filter(pk=secret.pk).update(secret=True)
    for who in ("dispatcher", "supervisor"):
        assert answered_like(city.actor(who), title="夜间施工", content=TEXT) == []
    answered(city)
    assert answered_like(city.actor("citizen"), title="夜间施工", content=TEXT) == []


def test_other_words_of_the_same_matter_find_the_newest_of_it(city: Cast) -> None:
    answered(city, content="工地夜间施工噪声，天天打桩。")
    assert Category.objects.filter(code="02.01.01").exists()
    for text in ("", "，。", "😀", "hello"):
        assert answered_like(city.actor("dispatcher"), title="", content=text) == []


def test_the_number_of_queries_is_bounded(city: Cast, django_assert_max_num_queries: object) -> None:
    for _ in range(4):
        answered(city)
    with django_assert_max_num_queries(14):  # type: ignore[operator]
        assert len(answered_like(city.actor("dispatcher"), title="夜间施工", content=TEXT * 50)) == 3


def test_only_what_ended_well_is_offered_for_a_reply(city: Cast) -> None:
    for fields in ({"outcome": "unsolved"}, {"citizen_satisfied": False}):
        Reply.objects.filter(order=answered(city)).update(**fields)
    WorkOrder.objects.filter(pk=answered(city).pk).update(solved=False)
    kept = answered(city)
    everyone = answered_like(city.actor("dispatcher"), title="夜间施工", content=TEXT, limit=9)
    assert len(everyone) == 4
    best = answered_like(city.actor("dispatcher"), title="夜间施工", content=TEXT, limit=9, good=True)
    assert [one.order.pk for one in best] == [kept.pk]


def test_people_of_a_unit_find_their_own_units_orders_alone(city: Cast) -> None:
    wanted = answered(city)
    for who, expected in (("handler", [wanted.pk]), ("other_handler", [])):
        found = answered_like(city.actor(who), title="夜间施工", content=TEXT, category="02.01.01")
        assert [one.order.pk for one in found] == expected
    assert answered_like(city.actor("handler"), title="，", content="😀") == []


def test_of_many_that_share_words_the_likest_are_compared(
    city: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.dispatch.queries.cases.LOOKED_AT", 1)
    monkeypatch.setattr("hotline.workorders.queries.words.POOL", 1)
    for _ in range(2):
        answered(city, title="夜间施工", content="夜间施工，工地。")
    wanted = answered(city)
    answered(city, title="夜间施工", content="夜间施工，工地。")
    found = answered_like(city.actor("dispatcher"), title="夜间施工", content=TEXT)
    assert [one.order.pk for one in found] == [wanted.pk]


def test_far_away_words_are_found_behind_the_newest_orders(
    city: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = answered(city)
    for _ in range(3):
        waiting(city, title="路灯不亮", content="路灯坏了")
    monkeypatch.setattr("hotline.dispatch.queries.cases.WINDOWS", (1, 2, None))
    monkeypatch.setattr("hotline.dispatch.queries.cases.BACK", (1, None))
    found = answered_like(city.actor("dispatcher"), title="夜间施工", content=TEXT)
    assert [one.order.pk for one in found] == [wanted.pk]
