"""Filing without an account: one thing at a time, sent once, never lost."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from hotline.accounts.actions import find_or_create_citizen
from hotline.followup import actions as followup
from hotline.intake.models import Appeal, CategoryForm, RawMessage
from hotline.kit.ratelimit import allow
from hotline.notifications.models import Message
from hotline.portal.visitor import PORTAL
from hotline.workorders.models import Attachment, Category, WorkOrder
from tests.accounts.cast import Cast
from tests.intake.factories import CONTENT, PHONE

pytestmark = pytest.mark.django_db


def photo() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (90, 140, 160)).save(out, "JPEG")
    return SimpleUploadedFile("现场.jpg", out.getvalue(), "image/jpeg")


def key_of(client: Client) -> str:
    return str(client.session["filing"]["key"])


def fill(client: Client, *, phone: str = PHONE, **about: Any) -> None:
    """To the last page."""
    assert client.post("/file/", {"content": CONTENT})["Location"] == "/file/place/"
    place = {"district": "310106000000", "street": "310106010000", "address": "人民路1号"}
    assert client.post("/file/place/", place)["Location"] == "/file/about/"
    assert client.post("/file/about/", {"demand_type": "complaint", **about})["Location"] == "/file/contact/"
    assert client.post("/file/contact/", {"phone": phone, "name": "王小明"})["Location"] == "/file/check/"


def send(client: Client) -> Any:
    return client.post("/file/check/", {"key": key_of(client)})


def test_from_the_first_word_to_the_number(city: Cast) -> None:
    client = Client()
    fill(client)
    check = client.get("/file/check/")
    assert CONTENT in check.content.decode()
    assert send(client)["Location"] == "/file/done/"
    appeal = Appeal.objects.get()
    done = client.get("/file/done/")
    assert appeal.number in done.content.decode()
    assert done["Cache-Control"] == "no-store"
    assert client.get(f"/a/{appeal.number}/").status_code == 200
    assert appeal.order is not None
    assert appeal.order.division_id == "310106010000"


def test_a_double_click_files_once(city: Cast) -> None:
    client = Client()
    fill(client)
    key = key_of(client)
    for _ in range(2):
        assert client.post("/file/check/", {"key": key})["Location"] == "/file/done/"
    assert WorkOrder.objects.count() == RawMessage.objects.count() == 1


def test_an_old_page_of_what_was_sent_ends_on_the_number(city: Cast) -> None:
    client = Client()
    fill(client)
    key = key_of(client)
    send(client)
    assert client.post("/file/words/", {"key": key, "content": "另一件"})["Location"] == "/file/done/"


def test_another_tab_that_began_anew_is_read_again(city: Cast) -> None:
    client = Client()
    fill(client)
    assert client.post("/file/check/", {"key": "of-another-tab"}).status_code == 422
    assert not Appeal.objects.exists()


def test_pages_out_of_order_lead_to_the_first(city: Cast) -> None:
    for step in ("place", "about", "contact", "check"):
        assert Client().get(f"/file/{step}/")["Location"] == "/file/words/"
    assert Client().get("/file/done/")["Location"] == "/"


def test_what_is_wrong_is_said_on_its_page(city: Cast) -> None:
    client = Client()
    client.post("/file/", {"content": CONTENT})
    assert client.post("/file/about/", {"demand_type": "complaint", "category": "02.01"}).status_code == 422
    assert client.post("/file/contact/", {"phone": "12"}).status_code == 422
    assert client.get("/file/words/").context["draft"].content == CONTENT
    assert not RawMessage.objects.exists()


def test_answers_are_kept_and_shown(city: Cast) -> None:
    client = Client()
    client.post("/file/", {"content": CONTENT})
    client.post("/file/about/", {"demand_type": "complaint", "category": "02.01", "q-period": "夜间"})
    assert b"selected>\xe5\xa4\x9c\xe9\x97\xb4" in client.get("/file/about/").content
    assert client.session["filing"]["answers"]["period"] == "夜间"


def test_the_third_level_is_offered_and_asks_its_own_questions(city: Cast) -> None:
    CategoryForm.objects.create(
        category=Category.objects.get(code="02.01.01"),
        version=1,
        effective_from=date(2024, 1, 1),
        questions=[
            {"code": "period", "label": "噪声时段", "kind": "choice", "required": True, "choices": ["夜间", "白天"]},
            {"code": "site", "label": "工地名称", "kind": "text", "required": True},
        ],
    )
    client = Client()
    client.post("/file/", {"content": CONTENT})

    def fragment(**chosen: str) -> str:
        return client.get("/file/about/", chosen, HTTP_HX_REQUEST="true").content.decode()

    first = fragment(category="02.01")
    assert 'value="02.01.01"' in first
    assert "工地名称" not in first
    exact = fragment(category="02.01", detail="02.01.01", **{"q-period": "夜间"})
    assert "工地名称" in exact
    assert "selected>夜间" in exact, "what was answered is kept"
    assert "工地名称" not in fragment(category="02.01", detail="05.01.01"), "nothing from elsewhere"
    assert "02.01.01" not in fragment(category=""), "we find it for you"

    about = {"demand_type": "complaint", "category": "02.01", "detail": "02.01.01", "q-period": "夜间"}
    refused = client.post("/file/about/", about)
    assert refused.status_code == 422
    assert "selected>夜间" in refused.content.decode()
    assert client.post("/file/about/", {**about, "q-site": "一号工地"})["Location"] == "/file/contact/"
    again = client.get("/file/about/")
    assert client.session["filing"]["category"] == "02.01.01"
    assert again.context["subject"].chosen == "02.01"
    assert 'id="detail-02.01.01" name="detail" value="02.01.01" checked' in again.content.decode()
    assert "一号工地" in again.content.decode()


def test_districts_narrow_with_and_without_scripts(city: Cast) -> None:
    client = Client()
    client.post("/file/", {"content": CONTENT})
    part = client.get("/file/place/", {"district": "310106000000"}, headers={"HX-Request": "true"}).content.decode()
    assert "一街道" in part
    assert "<html" not in part
    plain = client.post("/file/place/", {"district": "310106000000", "narrow": "1"})
    assert "一街道" in plain.content.decode()
    other = client.post("/file/place/", {"district": "310115000000", "street": "310106010000"})
    assert other["Location"] == "/file/about/"
    assert client.session["filing"]["division"] == "310115000000"
    client.post("/file/place/", {"district": "310106000000", "skip": "1"})
    assert client.session["filing"]["division"] == ""


def test_a_photo_goes_along_and_can_be_taken_back(city: Cast) -> None:
    client = Client()
    client.get("/file/words/")
    for _ in range(2):
        assert client.post("/file/upload/", {"file": photo()}, headers={"HX-Request": "true"}).status_code == 200
    first, second = Attachment.objects.order_by("id")
    Client().post(f"/file/upload/{first.pk}/remove/")
    assert Attachment.objects.filter(removed_at__isnull=True).count() == 2
    client.post(f"/file/upload/{first.pk}/remove/")
    fill(client)
    send(client)
    second.refresh_from_db()
    appeal = Appeal.objects.get()
    assert second.order_id == appeal.order_id
    page = client.get(f"/a/{appeal.number}/").content.decode()
    assert f"/files/{second.pk}/" in page
    assert f"/files/{first.pk}/" not in page
    served = client.get(f"/a/{appeal.number}/files/{second.pk}/")
    assert served["Content-Type"] == "image/jpeg"
    assert "sandbox" in served["Content-Security-Policy"]
    for close in served._resource_closers:  # response.close() would end the test's connection too
        close()
    assert Client().get(f"/a/{appeal.number}/files/{second.pk}/").status_code == 404


def test_a_wrong_type_and_a_missing_file_are_refused(city: Cast) -> None:
    client = Client()
    wrong = SimpleUploadedFile("a.jpg", b"MZ" + b"\0" * 300)
    assert client.post("/file/upload/", {"file": wrong}).status_code == 422
    assert client.post("/file/upload/", {}).status_code == 422
    assert not Attachment.objects.exists()


def test_a_large_upload_is_refused_before_it_is_read(city: Cast) -> None:
    class Unread(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was read")

    response = Client().generic(
        "POST", "/file/upload/", b"", "multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(60 * 2**20), **{"wsgi.input": Unread()},
    )
    assert response.status_code == 413


PUBLIC_WRITES = (
    "/file/", "/file/words/", "/file/about/", "/file/check/", "/look-up/", "/me/sign-in/", "/a/JD1/urge/", "/accounts/sign-in/",
)


@pytest.mark.parametrize("path", PUBLIC_WRITES)
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
def test_strangers_send_small_forms_only(city: Cast, path: str, kind: str) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.generic("POST", path, b"", kind, CONTENT_LENGTH=str(3 * 2**20))
    assert response.status_code == 413
    assert "2 MB" in response.content.decode()
    assert client.generic("POST", path, b"", kind, CONTENT_LENGTH="many").status_code == 413


def test_staff_send_files_where_strangers_do_not(city: Cast) -> None:
    most = str(3 * 2**20)
    assert city.client("agent").generic("POST", "/file/", b"", CONTENT_LENGTH=most).status_code != 413
    beyond = str(51 * 2**20)
    assert city.client("agent").generic("POST", "/file/", b"", CONTENT_LENGTH=beyond).status_code == 413


LIMITED: list[tuple[str, dict[str, str], int]] = [
    ("/file/upload/", {}, 60),
    ("/look-up/", {"number": "JD1", "code": "X"}, 20),
    ("/me/sign-in/", {"phone": PHONE}, 5),
]


@pytest.mark.parametrize(("path", "words", "times"), LIMITED)
def test_public_writes_are_limited_by_address(city: Cast, path: str, words: dict[str, str], times: int) -> None:
    client = Client()
    answers = []
    for _ in range(times + 1):
        client.cookies.clear()
        answers.append(client.post(path, words).status_code)
    assert 429 not in answers[:-1]
    assert answers[-1] == 429
    assert Client(REMOTE_ADDR="10.1.2.3").post(path, words).status_code != 429


def test_filing_is_limited_by_address(city: Cast) -> None:
    for _ in range(30):
        assert allow("portal:file:127.0.0.1", 30, 3600)
    client = Client()
    fill(client)
    assert send(client).status_code == 429
    assert not Appeal.objects.exists()


def test_the_message_with_number_and_code(city: Cast) -> None:
    client = Client()
    fill(client)
    send(client)
    appeal = Appeal.objects.get()
    first = followup.tell_accepted(actor=followup.SYSTEM, appeal_id=appeal.pk)
    assert first == followup.tell_accepted(actor=followup.SYSTEM, appeal_id=appeal.pk) == Message.objects.get().pk
    text = Message.objects.get(template="accepted").text
    assert client.session["filed"]["code"] in text
    assert f"/look-up/?number={appeal.number}" in text


def test_nobody_is_told_of_an_appeal_without_a_phone(city: Cast) -> None:
    client = Client()
    fill(client, phone="")
    send(client)
    assert not followup.tell_accepted(actor=followup.SYSTEM, appeal_id=Appeal.objects.get().pk)


def test_too_often_says_what_to_do(city: Cast) -> None:
    client = Client()
    answers = [client.post("/look-up/", {"number": "JD1", "code": "X"}).status_code for _ in range(21)]
    assert answers[0] == 422
    assert answers[-1] == 429


def kept_on(client: Client, step: str) -> str:
    """What the page of a step carries, as its form sends it."""
    return str(client.get(f"/file/{step}/").context["kept"])


def end_session(client: Client) -> None:
    client.session.flush()
    del client.cookies["sessionid"]


def test_a_session_that_ends_in_the_middle_takes_nothing_with_it(city: Cast) -> None:
    client = Client()
    client.post("/file/", {"content": CONTENT})
    place = {"district": "310106000000", "street": "310106010000", "address": "人民路1号"}
    client.post("/file/place/", place)
    kept, key = kept_on(client, "about"), key_of(client)
    end_session(client)
    # The page asks for the questions of a subject meanwhile, which begins a session that knows nothing.
    client.get("/file/about/?category=02.01", headers={"HX-Request": "true"})
    assert client.post("/file/about/", {"demand_type": "complaint", "kept": kept})["Location"] == "/file/contact/"
    kept = kept_on(client, "contact")
    end_session(client)
    answer = client.post("/file/contact/", {"phone": PHONE, "name": "王小明", "kept": kept})
    assert answer["Location"] == "/file/check/"
    assert key_of(client) == key
    kept = kept_on(client, "check")
    end_session(client)
    assert client.post("/file/check/", {"key": key, "kept": kept})["Location"] == "/file/done/"
    appeal = Appeal.objects.get()
    assert (appeal.content, appeal.order and appeal.order.address) == (CONTENT, "人民路1号")
    # The same page once more, in a browser that knows nothing any more: the appeal that is there, not a second one.
    end_session(client)
    assert client.post("/file/check/", {"key": key, "kept": kept})["Location"] == "/file/done/"
    assert appeal.number in client.get("/file/done/").content.decode()
    assert Appeal.objects.count() == 1


def test_a_file_joins_its_words_after_the_session_ended(city: Cast) -> None:
    client = Client()
    kept = kept_on(client, "words")
    key = key_of(client)
    end_session(client)
    client.post("/file/upload/", {"file": photo(), "kept": kept}, headers={"HX-Request": "true"})
    assert Attachment.objects.get().appeal_key == key


@pytest.mark.parametrize("kept", ["", "nonsense", "eyJrZXkiOiJ4In0:1t:forged"])
def test_nobody_makes_up_what_a_page_carries(city: Cast, kept: str) -> None:
    client = Client()
    assert client.post("/file/about/", {"demand_type": "complaint", "kept": kept})["Location"] == "/file/words/"


def test_who_was_signed_in_is_not_filed_as_nobody(city: Cast) -> None:
    citizen = find_or_create_citizen(actor=PORTAL, phone=PHONE)
    client = Client()
    session = client.session
    session["citizen_id"] = citizen.pk
    session.save()
    client.post("/file/", {"content": CONTENT})
    client.post("/file/place/", {"address": "人民路1号"})
    client.post("/file/about/", {"demand_type": "complaint"})
    assert client.post("/file/contact/", {"key": key_of(client)})["Location"] == "/file/check/"
    key, kept = key_of(client), kept_on(client, "check")
    end_session(client)
    answer = client.post("/file/check/", {"key": key, "kept": kept})
    assert answer.status_code == 422
    assert "/file/contact/" in answer.content.decode()
    assert not Appeal.objects.exists()
    assert client.get("/file/contact/").context["ended"]
    # By a phone number, or by signing in again.
    client.post("/file/contact/", {"phone": PHONE})
    client.post("/file/check/", {"key": key})
    assert Appeal.objects.get().citizen_id == citizen.pk


def test_lists_answer_also_without_a_session(city: Cast) -> None:
    client = Client()
    part = client.get("/file/place/?district=310106000000", headers={"HX-Request": "true"})
    assert "一街道" in part.content.decode()
    assert client.get("/file/about/?category=02.01", headers={"HX-Request": "true"}).status_code == 200
