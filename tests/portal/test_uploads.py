"""Files in pieces: go on where the line was cut, belong to their draft, and become its attachments."""

from __future__ import annotations

import base64
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from PIL import Image

from hotline.kit.clock import now
from hotline.workorders.actions import uploading
from hotline.workorders.models import Attachment, PartialUpload
from hotline.workorders.tasks import KEEPER
from tests.accounts.cast import Cast

pytestmark = pytest.mark.django_db
KEY = "a-draft-that-nobody-can-guess"
TUS = {"Tus-Resumable": "1.0.0", "Draft-Key": KEY}


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def photo() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((300, 200), 60).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def announce(client: Client, length: int, **more: str) -> Any:
    name = base64.b64encode("井盖.jpg".encode()).decode()
    given = {**TUS, "Upload-Length": str(length), "Upload-Metadata": f"filename {name}", **more}
    return client.post("/file/uploads/", headers=given, content_type="application/octet-stream")


def piece(client: Client, url: str, offset: int, data: bytes, **more: str) -> Any:
    return client.patch(
        url, data, content_type="application/offset+octet-stream", headers={**TUS, "Upload-Offset": str(offset), **more}
    )


def test_pieces_become_one_attachment(city: Cast) -> None:
    client, data = Client(), photo()
    made = announce(client, len(data))
    assert made.status_code == 201
    url = made["Location"]
    assert piece(client, url, 0, data[:1000])["Upload-Offset"] == "1000"
    assert client.head(url, headers=TUS)["Upload-Offset"] == "1000"
    # A reconnecting phone that repeats itself, or skips, is told where to go on.
    assert piece(client, url, 0, data[:1000]).status_code == 409
    assert piece(client, url, 2000, data[2000:]).status_code == 409
    last = piece(client, url, 1000, data[1000:])
    assert last.status_code == 204
    row = Attachment.objects.get(pk=int(last["Upload-Attachment"]))
    assert (row.appeal_key, row.media_type, row.name) == (KEY, "image/jpeg", "井盖.jpg")
    # The answer was lost: asking again, or sending nothing more, finds the same file.
    assert client.head(url, headers=TUS)["Upload-Attachment"] == str(row.pk)
    token = url.rstrip("/").rpartition("/")[2]
    again = uploading.add_to_upload(
        actor=city.actor("anonymous"), appeal_key=KEY, token=token, offset=len(data), chunks=iter([])
    )
    assert again.attachment_id == row.pk
    assert Attachment.objects.count() == 1


def test_what_came_before_a_cut_is_kept_and_finished(city: Cast, store: Path) -> None:
    data, actor = photo(), city.actor("anonymous")
    row = uploading.open_upload(actor=actor, appeal_key=KEY, length=len(data), name="a.jpg")

    def cut() -> Any:
        yield data[:700]
        raise OSError("the line was cut")

    with pytest.raises(OSError, match="cut"):
        uploading.add_to_upload(actor=actor, appeal_key=KEY, token=row.pk, offset=0, chunks=cut())
    assert uploading.upload_of(actor=actor, appeal_key=KEY, token=row.pk).received == 700
    # A killed worker wrote bytes that the row does not know of.
    with next((store / "incoming").glob("part-*")).open("ab") as stream:
        stream.write(b"more")
    done = uploading.add_to_upload(actor=actor, appeal_key=KEY, token=row.pk, offset=700, chunks=iter([data[700:]]))
    assert done.attachment is not None
    assert done.attachment.media_type == "image/jpeg"
    assert list((store / "incoming").iterdir()) == []


def test_a_file_is_seen_with_its_drafts_key_only(city: Cast) -> None:
    client = Client()
    url = announce(client, 10)["Location"]
    other = {**TUS, "Draft-Key": "another-draft-of-somebody"}
    assert client.head(url, headers=other).status_code == 404
    assert piece(client, url, 0, b"x", **{"Draft-Key": "another-draft-of-somebody"}).status_code == 404
    assert client.delete(url, headers=other).status_code == 404
    assert client.delete(url, headers=TUS).status_code == 204
    assert client.head(url, headers=TUS).status_code == 404


def test_what_cannot_be_taken_is_said_and_nothing_is_left(city: Cast, settings: Any, store: Path) -> None:
    client = Client()
    settings.MAX_UPLOAD_BYTES = 5000
    assert announce(client, 5001).status_code == 413
    assert announce(client, 0).status_code == 422
    assert announce(client, 5, **{"Draft-Key": "short"}).status_code == 422
    assert announce(client, 5, **{"Tus-Resumable": "0.2"}).status_code == 412
    url = announce(client, 4)["Location"]
    assert piece(client, url, 0, b"longer").status_code == 413
    assert client.patch(url, b"x", content_type="text/plain", headers={**TUS, "Upload-Offset": "0"}).status_code == 415
    assert client.patch(url, b"x", content_type="application/offset+octet-stream", headers=TUS).status_code == 400
    broken = photo()[:400]
    url = announce(client, len(broken))["Location"]
    answer = piece(client, url, 0, broken)
    assert answer.status_code == 422
    assert answer.content
    assert not Attachment.objects.exists()
    assert list((store / "incoming").iterdir()) == []


def test_what_nobody_goes_on_sending_is_forgotten(city: Cast, store: Path) -> None:
    client = Client()
    url = announce(client, 10)["Location"]
    piece(client, url, 0, b"12345")
    assert uploading.expire_uploads(actor=KEEPER) == 0
    with time_machine.travel(now() + timedelta(days=4)):
        assert client.head(url, headers=TUS).status_code == 404
        assert uploading.expire_uploads(actor=KEEPER) == 1
    assert not PartialUpload.objects.exists()
    assert list((store / "incoming").iterdir()) == []


def test_too_many_files_of_a_draft_are_refused(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "MOST_LOOSE", 1)
    assert [announce(Client(), 9).status_code for _ in range(3)] == [201, 201, 409]


def test_the_server_says_what_it_can(city: Cast) -> None:
    answer = Client().options("/file/uploads/")
    assert (answer["Tus-Version"], answer["Tus-Extension"]) == ("1.0.0", "creation,termination,expiration")


def test_a_page_that_was_kept_for_days_gets_a_fresh_token(city: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    assert announce(client, 9).status_code == 403
    answer = client.get("/file/door/")
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["known"] is False
    assert announce(client, 9, **{"X-CSRFToken": answer.json()["token"]}).status_code == 201
