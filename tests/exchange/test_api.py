"""The public API as a partner's system meets it."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from hotline.accounts.models import Citizen
from hotline.exchange import actions, queries
from hotline.exchange.models import ApiToken
from hotline.intake.models import Appeal, RawMessage, RawState
from hotline.kit import clock
from hotline.kit.errors import Invalid, NotPermitted
from hotline.workorders.models import WorkOrder
from tests.accounts.cast import Cast
from tests.exchange.conftest import Partner
from tests.intake.factories import CONTENT, PHONE

pytestmark = pytest.mark.django_db
BODY: dict[str, Any] = {
    "demand": {"content": CONTENT, "division": "310106010000", "address": "人民路1号"},
    "citizen": {"phone": PHONE, "name": "王小明"},
}


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"].startswith("application/problem+json")
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"]
    return body


def filed(partner: Partner, key: str = "k-1", **more: Any) -> dict[str, Any]:
    response = partner.post("/appeals", {**BODY, **more}, key=key)
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def test_the_same_key_and_body_give_the_same_number(partner: Partner) -> None:
    first, again = filed(partner), filed(partner)
    assert first["number"] == again["number"]
    assert first["lookup_code"] == again["lookup_code"]
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert WorkOrder.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(partner: Partner) -> None:
    filed(partner)
    other = {"demand": {**BODY["demand"], "content": CONTENT + "另有一处。"}, "citizen": BODY["citizen"]}
    problem(partner.post("/appeals", other, key="k-1"), 409, "key_reused")


@pytest.mark.parametrize("key", ["", "has space", "x" * 101])
def test_a_key_is_needed(partner: Partner, key: str) -> None:
    problem(partner.post("/appeals", BODY, key=key), 422, "idempotency_key")
    assert not RawMessage.objects.exists()


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [("citizen", "citizen_id", 1), ("demand", "attachment_key", "a" * 24), ("demand", "call_id", "c-1")],
)
def test_inner_fields_are_refused(partner: Partner, city: Cast, part: str, name: str, value: object) -> None:
    known = city.citizen
    body = {**BODY, part: {**BODY[part], name: known.pk if name == "citizen_id" else value}}
    found = problem(partner.post("/appeals", body, key="k-2"), 422, "invalid")
    assert f"{part}.{name}" in found["errors"]
    assert not Appeal.objects.exists()


def test_the_quarantine_names_the_system(partner: Partner, city: Cast) -> None:
    assert partner.post("/appeals", b"{", key="names").status_code == 422
    client = city.client("dispatcher")
    raw = RawMessage.objects.get(source=f"api:{partner.token.pk}")
    for address in (reverse("intake:quarantine"), reverse("intake:message", args=[raw.pk])):
        assert partner.token.name in client.get(address).content.decode()


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"{", b"[]", b'{"demand": {"wrong": 1}}', b'{"demand": {"content": ""}}'])
def test_what_cannot_be_read_waits_in_quarantine(partner: Partner, payload: bytes) -> None:
    response = partner.post("/appeals", payload, key="k-3")
    assert response.status_code == 422
    assert RawMessage.objects.get().state == RawState.QUARANTINED


@pytest.mark.parametrize(
    "body",
    [
        rb'{"demand": {"content": "\u0000\ud800 \u5c0f\u533a\u4e1c\u4fa7\u6bcf\u665a\u65bd\u5de5"}}',
        rb'{"demand": {"a\u0000\ud800": 1}}',
    ],
)
def test_what_no_database_stores_is_no_fault_of_the_server(partner: Partner, body: bytes) -> None:
    assert partner.post("/appeals", body, key="k-4").status_code == 422
    assert RawMessage.objects.get().state == RawState.QUARANTINED


def test_a_large_body_is_refused_and_not_stored(partner: Partner) -> None:
    body = json.dumps({"demand": {"content": "长" * 1_500_000}})
    problem(partner.post("/appeals", body, key="k-5"), 413, "too_large")
    problem(partner.post("/appeals/JD1/urges", body), 413, "too_large")
    assert not RawMessage.objects.exists()


def test_no_token_and_a_wrong_one(partner: Partner) -> None:
    good = partner.secret
    for wrong in ("", "xs_short", good[:-1] + ("a" if good[-1] != "a" else "b")):
        partner.secret = wrong
        response = partner.get("/appeals")
        problem(response, 401, "token")
        assert response["WWW-Authenticate"] == "Bearer"


def test_a_revoked_and_an_expired_token(partner: Partner, city: Cast) -> None:
    actions.revoke_token(actor=city.actor("admin"), token_id=partner.token.pk)
    problem(partner.get("/appeals"), 401, "token")
    short = Partner(city, expires_at=clock.now() + timedelta(minutes=1))
    assert short.get("/appeals").status_code == 200
    ApiToken.objects.filter(pk=short.token.pk).update(expires_at=clock.now())
    problem(short.get("/appeals"), 401, "token")


def test_a_kept_token_ends_with_its_revocation(
    city: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """A process trusts what it has read for a moment; its own revocation ends that, another's the moment, an end is exact."""
    moment = 1000.0
    monkeypatch.setattr(queries, "KEPT_SECONDS", 2.0)
    monkeypatch.setattr(queries, "time", SimpleNamespace(monotonic=lambda: moment))
    queries.forget_callers()
    here, there = Partner(city), Partner(city)
    assert queries.caller_of(here.secret)
    assert queries.caller_of(there.secret)
    with django_capture_on_commit_callbacks(execute=True):
        actions.revoke_token(actor=city.actor("admin"), token_id=here.token.pk)
    assert queries.caller_of(here.secret) is None
    assert queries.caller_of(there.secret)
    ApiToken.objects.filter(pk=there.token.pk).update(revoked_at=clock.now())  # another process did it
    assert queries.caller_of(there.secret)
    moment += 2.1
    assert queries.caller_of(there.secret) is None
    queries.forget_callers()


def test_a_missing_scope_is_named(city: Cast) -> None:
    reader = Partner(city, ("appeals:read",))
    assert problem(reader.post("/appeals", BODY, key="k"), 403, "scope")["errors"] == {"scope": "appeals:write"}
    problem(reader.get("/units"), 403, "scope")
    assert not RawMessage.objects.exists()


def test_a_token_that_calls_too_often_waits(city: Cast) -> None:
    eager = Partner(city, per_minute=2)
    assert [eager.get("/appeals").status_code for _ in range(3)] == [200, 200, 429]


def test_another_token_finds_nothing(partner: Partner, city: Cast) -> None:
    number = filed(partner)["number"]
    other = Partner(city)
    assert other.get("/appeals").json()["items"] == []
    problem(other.get(f"/appeals/{number}"), 404, "not_found")
    for verb in ("supplements", "urges", "withdrawal"):
        problem(other.post(f"/appeals/{number}/{verb}", {"text": "请尽快"}), 404, "not_found")
    problem(other.get("/appeals/%00"), 404, "not_found")


def test_following_an_appeal_to_its_withdrawal(partner: Partner) -> None:
    number = filed(partner)["number"]
    assert partner.post(f"/appeals/{number}/supplements", {"text": "昨晚又施工了。"}).status_code == 201
    assert partner.post(f"/appeals/{number}/urges", {"text": "请尽快处理。"}).status_code == 201
    found = partner.get(f"/appeals/{number}").json()
    assert found["timeline"]
    assert PHONE not in json.dumps(found)
    assert "王小明" not in json.dumps(found, ensure_ascii=False)
    assert partner.post(f"/appeals/{number}/withdrawal", {"text": "已自行解决。"}).json()["state"] == "closed"
    assert partner.post(f"/appeals/{number}/urges", {"text": "再催"}).status_code == 409


@pytest.mark.parametrize("text", ["", " ", "a\0b"])
def test_words_are_needed(partner: Partner, text: str) -> None:
    number = filed(partner)["number"]
    problem(partner.post(f"/appeals/{number}/supplements", {"text": text}), 422, "invalid")


def test_the_list_is_paged_and_refuses_a_made_up_cursor(partner: Partner) -> None:
    filed(partner, "k-1")
    filed(partner, "k-2")
    assert [row["number"] for row in partner.get("/appeals").json()["items"]] == sorted(
        (row.number for row in WorkOrder.objects.all()), reverse=True
    )
    assert partner.get("/appeals?cursor=nonsense").status_code in (200, 422)


def test_reference_data(partner: Partner) -> None:
    assert "310000000000" in {row["code"] for row in partner.get("/divisions").json()}
    assert partner.get("/divisions?parent=1").status_code == 422
    assert any(row["code"] == "02.01.01" for row in partner.get("/categories").json())
    assert any(row["code"] == "A" for row in partner.get("/units").json())


def test_one_citizen_a_phone_whoever_delivers(partner: Partner) -> None:
    filed(partner, "k-1")
    filed(partner, "k-2")
    assert Citizen.objects.count() == 1


class TestTokens:
    def test_only_administrators_make_them(self, city: Cast) -> None:
        with pytest.raises(NotPermitted):
            actions.make_token(actor=city.actor("dispatcher"), name="x", unit_id=city.a.pk, scopes=["appeals:read"])

    def test_what_is_wrong_is_named_by_field(self, city: Cast) -> None:
        with pytest.raises(Invalid) as refusal:
            actions.make_token(
                actor=city.actor("admin"), name=" ", unit_id=0, scopes=["all"], expires_at=clock.now() - timedelta(days=1)
            )
        assert set(refusal.value.details) == {"name", "scopes", "unit", "expires_at"}

    def test_the_page_shows_a_new_token_once(self, city: Cast) -> None:
        client = city.client("admin")
        made = client.post(
            "/api/v1/tokens/", {"name": "区级平台", "unit": city.a.pk, "scopes": ["appeals:read"], "per_minute": 60}
        )
        token = ApiToken.objects.get()
        assert f"xs_{token.prefix}_".encode() in made.content
        page = client.get("/api/v1/tokens/")
        assert f"xs_{token.prefix}_".encode() not in page.content
        client.post(f"/api/v1/tokens/{token.pk}/revoke/")
        token.refresh_from_db()
        assert token.revoked_at is not None

    def test_wrong_input_comes_back_with_the_form(self, city: Cast) -> None:
        assert city.client("admin").post("/api/v1/tokens/", {"name": "x"}).status_code == 422

    def test_the_unit_is_picked_by_typing_and_comes_back(self, city: Cast) -> None:
        client = city.client("admin")
        page = client.get("/api/v1/tokens/").content.decode()
        assert f'data-pick-url="{reverse("workorders:find_units")}"' in page
        assert "<select" not in page
        again = client.post("/api/v1/tokens/", {"name": "", "unit": city.a.pk}).content.decode()
        assert f'name="unit" value="{city.a.pk}"' in again
        assert city.a.name in again

    def test_others_stay_outside(self, city: Cast) -> None:
        assert city.client("dispatcher").get("/api/v1/tokens/").status_code == 403
        assert city.client("anonymous").get("/api/v1/tokens/").status_code == 302


def test_a_category_says_what_it_asks(partner: Partner) -> None:
    asked = partner.get("/categories/02.01/questions").json()
    assert (asked[0]["code"], asked[0]["required"], asked[0]["choices"]) == ("period", True, ["夜间", "白天"])
    assert partner.get("/categories/02.01.02/questions").json() == asked, "inherited from the category above"
    assert partner.get("/categories/02/questions").json() == []
    assert partner.get("/categories/99/questions").status_code == 404
