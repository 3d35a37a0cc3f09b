"""Files: type by content, limits, bombs, EXIF, names, doors."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import ExifTags, Image

from hotline.audit.models import AuditEntry
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders import actions
from hotline.workorders.actions import _files, attachments
from hotline.workorders.actions.attachments import (
    adopt,
    attach,
    attach_loose,
    open_attachment,
    remove_attachment,
    remove_loose,
)
from hotline.workorders.actions.checking import check_orders
from hotline.workorders.models import Attachment, WorkOrder
from hotline.workorders.queries.citizen import citizen_view
from hotline.workorders.queries.page import timeline
from hotline.workorders.rules import VERBS
from tests.accounts.cast import Cast
from tests.accounts.factories import make_citizen
from tests.workorders.factories import make_city, make_order, signed


@pytest.fixture
def city(cast: Cast, settings: Any, tmp_path: Path) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    make_city(cast)
    return cast


def photo(size: tuple[int, int] = (40, 30), kind: str = "JPEG", exif: bool = True) -> bytes:
    image = Image.new("RGB", size, "teal")
    out = io.BytesIO()
    if exif and kind == "JPEG":
        data = Image.Exif()
        data.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:11:20 21:15:00"
        place = data.get_ifd(ExifTags.IFD.GPSInfo)
        place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (31.0, 13.0, 48.0)
        place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", (121.0, 28.0, 12.0)
        image.save(out, kind, exif=data)
    else:
        image.save(out, kind)
    return out.getvalue()


def docx(extra: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return out.getvalue()


def left_over(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def put(
    cast: Cast, content: bytes, name: str = "a.jpg", who: str = "handler", order: WorkOrder | None = None
) -> Attachment:
    order = order or signed(cast).order
    return attach(actor=cast.actor(who), order_id=order.pk, chunks=[content], name=name)


def test_photo_keeps_place_and_time_but_no_exif(city: Cast, tmp_path: Path) -> None:
    row = put(city, photo(), "现场 照片.JPG")
    assert (row.media_type, row.name) == ("image/jpeg", "现场 照片.jpg")
    assert row.taken_at is not None
    assert row.taken_at.isoformat() == "2026-11-20T21:15:00+08:00"
    assert (round(row.latitude or 0, 3), round(row.longitude or 0, 3)) == (31.23, 121.47)
    stored = tmp_path / row.stored_as
    with Image.open(stored) as image:
        assert not dict(image.getexif())
        assert "exif" not in image.info
    import hashlib

    assert hashlib.sha256(stored.read_bytes()).hexdigest() == row.sha256
    with Image.open(tmp_path / row.thumbnail) as small:
        assert max(small.size) <= 360


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (photo(kind="PNG"), "x.exe", "image/png"),
        (photo(kind="GIF"), "x.gif", "image/gif"),
        (photo(kind="WEBP"), "x", "image/webp"),
        (b"%PDF-1.7\n%...", "说明.doc", "application/pdf"),
        (docx(), "x.zip", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le"),
            "x.doc",
            "application/msword",
        ),
        ("反映情况说明\n第二行".encode(), "说明.txt", "text/plain"),
        ("反映情况说明".encode("gb18030"), "gb.txt", "text/plain"),
        (b"ID3\x03\x00" + b"\0" * 50, "a.mp3", "audio/mpeg"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a.wav", "audio/wav"),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 40, "v.mp4", "video/mp4"),
    ],
)
def test_type_is_read_from_the_content(city: Cast, content: bytes, name: str, kind: str) -> None:
    row = put(city, content, name)
    assert row.media_type == kind
    assert row.name.endswith(_files.EXTENSIONS[kind])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"MZ\x90\0\x03" + b"\0" * 100, "media_type"),
        (b"\x7fELF" + b"\0" * 100, "media_type"),
        (b"<html><script>alert(1)</script>", "media_type"),
        (b"  <?xml version='1.0'?><svg onload='x'/>", "media_type"),
        (b"", "empty"),
        (b"\xff\xd8\xff\xe0 broken", "media_type"),
        (docx({"word/vbaProject.bin": b"x"}), "macro"),
        (docx({"word/big.xml": b"0" * 30_000_000}), "bomb"),
        (b"PK\x03\x04garbage", "media_type"),
    ],
)
def test_what_is_refused_leaves_nothing(city: Cast, tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        put(city, content, "photo.jpg")
    assert caught.value.code == code
    assert left_over(tmp_path) == []
    assert not Attachment.objects.exists()


def test_picture_that_declares_too_many_pixels_is_refused_unread(city: Cast, tmp_path: Path) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(Invalid) as caught:
        put(city, bomb)
    assert caught.value.code == "bomb"
    assert left_over(tmp_path) == []


def test_too_large_is_refused_while_streaming(city: Cast, tmp_path: Path, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    order = signed(city).order
    given = 0

    def chunks() -> Any:
        nonlocal given
        for _ in range(1000):
            given += 400
            yield b"x" * 400

    with pytest.raises(Invalid) as caught:
        attach(actor=city.actor("handler"), order_id=order.pk, chunks=chunks(), name="a.txt")
    assert (caught.value.code, caught.value.status) == ("too_large", 413)
    assert given == 1200
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd.txt"),
        ("..\\..\\windows\\system.ini", "system.ini.txt"),
        ("\u202egpj.exe", "gpj.exe.txt"),
        ("", "file.txt"),
        (".htaccess", "htaccess.txt"),
        ("a\x00b.txt", "ab.txt"),
        ("照片<script>.txt", "照片script.txt"),
        ("x" * 300 + ".txt", "x" * 120 + ".txt"),
    ],
)
def test_names_are_made_harmless(given: str, shown: str) -> None:
    assert _files.safe_name(given, "text/plain") == shown


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "aa/bb", "thumbs/../x", ""])
def test_store_opens_only_its_own_names(name: str) -> None:
    with pytest.raises(ValueError, match=r"^|."):
        _files.path_of(name)


def test_same_content_is_stored_once_and_survives_a_failed_second(
    city: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = signed(city).order
    first = put(city, b"same words", "a.txt", order=order)
    second = put(city, b"same words", "b.txt", order=order)
    assert first.stored_as == second.stored_as
    monkeypatch.setattr("hotline.workorders.actions.attachments.MOST_OF_AN_ORDER", 2)
    with pytest.raises(Refused):
        put(city, b"same words", "c.txt", order=order)
    assert (tmp_path / first.stored_as).read_bytes() == b"same words"
    with pytest.raises(Refused):
        put(city, b"other words", "d.txt", order=order)
    assert len(left_over(tmp_path)) == 1


def test_only_those_who_see_the_order_add_and_read(city: Cast) -> None:
    order = signed(city).order
    row = put(city, b"words", "a.txt", order=order)
    with pytest.raises(NotVisible):
        put(city, b"words", "a.txt", who="other_handler", order=order)
    with pytest.raises(NotVisible):
        open_attachment(actor=city.actor("other_handler"), attachment_id=row.pk)
    found, path = open_attachment(actor=city.actor("dispatcher"), attachment_id=row.pk)
    assert Path(path).read_bytes() == b"words"
    assert AuditEntry.objects.filter(verb="workorders.download_attachment", object_id=str(order.pk)).exists()
    assert found.pk == row.pk


def test_citizen_gets_public_files_of_the_own_order_only(city: Cast) -> None:
    order = signed(city, citizen_id=city.citizen.pk).order
    internal = put(city, b"internal", "a.txt", order=order)
    own = attach(actor=city.actor("citizen"), order_id=order.pk, chunks=[b"mine"], name="b.txt")
    assert own.audience == "public"
    open_attachment(actor=city.actor("citizen"), attachment_id=own.pk)
    with pytest.raises(NotVisible):
        open_attachment(actor=city.actor("citizen"), attachment_id=internal.pk)
    with pytest.raises(NotVisible):
        attach(actor=city.actor("anonymous"), order_id=order.pk, chunks=[b"x"], name="x.txt")


def test_removal_hides_and_keeps(city: Cast, tmp_path: Path) -> None:
    order = signed(city).order
    row = put(city, b"words", "a.txt", order=order)
    with pytest.raises(NotPermitted):
        remove_attachment(actor=city.actor("manager"), attachment_id=row.pk, reason="误传")
    with pytest.raises(Invalid):
        remove_attachment(actor=city.actor("handler"), attachment_id=row.pk, reason=" ")
    remove_attachment(actor=city.actor("handler"), attachment_id=row.pk, reason="误传")
    with pytest.raises(NotVisible):
        open_attachment(actor=city.actor("handler"), attachment_id=row.pk)
    assert (tmp_path / row.stored_as).exists()
    assert AuditEntry.objects.get(verb="workorders.remove_attachment").reason == "误传"


def test_loose_files_find_their_order(city: Cast) -> None:
    key = "k" * 20
    attach_loose(actor=city.actor("anonymous"), appeal_key=key, chunks=[b"one"], name="1.txt")
    with pytest.raises(Invalid):
        attach_loose(actor=city.actor("anonymous"), appeal_key="short", chunks=[b"one"], name="1.txt")
    order = make_order(city, citizen_id=city.citizen.pk)
    assert adopt(actor=city.actor("citizen"), appeal_key=key, order_id=order.pk) == 1
    assert adopt(actor=city.actor("citizen"), appeal_key=key, order_id=order.pk) == 0
    assert order.attachments.count() == 1


# ── the door ──


def test_upload_and_download_over_http(city: Cast, tmp_path: Path) -> None:
    order = signed(city).order
    client = city.client("handler")
    response = client.post(
        reverse("workorders:upload", args=[order.number]),
        {"file": SimpleUploadedFile("../x.jpg", photo(), "text/html")},
        headers={"HX-Request": "true"},
    )
    assert response.status_code == 201, response.content
    row = Attachment.objects.get()
    got = client.get(reverse("workorders:file", args=[row.pk]))
    assert got["X-Content-Type-Options"] == "nosniff"
    assert got["Content-Disposition"].startswith("attachment")
    assert got["Content-Type"] == "image/jpeg"
    assert b"".join(got.streaming_content)  # type: ignore[arg-type]
    small = client.get(reverse("workorders:thumbnail", args=[row.pk]))
    assert small.status_code == 200
    assert small["Content-Type"] == "image/jpeg"
    assert b"".join(small.streaming_content)  # type: ignore[arg-type]
    for who in ("other_handler", "anonymous", "citizen", "auditor"):
        assert city.client(who).get(reverse("workorders:file", args=[row.pk])).status_code == 404, who
    assert not list((tmp_path / "incoming").iterdir())


def test_too_large_over_http_is_413_and_leaves_nothing(city: Cast, tmp_path: Path, settings: Any) -> None:
    settings.MAX_UPLOAD_BYTES = 200_000
    order = signed(city).order
    client = city.client("handler")
    for size in (210_000, 900_000):
        response = client.post(
            reverse("workorders:upload", args=[order.number]),
            {"file": SimpleUploadedFile("a.txt", b"x" * size)},
            headers={"HX-Request": "true"},
        )
        assert response.status_code == 413, size
        assert "data-refusal" in response.content.decode()
    assert left_over(tmp_path) == []


def test_upload_without_token_or_to_a_strange_order_is_refused(city: Cast, tmp_path: Path) -> None:
    from django.test import Client

    order = signed(city).order
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = city.client("handler").cookies
    url = reverse("workorders:upload", args=[order.number])
    assert strict.post(url, {"file": SimpleUploadedFile("a.txt", b"x")}).status_code == 403
    assert (
        city.client("other_handler").post(url, {"file": SimpleUploadedFile("a.txt", b"x")}).status_code == 404
    )
    assert city.client("handler").post(url, {}).status_code == 422
    assert left_over(tmp_path) == []


def told(order: WorkOrder, cast: Cast, who: str) -> list[tuple[str, str, str]]:
    """(title, audience, words) of what the timeline shows this colleague about files, the oldest first."""
    rows, _page = timeline(cast.actor(who), order)
    return [
        (row.event.verb, row.audience, row.text)
        for row in reversed(rows)
        if row.event.verb in ("attach", "remove_attachment")
    ]


def to_citizen(order: WorkOrder) -> list[tuple[str, str]]:
    of_files = {str(VERBS[name].public) for name in ("attach", "remove_attachment")}
    return [(step.text, step.note) for step in citizen_view(order).steps if step.text in of_files]


def test_files_leave_their_mark_on_the_timeline(city: Cast) -> None:
    order = signed(city, citizen_id=city.citizen.pk).order
    order.refresh_from_db()
    revision = order.revision
    open_one = attach(
        actor=city.actor("handler"), order_id=order.pk, chunks=[photo()], name="现场.jpg", audience="public"
    )
    attach(actor=city.actor("handler"), order_id=order.pk, chunks=[b"for colleagues"], name="内部.txt")
    attach(
        actor=city.actor("dispatcher"), order_id=order.pk, chunks=[b"the hub's"], name="中心.txt", audience="hub"
    )
    remove_attachment(actor=city.actor("handler"), attachment_id=open_one.pk, reason="拍错了地方")
    assert told(order, city, "dispatcher") == [
        ("attach", "public", "现场.jpg"),
        ("attach", "internal", "内部.txt"),
        ("attach", "internal", "中心.txt"),
        ("remove_attachment", "public", "现场.jpg"),
    ]
    assert told(order, city, "handler")[2] == ("attach", "internal", ""), "the hub's words are the hub's"
    assert [note for _text, note in to_citizen(order)] == ["现场.jpg", "现场.jpg"]
    assert "拍错了地方" not in repr(citizen_view(order))
    order.refresh_from_db()
    assert order.revision == revision, "a file refuses nobody's words"
    assert [str(one) for one in check_orders()] == []


def test_files_of_the_draft_are_on_the_timeline_once(city: Cast) -> None:
    order = make_order(city, citizen_id=city.citizen.pk)
    key = "k" * 20
    for name in ("一.txt", "二.txt"):
        attach_loose(actor=city.actor("citizen"), appeal_key=key, chunks=[name.encode()], name=name)
    for _again in range(2):
        adopt(actor=city.actor("agent"), appeal_key=key, order_id=order.pk)
    assert told(order, city, "dispatcher") == [("attach", "public", "一.txt、二.txt")]
    assert [note for _text, note in to_citizen(order)] == ["一.txt、二.txt"]


def test_citizens_behind_one_order_do_not_read_each_others_files(city: Cast) -> None:
    main = make_order(city, citizen_id=make_citizen("13700001111", "钱一").pk)
    other = make_order(city, citizen_id=city.citizen.pk)
    actions.merge(actor=city.actor("dispatcher"), order_ids=[other.pk], into_id=main.pk)
    attach(
        actor=city.actor("dispatcher"), order_id=main.pk, chunks=[b"x"], name="门牌与姓名.txt", audience="public"
    )
    assert [note for _text, note in to_citizen(main)] == ["门牌与姓名.txt"]
    other.refresh_from_db()
    assert to_citizen(other) == []


def of_kind(kind: str, **more: Any) -> bytes:
    """A small picture in another format."""
    out = io.BytesIO()
    Image.new(more.pop("mode", "RGB"), (12, 8), "teal" if more.pop("plain", True) else 3).save(out, kind, **more)
    return out.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return out.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (of_kind("PNG"), "image/png"),
        (of_kind("PNG", mode="P", plain=False), "image/png"),
        (of_kind("BMP"), "image/png"),  # written anew in a format that every browser shows
        (of_kind("WEBP"), "image/webp"),
        (of_kind("GIF", mode="P", plain=False), "image/gif"),
        (of_kind("JPEG", mode="CMYK"), "image/jpeg"),
        (archive({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<w/>"}), "xlsx"),
        (archive({"OFD.xml": b"<ofd/>"}), "application/ofd"),
        (archive({"mimetype": b"application/vnd.oasis.opendocument.text"}), "application/vnd.oasis.opendocument.text"),
        (OLE + b"\0" * 600 + "Workbook".encode("utf-16-le"), "application/vnd.ms-excel"),
        (b"\0\0\0\x18ftypM4A " + b"\0" * 40, "audio/mp4"),
        (b"\x1aE\xdf\xa3" + b"\0" * 8 + b"webm" + b"\0" * 40, "video/webm"),
        (b"#!AMR\n" + b"\0" * 40, "audio/amr"),
        (b"\xff\xfb\x90\x00" + b"\0" * 40, "audio/mpeg"),
    ],
)
def test_kinds_that_offices_and_phones_send(city: Cast, content: bytes, kind: str) -> None:
    row = put(city, content, "材料")
    assert row.media_type == (_files._OOXML["xl/"][0] if kind == "xlsx" else kind)
    assert row.name.endswith(_files.EXTENSIONS[row.media_type])
    assert bool(row.thumbnail) == kind.startswith("image/")


@pytest.mark.parametrize(
    "content",
    [
        archive({"run.exe": b"MZ"}),
        archive({"[Content_Types].xml": b"<Types/>", "evil/x": b""}),
        archive({"mimetype": b"application/zip"}),
        OLE + b"\0" * 600,
        b"\0\0\0\x18ftypxxxx" + b"\0" * 40,
        b"\x1aE\xdf\xa3" + b"\0" * 60,
        b"\xfe\xfe\x00\x01" + b"\0" * 40,
        "文字".encode() + b"\x00\x01",
    ],
)
def test_kinds_that_are_not_on_the_list(city: Cast, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        put(city, content, "a.docx")
    assert caught.value.code == "media_type"
    assert left_over(tmp_path) == []


def test_a_picture_that_breaks_off_is_damaged(city: Cast, tmp_path: Path) -> None:
    whole = photo(size=(400, 300), exif=False)
    with pytest.raises(Invalid) as caught:
        put(city, whole[: len(whole) // 2])
    assert caught.value.code == "broken_image"
    assert left_over(tmp_path) == []


def test_a_gif_of_too_many_frames_is_a_bomb(
    city: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.BytesIO()
    frames = [Image.new("L", (20, 20), shade) for shade in range(0, 250, 50)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert put(city, out.getvalue(), "a.gif").media_type == "image/gif"
    stored = left_over(tmp_path)
    monkeypatch.setattr(_files, "MAX_PIXELS", 1000)  # a frame has 400
    with pytest.raises(Invalid) as caught:
        put(city, out.getvalue(), "b.gif")
    assert caught.value.code == "bomb"
    assert left_over(tmp_path) == stored


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ((("S", (33.0, 30.0, 0.0)), ("W", (70.0, 0.0, 0.0))), (-33.5, -70.0)),
        ((("N", (95.0, 0.0, 0.0)), ("E", (121.0, 0.0, 0.0))), None),  # no such place
        ((("N", (0.0, 0.0, 0.0)), ("E", (0.0, 0.0, 0.0))), None),  # a camera without a fix
        ((("N", (31.0, 0.0)), ("E", (121.0, 0.0, 0.0))), None),  # not three parts
    ],
)
def test_places_of_photos_are_kept_or_left_out_never_guessed(city: Cast, place: Any, found: Any) -> None:
    image, out, data = Image.new("RGB", (20, 20), "teal"), io.BytesIO(), Image.Exif()
    (north, latitude), (east, longitude) = place
    ifd = data.get_ifd(ExifTags.IFD.GPSInfo)
    ifd[ExifTags.GPS.GPSLatitudeRef], ifd[ExifTags.GPS.GPSLatitude] = north, latitude
    ifd[ExifTags.GPS.GPSLongitudeRef], ifd[ExifTags.GPS.GPSLongitude] = east, longitude
    data[ExifTags.Base.DateTime] = "the other day"
    image.save(out, "JPEG", exif=data)
    row = put(city, out.getvalue())
    assert (row.latitude, row.longitude) == (found or (None, None))
    assert row.taken_at is None


KEY = "draft-of-an-appeal-1"


def test_files_of_a_draft_have_an_end_and_can_be_taken_back(
    city: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    citizen = city.actor("citizen")
    row = attach_loose(actor=citizen, appeal_key=KEY, chunks=[photo()], name="a.jpg")
    monkeypatch.setattr(attachments, "MOST_LOOSE", 1)
    stored = left_over(tmp_path)
    received = _files.receive([b"one more"])
    with pytest.raises(Refused) as refusal:
        attach_loose(actor=citizen, appeal_key=KEY, received=received, name="b.txt")
    assert refusal.value.code == "too_many"
    assert left_over(tmp_path) == stored, "what was received is gone again"
    remove_loose(actor=citizen, appeal_key="another-draft-of-it", attachment_id=row.pk)
    remove_loose(actor=citizen, appeal_key="", attachment_id=row.pk)
    assert Attachment.objects.get(pk=row.pk).removed_at is None
    for _again in range(2):
        remove_loose(actor=citizen, appeal_key=KEY, attachment_id=row.pk)
    assert Attachment.objects.get(pk=row.pk).removed_at is not None
    assert AuditEntry.objects.filter(verb="workorders.remove_attachment").count() == 1
    order = make_order(city, citizen_id=city.citizen.pk)
    assert adopt(actor=citizen, appeal_key=KEY, order_id=order.pk) == 0
    assert adopt(actor=citizen, appeal_key="", order_id=order.pk) == 0


def test_what_could_not_be_written_leaves_no_file(
    city: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: Any) -> Any:
        raise OSError("the audit cannot be written")

    monkeypatch.setattr(attachments, "record", broken)
    with pytest.raises(OSError, match="audit"):
        attach_loose(actor=city.actor("citizen"), appeal_key=KEY, chunks=[photo()], name="a.jpg")
    assert left_over(tmp_path) == []
    assert not Attachment.objects.exists()


def test_a_file_that_is_gone_from_the_disk_is_not_there(city: Cast, tmp_path: Path) -> None:
    row = put(city, b"text", "a.txt")
    handler = city.actor("handler")
    with pytest.raises(NotVisible):
        open_attachment(actor=handler, attachment_id=row.pk, thumbnail=True)  # text has no small picture
    for path in left_over(tmp_path):
        path.unlink()
    with pytest.raises(NotVisible):
        open_attachment(actor=handler, attachment_id=row.pk)
    assert not AuditEntry.objects.filter(verb="workorders.download_attachment").exists()


def test_archived_orders_take_no_files(city: Cast) -> None:
    order = signed(city).order
    WorkOrder.objects.filter(pk=order.pk).update(state="archived", closed_at=now())
    with pytest.raises(Refused) as refusal:
        put(city, b"text", "a.txt", order=order)
    assert refusal.value.code == "closed_order"


HEIC = Path(__file__).parent / "files" / "phone.heic"


def test_a_phones_heic_becomes_a_jpeg_with_its_place_read(city: Cast) -> None:
    row = attach_loose(actor=city.actor("anonymous"), appeal_key="a" * 24, chunks=[HEIC.read_bytes()], name="IMG_0123.HEIC")
    assert (row.media_type, row.name) == ("image/jpeg", "IMG_0123.HEIC.jpg")
    assert row.latitude == pytest.approx(31.23)
    assert row.longitude == pytest.approx(121.47)
    assert row.taken_at is not None
    with Image.open(_files.path_of(row.stored_as)) as image:
        assert (image.format, image.size) == ("JPEG", (96, 64))
        assert not image.getexif()
        red, green, blue = image.convert("RGB").getpixel((45, 35))  # type: ignore[misc]
        assert red > 180
        assert green > 160
        assert blue < 120


@pytest.mark.parametrize("cut", [40, 400, -120])
def test_a_broken_heic_is_refused_in_words(city: Cast, cut: int) -> None:
    with pytest.raises(Invalid) as caught:
        attach_loose(actor=city.actor("anonymous"), appeal_key="a" * 24, chunks=[HEIC.read_bytes()[:cut]], name="IMG.HEIC")
    assert caught.value.code in ("media_type", "broken_image")
    assert not Attachment.objects.exists()
