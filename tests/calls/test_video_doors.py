"""Doors of a call by video: whoever holds its key or sits at its telephone, nobody else; what is too much or too often is refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from hotline.calls import actions
from hotline.calls.models import Call, Lane, TypedLine
from hotline.calls.rules.video import LONGEST_SIGNAL, ice_servers
from hotline.kit.clock import now
from tests.accounts.cast import Cast, sign_in
from tests.calls.factories import Exchange, fresh
from tests.calls.test_video import PAGES, PHONE, VISITOR, Part, sign_lane, stands, talking  # noqa: F401

pytestmark = pytest.mark.django_db


def door(name: str) -> str:
    return reverse(f"calls:video_{name}")


def test_the_whole_of_it_by_its_doors(cast: Cast, client: Client, sign_lane: Lane):  # noqa: F811
    exchange = Exchange()
    page = client.get("/video/")
    assert "手语视频" in page.content.decode()
    assert client.get("/video/call/").status_code == 302
    assert client.post("/video/", {"do": "call", "phone": "12"}).status_code == 422
    assert client.post("/video/", {"do": "call", "phone": PHONE}).headers["Location"] == "/video/call/"
    call = Call.objects.get()
    stands(exchange, call)
    key = client.session["video"]
    assert key in client.get("/video/call/").content.decode()
    assert 'id="video-under-way"' in client.get("/video/").content.decode()
    stranger = Client()
    assert stranger.get("/video/call/").status_code == 302

    told = client.post(door("come"), {"key": key, "page": PAGES[Part.CITIZEN]}).json()
    assert (told["state"], told["waits"], told["peers"], told["page"]) == (
        "queued",
        True,
        [],
        PAGES[Part.CITIZEN],
    )
    assert told["words"] == "下一位就是您。"
    assert told["live"]["token"]
    assert client.get(door("room"), headers={"X-Video-Key": key}).json()["may_leave_number"]
    assert client.post(door("type"), {"key": key, "text": "在吗"}).status_code == 204
    assert TypedLine.objects.get().text == "在吗"
    assert client.post(door("leave"), {"key": key, "how": "closing"}).status_code == 204
    assert client.post(door("leave"), {"key": key, "how": "dance"}).status_code == 404
    assert client.post(door("leave"), {"key": key, "how": "number"}).status_code == 204
    assert (fresh(call).state, fresh(call).outcome) == ("ended", "call_back")
    over = client.get(door("room"), headers={"X-Video-Key": key}).json()
    assert (over["over"], over["may_rate"]) == (True, False)
    assert client.post(door("rate"), {"key": key, "grade": "1"}).status_code == 409
    assert client.get("/video/call/").status_code == 302
    answer = client.post("/video/", {"do": "number", "phone": PHONE}, follow=True)
    assert "已记下您的号码" in answer.content.decode()


def test_nobody_else_is_let_in(cast: Cast, client: Client, sign_lane: Lane):  # noqa: F811
    exchange = Exchange()
    call, key, session = talking(cast, exchange)
    staff = sign_in(Client(), session.person)
    assert staff.post(door("come"), {"page": PAGES[Part.AGENT]}).json()["peers"][0]["part"] == "citizen"
    elsewhere = cast.client("agent")
    for who, more in (
        (Client(), {}),
        (Client(), {"key": "guessed"}),
        (elsewhere, {}),
        (cast.client("shift_leader"), {}),
    ):
        for name in ("come", "signal", "type"):
            assert who.post(door(name), {"page": "e" * 16, "text": "x", **more}).status_code == 404
        assert who.get(door("room")).status_code == 404
        assert who.post(door("leave"), {"how": "hang_up", **more}).status_code == 404
        assert who.post(door("rate"), {"grade": "1", **more}).status_code == 404
    # The agent's own session is no citizen's key.
    assert staff.post(door("leave"), {"how": "hang_up"}).status_code == 404
    told = {"key": key, "to": PAGES[Part.AGENT], "kind": "offer", "body": "v=0\r\n"}
    assert client.post(door("signal"), told).status_code == 204
    heard = staff.get(door("room")).json()["signals"]
    assert [(one["from"], one["kind"]) for one in heard] == [(PAGES[Part.CITIZEN], "offer")]
    assert client.post(door("signal"), {**told, "body": "v=0" + "x" * LONGEST_SIGNAL}).status_code == 422
    # Another call's key reaches nobody of this one.
    other = actions.call_by_video(actor=VISITOR)
    actions.page_comes(key=other.key, page="d" * 16)
    refused = client.post(door("signal"), {**told, "key": other.key})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_in_view")
    assert fresh(call).state == "talking"


def test_too_often_is_refused(cast: Cast, client: Client, sign_lane: Lane):  # noqa: F811
    exchange = Exchange()
    _call, key, _session = talking(cast, exchange)
    answers = [client.post(door("type"), {"key": key, "text": str(n)}).status_code for n in range(41)]
    assert answers == [204] * 40 + [409]
    for _n in range(10):
        client.post("/video/", {"do": "number", "phone": PHONE})
    assert client.post("/video/", {"do": "number", "phone": PHONE}).status_code == 429


def test_without_it_the_page_says_so(cast: Cast, client: Client, settings: Any):
    assert 'id="video-none"' in client.get("/video/").content.decode()
    settings.TELEPHONE_ON, settings.ENGINE = True, "asterisk"
    assert 'id="video-none"' in client.get("/video/").content.decode()
    assert client.post("/video/", {"do": "call"}).status_code == 422


def test_servers_by_which_browsers_find_one_another():
    moment = now()
    assert ice_servers("", "", "citizen", moment) == []
    stun, turn = ice_servers("stun:a:3478, turn:b:3478", "secret", "citizen", moment)
    assert stun == {"urls": "stun:a:3478"}
    assert turn["username"] == f"{int(moment.timestamp())}:citizen"
    assert len(turn["credential"]) == 28
    assert "credential" not in ice_servers("turn:b", "", "citizen", moment)[0]


def test_the_desk_of_a_call_by_video_says_how_the_citizen_came(cast: Cast, client: Client, sign_lane: Lane):  # noqa: F811
    client.post("/video/", {"do": "call", "phone": PHONE})
    by_video = Call.objects.get()
    page = cast.client("agent").get(reverse("intake:desk"), {"call_id": str(by_video.pk)}).content.decode()
    assert '<option value="video" selected>' in page
    page = cast.client("agent").get(reverse("intake:desk"), {"call_id": str(by_video.pk + 1)}).content.decode()
    assert '<option value="video" selected>' not in page


def test_who_listens_to_a_call_by_video_is_told_whom_they_hear(cast: Cast, sign_lane: Lane):  # noqa: F811
    talking(cast, Exchange())
    page = cast.client("shift_leader").get(reverse("calls:seats")).content.decode()
    assert "视频通话只能听到工作人员" in page
