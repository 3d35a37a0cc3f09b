"""Photo report: without scripts, with them, near what is known already, with pictures and places that are no good."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import ExifTags, Image

from hotline.dispatch.actions import send_by_itself
from hotline.dispatch.models import AutomaticSwitch
from hotline.dispatch.queries import FOLLOWED, likely_duplicates, open_nearby
from hotline.dispatch.rules import Hold
from hotline.dispatch.tasks import READER, SENDER
from hotline.intake.models import Appeal
from hotline.kit.clock import now
from hotline.places.models import Area, AreaLevel, OutlineSet
from hotline.places.queries import forget_outlines
from hotline.portal.snapping import FOLLOW, new_key
from hotline.suggestions.actions import keep_proposals
from hotline.suggestions.models import Kind
from hotline.suggestions.rules import Candidate, Proposal
from hotline.workorders import actions
from hotline.workorders.models import Attachment, Category, OrderLink, WorkOrder
from tests.accounts.cast import Cast

pytestmark = pytest.mark.django_db
HERE = {"latitude": "31.230", "longitude": "121.470"}
HEIC = Path(__file__).parents[1] / "workorders" / "files" / "phone.heic"


@pytest.fixture(autouse=True)
def place(city: Cast, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    outlines = OutlineSet.objects.create(level=AreaLevel.DISTRICT, areas_count=1, created_at=now())
    Area.objects.create(outlines=outlines, code="310106000000", name="甲区", shape=shapely.box(121.4, 31.2, 121.5, 31.3).wkb)
    forget_outlines()
    yield
    forget_outlines()


def form(key: str = "", **more: str) -> dict[str, Any]:
    return {"key": key or new_key(), "content": "路口的井盖破了，晚上走路很危险，希望尽快来修。", "phone": "13900005678", **HERE, **more}


def photo(north: float = 31.23, east: float = 121.47, taken: str = "2026:11:20 21:15:00") -> SimpleUploadedFile:
    data = Image.Exif()
    data.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    place = data.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (float(int(north)), (north % 1) * 60, 0.0)
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", (float(int(east)), (east % 1) * 60, 0.0)
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, "JPEG", exif=data)
    return SimpleUploadedFile("现场.jpg", out.getvalue(), "image/jpeg")


def report(client: Client, **more: str) -> WorkOrder:
    given = form(**more)
    assert client.post("/snap/", {**given, "do": "send"})["Location"] == "/file/done/"
    order = WorkOrder.objects.order_by("-pk").first()
    assert order is not None
    return order


def test_without_scripts_from_pictures_to_the_number() -> None:
    client = Client()
    assert client.get("/snap/").status_code == 200
    given = form()
    looked = client.post("/snap/", {**given, "file": [photo(), SimpleUploadedFile("IMG.HEIC", HEIC.read_bytes())], "do": "look"})
    assert looked.status_code == 200
    assert "甲区" in looked.content.decode()
    assert Attachment.objects.filter(appeal_key=given["key"]).count() == 2
    assert client.post("/snap/", {**given, "do": "send"})["Location"] == "/file/done/"
    order = WorkOrder.objects.get()
    assert (order.latitude, order.longitude, order.division_id) == (31.23, 121.47, "310106000000")
    assert Attachment.objects.filter(order=order).count() == 2
    assert Appeal.objects.get().number in client.get("/file/done/").content.decode()


def test_a_report_is_filed_once_however_often_it_comes() -> None:
    given = form()
    answers = [Client().post("/snap/", {**given, "do": "send"}, headers={"Accept": "application/json"}).json() for _ in range(3)]
    assert len({one["number"] for one in answers}) == 1
    assert WorkOrder.objects.count() == 1


def test_what_is_missing_is_said_to_page_and_script() -> None:
    page = Client().post("/snap/", {**form(content=""), "do": "look"})
    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()
    said = Client().post("/snap/", {**form(content=""), "do": "send"}, headers={"Accept": "application/json"})
    assert said.status_code == 422
    assert "content" in said.json()["errors"]
    nowhere = form() | {"latitude": "", "longitude": ""}
    assert "请告诉我们位置" in Client().post("/snap/", {**nowhere, "do": "look"}).content.decode()
    assert not WorkOrder.objects.exists()


def test_a_place_outside_the_city_is_said_and_never_kept() -> None:
    far = form(latitude="39.9", longitude="116.4")
    answer = Client().post("/snap/", {**far, "do": "look"})
    assert answer.status_code == 422
    assert "不在本市" in answer.content.decode()
    order = report(Client(), latitude="39.9", longitude="116.4", address="人民路1号")
    assert (order.latitude, order.longitude, order.address) == (None, None, "人民路1号")


def test_a_pictures_place_is_offered_and_never_taken() -> None:
    client, given = Client(), form() | {"latitude": "", "longitude": ""}
    page = client.post("/snap/", {**given, "file": photo(), "do": "back"}).content.decode()
    assert "图片记录的拍摄地点" in page
    assert "一天以前" in page
    assert client.post("/snap/", {**given, "do": "look"}).status_code == 422
    offered = client.get("/snap/offers/", {"key": given["key"]}).content.decode()
    assert 'data-latitude="31.23"' in offered
    client.post("/snap/", {**form(other := new_key()), "file": photo(39.9, 116.4), "do": "back"})
    assert "不会采用" in client.get("/snap/offers/", {"key": other}).content.decode()
    client.post("/snap/", {**form(later := new_key()), "file": photo(taken=(now() + timedelta(days=1)).strftime("%Y:%m:%d %H:%M:%S")), "do": "back"})
    assert "时钟比我们的快" in client.get("/snap/offers/", {"key": later}).content.decode()
    assert client.get("/snap/offers/", {"key": "x"}).content.decode().strip() == ""


@pytest.mark.parametrize(("name", "data"), [("坏.jpg", b"\xff\xd8\xff\xe0 broken"), ("IMG.HEIC", HEIC.read_bytes()[:300]), ("a.exe", b"MZ\x90\x00\x03")])
def test_a_picture_that_is_none_is_refused_in_words(name: str, data: bytes) -> None:
    answer = Client().post("/snap/", {**form(), "file": SimpleUploadedFile(name, data), "do": "look"})
    assert answer.status_code == 422
    assert name in answer.content.decode()
    assert not Attachment.objects.exists()


def test_a_picture_of_forty_megabytes_is_refused(settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 3000
    answer = Client().post("/snap/", {**form(), "file": SimpleUploadedFile("大.jpg", bytes(3500)), "do": "look"})
    assert answer.status_code in (413, 422)
    assert not Attachment.objects.exists()


def test_a_picture_is_taken_back_by_its_draft_alone() -> None:
    client, given = Client(), form()
    client.post("/snap/", {**given, "file": photo(), "do": "back"})
    row = Attachment.objects.get()
    client.post("/snap/", {**form(), "remove": str(row.pk)})
    assert Attachment.objects.get().removed_at is None
    client.post("/snap/", {**given, "remove": str(row.pk)})
    assert Attachment.objects.get().removed_at is not None


# ── what is known near by ──


def near(**more: Any) -> list[int]:
    asked = {"latitude": 31.2301, "longitude": 121.4701, "category": "", "text": "井盖破损，走路危险，希望来修。", "moment": now()}
    return [one.order_id for one in open_nearby(**{**asked, **more})]


def test_near_by_is_open_recent_close_alike_and_never_confidential(city: Cast, django_assert_num_queries: Any) -> None:
    order = report(Client(), content="路口的井盖破损了，走路很危险，希望来修。")
    with django_assert_num_queries(1):
        assert near() == [order.pk]
    assert near(latitude=31.2315) == []  # 167 metres
    assert near(text="小区夜里施工太吵") == []
    assert near(moment=now() + timedelta(days=31)) == []
    category = Category.objects.get(code="02.01.01")
    WorkOrder.objects.filter(pk=order.pk).update(category=category)
    assert near(text="完全不同的话", category="02.01.01") == near(text="完全不同的话", category="02.01") == [order.pk]
    assert near(text="完全不同的话", category="02.01.02") == near(text="完全不同的话", category="02") == []
    for hidden in ({"secret": True}, {"secret": False, "demand_type": "report"}, {"demand_type": "help", "state": "closed", "closed_at": now()}):
        WorkOrder.objects.filter(pk=order.pk).update(**hidden)
        assert near() == []


def test_a_stranger_reads_nothing_of_another_citizen() -> None:
    first = report(Client(), content="路口的井盖破损了，我是王小明，走路很危险，希望来修。")
    page = Client().post("/snap/", {**form(content="这里的井盖破损，走路危险，希望来修。"), "do": "look"}).content.decode()
    assert "是不是已经有人报过" in page
    assert "王小明" not in page
    assert first.number not in page
    assert first.title not in page


def follow(client: Client, **more: str) -> str:
    given = form(content="这里的井盖破损，走路危险，希望来修。", **more)
    page = client.post("/snap/", {**given, "do": "look"}).content.decode()
    token = page.partition('name="follow" value="')[2].partition('"')[0]
    assert token
    client.post("/snap/", {**given, "do": "send", "follow": token})
    return token


def test_who_follows_has_an_appeal_of_their_own_that_a_dispatcher_sees_beside_the_other(city: Cast) -> None:
    first = report(Client(), content="路口的井盖破损了，走路很危险，希望来修。")
    token = follow(Client())
    own = WorkOrder.objects.exclude(pk=first.pk).get()
    link = OrderLink.objects.get()
    assert ({link.first_id, link.second_id}, link.kind) == ({first.pk, own.pk}, FOLLOWED)
    found = likely_duplicates(
        actor=city.actor("dispatcher"), citizen_id=None, category="", division="", text="无关的话", moment=now(), except_id=own.pk
    )
    assert [(one.order.pk, one.told) for one in found] == [(first.pk, True)]
    # The token belongs to one report.
    Client().post("/snap/", {**form(), "do": "send", "follow": token})
    assert OrderLink.objects.count() == 1


def test_what_is_followed_never_goes_out_by_itself(city: Cast) -> None:
    report(Client(), content="路口的井盖破损了，走路很危险，希望来修。")
    follow(Client())
    own = WorkOrder.objects.order_by("-pk").first()
    assert own is not None
    actions.pass_review(actor=city.actor("dispatcher"), order_id=own.pk)
    AutomaticSwitch.objects.create(pk=1, on=True, changed_at=now())
    proposal = Proposal(Kind.CATEGORY, "model", (Candidate("02.01.01", "建筑施工噪声", 0.99),))
    keep_proposals(actor=READER, order_id=own.pk, proposals=[proposal])
    assert send_by_itself(actor=SENDER, order_id=own.pk) == Hold.DUPLICATE
    OrderLink.objects.all().delete()
    WorkOrder.objects.exclude(pk=own.pk).update(content="无关", title="无关")
    assert send_by_itself(actor=SENDER, order_id=own.pk) != Hold.DUPLICATE


def test_a_made_up_or_confidential_order_is_not_followed() -> None:
    first = report(Client(), content="路口的井盖破损了，走路很危险，希望来修。")
    WorkOrder.objects.filter(pk=first.pk).update(secret=True)
    key = new_key()
    for token in (f"{first.pk}", signing.dumps([first.pk, key], salt="another"), signing.dumps([first.pk, key], salt=FOLLOW)):
        Client().post("/snap/", {**form(key), "do": "send", "follow": token})
    assert not OrderLink.objects.exists()
    assert WorkOrder.objects.count() == 2


# ── the shell ──


def test_what_a_phone_installs_and_keeps_is_of_nobody() -> None:
    client = Client()
    manifest = client.get("/manifest.webmanifest").json()
    assert manifest["start_url"] == "/"
    script = client.get("/worker.js")
    assert script["Content-Type"].startswith("text/javascript")
    assert '"/snap/"' in script.content.decode()
    assert '"/me/"' not in script.content.decode()
    assert client.get("/offline/").status_code == 200


@pytest.mark.parametrize(("kind", "chosen"), [("idea", "suggestion"), ("fault", "complaint")])
def test_ideas_and_faults_are_filings_that_know_what_they_are(kind: str, chosen: str) -> None:
    client = Client()
    assert client.get(f"/file/?kind={kind}")["Location"] == "/file/words/"
    assert client.session["filing"]["demand_type"] == chosen
    assert client.get("/file/?kind=nonsense")["Location"] == "/file/words/"
    assert client.session["filing"]["demand_type"] == chosen
