"""Pages of calendar and policies."""

from __future__ import annotations

import pytest
import time_machine
from django.urls import reverse

from hotline.kit.actor import system_actor
from hotline.worktime import actions, queries
from hotline.worktime.models import Calendar, Policy, VersionState
from tests.worktime.factories import at

pytestmark = pytest.mark.django_db
ADMIN = system_actor("tests", "worktime:manage")


@pytest.fixture(autouse=True)
def city(cast):
    queries.forget()
    with time_machine.travel(at("2026-11-22 10:00"), tick=False):
        actions.import_public_holidays(actor=ADMIN)
        actions.load_policy_pack(actor=ADMIN, name="shanghai")
        yield
    queries.forget()


def test_everybody_reads_and_only_administrators_see_the_buttons(cast):
    handler, admin = cast.client("handler"), cast.client("admin")
    policy = Policy.objects.get()
    for url in (
        reverse("worktime:policies"),
        reverse("worktime:calendar"),
        reverse("worktime:policy", args=[policy.pk]),
    ):
        page = handler.get(url)
        assert page.status_code == 200
        assert '<form method="post" action="/worktime/' not in page.content.decode()
        assert '<form method="post" action="/worktime/' in admin.get(url).content.decode()
    assert handler.post(reverse("worktime:draft_calendar")).status_code == 403


def test_the_year_view_tells_days_by_words_and_warns_of_the_missing_year(cast):
    page = cast.client("handler").get(reverse("worktime:calendar") + "?year=2026").content.decode()
    assert page.count('data-kind="make-up"') == 6 + 1  # six days and the legend
    assert "国庆节" in page
    assert "全年 248 个工作日" in page
    assert "2027 年放假安排尚未录入" in page
    assert cast.client("handler").get(reverse("worktime:calendar") + "?version=77").status_code == 404


def test_an_administrator_enters_the_next_year(cast):
    client = cast.client("admin")
    client.post(reverse("worktime:draft_calendar"))
    draft = Calendar.objects.get(state=VersionState.DRAFT)
    client.post(reverse("worktime:add_year", args=[draft.pk]), {"year": 2027})
    page = client.get(
        reverse("worktime:calendar") + f"?version={draft.version}&year=2027&day=2027-01-01"
    ).content.decode()
    assert "必须改正" in page
    assert 'value="2027-01-01"' in page
    refused = client.post(reverse("worktime:publish_calendar", args=[draft.pk]), follow=True).content.decode()
    assert "法定节假日" in refused
    wrong = client.post(
        reverse("worktime:import_days", args=[draft.pk]), {"text": ""}, follow=True
    ).content.decode()
    assert "请粘贴清单或选择文件" in wrong
    with actions.ASSUMED_2027.open("rb") as stream:
        client.post(reverse("worktime:import_days", args=[draft.pk]), {"file": stream, "source": "假设"})
    client.post(
        reverse("worktime:set_day", args=[draft.pk]), {"day": "2027-09-16", "kind": "holiday", "name": "试"}
    )
    client.post(reverse("worktime:publish_calendar", args=[draft.pk]))
    draft.refresh_from_db()
    assert draft.state == VersionState.PUBLISHED
    assert not queries.calendar_in_effect().calendar.is_workday(at("2027-09-16 10:00").date())


def test_a_year_that_was_added_by_mistake_leaves_the_draft_again(cast):
    client = cast.client("admin")
    client.post(reverse("worktime:draft_calendar"))
    draft = Calendar.objects.get(state=VersionState.DRAFT)
    client.post(reverse("worktime:add_year", args=[draft.pk]), {"year": 2072})
    page = reverse("worktime:calendar") + f"?version={draft.version}"
    away = reverse("worktime:remove_year", args=[draft.pk])
    assert away in client.get(page + "&year=2072").content.decode()
    assert away not in client.get(page + "&year=2026").content.decode(), "a year in effect stays"
    assert client.post(away, {"year": "soon"}).status_code == 302
    assert cast.client("handler").post(away, {"year": 2072}).status_code == 403
    said = client.post(away, {"year": 2072}, follow=True).content.decode()
    assert "草稿中已不含 2072 年" in said
    draft.refresh_from_db()
    assert 2072 not in draft.years


def test_bad_days_and_discarding(cast):
    client = cast.client("admin")
    client.post(reverse("worktime:import_public"))
    draft = Calendar.objects.exclude(state=VersionState.PUBLISHED).first()
    if draft is None:
        client.post(reverse("worktime:draft_calendar"))
        draft = Calendar.objects.get(state=VersionState.DRAFT)
    for url, data in (
        ("worktime:set_day", {"day": "someday"}),
        ("worktime:add_year", {"year": "1"}),
        ("worktime:set_day", {"day": "2026-11-23", "kind": "make_up_workday"}),
    ):
        assert client.post(reverse(url, args=[draft.pk]), data).status_code == 302
    client.post(reverse("worktime:discard_calendar", args=[draft.pk]))
    assert not Calendar.objects.filter(pk=draft.pk).exists()
    assert client.post(reverse("worktime:set_day", args=[draft.pk]), {"day": "2026-11-23"}).status_code == 404
    assert client.post(reverse("worktime:set_day", args=[draft.pk]), {"day": ""}).status_code == 404


def test_try_it_answers_with_the_arithmetic(cast):
    policy = Policy.objects.get()
    url = reverse("worktime:try", args=[policy.pk])
    case = {"demand_type": "complaint", "urgency": "routine", "flow": "first", "start": "2026-11-20T16:40"}
    page = cast.client("handler").get(url, case).content.decode()
    assert "11月27日（周五）17:30" in page
    assert "当日不计入：11月23日（周一）为第 1 个工作日。" in page
    assert "暂定" in cast.client("handler").get(url, case | {"start": "2026-12-30T10:00"}).content.decode()
    assert cast.client("handler").get(url, case | {"start": "later"}).status_code == 200
    assert cast.client("handler").get(reverse("worktime:try", args=[999])).status_code == 404


def test_a_policy_is_drafted_changed_and_published(cast):
    client = cast.client("admin")
    policy = Policy.objects.get()
    client.post(reverse("worktime:draft_policy", args=[policy.pk]))
    draft = Policy.objects.get(state=VersionState.DRAFT)
    save = reverse("worktime:save_policy", args=[draft.pk])
    assert (
        client.post(
            save, {"amount-0-3": "4", "unit-0-3": "workday", "hours": "09:00-17:00", "cutoff": ""}
        ).status_code
        == 302
    )
    draft.refresh_from_db()
    assert draft.document["rules"][0]["clocks"][3]["span"] == "4 workday"
    assert draft.document["hours"] == "09:00-17:00"
    faulty = client.post(save, {"amount-0-3": "4", "unit-0-3": "weeks", "hours": "09:00-17:00"})
    assert faulty.status_code == 422
    assert "4 weeks" in faulty.content.decode()
    assert client.post(save, {"text": "a: ["}).status_code == 422
    publish = reverse("worktime:publish_policy", args=[draft.pk])
    assert client.post(publish, {"effective_from": ""}).status_code == 302
    assert client.post(publish, {"effective_from": "2020-01-01T00:00"}).status_code == 409
    assert client.post(publish, {"effective_from": "2026-11-25T00:00"}).status_code == 302
    draft.refresh_from_db()
    assert draft.state == VersionState.PUBLISHED


def test_a_pack_becomes_a_draft_and_can_be_thrown_away(cast):
    client = cast.client("admin")
    client.post(reverse("worktime:load_pack"), {"pack": "beijing"})
    draft = Policy.objects.get(state=VersionState.DRAFT)
    assert "丢弃草稿" in client.get(reverse("worktime:policy", args=[draft.pk])).content.decode()
    client.post(reverse("worktime:discard_policy", args=[draft.pk]))
    assert not Policy.objects.filter(pk=draft.pk).exists()
    assert client.get(reverse("worktime:policy", args=[draft.pk])).status_code == 404


def test_without_anything_the_pages_say_what_to_do(cast):
    Policy.objects.all().delete()
    Calendar.objects.all().delete()
    client = cast.client("admin")
    assert "还没有时限规则" in client.get(reverse("worktime:policies")).content.decode()
    assert "还没有工作日历" in client.get(reverse("worktime:calendar")).content.decode()
