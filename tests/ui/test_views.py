"""Menu, language, size, session questions, error pages."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from django.urls import reverse

from hotline.accounts.models import Role
from hotline.accounts.permissions import PERMISSIONS
from hotline.config.views import LANDINGS
from hotline.kit.actor import Actor, ActorKind
from hotline.ui import assets, guide, navigation, views

CLERK = Actor(ActorKind.STAFF, 7, "周力", permissions=frozenset({"dispatch:dispatch"}))
VISITOR = Actor(ActorKind.CITIZEN, 0, "")


def ask(path: str = "/", actor: Actor = VISITOR, **headers: str) -> HttpRequest:
    request = RequestFactory().get(path, headers=headers)
    request.actor = actor  # type: ignore[attr-defined]
    request.htmx = "hx-request" in {name.lower() for name in headers}  # type: ignore[attr-defined]
    return request


def send(path: str, **data: str) -> HttpRequest:
    request = RequestFactory().post(path, data)
    request.actor = VISITOR  # type: ignore[attr-defined]
    return request


@pytest.fixture
def menu() -> Iterator[None]:
    before = dict(navigation._items)
    navigation._items.clear()
    navigation.register(
        navigation.Item("ui:guide", "Guide", "book", "dispatch:dispatch", 20),
        navigation.Item("ui:session", "All", "book", order=10),
        navigation.Item("ui:city", "Other", "book", ("audit:read", "audit:verify"), group="security"),
        navigation.Item("nowhere:at_all", "Lost", "book"),
    )
    yield
    navigation._items.clear()
    navigation._items.update(before)


@pytest.mark.usefixtures("menu")
def test_menu_shows_what_the_actor_may_open() -> None:
    shown = navigation.menu_for(ask("/ui/guide/"), CLERK)
    assert [[link.item.label for link in links] for _group, links in shown] == [["All", "Guide"]]
    assert [link.current for link in shown[0][1]] == [False, True]
    auditor = Actor(ActorKind.STAFF, 8, "", permissions=frozenset({"audit:verify"}))
    assert [link.item.label for _group, links in navigation.menu_for(ask(), auditor) for link in links] == [
        "All",
        "Other",
    ]


@pytest.mark.usefixtures("menu")
def test_a_phone_shows_a_few_links_and_ones_own_account_stands_apart() -> None:
    navigation.register(
        navigation.Item("ui:size", "Mine", "book", group="own"),
        *(navigation.Item(f"ui:{name}", name, "book", order=20) for name in ("signed_in", "language", "session")),
        navigation.Item("home", "Far", "book", order=90),
    )
    menu = navigation.menu_for(ask("/home/"), CLERK)
    assert [link.item.label for link in navigation.own_of(menu)] == ["Mine"]
    shown = [link.item.label for _group, links in navigation.without_own(menu) for link in links]
    assert "Mine" not in shown
    bar = navigation.bar_of(menu)
    assert len(bar) == navigation.BAR
    assert [link.item.label for link in bar if link.current] == ["Far"]
    assert [link.item.label for link in navigation.bar_of(menu[:0])] == []


@pytest.mark.parametrize("role", list(Role))
def test_every_role_begins_at_its_work(role: Role) -> None:
    assert any(role in PERMISSIONS[code][1] for code, _name in LANDINGS)


def test_menu_refuses_an_unknown_group() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        navigation.register(navigation.Item("x", "x", "x", group="nonsense"))


def test_every_registered_page_has_an_icon() -> None:
    if not assets.modified_at("icons.json"):
        pytest.skip("the frontend is not built")
    assert [item.icon for item in navigation.registered() if not assets.icon_body(item.icon)] == []


@pytest.mark.parametrize(
    ("given", "goes"),
    [("/orders/?a=1", "/orders/?a=1"), ("https://evil.example/", "/"), ("//evil.example", "/"), ("", "/")],
)
def test_language_is_remembered_and_leads_nowhere_else(given: str, goes: str) -> None:
    response = views.set_language(send("/ui/language/", language="en", next=given))
    assert response["Location"] == goes
    assert response.cookies["django_language"].value == "en"


def test_unknown_language_and_size_change_nothing() -> None:
    assert not views.set_language(send("/", language="xx")).cookies
    assert not views.set_size(send("/", size="huge")).cookies
    assert views.set_size(send("/", size="large")).cookies["size"].value == "large"


def test_session_answers_who_is_there() -> None:
    anonymous = json.loads(views.session(ask()).content)
    assert (anonymous["signed_in"], anonymous["person"]) == (False, "")
    staff = json.loads(views.session(ask(actor=CLERK)).content)
    assert (staff["signed_in"], staff["person"]) == (True, "staff:7")
    assert len(staff["csrf"]) >= 32


def test_city_colour_is_a_stylesheet() -> None:
    response = views.city_stylesheet(ask())
    assert response["Content-Type"].startswith("text/css")
    assert b"--accent:#" in response.content


ERRORS = [
    (views.bad_request, 400),
    (views.forbidden, 403),
    (views.not_found, 404),
    (views.csrf_failure, 403),
    (views.server_error, 500),
]


def test_a_form_too_large_is_said_as_such() -> None:
    response = views.bad_request(ask(actor=VISITOR), RequestDataTooBig())
    assert response.status_code == 413


@pytest.mark.parametrize(("view", "status"), ERRORS)
@pytest.mark.parametrize("actor", [VISITOR, CLERK])
def test_error_pages_say_what_is_safe_and_what_to_do(view: object, status: int, actor: Actor) -> None:
    response = view(ask(actor=actor))  # type: ignore[operator]
    html = response.content.decode()
    assert response.status_code == status
    assert html.count("<h1") == 1
    assert "不受影响：" in html
    assert "怎么办：" in html


@pytest.mark.parametrize(("view", "status"), ERRORS)
def test_errors_of_fragments_and_of_the_api(view: object, status: int) -> None:
    fragment = view(ask(**{"HX-Request": "true"}))  # type: ignore[operator]
    assert (fragment.status_code, fragment["HX-Reswap"]) == (status, "none")
    assert "data-refusal" in fragment.content.decode()
    answer = view(ask("/api/v1/orders"))  # type: ignore[operator]
    assert answer["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["status"] == status


def test_error_page_survives_a_broken_frontend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "built", lambda name: {})
    with override_settings(DEBUG=False, TESTING=False):
        response = views.not_found(ask())
    assert response.status_code == 404
    assert "plain.css" in response.content.decode()


def test_assets_of_an_unknown_entry_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = {
        "a": {"isEntry": True, "name": "main", "file": "a.js", "imports": ["b"], "css": ["a.css"]},
        "b": {"file": "b.js", "imports": ["b"], "css": ["b.css"]},
    }
    monkeypatch.setattr(assets, "built", lambda name: manifest)
    assert assets.entry_tags("main").count("stylesheet") == 2
    with pytest.raises(assets.ImproperlyConfigured, match="'other'"):
        assets.entry_tags("other")


def test_guide_shows_everything_to_staff_only() -> None:
    html = guide.guide(ask("/ui/guide/", CLERK)).content.decode()
    assert "样式指南" in html
    with override_settings(LOGIN_URL="/sign-in/"):
        assert guide.guide(ask("/ui/guide/")).status_code == 302


def test_signed_in_page_is_public() -> None:
    assert views.signed_in(ask()).status_code == 200
    assert reverse("ui:signed_in") == "/ui/signed-in/"
