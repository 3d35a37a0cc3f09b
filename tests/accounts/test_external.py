"""Sign-in by an identity provider: the whole way against a provider on the loopback, and every lie that it could tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from pydantic import ValidationError

from hotline.accounts import oidc
from hotline.accounts.actions import enrol_demo_device, external
from hotline.accounts.actions.second_factor import demo_code
from hotline.accounts.models import ExternalAccount, Person, StaffSession
from hotline.accounts.queries import actor_for
from hotline.audit.models import AuditEntry
from hotline.config.environment import Environment, SettingsFault
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from tests.accounts.cast import Cast
from tests.accounts.provider import CLIENT, SECRET, Provider, running

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket]
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
GO, BACK = "/accounts/sign-in/oidc/", "/accounts/sign-in/oidc/back/"
TASK = "/frontline/tasks/12/"


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    with running() as one, time_machine.travel(NOW, tick=False) as clock:
        settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = one.issuer, CLIENT, SECRET
        one.now = int(NOW.timestamp())
        one.clock = clock
        oidc.forget()
        yield one
        oidc.forget()


def linked(cast: Cast, who: str = "handler", subject: str = "u-1001") -> Person:
    external.link_account(actor=cast.actor("admin"), person_id=cast.person(who).pk, subject=subject)
    return cast.person(who)


def away_and_back(client: Client, provider: Provider, to: str = "") -> Any:
    there = client.get(GO, {"next": to})
    assert there.status_code == 302
    back = urlsplit(provider.sign_in(there["Location"]))
    assert back.path == BACK
    return client.get(f"{back.path}?{back.query}")


def test_with_a_second_factor_of_the_provider_straight_to_the_task(cast: Cast, provider: Provider) -> None:
    person = linked(cast)
    provider.claims = {"amr": ["pwd", "otp"]}
    client = Client()
    assert away_and_back(client, provider, TASK)["Location"] == TASK
    assert StaffSession.objects.get(person=person).ended_at is None
    assert client.get("/accounts/profile/").status_code == 200


def test_without_one_ours_is_asked_and_the_task_follows(cast: Cast, provider: Provider) -> None:
    person = linked(cast)
    enrol_demo_device(actor=actor_for(person), person=person, secret="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    client = Client()
    assert away_and_back(client, provider, TASK)["Location"] == "/accounts/sign-in/code/"
    assert not StaffSession.objects.filter(person=person).exists()
    answer = client.post("/accounts/sign-in/code/", {"code": demo_code(person)})
    assert answer["Location"] == TASK


def test_a_password_that_is_due_is_not_asked_of_who_gave_none(cast: Cast, provider: Provider) -> None:
    person = linked(cast)
    Person.objects.filter(pk=person.pk).update(must_change_password=True)
    provider.claims = {"amr": ["mfa"]}
    assert away_and_back(Client(), provider, TASK)["Location"] == TASK


def test_who_is_not_linked_learns_what_to_tell(cast: Cast, provider: Provider) -> None:
    client = Client()
    answer = away_and_back(client, provider)
    assert answer.status_code == 403
    assert "u-1001" in answer.content.decode()
    assert client.get("/accounts/profile/").status_code == 302
    assert AuditEntry.objects.filter(verb="accounts.external_refused").count() == 1


def test_out_of_service_stays_out(cast: Cast, provider: Provider) -> None:
    person = linked(cast)
    Person.objects.filter(pk=person.pk).update(is_active=False)
    provider.claims = {"amr": ["mfa"]}
    assert away_and_back(Client(), provider).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"nonce": "of somebody else"},
        {"nonce": None},
        {"exp": int(NOW.timestamp()) - 121},
        {"exp": "soon"},
        {"iat": int(NOW.timestamp()) - 601},
        {"iat": int(NOW.timestamp()) + 121},
        {"sub": ""},
        {"sub": 1001},
        {"sub": "x" * 256},
    ],
)
def test_a_token_that_proves_nothing(cast: Cast, provider: Provider, claims: dict[str, Any]) -> None:
    linked(cast)
    provider.claims = {"amr": ["mfa"], **claims}
    assert away_and_back(Client(), provider).status_code == 403
    assert not StaffSession.objects.exists() or not StaffSession.objects.filter(person=cast.handler).exists()


@pytest.mark.parametrize(
    ("fault", "status"), [("forged", 403), ("none", 403), ("denied", 403), ("down", 503), ("redirect", 503)]
)
def test_a_provider_that_lies_or_is_away(cast: Cast, provider: Provider, fault: str, status: int) -> None:
    linked(cast)
    provider.faults = {fault}
    assert away_and_back(Client(), provider).status_code == status


@pytest.mark.parametrize("fault", ["issuer", "plain"])
def test_a_discovery_that_cannot_be_used(cast: Cast, provider: Provider, fault: str) -> None:
    provider.faults = {fault}
    assert Client().get(GO).status_code == 503


def test_two_audiences_are_good_when_we_asked(cast: Cast, provider: Provider) -> None:
    linked(cast)
    provider.claims = {"amr": ["mfa"], "aud": [CLIENT, "another"], "azp": CLIENT}
    assert away_and_back(Client(), provider, TASK)["Location"] == TASK


def test_the_way_back_works_once_and_in_its_own_browser(cast: Cast, provider: Provider) -> None:
    linked(cast)
    provider.claims = {"amr": ["mfa"]}
    client = Client()
    back = urlsplit(provider.sign_in(client.get(GO)["Location"]))
    path = f"{back.path}?{back.query}"
    assert Client().get(path).status_code == 400  # another browser has no such attempt
    wrong = re.sub(r"state=[^&]+", "state=x", path)
    assert client.get(wrong).status_code == 400
    assert client.get(path).status_code == 400  # the attempt was used up
    assert not StaffSession.objects.filter(person=cast.handler).exists()
    late = urlsplit(provider.sign_in(client.get(GO)["Location"]))
    provider.clock.shift(timedelta(minutes=11))
    assert client.get(f"{late.path}?{late.query}").status_code == 400
    other = urlsplit(provider.sign_in(client.get(GO)["Location"]))
    mixed = re.sub(r"iss=[^&]+", "iss=https://elsewhere.example", other.query)
    assert client.get(f"{other.path}?{mixed}").status_code == 400


def test_keys_that_rotate_are_found(cast: Cast, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    linked(cast)
    provider.claims = {"amr": ["mfa"]}
    assert away_and_back(Client(), provider, TASK).status_code == 302
    provider.rotate()
    monkeypatch.setattr(oidc, "_REFRESH", -1.0)
    assert away_and_back(Client(), provider, TASK).status_code == 302
    before = provider.asked.count("/keys")
    monkeypatch.setattr(oidc, "_REFRESH", 60.0)
    provider.faults = {"forged"}
    for _ in range(3):
        assert away_and_back(Client(), provider).status_code == 403
    assert provider.asked.count("/keys") == before  # forged tokens make nobody ask


def test_secret_in_the_form(cast: Cast, provider: Provider) -> None:
    linked(cast)
    provider.basic = False
    provider.claims = {"amr": ["mfa"]}
    assert away_and_back(Client(), provider, TASK)["Location"] == TASK


def test_an_address_of_somebody_elses_is_not_followed(cast: Cast, provider: Provider) -> None:
    linked(cast)
    provider.claims = {"amr": ["mfa"]}
    assert "evil.example" not in away_and_back(Client(), provider, "//evil.example/")["Location"]


def test_off_there_is_no_door(cast: Cast, settings: Any) -> None:
    settings.OIDC_ISSUER = ""
    assert Client().get(GO).status_code == 404
    assert Client().get(BACK).status_code == 404
    assert "door-oidc" not in Client().get("/accounts/sign-in/").content.decode()


def test_the_button_keeps_where_one_was_going(cast: Cast, provider: Provider, settings: Any) -> None:
    page = Client().get("/accounts/sign-in/", {"next": "/frontline/station/?a=1"}).content.decode()
    assert "next=%2Ffrontline%2Fstation%2F%3Fa%3D1" in page
    assert settings.OIDC_NAME in page


def test_linking_is_for_administrators_of_others(cast: Cast, provider: Provider) -> None:
    admin = cast.actor("admin")
    linked(cast)
    linked(cast)  # again is harmless
    assert AuditEntry.objects.filter(verb="accounts.link_account").count() == 1
    with pytest.raises(Invalid):
        external.link_account(actor=admin, person_id=cast.person("manager").pk, subject="u-1001")
    with pytest.raises(Invalid):
        external.link_account(actor=admin, person_id=cast.person("manager").pk, subject=" ")
    for verb in (
        lambda who, person: external.link_account(actor=who, person_id=person, subject="u-2"),
        lambda who, person: external.unlink_account(actor=who, person_id=person),
    ):
        with pytest.raises(Refused):
            verb(admin, admin.id)
        with pytest.raises(NotVisible):
            verb(admin, 0)
        with pytest.raises(NotPermitted):
            verb(cast.actor("agent"), cast.handler.pk)
    linked(cast, subject="u-9")  # a new one replaces the former
    assert ExternalAccount.objects.get().subject == "u-9"
    client = Client()
    provider.subject, provider.claims = "u-9", {"amr": ["mfa"]}
    away_and_back(client, provider)
    external.unlink_account(actor=admin, person_id=cast.handler.pk)
    external.unlink_account(actor=admin, person_id=cast.handler.pk)
    assert client.get("/accounts/profile/").status_code == 302  # what it opened is closed


def test_the_page_of_a_person(cast: Cast, provider: Provider) -> None:
    client = cast.client("admin")
    path = f"/accounts/people/{cast.handler.pk}/"
    assert "subject" in client.get(path).content.decode()
    client.post(path + "external/", {"subject": "u-77"})
    assert "u-77" in client.get(path).content.decode()
    client.post(f"/accounts/people/{cast.person('manager').pk}/external/", {"subject": "u-77"})
    assert ExternalAccount.objects.count() == 1
    client.post(path + "external/", {"subject": ""})
    assert not ExternalAccount.objects.exists()


def test_an_issuer_without_our_name_there_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Any = Environment
    assert made().oidc_issuer() == ""
    monkeypatch.setenv("HOTLINE_OIDC_ISSUER", "https://id.example.gov.cn")
    monkeypatch.setenv("HOTLINE_OIDC_CLIENT_ID", "hotline")
    with pytest.raises(SettingsFault, match="HOTLINE_OIDC_CLIENT_SECRET"):
        made().oidc_issuer()
    monkeypatch.setenv("HOTLINE_OIDC_CLIENT_SECRET", "s")
    assert made().oidc_issuer() == "https://id.example.gov.cn"
    monkeypatch.setenv("HOTLINE_OIDC_ISSUER", "http://id.example.gov.cn")
    with pytest.raises(ValidationError):
        made()
