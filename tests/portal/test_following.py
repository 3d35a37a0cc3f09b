"""Looking up, the personal centre, and what a citizen may see and do."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hotline.followup import actions as followup
from hotline.followup.models import ResultAppeal
from hotline.intake import actions as intake
from hotline.intake.models import Appeal
from hotline.intake.rules import AppealForm, CitizenInput, Filed
from hotline.notifications.rules import CodeState, CodeVerdict
from hotline.portal.words import STATE_WORDS
from hotline.workorders import actions as workorders
from hotline.workorders.models import Assignment, OrderState, WorkOrder, WorkOrderEvent
from hotline.workorders.rules import ReplyForm
from tests.accounts.cast import Cast
from tests.intake.factories import CONTENT, PHONE
from tests.workorders.factories import GOOD_REPLY, dispatched

pytestmark = pytest.mark.django_db
INTERNAL = "内部意见不得外泄"


def file(cast: Cast, key: str = "key-1", phone: str = PHONE, **more: Any) -> Filed:
    return intake.file_appeal(
        actor=cast.actor("anonymous"), channel="web", source="portal", idempotency_key=key,
        demand=AppealForm(content=CONTENT, address="人民路1号", demand_type="complaint", **more),
        citizen=CitizenInput(phone=phone, name="王小明"),
    )


def as_citizen(filed: Filed) -> Client:
    client = Client()
    session = client.session
    session["citizen_id"] = Appeal.objects.get(pk=filed.appeal_id).citizen_id
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    return client


def handled(cast: Cast, filed: Filed) -> Assignment:
    """At work at a unit, with internal words on the way."""
    order = WorkOrder.objects.get(pk=filed.order_id)
    if order.state == OrderState.PENDING_REVIEW:
        workorders.pass_review(actor=cast.actor("dispatcher"), order_id=order.pk)
    workorders.add_note(actor=cast.actor("dispatcher"), order_id=order.pk, text=INTERNAL)
    assignment = dispatched(cast, WorkOrder.objects.get(pk=order.pk))
    workorders.sign(actor=cast.actor("handler"), assignment_id=assignment.pk)
    return Assignment.objects.get(pk=assignment.pk)


def answered(cast: Cast, filed: Filed) -> WorkOrder:
    assignment = handled(cast, filed)
    workorders.submit_reply(actor=cast.actor("handler"), assignment_id=assignment.pk, form=ReplyForm(**GOOD_REPLY))
    workorders.decide_reply(actor=cast.actor("reviewer"), assignment_id=assignment.pk, approve=True)
    followup.plan(actor=followup.SYSTEM, order_id=assignment.order_id)
    return WorkOrder.objects.get(pk=assignment.order_id)


def test_every_state_has_words_for_citizens() -> None:
    assert set(STATE_WORDS) == set(OrderState)


def test_number_and_code_open_the_appeal_and_nothing_else_does(city: Cast) -> None:
    filed, other = file(city), file(city, "key-2", "13900009999")
    client = Client()
    assert client.get(f"/look-up/?number={filed.number}").context["form"].initial["number"] == filed.number
    assert client.post("/look-up/", {"number": filed.number, "code": other.lookup_code}).status_code == 422
    assert client.get(f"/a/{filed.number}/").status_code == 404
    code = filed.lookup_code.lower()
    assert client.post("/look-up/", {"number": filed.number, "code": code})["Location"] == f"/a/{filed.number}/"
    assert client.get(f"/a/{filed.number}/").status_code == 200
    assert client.get(f"/a/{other.number}/").status_code == 404


def test_another_citizens_appeal_is_not_there(city: Cast) -> None:
    filed, other = file(city), file(city, "key-2", "13900009999")
    client = as_citizen(other)
    assert client.get(f"/a/{filed.number}/").status_code == 404
    for verb in ("supplement", "urge", "withdraw", "contest", "rate"):
        assert client.post(f"/a/{filed.number}/{verb}/", {"text": "不是我的"}).status_code == 404
    assert filed.number not in client.get("/me/").content.decode()
    assert client.get(f"/a/{other.number}/").status_code == 200


@pytest.mark.parametrize("secret", [False, True])
def test_no_internal_word_and_no_identity_on_the_page(city: Cast, secret: bool) -> None:
    filed = file(city, secret=secret)
    if not secret:
        handled(city, filed)
    page = as_citizen(filed).get(f"/a/{filed.number}/").content.decode()
    assert CONTENT in page
    for leak in (INTERNAL, PHONE, "王小明", "pending_", "in_progress", city.person("handler").name):
        assert leak not in page


def test_the_personal_centre_opens_by_a_code(city: Cast) -> None:
    filed = file(city)
    client = Client()
    assert client.get("/me/")["Location"] == "/me/sign-in/"
    page = client.post("/me/sign-in/", {"phone": PHONE}).content.decode()
    assert PHONE[:3] + "****" + PHONE[-4:] in page
    session = client.session
    code = re.search(r"<strong>(\d{6})</strong>", page)
    assert session["portal_phone"] == PHONE
    if code is None:  # only the demonstration shows it
        assert client.post("/me/sign-in/", {"code": "000000"}).status_code == 422
        return
    assert client.post("/me/sign-in/", {"code": code[1]})["Location"] == "/me/"
    assert filed.number in client.get("/me/").content.decode()


def test_staff_in_the_same_browser_stay_staff_and_citizens_stay_citizens(city: Cast) -> None:
    filed = file(city)
    client = city.client("agent")
    assert client.get("/me/")["Location"] == "/me/sign-in/"
    session = client.session
    session["citizen_id"] = Appeal.objects.get(pk=filed.appeal_id).citizen_id
    session.save()
    assert filed.number in client.get("/me/").content.decode()
    client.post("/me/sign-out/")
    assert client.get("/me/")["Location"] == "/me/sign-in/"
    assert client.get("/desk/").status_code == 200


def test_supplement_urge_withdraw(city: Cast) -> None:
    filed = file(city)
    handled(city, filed)
    client = as_citizen(filed)
    assert client.post(f"/a/{filed.number}/supplement/", {"text": ""}).status_code == 422
    for verb, text in (("supplement", "昨晚又施工了。"), ("urge", ""), ("withdraw", "已解决。")):
        assert client.post(f"/a/{filed.number}/{verb}/", {"text": text})["Location"] == f"/a/{filed.number}/"
    assert "昨晚又施工了。" in client.get(f"/a/{filed.number}/").content.decode()
    assert WorkOrder.objects.get().state == OrderState.CLOSED
    assert client.post(f"/a/{filed.number}/urge/").status_code == 409


def test_rate_once_solved_and_satisfied_apart(city: Cast) -> None:
    filed = file(city)
    answered(city, filed)
    client = as_citizen(filed)
    assert GOOD_REPLY["text"] in client.get(f"/a/{filed.number}/").content.decode()
    assert client.post(f"/a/{filed.number}/rate/", {"solved": "no", "satisfaction": "1"}).status_code == 422
    assert client.post(f"/a/{filed.number}/rate/", {"solved": "yes", "satisfaction": "5"}).status_code == 302
    assert WorkOrder.objects.get().state == OrderState.CLOSED
    assert client.post(f"/a/{filed.number}/rate/", {"solved": "yes", "satisfaction": "5"}).status_code == 409


def test_contest_and_read_the_decision(city: Cast) -> None:
    filed = file(city)
    answered(city, filed)
    client = as_citizen(filed)
    assert client.post(f"/a/{filed.number}/contest/", {"text": "并没有停工。"}).status_code == 302
    page = client.get(f"/a/{filed.number}/")
    assert not page.context["offers"]["contest"]
    followup.decide_appeal(
        actor=city.actor("supervisor"), appeal_id=ResultAppeal.objects.get().pk, decision="upheld", text="现场复核属实。"
    )
    page = client.get(f"/a/{filed.number}/")
    assert "现场复核属实。" in page.content.decode()
    assert page.context["offers"]["contest"]


def test_citizens_behind_one_order_read_nothing_of_each_other(city: Cast) -> None:
    first, second = file(city), file(city, "key-2", "13900009999")
    assert first.order_id
    assert second.order_id
    for one in (first, second):
        workorders.pass_review(actor=city.actor("dispatcher"), order_id=one.order_id or 0)
    workorders.merge(actor=city.actor("dispatcher"), order_ids=[second.order_id], into_id=first.order_id)
    as_citizen(first).post(f"/a/{first.number}/supplement/", {"text": "甲的话"})
    as_citizen(second).post(f"/a/{second.number}/supplement/", {"text": "乙的话"})
    for filed, own, others in ((first, "甲的话", "乙的话"), (second, "乙的话", "甲的话")):
        page = as_citizen(filed).get(f"/a/{filed.number}/").content.decode()
        assert own in page
        assert others not in page


def test_an_appeal_without_a_phone_can_only_be_followed(city: Cast) -> None:
    filed = file(city, phone="")
    client = Client()
    client.post("/look-up/", {"number": filed.number, "code": filed.lookup_code})
    assert client.get(f"/a/{filed.number}/").context["offers"] == {}
    assert client.post(f"/a/{filed.number}/withdraw/", {"text": "x"}).status_code == 404


def test_pages_ask_few_questions(city: Cast) -> None:
    filed = file(city)
    answered(city, filed)
    for number in range(5):
        file(city, f"more-{number}")
    client = as_citizen(filed)
    client.post("/file/", {"content": CONTENT})
    for path in ("/", "/me/", f"/a/{filed.number}/", "/look-up/", "/file/words/", "/file/place/", "/file/about/", "/file/check/"):
        client.get(path)
        with CaptureQueriesContext(connection, ) as asked:
            assert client.get(path).status_code == 200
        assert len(asked) <= 15, (path, len(asked), [q["sql"][:120] for q in asked])


def end_session(client: Client) -> None:
    client.session.flush()
    del client.cookies["sessionid"]


def test_what_was_written_outlives_the_session(city: Cast) -> None:
    filed = file(city)
    client = as_citizen(filed)
    end_session(client)
    asked = client.post(f"/a/{filed.number}/supplement/", {"text": "昨晚又到两点"})
    assert asked.status_code == 404
    assert asked.context["kept"]
    assert filed.number in asked.content.decode()
    opened = client.post("/look-up/", {"number": filed.number, "code": filed.lookup_code})
    assert opened["Location"] == f"/a/{filed.number}/"
    page = client.get(opened["Location"])
    assert page.context["opened"] == "supplement"
    assert "昨晚又到两点" in page.content.decode()
    client.post(f"/a/{filed.number}/supplement/", {"text": "昨晚又到两点"})
    assert "brought_back" not in client.get(f"/a/{filed.number}/").context
    event = WorkOrderEvent.objects.get(order_id=filed.order_id, verb="supplement")
    assert event.text == "昨晚又到两点"


def test_a_rating_outlives_the_session(city: Cast) -> None:
    filed = file(city)
    answered(city, filed)
    client = as_citizen(filed)
    end_session(client)
    client.post(f"/a/{filed.number}/rate/", {"solved": "no", "satisfaction": "2", "opinion": "还是吵"})
    client.post("/look-up/", {"number": filed.number, "code": filed.lookup_code})
    form = client.get(f"/a/{filed.number}/").context["rating_form"]
    assert (form["solved"].value(), form["satisfaction"].value(), form["opinion"].value()) == ("no", "2", "还是吵")


def test_a_number_of_nobody_looks_like_one_of_somebody(city: Cast) -> None:
    filed = file(city)
    pages = []
    for number in (filed.number, "XX20260101-999999"):
        client = Client()
        get = client.get(f"/a/{number}/")
        post = client.post(f"/a/{number}/supplement/", {"text": "别人的"})
        assert (get.status_code, post.status_code) == (404, 404)
        pages.append([re.sub(r'name="csrf\w+" value="\w+"|X-CSRFToken[^}]+|data-now="[^"]+"', "", answer.content.decode()).replace(number, "N") for answer in (get, post)])
    assert pages[0] == pages[1]


def test_sign_in_goes_back_to_where_it_was_asked_for(city: Cast) -> None:
    filed = file(city)
    for wanted, reached in (
        (f"/a/{filed.number}/", f"/a/{filed.number}/"),
        ("https://elsewhere.example/", "/me/"),
        ("//elsewhere.example/", "/me/"),
        ("", "/me/"),
    ):
        client = Client()
        session = client.session
        session["portal_phone"] = PHONE
        session.save()
        with patch("hotline.notifications.actions.check_code", return_value=CodeVerdict(CodeState.RIGHT)):
            answer = client.post(f"/me/sign-in/?next={wanted}", {"code": "123456"})
        assert answer["Location"] == reached


def test_who_asks_again_too_soon_may_enter_the_code_that_is_under_way(city: Cast) -> None:
    first, second = Client(), Client()
    assert first.post("/me/sign-in/", {"phone": PHONE}).status_code == 200
    again = second.post("/me/sign-in/", {"phone": PHONE})
    assert again.status_code == 422
    assert "code" in again.context["form"].fields
    assert again.context["wait"]
    assert second.post("/me/sign-in/", {"code": "000000"}).status_code == 422
