"""Filing without an account: one thing at a time, sent once, never lost."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from hotline.followup import actions as followup
from hotline.intake.models import Appeal, RawMessage
from hotline.notifications.models import Message
from hotline.workorders.models import Attachment, WorkOrder
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


def test_the_message_with_number_and_code(city: Cast) -> None:
    client = Client()
    fill(client)
    send(client)
    appeal = Appeal.objects.get()
    assert followup.tell_accepted(actor=followup.SYSTEM, appeal_id=appeal.pk)
    assert not followup.tell_accepted(actor=followup.SYSTEM, appeal_id=appeal.pk)
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
