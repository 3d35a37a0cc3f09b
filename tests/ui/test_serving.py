"""Builds come and go under running processes and open pages."""

import json
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory, override_settings
from whitenoise.middleware import WhiteNoiseFileResponse

from hotline.ui import assets, serving

# Closing an answer tells Django that a request is over, which looks at the connection, if one was opened before.
pytestmark = pytest.mark.django_db

OLD, NEW = "main-AAAAAAAA.js", "main-BBBBBB_-.js"


def build(dist: Path, name: str) -> None:
    (dist / "assets" / name).write_text(f"// {name}")
    manifest = {"a": {"isEntry": True, "name": "main", "file": f"assets/{name}"}}
    (dist / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "assets").mkdir()
    for module in (assets, serving):
        monkeypatch.setattr(module, "DIST", tmp_path)
    monkeypatch.setattr(assets, "_frozen", {})
    build(tmp_path, OLD)
    return tmp_path


def rest(request: HttpRequest) -> HttpResponseBase:
    return HttpResponse(f"no file {request.path}", status=404)


@pytest.fixture
def server(dist: Path) -> serving.StaticFiles:
    with override_settings(STATICFILES_DIRS=[], WHITENOISE_USE_FINDERS=False, STATIC_ROOT=None):
        server = serving.StaticFiles(rest)
    server.add_files(str(dist), "/static/dist/")
    return server


def ask(server: serving.StaticFiles, name: str, **headers: str) -> HttpResponseBase:
    return server(RequestFactory(headers=headers).get(f"/static/dist/assets/{name}"))


def body(answer: HttpResponseBase) -> str:
    assert isinstance(answer, WhiteNoiseFileResponse)
    text = answer.getvalue()
    answer.close()
    return bytes(text).decode()


def test_a_process_serves_builds_that_came_after_its_start(server: serving.StaticFiles, dist: Path) -> None:
    build(dist, NEW)
    for name in (OLD, NEW, NEW):
        answer = ask(server, name)
        assert answer.status_code == 200
        assert "immutable" in answer["Cache-Control"]
        assert body(answer) == f"// {name}"


def test_a_name_that_is_gone_or_never_was_is_not_found(server: serving.StaticFiles, dist: Path) -> None:
    (dist / "assets" / OLD).unlink()
    for name in (OLD, OLD, "main-CCCCCCCC.js", "../manifest.json", "a%00b-AAAAAAAA.js", f"{'x' * 5000}-AAAAAAAA.js", ""):
        assert ask(server, name).status_code == 404


def test_what_a_page_raises_is_its_own_affair(server: serving.StaticFiles) -> None:
    def breaks(request: HttpRequest) -> HttpResponseBase:
        raise FileNotFoundError

    server.get_response = breaks
    with pytest.raises(FileNotFoundError):
        ask(server, "main-CCCCCCCC.js")


def test_small_copies_are_sent_to_who_takes_them(server: serving.StaticFiles, dist: Path) -> None:
    (dist / "assets" / f"{NEW}.br").write_bytes(b"x")
    build(dist, NEW)
    answer = ask(server, NEW, accept_encoding="br")
    assert answer["Content-Encoding"] == "br"
    answer.close()
    assert not ask(server, "manifest.json").has_header("Content-Encoding")


@override_settings(DEBUG=False)
def test_pages_keep_to_the_build_they_started_with_while_it_lies_there(dist: Path) -> None:
    assert OLD in assets.entry_tags("main")
    build(dist, NEW)
    assert OLD in assets.entry_tags("main")
    (dist / "assets" / OLD).unlink()
    assert NEW in assets.entry_tags("main")
    (dist / "assets" / NEW).unlink()
    (dist / "manifest.json").unlink()
    assert NEW in assets.entry_tags("main")  # no build at all: the page comes without its styles
