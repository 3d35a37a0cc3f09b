"""Doors: who passes, who is sent to sign in, who is told why not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from hotline.kit.access import access, public, signed_in
from hotline.kit.actor import Actor, ActorKind, system_actor
from hotline.kit.errors import NotPermitted

STAFF = Actor(kind=ActorKind.STAFF, id=7, name="张三", permissions=frozenset({"workorders:dispatch"}))
CITIZEN = Actor(kind=ActorKind.CITIZEN, id=0, name="")


@access("workorders:dispatch", "workorders:view")
def dispatch_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("pool")


@access("audit:read")
def audit_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("log")


@signed_in
def any_staff(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


@public
def everybody(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


def ask(actor: Actor | None, *, htmx: bool = False) -> HttpRequest:
    request = RequestFactory().get("/x/?a=1")
    request.actor = actor  # type: ignore[attr-defined]
    request.htmx = SimpleNamespace() if htmx else None  # type: ignore[attr-defined]
    return request


def test_any_of_the_codes_opens() -> None:
    assert dispatch_page(ask(STAFF)).content == b"pool"


def test_a_missing_role_is_told_what_it_needs() -> None:
    with pytest.raises(NotPermitted) as refusal:
        audit_page(ask(STAFF))
    assert refusal.value.status == 403
    assert refusal.value.details == {"needs": ["audit:read"]}


@pytest.mark.parametrize("actor", [CITIZEN, None])
def test_visitors_are_sent_to_sign_in(actor: Actor | None) -> None:
    response = any_staff(ask(actor))
    assert response.status_code == 302
    assert "next=/x/%3Fa%3D1" in response["Location"]


def test_an_ended_session_keeps_the_page() -> None:
    response = any_staff(ask(CITIZEN, htmx=True))
    assert response.status_code == 401
    assert response["HX-Trigger"] == "session-expired"


def test_doors_are_declared() -> None:
    assert (everybody.door, any_staff.door, dispatch_page.door) == ("public", "signed_in", "access")  # type: ignore[attr-defined]
    assert everybody(ask(None)).content == b"open"


def test_system_actors_have_just_their_permissions() -> None:
    scanner = system_actor("scanner", "workorders:warn")
    assert scanner.has("workorders:warn")
    assert not scanner.has("workorders:dispatch")
    assert scanner.key() == "system:scanner"
    assert STAFF.key() == "staff:7"
