"""The log is read by people: names instead of numbers, words instead of codes."""

from __future__ import annotations

from django.apps import apps
from django.urls import reverse

from hotline.audit import actions, wording
from hotline.audit.labels import kinds
from hotline.audit.models import AuditEntry
from hotline.kit.actor import system_actor


def told(cast, *, actor=None, verb="test.write", object_type="thing", object_id="7", data=None):
    actions.record(
        actor=actor or cast.actor("admin"), verb=verb, object_type=object_type, object_id=object_id, data=data
    )
    return wording.tell([AuditEntry.objects.latest("pk")])[0]


def test_people_units_and_codes_become_words(cast):
    data = {"unit": cast.a.pk, "role": "handler", "area": "", "secret": False}
    row = told(
        cast, verb="accounts.add_membership", object_type="person", object_id=cast.handler.pk, data=data
    )
    assert (row.who, row.act, row.kind, row.object) == (
        cast.admin.name,
        "授予角色",
        "人员",
        cast.handler.name,
    )
    assert dict(row.details) == {"单位": cast.a.name, "角色": "承办人", "可办保密件": "否"}


def test_an_act_on_oneself_names_nobody_twice(cast):
    row = told(
        cast, actor=cast.actor("handler"), verb="accounts.sign_in", object_type="person", object_id=cast.handler.pk
    )
    assert (row.who, row.act, row.object) == (cast.handler.name, "登录", "")


def test_a_citizen_is_a_number_as_actor_and_as_object(cast):
    row = told(
        cast, actor=cast.actor("citizen"), verb="accounts.reveal_identity", object_type="citizen", object_id=3
    )
    assert row.who == f"市民 {cast.citizen.pk}"
    assert (row.kind, row.object) == ("市民", "3 号")


def test_changes_read_as_before_and_after(cast):
    row = told(
        cast,
        verb="accounts.change_unit",
        object_type="unit",
        object_id=cast.a.pk,
        data={"name": ["甲局", "乙局"], "duties": ["", "环保"], "parent": [cast.hub.pk, None]},
    )
    assert dict(row.details) == {
        "名称": "甲局 → 乙局",
        "职责": "空 → 环保",
        "上级": f"{cast.hub.name} → 空",
    }


def test_machines_have_names_and_unknown_words_show_themselves(cast):
    row = told(
        cast,
        actor=system_actor("generate"),
        verb="demo.generate",
        object_type="city",
        object_id=6000,
        data={
            "orders": [1, 2],
            "at": "2026-11-23T04:00:00+00:00",
            "whatever": {"old": None, "new": "甲"},
            "nested": {"name": "乙", "rows": 3},
            "nothing": None,
            "many": list(range(25)),
            "long": "长" * 300,
            "not_a_time": "Tuesday 2026-99-99T25:00",
        },
    )
    assert (row.who, row.kind, row.object) == ("演示工单", "", "城市设置")
    details = dict(row.details)
    assert details["时间"] == "2026-11-23 12:00"
    assert details["whatever"] == "空 → 甲"
    assert details["nested"] == "名称：乙；行数：3"
    assert details["many"].endswith("另有 5 项")
    assert details["not_a_time"] == "Tuesday 2026-99-99T25:00"
    assert len(details["long"]) == wording.LONGEST + 1
    assert "nothing" not in details
    assert told(cast, actor=system_actor("strange"), verb="x.y", object_id="abc").who == "系统"
    assert told(cast, object_type="person", object_id="not-a-number").object == "not-a-number"


def test_a_machines_reason_is_words_and_a_persons_stays_as_written():
    assert wording.reason_of("sms:accepted") == "诉求已受理"
    assert wording.reason_of("市民来电核实") == "市民来电核实"
    assert wording.reason_of("") == ""


def test_a_page_asks_once_for_each_kind(cast, django_assert_num_queries):
    for _ in range(5):
        told(cast, verb="accounts.move_unit", object_type="unit", object_id=cast.a.pk, data={"unit": cast.b.pk})
    rows = list(AuditEntry.objects.filter(verb="accounts.move_unit"))
    with django_assert_num_queries(1):
        wording.tell(rows)


def test_the_page_keeps_the_other_filters_and_says_what_it_shows(cast):
    told(cast, verb="accounts.change_person", object_type="person", object_id=cast.handler.pk)
    client = cast.client("auditor")
    door = reverse("audit:log")
    query = {"who": f"staff:{cast.admin.pk}", "object_type": "person", "object_id": str(cast.handler.pk)}
    page = client.get(door, query)
    assert page.context["who_name"] == cast.admin.name
    assert page.context["object_name"] == f"人员 {cast.handler.name}"
    assert f'name="who" value="staff:{cast.admin.pk}"' in page.content.decode()
    assert client.get(door, {"who": "staff:0"}).context["who_name"] == "staff:0"
    assert client.get(door, {"object_type": "city", "object_id": "1"}).context["object_name"] == "城市设置"


def test_every_kind_shows_a_field_that_its_model_has() -> None:
    for name, kind in kinds().items():
        if kind.model:
            model = apps.get_model(kind.model)
            assert model._default_manager.values_list(kind.by, kind.shows).query, name
