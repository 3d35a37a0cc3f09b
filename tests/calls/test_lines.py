"""Lines, lanes, skills, reasons for a pause, shifts: from the next call on, and nobody who waits is stranded."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.urls import reverse

from hotline.audit.models import AuditEntry
from hotline.calls import actions, queries
from hotline.calls.models import AgentShift, Lane, Line, PauseCode, PersonSkill, Skill
from hotline.calls.rules.queueing import LaneFacts
from hotline.calls.rules.stranding import overlapping, unserved
from hotline.kit.clock import CITY_ZONE, now, today
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused, Stale
from tests.accounts.cast import Cast
from tests.calls.factories import Exchange, fresh, make_telephony

LINE: dict[str, Any] = {
    "number": "12319",
    "name": "城建热线",
    "merge_form": "full",
    "lane": "general",
    "opens": "08:30",
    "closes": "20:00",
    "call_back_minutes": 60,
}
LANE: dict[str, Any] = {
    "name": "专家席",
    "kind": "expert",
    "skill": "english",
    "least_level": 3,
    "priority": 1,
    "most_waiting": 20,
    "update_seconds": 30,
    "ring_seconds": 20,
    "wrap_seconds": 60,
}


def test_a_lane_is_unserved_when_neither_it_nor_its_helpers_have_anybody():
    lanes = {
        "a": LaneFacts("a", "one", 3),
        "b": LaneFacts("b", "two", 1, "a", timedelta(seconds=30)),
        "c": LaneFacts("c", "three"),
    }
    assert unserved(lanes, [{"one": 3}]) == ["c"]
    assert unserved(lanes, [{"one": 2, "three": 1}]) == ["a", "b"]
    assert unserved(lanes, []) == ["a", "b", "c"]


def test_times_that_touch_do_not_overlap():
    at = [datetime(2026, 12, 1, hour, tzinfo=CITY_ZONE) for hour in range(24)]
    assert overlapping(at[8], at[12], [(at[12], at[16]), (at[4], at[8])]) is None
    assert overlapping(at[8], at[12], [(at[11], at[16])]) == (at[11], at[16])


@pytest.mark.django_db
def test_a_line_is_made_changed_and_put_out_of_use(cast: Cast):
    make_telephony()
    admin = cast.actor("admin")
    with pytest.raises(NotPermitted):
        actions.save_line(actor=cast.actor("shift_leader"), code="12319", new=True, **LINE)
    line = actions.save_line(actor=admin, code="12319", new=True, **LINE)
    assert (line.greeting, line.opens, line.fallback) == ("greeting-12319.wav", time(8, 30), False)
    with pytest.raises(Invalid) as twice:
        actions.save_line(actor=admin, code="12319", new=True, **LINE)
    assert set(twice.value.details) == {"code"}
    with pytest.raises(NotVisible):
        actions.save_line(actor=admin, code="none", **LINE)
    for field, value in (("number", "12345"), ("number", "x"), ("lane", "none"), ("choice_lane", "english")):
        with pytest.raises(Invalid) as wrong:
            actions.save_line(actor=admin, code="12319", **{**LINE, field: value})
        assert set(wrong.value.details) == {field}
    actions.save_line(actor=admin, code="12319", **{**LINE, "choice_key": "2", "choice_lane": "english"})
    entry = AuditEntry.objects.filter(verb="calls.save_line").latest("pk")
    assert entry.data == {"choice_key": ["", "2"], "choice_lane": [None, "英语专席"]}
    count = AuditEntry.objects.count()
    actions.save_line(actor=admin, code="12319", **{**LINE, "choice_key": "2", "choice_lane": "english"})
    assert AuditEntry.objects.count() == count

    with pytest.raises(Refused) as last:
        actions.switch_line(actor=admin, code="12345", active=False)
    assert last.value.code == "fallback"
    given = {**LINE, "number": "12345", "fallback": False}
    with pytest.raises(Refused):
        actions.save_line(actor=admin, code="12345", **given)
    actions.save_line(actor=admin, code="12319", **{**LINE, "fallback": True})
    assert [row.code for row in Line.objects.filter(fallback=True)] == ["12319"]
    actions.switch_line(actor=admin, code="12345", active=False)
    exchange = Exchange()
    assert exchange.ring(called="12345").line.code == "12319"
    Lane.objects.filter(code="general").update(active=False)
    with pytest.raises(Refused) as closed:
        actions.switch_line(actor=admin, code="12345", active=True)
    assert closed.value.code == "lane_closed"


@pytest.mark.django_db
def test_a_change_holds_from_the_next_call_on(cast: Cast):
    exchange = Exchange()
    make_telephony()
    before = exchange.queued()
    actions.save_line(
        actor=cast.actor("admin"),
        code="12345",
        **{
            **LINE,
            "number": "12345",
            "lane": "english",
            "fallback": True,
            "opens": "00:00",
            "closes": "00:00",
        },
    )
    assert exchange.queued().lane.code == "english"
    assert fresh(before).lane.code == "general"


@pytest.mark.django_db
def test_a_lane_goes_out_of_use_only_when_nothing_leads_into_it(cast: Cast):
    exchange = Exchange()
    make_telephony()
    admin = cast.actor("admin")
    lane = actions.save_lane(
        actor=admin, code="expert", new=True, **LANE, overflow_to="general", overflow_seconds=30
    )
    assert (lane.position, lane.overflow_to.code) == (2, "general")
    for given in (
        {"overflow_to": "general"},
        {"overflow_to": "expert", "overflow_seconds": 5},
        {"skill": "none"},
        {"ring_seconds": 1},
    ):
        with pytest.raises(Invalid):
            actions.save_lane(actor=admin, code="expert", **{**LANE, **given})
    with pytest.raises(Refused) as used:
        actions.switch_lane(actor=admin, code="general", active=False)
    assert used.value.code == "lane_in_use"
    assert "12345" in str(used.value.message)
    actions.save_line(
        actor=admin,
        code="12345",
        **{
            **LINE,
            "number": "12345",
            "lane": "expert",
            "fallback": True,
            "opens": "00:00",
            "closes": "00:00",
        },
    )
    exchange.queued()
    actions.save_line(
        actor=admin,
        code="12345",
        **{
            **LINE,
            "number": "12345",
            "lane": "general",
            "fallback": True,
            "opens": "00:00",
            "closes": "00:00",
        },
    )
    with pytest.raises(Refused) as waiting:
        actions.switch_lane(actor=admin, code="expert", active=False)
    assert waiting.value.code == "callers_wait"
    actions.switch_lane(actor=admin, code="english", active=False)
    assert not Lane.objects.get(code="english").active


@pytest.mark.django_db
def test_who_waits_is_not_stranded_by_a_change_of_levels_or_lane(cast: Cast):
    exchange = Exchange()
    make_telephony()
    admin, person = cast.actor("admin"), cast.agent.pk
    assert {lane.code for lane in queries.lanes_unserved()} == {"general", "english"}
    assert actions.set_levels(actor=admin, levels={(person, "general"): 2, (person, "english"): 0}) == 1
    assert queries.lanes_unserved() == []
    assert actions.set_levels(actor=admin, levels={(person, "general"): 2}) == 0
    exchange.queued()
    with pytest.raises(Refused) as stranded:
        actions.set_levels(actor=admin, levels={(person, "general"): 0})
    assert stranded.value.code == "strands"
    given = {**LANE, "kind": "general", "skill": "general", "least_level": 3}
    with pytest.raises(Refused):
        actions.save_lane(actor=admin, code="general", **given)
    for wrong in ({(person, "general"): 6}, {(person, "none"): 1}, {(cast.handler.pk, "general"): 1}):
        with pytest.raises(Invalid):
            actions.set_levels(actor=admin, levels=wrong)
    assert PersonSkill.objects.get().level == 2
    with pytest.raises(NotPermitted):
        actions.set_levels(actor=cast.actor("shift_leader"), levels={})


@pytest.mark.django_db
def test_skills_and_reasons_for_a_pause(cast: Cast):
    make_telephony()
    admin = cast.actor("admin")
    actions.save_skill(actor=admin, code="sign", name="手语", new=True)
    actions.save_skill(actor=admin, code="sign", name="手语视频")
    for given in ({"code": "sign", "name": "x", "new": True}, {"code": "sign", "name": " "}):
        with pytest.raises(Invalid):
            actions.save_skill(actor=admin, **given)
    with pytest.raises(NotVisible):
        actions.save_skill(actor=admin, code="none", name="x")
    with pytest.raises(Refused) as used:
        actions.remove_skill(actor=admin, code="english")
    assert used.value.code == "skill_in_use"
    actions.remove_skill(actor=admin, code="sign")
    assert not Skill.objects.filter(code="sign").exists()
    with pytest.raises(NotVisible):
        actions.remove_skill(actor=admin, code="sign")
    actions.save_pause(actor=admin, code="meal", new=True, name="用餐", most_minutes=45)
    actions.save_pause(actor=admin, code="meal", name="午餐", most_minutes=40)
    assert PauseCode.objects.get(code="meal").position == 1
    actions.switch_pause(actor=admin, code="break", active=False)
    with pytest.raises(Refused) as last:
        actions.switch_pause(actor=admin, code="meal", active=False)
    assert last.value.code == "last_pause"


def moment(day: date, text: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), CITY_ZONE)


@pytest.mark.django_db
def test_a_shift_is_planned_once_and_what_began_stays(cast: Cast):
    leader, person = cast.actor("shift_leader"), cast.agent.pk
    day = today() + timedelta(days=1)
    begins, ends = actions.span(day, time(22), time(6))
    assert ends - begins == timedelta(hours=8)
    row = actions.plan_shift(actor=leader, person_id=person, begins_at=begins, ends_at=ends)
    for wrong in (
        {"begins_at": begins + timedelta(hours=1)},
        {"begins_at": ends, "ends_at": ends + timedelta(hours=17)},
        {"person_id": cast.handler.pk},
        {"begins_at": now() - timedelta(hours=9), "ends_at": now() - timedelta(hours=1)},
        {"begins_at": begins + timedelta(days=500), "ends_at": ends + timedelta(days=500)},
    ):
        given: dict[str, Any] = {"person_id": person, "begins_at": begins, "ends_at": ends} | wrong
        with pytest.raises(Invalid):
            actions.plan_shift(actor=leader, **given)
    with pytest.raises(NotPermitted):
        actions.remove_shift(actor=cast.actor("agent"), shift_id=row.pk)
    week = queries.week_of(day)
    assert [shift.pk for one in week.rows for shifts in one.days for shift in shifts] == [row.pk]
    assert sum(week.hours) == 8
    actions.remove_shift(actor=leader, shift_id=row.pk)
    with pytest.raises(NotVisible):
        actions.remove_shift(actor=leader, shift_id=row.pk)
    begun = AgentShift.objects.create(
        person_id=person, begins_at=now() - timedelta(hours=1), ends_at=now() + timedelta(hours=1)
    )
    with pytest.raises(Refused):
        actions.remove_shift(actor=leader, shift_id=begun.pk)


@pytest.mark.django_db
def test_a_list_of_shifts_is_planned_whole_or_not_at_all(cast: Cast):
    leader, day = cast.client("shift_leader"), today() + timedelta(days=3)
    head = "username,day,begins,ends\n"
    good = head + f"agent,{day},8:30,17:00\nagent,{day},17:00,22:00\n"
    bad = (
        good + f"nobody,{day},08:00,12:00\nagent,soon,08:00,12:00\nagent,{day},8,x\nagent,{day},09:00,10:00\n"
    )
    url = reverse("calls:shifts_import")
    assert cast.agent.username == "agent"
    said = leader.post(url, {"text": bad})
    assert said.status_code == 422
    assert said.content.decode().count('<td class="number">') == 4
    assert leader.post(url, {"text": "day\n"}).status_code == 422
    checked = leader.post(url, {"text": good})
    assert checked.status_code == 200
    assert 'id="shifts-sure"' in checked.content.decode()
    assert not AgentShift.objects.exists()
    assert leader.post(url, {"text": good, "sure": "1"}).status_code == 302
    assert AgentShift.objects.count() == 2
    assert leader.post(url, {"text": good, "sure": "1"}).status_code == 422
    assert AgentShift.objects.count() == 2
    assert cast.client("agent").get(url).status_code == 403


@pytest.mark.django_db
def test_the_pages_of_the_configuration(cast: Cast):
    admin, leader = cast.client("admin"), cast.client("shift_leader")
    for name in ("lines", "line_add", "lane_add", "skills", "pauses", "shifts"):
        assert admin.get(reverse(f"calls:{name}")).status_code == 200, name
    make_telephony(choice=True)
    said = admin.get(reverse("calls:lines")).content.decode()
    assert 'id="unserved"' in said
    assert reverse("calls:line", args=["12345"]) in said
    assert reverse("calls:line", args=["12345"]) not in leader.get(reverse("calls:lines")).content.decode()
    assert leader.get(reverse("calls:line", args=["12345"])).status_code == 403

    line = reverse("calls:line", args=["12345"])
    assert 'name="choice_key"' in admin.get(line).content.decode()
    given = {**LINE, "number": "12345", "name": "政务热线", "fallback": "on", "asks_satisfaction": "on"}
    assert admin.post(line, given).status_code == 302
    assert Line.objects.get().name == "政务热线"
    assert admin.post(line, {**given, "fallback": ""}).status_code == 422
    assert admin.post(line, {**given, "choice_key": "1"}).status_code == 422
    assert admin.post(reverse("calls:line_add"), {**LINE, "code": "12345"}).status_code == 422
    assert admin.post(reverse("calls:line_add"), {**LINE, "code": "12319"}).status_code == 302
    assert admin.get(reverse("calls:line", args=["none"])).status_code == 404

    lane = reverse("calls:lane", args=["english"])
    assert admin.get(lane).status_code == 200
    assert admin.post(lane, {**LANE, "overflow_to": "general"}).status_code == 422
    assert admin.post(lane, {**LANE, "overflow_to": "general", "overflow_seconds": "20"}).status_code == 302
    assert Lane.objects.get(code="english").overflow_seconds == 20
    assert admin.post(reverse("calls:lane_add"), {**LANE, "code": "new"}).status_code == 302
    admin.post(reverse("calls:switch", args=["lane", "new"]), {"active": "0"})
    assert not Lane.objects.get(code="new").active
    assert admin.post(reverse("calls:switch", args=["moon", "new"])).status_code == 404

    agent = cast.agent.pk
    admin.post(reverse("calls:skills"), {f"level:{agent}:general": "4", "csrf": "x", "level:x:y": "1"})
    assert PersonSkill.objects.get().level == 4
    admin.post(reverse("calls:skills"), {f"level:{agent}:general": "high"})
    assert PersonSkill.objects.get().level == 4
    assert f'id="level-{agent}-general"' in admin.get(reverse("calls:skills")).content.decode()
    admin.post(reverse("calls:skill_add"), {"code": "sign", "name": "手语"})
    admin.post(reverse("calls:skill_add"), {"code": "Bad code", "name": "x"})
    admin.post(reverse("calls:skill", args=["sign"]), {"name": "手语视频"})
    assert set(Skill.objects.values_list("name", flat=True)) == {"综合", "英语", "手语视频"}
    admin.post(reverse("calls:skill", args=["sign"]), {"remove": "1"})
    assert not Skill.objects.filter(code="sign").exists()

    pauses = reverse("calls:pauses")
    assert admin.post(pauses, {"code": "meal", "name": "用餐", "most_minutes": "45"}).status_code == 302
    assert admin.post(pauses, {"code": "meal", "name": "用餐", "most_minutes": "45"}).status_code == 422
    admin.post(reverse("calls:pause", args=["meal"]), {"name": "午餐", "most_minutes": "30"})
    admin.post(reverse("calls:switch", args=["pause", "break"]), {"active": "0"})
    assert dict(PauseCode.objects.values_list("name", "active")) == {"小休": False, "午餐": True}

    shifts, day = reverse("calls:shifts"), today() + timedelta(days=1)
    given = {"person": str(agent), "day": day.isoformat(), "begins": "09:00", "ends": "17:00"}
    assert leader.post(shifts, given).status_code == 302
    assert leader.post(shifts, given).status_code == 422
    shift = AgentShift.objects.get()
    assert f'id="shift-{shift.pk}"' in leader.get(shifts, {"day": day.isoformat()}).content.decode()
    assert leader.get(shifts, {"day": "9999-12-31"}).status_code == 200
    leader.post(reverse("calls:shift_remove", args=[shift.pk]))
    assert not AgentShift.objects.exists()
    assert shift.begins_at == moment(day, "09:00")


@pytest.mark.django_db
def test_two_who_change_a_lane_at_once(cast: Cast):
    """The second is told what the first made of it, keeps what they typed, and saves again when they mean it."""
    make_telephony()
    admin, key = cast.client("admin"), "general"
    door = reverse("calls:lane", args=[key])
    page = admin.get(door).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen is not None
    lane = Lane.objects.get(code=key)
    values = {**LANE, "kind": lane.kind, "skill": lane.skill.code, "least_level": 1}
    actions.save_lane(actor=cast.actor("admin"), code=key, **{**values, "name": "甲改的", "overflow_to": "", "overflow_seconds": None})
    answer = admin.post(door, {**values, "name": "乙改的", "seen": seen[1]})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "甲改的" in text
    assert "乙改的" in text
    assert fresh(lane).name == "甲改的"
    again = re.search(r'name="seen" value="(\w+)"', text)
    assert again is not None
    bad = admin.post(door, {**values, "name": "", "seen": seen[1]}).content.decode()
    assert f'value="{seen[1]}"' in bad, "another fault does not make what one never saw seen"
    answer = admin.post(door, {**values, "name": "乙改的", "seen": again[1]})
    assert answer.status_code == 302, re.findall(r'invalid-feedback[^<]*<[^<]*|alert[^<]*<[^<]*', answer.content.decode())
    assert fresh(lane).name == "乙改的"
    with pytest.raises(Stale):
        actions.save_lane(actor=cast.actor("admin"), code=key, seen="x", **values)
