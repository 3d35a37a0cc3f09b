"""Doors and screens of staff, units, sessions and the audit log."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hotline.accounts.models import Membership, Person, StaffSession, Unit
from hotline.audit.models import AuditEntry

pytestmark = pytest.mark.django_db

PAGES = {
    # name → who may open it among these
    "accounts:profile": {"agent", "manager", "handler", "admin", "auditor"},
    "accounts:sessions": {"agent", "manager", "handler", "admin", "auditor"},
    "accounts:units": {"agent", "manager", "handler", "admin", "auditor"},
    "accounts:unit_options": {"agent", "manager", "handler", "admin", "auditor"},
    "accounts:permissions": {"agent", "manager", "handler", "admin", "auditor"},
    "accounts:own_second_factor": {"agent", "manager", "handler", "admin", "auditor"},
    "accounts:new_unit": {"manager", "admin"},
    "accounts:people": {"manager", "admin"},
    "accounts:new_person": {"manager", "admin"},
    "accounts:all_sessions": {"admin"},
    "audit:log": {"auditor"},
}


@pytest.mark.parametrize("name", PAGES)
def test_who_opens_which_page(cast, name):
    for who in ("agent", "manager", "handler", "admin", "auditor"):
        expected = 200 if who in PAGES[name] else 403
        assert cast.client(who).get(reverse(name)).status_code == expected, (name, who)
    for who in ("citizen", "anonymous"):
        assert cast.client(who).get(reverse(name)).status_code == 302, (name, who)


def test_pages_are_chinese_and_complete(cast):
    page = cast.client("admin").get(reverse("accounts:person", args=[cast.handler.pk])).content.decode()
    assert "授予角色" in page
    assert "重置验证器" in page
    assert "承办人" in page


def test_units_tree_search_and_branch(cast):
    client = cast.client("handler")
    roots = client.get(reverse("accounts:units")).content.decode()
    assert cast.hub.name in roots
    assert reverse("accounts:unit", args=[cast.a.pk]) not in roots
    branch = client.get(
        reverse("accounts:units"), {"under": cast.hub.pk}, headers={"HX-Request": "true"}
    ).content.decode()
    assert cast.a.name in branch
    assert "<html" not in branch
    found = client.get(reverse("accounts:units"), {"q": "jqyjd"}).content.decode()
    assert cast.street.name in found
    assert cast.a.short_name in found
    assert "没有名称" in client.get(reverse("accounts:units"), {"q": "zzzz"}).content.decode()
    options = client.get(reverse("accounts:unit_options"), {"q": "yijiedaocheng"}).json()["units"]
    assert options[0]["code"] == "A1S"
    assert options[0]["path"].endswith(cast.street.short_name)


def test_a_manager_makes_changes_moves_and_closes_below(cast):
    client = cast.client("manager")
    form = {
        "name": "一街道网格站",
        "short_name": "网格站",
        "code": "G1",
        "level": "station",
        "area_code": "310106010001",
        "working_hours": "",
    }
    answer = client.post(reverse("accounts:new_unit") + f"?under={cast.street.pk}", form)
    made = Unit.objects.get(code="G1")
    assert answer.headers["Location"] == reverse("accounts:unit", args=[made.pk])
    assert (
        client.post(reverse("accounts:new_unit") + f"?under={cast.b.pk}", {**form, "code": "G2"}).status_code
        == 403
    )
    assert client.post(reverse("accounts:new_unit") + f"?under={cast.street.pk}", form).status_code == 422
    edit = reverse("accounts:edit_unit", args=[made.pk])
    assert client.post(edit, {**form, "duties": "巡查", "version": 1}).status_code == 302
    stale = client.post(edit, {**form, "duties": "另一", "version": 1})
    assert stale.status_code == 422
    # Both texts are there, and sending again follows on the present version.
    page = stale.content.decode()
    assert "巡查" in page
    assert "另一" in page
    assert 'name="version" value="2"' in page
    move = reverse("accounts:move_unit", args=[made.pk])
    assert client.post(move, {"parent": f"{cast.a.name} · A"}).status_code == 302
    made.refresh_from_db()
    assert made.parent_id == cast.a.pk
    assert client.post(move, {"parent": "没有这个单位"}).status_code == 422
    assert client.post(move, {"parent": cast.b.name}).status_code == 403
    assert (
        client.post(reverse("accounts:close_unit", args=[made.pk]), {"close-reason": "并入"}).status_code
        == 302
    )
    made.refresh_from_db()
    assert made.closed_on is not None
    assert client.post(reverse("accounts:reopen_unit", args=[made.pk])).status_code == 302
    assert client.post(reverse("accounts:close_unit", args=[cast.a.pk])).status_code == 403
    assert client.get(reverse("accounts:unit", args=[0])).status_code == 404


def test_an_administrator_makes_staff_and_sees_the_password_once(cast):
    client = cast.client("admin")
    form = {"name": "新派单员", "username": "new.dispatcher", "unit": "HUB", "role": "dispatcher"}
    answer = client.post(reverse("accounts:new_person"), form)
    person = Person.objects.get(username="new.dispatcher")
    assert person.check_password(answer.context["password"])
    assert answer.headers["Cache-Control"].startswith("max-age=0")
    assert client.post(reverse("accounts:new_person"), form).status_code == 422
    assert (
        client.post(reverse("accounts:new_person"), {**form, "username": "y.z", "unit": "不存在"}).status_code
        == 422
    )
    page = reverse("accounts:person", args=[person.pk])
    assert client.post(page, {"name": "改名", "title": "", "phone": "", "email": "x@y.cn"}).status_code == 302
    assert client.post(page, {"name": "", "email": "x"}).status_code == 422
    roles = reverse("accounts:add_role", args=[person.pk])
    assert client.post(roles, {"membership-unit": "yiju", "membership-role": "handler"}).status_code == 302
    assert client.post(roles, {"membership-unit": "yiju", "membership-role": "handler"}).status_code == 409
    assert client.post(roles, {"membership-unit": "", "membership-role": "handler"}).status_code == 422
    assert client.post(roles, {"membership-unit": "yiju", "membership-role": "supervisor"}).status_code == 422
    held = Membership.objects.get(person=person, role="handler")
    assert client.post(reverse("accounts:end_role", args=[person.pk, held.pk])).status_code == 302
    fresh = client.post(reverse("accounts:reset_password", args=[person.pk])).context["password"]
    person.refresh_from_db()
    assert person.check_password(fresh)
    assert client.post(reverse("accounts:reset_second_factor", args=[person.pk])).status_code == 302
    service = reverse("accounts:out_of_service", args=[person.pk])
    assert client.post(service, {"reason-reason": ""}).status_code == 422
    assert client.post(service, {"reason-reason": "离职"}).status_code == 302
    assert (
        client.get(reverse("accounts:people"), {"inactive": "1"}).content.decode().count("new.dispatcher")
        >= 1
    )
    assert client.post(service).status_code == 302
    away = {
        "delegation-to_person": "handler",
        "delegation-starts_at": "2026-01-01T08:00",
        "delegation-ends_at": "2036-01-01T08:00",
        "delegation-reason": "借调",
    }
    assert cast.handler.username == "handler"
    assert client.post(reverse("accounts:add_delegation", args=[person.pk]), away).status_code == 302
    assert (
        client.post(
            reverse("accounts:add_delegation", args=[person.pk]), {**away, "delegation-to_person": "nobody"}
        ).status_code
        == 422
    )
    assert client.post(reverse("accounts:end_sessions", args=[person.pk])).status_code == 302


def test_staff_of_others_cannot_be_told_from_nobody(cast):
    client = cast.client("manager")
    assert client.get(reverse("accounts:person", args=[cast.street_handler.pk])).status_code == 200
    for person in (cast.other_handler, cast.admin):
        assert client.get(reverse("accounts:person", args=[person.pk])).status_code == 404
        assert client.post(reverse("accounts:reset_password", args=[person.pk])).status_code == 404
    page = client.get(reverse("accounts:people")).content.decode()
    assert cast.street_handler.name in page
    assert cast.other_handler.name not in page
    assert (
        client.get(
            reverse("accounts:people"), {"q": "street", "role": "handler", "unit": str(cast.street.pk)}
        ).status_code
        == 200
    )
    assert "没有符合条件" in client.get(reverse("accounts:people"), {"q": "zzz"}).content.decode()


def test_own_profile(cast):
    client = cast.client("handler")
    door = reverse("accounts:profile")
    assert client.post(door, {"phone": "021-5", "email": "", "language": "en"}).status_code == 302
    assert Person.objects.get(username="handler").phone == "021-5"
    assert client.post(door, {"email": "x", "language": "en"}).status_code == 422
    bad = {"password-old": "x", "password-new": "Gut-und-neu-1", "password-again": "Gut-und-neu-1"}
    assert client.post(reverse("accounts:own_password"), bad).status_code == 422
    assert client.post(reverse("accounts:own_recovery_codes"), {"code-code": "1"}).status_code == 422
    away = {
        "delegation-to_person": cast.other_handler.username,
        "delegation-starts_at": "2026-01-01T08:00",
        "delegation-ends_at": "2036-01-01T08:00",
        "delegation-reason": "年休假",
    }
    assert client.post(reverse("accounts:own_delegation"), away).status_code == 302
    assert cast.other_handler.name in client.get(door).content.decode()
    assert (
        client.post(
            reverse("accounts:own_delegation"), {**away, "delegation-ends_at": "2025-01-01T08:00"}
        ).status_code
        == 422
    )
    given = cast.handler.delegations_given.get()
    assert cast.client("agent").post(reverse("accounts:end_delegation", args=[given.pk])).status_code == 403
    assert client.post(reverse("accounts:end_delegation", args=[given.pk])).status_code == 302


def test_sessions_are_seen_and_ended(cast):
    handler, admin = cast.client("handler"), cast.client("admin")
    theirs = StaffSession.objects.get(person=cast.handler)
    assert cast.client("agent").post(reverse("accounts:end_session", args=[theirs.pk])).status_code == 404
    assert (
        cast.handler.username
        in admin.get(reverse("accounts:all_sessions"), {"q": "handler"}).content.decode()
    )
    assert admin.get(reverse("accounts:all_sessions"), {"q": "127.0.0.1"}).context["page_of"].rows
    assert not admin.get(reverse("accounts:all_sessions"), {"q": "10.1.1.1"}).context["page_of"].rows
    assert admin.post(reverse("accounts:end_session", args=[theirs.pk])).status_code == 302
    assert handler.get(reverse("accounts:profile")).status_code == 302


def test_permission_table_shows_every_code_and_marks_ones_own_role(cast):
    from hotline.accounts.rules import PERMISSIONS

    page = cast.client("handler").get(reverse("accounts:permissions")).content.decode()
    assert all(code in page for code in PERMISSIONS)
    assert page.count('class="mine"') == 1


def test_audit_log_filters_and_pages(cast):
    admin, auditor = cast.client("admin"), cast.client("auditor")
    admin.post(reverse("accounts:end_sessions", args=[cast.handler.pk]))
    cast.client("handler")
    admin.post(reverse("accounts:end_sessions", args=[cast.handler.pk]))
    door = reverse("audit:log")
    row = AuditEntry.objects.get(verb="accounts.end_all_sessions")
    for query in (
        {"verb": row.verb},
        {"who": row.actor, "verb": "accounts.end_all_sessions"},
        {"who": row.actor_name, "verb": "accounts.end_all_sessions"},
        {"object_type": "person", "object_id": str(cast.handler.pk), "verb": row.verb},
        {"since": "2020-01-01", "until": "2099-01-01", "verb": row.verb},
    ):
        assert [found.pk for found in auditor.get(door, query).context["page_of"].rows] == [row.pk], query
    assert not auditor.get(door, {"until": "2020-01-01"}).context["page_of"].rows
    assert auditor.get(door, {"since": "nonsense", "until": "2026-99-99"}).status_code == 200
    page = auditor.get(door, {"verb": row.verb}).content.decode()
    assert "结束全部会话" in page
    assert auditor.get(door, {"verb": "accounts."}).context["page_of"].rows


def test_a_new_phone_needs_the_present_one(cast):
    from django_otp.oath import TOTP
    from django_otp.plugins.otp_totp.models import TOTPDevice

    from hotline.accounts.actions import enrol_demo_device
    from hotline.accounts.actions.second_factor import demo_code

    client, person = cast.client("handler"), cast.handler
    enrol_demo_device(actor=cast.actor("handler"), person=person, secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    door = reverse("accounts:own_second_factor")
    assert "qr" not in client.get(door).context
    assert client.post(door, {"code": "000000"}).status_code == 422
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert client.post(door, {"code": demo_code(person)}).status_code == 302
    assert client.get(door).context["qr"]
    fresh = TOTPDevice.objects.get(user=person, confirmed=False)
    assert len(client.post(door, {"code": f"{TOTP(fresh.bin_key).token():06}"}).context["codes"]) == 10
    assert TOTPDevice.objects.get(user=person) == fresh
    fresh.refresh_from_db()
    TOTPDevice.objects.update(last_t=-1)
    answer = client.post(
        reverse("accounts:own_recovery_codes"), {"code-code": f"{TOTP(fresh.bin_key).token():06}"}
    )
    assert len(answer.context["codes"]) == 10
