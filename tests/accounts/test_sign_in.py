"""The way in: password, lock-out, second factor, first password, limits of a session."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from hotline.accounts.actions import enrol_demo_device
from hotline.accounts.actions.second_factor import demo_code, make_recovery_codes
from hotline.accounts.actions.sessions import end_session
from hotline.accounts.models import Person, StaffSession
from hotline.accounts.queries import actor_for
from hotline.audit.models import AuditEntry
from hotline.kit.clock import now
from hotline.kit.errors import NotPermitted
from tests.accounts.cast import sign_in
from tests.accounts.factories import PASSWORD

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SIGN_IN = "/accounts/sign-in/"
PROFILE = "/accounts/profile/"


def enrolled(person: Person) -> Person:
    enrol_demo_device(actor=actor_for(person), person=person, secret=SECRET)
    return person


def give_password(client: Client, person: Person, password: str = PASSWORD, to: str = "", **more):
    return client.post(SIGN_IN, {"username": person.username, "password": password, "next": to}, **more)


def give_code(client: Client, person: Person, code: str | None = None):
    return client.post(
        reverse("accounts:second_factor"), {"code": demo_code(person) if code is None else code}
    )


def signed_in(client: Client) -> bool:
    return bool(client.get("/ui/session/").json()["signed_in"])


def test_the_whole_way(cast):
    person = enrolled(cast.handler)
    client = Client()
    answer = give_password(client, person, to=PROFILE)
    assert answer.headers["Location"] == reverse("accounts:second_factor")
    # Half signed in is not signed in.
    assert not signed_in(client)
    assert client.get(PROFILE).status_code == 302
    before = client.session.session_key
    answer = give_code(client, person)
    assert answer.headers["Location"] == PROFILE
    assert client.session.session_key != before
    assert signed_in(client)
    assert StaffSession.objects.filter(person=person, ended_at=None).count() == 1
    assert AuditEntry.objects.filter(verb="accounts.sign_in", object_id=person.pk, ip="127.0.0.1").exists()


def test_session_key_is_new_after_the_password_too(cast):
    client = Client()
    client.get(SIGN_IN)
    session = client.session
    session["x"] = 1
    session.save()
    client.cookies["sessionid"] = session.session_key or ""
    give_password(client, enrolled(cast.handler))
    assert client.session.session_key != session.session_key


def test_user_name_in_any_case(cast):
    assert cast.handler.username == "handler"
    answer = Client().post(SIGN_IN, {"username": " HANDLER ", "password": PASSWORD})
    assert answer.status_code == 302


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "evil"])
def test_only_ways_inside_are_followed(cast, to):
    client = Client()
    person = enrolled(cast.handler)
    give_password(client, person, to=to)
    assert give_code(client, person).headers["Location"] in ("/", reverse("home"))


def test_five_wrong_tries_lock_user_and_address_and_say_how_long(cast):
    person = enrolled(cast.handler)
    client = Client()
    for left in (4, 3, 2, 1):
        answer = give_password(client, person, "wrong")
        assert answer.status_code == 422
        assert str(left) in answer.context["form"].non_field_errors()[0]
    assert give_password(client, person, "wrong").status_code == 429
    locked = give_password(client, person)
    assert locked.status_code == 429
    assert re.search(r"1[45]", locked.context["form"].non_field_errors()[0])
    assert AuditEntry.objects.filter(verb="accounts.locked_out").count() == 1
    # Somebody else at the same address, and the same person elsewhere, are not locked.
    assert give_password(client, enrolled(cast.agent)).status_code == 302
    assert give_password(Client(), person, REMOTE_ADDR="10.9.9.9").status_code == 302
    with time_machine.travel(now() + timedelta(minutes=16)):
        assert give_password(Client(), person).status_code == 302


def test_unknown_and_known_names_are_answered_alike(cast):
    known = give_password(Client(), cast.handler, "wrong").context["form"].non_field_errors()
    answer = Client().post(SIGN_IN, {"username": "nobody-there", "password": "wrong"})
    assert answer.context["form"].non_field_errors() == known


def test_a_flood_of_passwords_from_one_address_is_stopped(cast):
    client = Client()
    with time_machine.travel(now(), tick=False):
        codes = [client.post(SIGN_IN, {"username": f"u{n}", "password": "x"}).status_code for n in range(62)]
    assert codes[:60] == [422] * 60
    assert codes[60:] == [429, 429]


def test_deactivated_staff_cannot_sign_in(cast):
    person = cast.handler
    Person.objects.filter(pk=person.pk).update(is_active=False)
    assert give_password(Client(), person).status_code == 422


def test_a_code_is_good_once(cast):
    person = enrolled(cast.handler)
    code = demo_code(person)
    first = Client()
    give_password(first, person)
    assert give_code(first, person, code).status_code == 302
    second = Client()
    give_password(second, person)
    assert give_code(second, person, code).status_code == 422
    assert not signed_in(second)


def test_wrong_codes_send_back_to_the_password(cast):
    person = enrolled(cast.handler)
    client = Client()
    give_password(client, person)
    statuses = [give_code(client, person, "000000").status_code for _ in range(5)]
    assert statuses == [422, 422, 422, 422, 302]
    assert client.get(reverse("accounts:second_factor")).headers["Location"] == SIGN_IN


def test_recovery_code_opens_once(cast):
    person = enrolled(cast.handler)
    codes = make_recovery_codes(actor=actor_for(person), person=person)
    assert len(set(codes)) == 10
    client = Client()
    give_password(client, person)
    give_code(client, person, codes[3].upper())
    assert signed_in(client)
    again = Client()
    give_password(again, person)
    assert give_code(again, person, codes[3]).status_code == 422


def test_first_sign_in_enrols_a_device_and_shows_recovery_codes(cast):
    person = cast.handler
    client = Client()
    assert give_password(client, person, to=PROFILE).headers["Location"] == reverse("accounts:enrol")
    page = client.get(reverse("accounts:enrol"))
    assert page.context["qr"].startswith("data:image/svg+xml")
    assert client.post(reverse("accounts:enrol"), {"code": "123"}).status_code == 422
    TOTPDevice.objects.filter(user=person).update(
        throttling_failure_count=0, throttling_failure_timestamp=None
    )
    device = TOTPDevice.objects.get(user=person)
    code = f"{TOTP(device.bin_key).token():06}"
    answer = client.post(reverse("accounts:enrol"), {"code": code})
    assert len(answer.context["codes"]) == 10
    assert not signed_in(client)
    assert client.post(reverse("accounts:go_on")).headers["Location"] == PROFILE
    assert signed_in(client)


def test_without_the_setting_a_password_is_enough_until_a_device_is_enrolled(cast, settings):
    settings.REQUIRE_SECOND_FACTOR = False
    client = Client()
    give_password(client, cast.handler)
    assert signed_in(client)
    assert give_password(Client(), enrolled(cast.agent)).headers["Location"] == reverse(
        "accounts:second_factor"
    )


def test_a_given_password_is_replaced_before_anything_opens(cast):
    person = enrolled(cast.handler)
    Person.objects.filter(pk=person.pk).update(must_change_password=True)
    client = Client()
    give_password(client, person, to=PROFILE)
    assert give_code(client, person).headers["Location"] == reverse("accounts:new_password")
    assert not signed_in(client)
    door = reverse("accounts:new_password")
    for weak in ("short", "1234567890", PASSWORD, "password12345"[:8]):
        assert client.post(door, {"new": weak, "again": weak}).status_code == 422, weak
    assert client.post(door, {"new": "Neu-und-gut-77", "again": "other"}).status_code == 422
    assert (
        client.post(door, {"new": "Neu-und-gut-77", "again": "Neu-und-gut-77"}).headers["Location"] == PROFILE
    )
    assert signed_in(client)
    assert give_password(Client(), person).status_code == 422
    assert give_password(Client(), person, "Neu-und-gut-77").status_code == 302


@pytest.mark.parametrize("name", ["second_factor", "enrol", "new_password"])
def test_no_step_without_the_one_before(cast, name):
    client = Client()
    assert client.get(reverse(f"accounts:{name}")).headers["Location"] == SIGN_IN
    give_password(client, enrolled(cast.handler))
    if name != "second_factor":
        assert client.get(reverse(f"accounts:{name}")).headers["Location"] == reverse(
            "accounts:second_factor"
        )


def test_a_begun_sign_in_does_not_wait_for_ever(cast):
    client = Client()
    person = enrolled(cast.handler)
    give_password(client, person)
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert give_code(client, person).headers["Location"] == SIGN_IN


def test_a_portal_session_ends_when_staff_signs_in(cast):
    client = cast.client("citizen")
    person = enrolled(cast.handler)
    give_password(client, person)
    give_code(client, person)
    assert "citizen_id" not in client.session


def test_demo_codes_follow_one_another_and_end_with_demo_mode(cast, settings):
    person = enrolled(cast.handler)
    for _ in range(3):
        client = Client()
        give_password(client, person)
        page = client.get(reverse("accounts:second_factor"))
        assert page.context["demo_code"] in page.content.decode()
        give_code(client, person)
        assert signed_in(client)
    settings.TESTING = settings.DEMO = False
    assert demo_code(person) == ""
    with pytest.raises(NotPermitted):
        enrolled(cast.agent)


# ── sessions ──


def test_idle_limit_ends_the_session_and_says_so(cast):
    client = cast.client("handler")
    assert signed_in(client)
    with time_machine.travel(now() + timedelta(minutes=29)):
        assert signed_in(client)
    with time_machine.travel(now() + timedelta(minutes=58)):
        assert signed_in(client)
    with time_machine.travel(now() + timedelta(minutes=89)):
        answer = client.get(PROFILE)
        assert answer.headers["Location"].startswith(SIGN_IN)
        assert client.get(SIGN_IN).context["ended"]
    session = StaffSession.objects.get(person=cast.handler)
    assert session.end_reason == "idle"
    assert AuditEntry.objects.filter(verb="accounts.session_over", object_id=cast.handler.pk).count() == 1


def test_absolute_limit_ends_a_session_in_use(cast, settings):
    settings.STAFF_SESSION_HOURS = 1
    client = cast.client("handler")
    for minutes in (20, 40, 59):
        with time_machine.travel(now() + timedelta(minutes=minutes)):
            assert signed_in(client)
    with time_machine.travel(now() + timedelta(minutes=61)):
        assert not signed_in(client)
    assert StaffSession.objects.get(person=cast.handler).end_reason == "too_long"


def test_background_requests_keep_nothing_alive(cast):
    client = cast.client("handler")
    for minutes in (10, 20, 29):
        with time_machine.travel(now() + timedelta(minutes=minutes)):
            assert client.get("/ui/session/", headers={"X-Background": "1"}).json()["signed_in"]
    with time_machine.travel(now() + timedelta(minutes=31)):
        assert not signed_in(client)


def test_last_use_is_written_once_a_minute(cast, django_assert_max_num_queries):
    client = cast.client("handler")
    session = StaffSession.objects.get(person=cast.handler)
    first = session.seen_at
    client.get("/ui/session/")
    session.refresh_from_db()
    assert session.seen_at == first
    with time_machine.travel(now() + timedelta(seconds=61)):
        client.get("/ui/session/")
    session.refresh_from_db()
    assert session.seen_at > first
    with django_assert_max_num_queries(4):
        client.get("/ui/session/")


def test_ending_a_session_ends_it_at_once(cast):
    client = cast.client("handler")
    session = StaffSession.objects.get(person=cast.handler)
    end_session(actor=cast.actor("admin"), session_id=session.pk)
    assert not signed_in(client)


def test_session_keys_are_not_readable_from_the_table(cast):
    client = cast.client("handler")
    assert StaffSession.objects.get(person=cast.handler).session_key != client.session.session_key


def test_sign_out_everywhere_else(cast):
    here, there = cast.client("handler"), sign_in(Client(), cast.handler)
    here.post(reverse("accounts:end_other_sessions"))
    assert signed_in(here)
    assert not signed_in(there)


def test_sign_out(cast):
    client = cast.client("handler")
    client.post(reverse("accounts:sign_out"))
    assert not signed_in(client)
    assert StaffSession.objects.get(person=cast.handler).end_reason == "signed_out"


def test_changed_password_ends_other_sessions_and_keeps_this_one(cast):
    here, there = cast.client("handler"), sign_in(Client(), cast.handler)
    fresh = "Ganz-neu-und-gut-5"
    answer = here.post(
        reverse("accounts:own_password"),
        {"password-old": PASSWORD, "password-new": fresh, "password-again": fresh},
    )
    assert answer.status_code == 302
    assert signed_in(here)
    assert not signed_in(there)


def test_a_stolen_session_row_of_another_person_opens_nothing(cast):
    client = cast.client("handler")
    StaffSession.objects.update(person=cast.agent)
    assert not signed_in(client)


def test_expiry_while_typing_keeps_the_page_and_the_next_token_fits(cast):
    """An expired htmx request gets 401; after signing in beside it, the page's new token from /ui/session/ is good."""
    person = enrolled(cast.handler)
    client = Client(enforce_csrf_checks=True)
    sign_in(client, person)
    token = client.get("/ui/session/").json()["csrf"]
    StaffSession.objects.update(seen_at=now() - timedelta(hours=2))
    form = {"phone": "021-1", "email": "", "language": "zh-hans"}
    answer = client.post(PROFILE, form, headers={"HX-Request": "true", "X-CSRFToken": token})
    assert answer.status_code == 401
    assert answer.headers["HX-Trigger"] == "session-expired"

    def fresh() -> str:
        return str(client.get("/ui/session/").json()["csrf"])

    headers = {"X-CSRFToken": fresh()}
    signed_in_url = reverse("ui:signed_in")
    client.post(
        SIGN_IN, {"username": person.username, "password": PASSWORD, "next": signed_in_url}, headers=headers
    )
    headers = {"X-CSRFToken": fresh()}
    answer = client.post(reverse("accounts:second_factor"), {"code": demo_code(person)}, headers=headers)
    assert answer.headers["Location"] == signed_in_url
    assert 'data-controller="signedin"' in client.get(signed_in_url).content.decode()
    # The old token no longer fits, the one that the page fetches does.
    assert client.post(PROFILE, form, headers={"HX-Request": "true", "X-CSRFToken": token}).status_code == 403
    assert (
        client.post(PROFILE, form, headers={"HX-Request": "true", "X-CSRFToken": fresh()}).status_code == 302
    )
    person.refresh_from_db()
    assert person.phone == "021-1"
