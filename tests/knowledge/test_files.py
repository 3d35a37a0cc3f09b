"""Files by their content: what is on the list, what is refused, and a disk that is full."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hotline.kit.errors import Invalid
from hotline.knowledge import files


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def picture(kind: str, size: tuple[int, int] = (4, 4)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return out.getvalue()


def package(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, b"x" * 100)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (picture("PNG"), ".png"), (picture("JPEG"), ".jpg"), (picture("WEBP"), ".webp"), (b"%PDF-1.7", ".pdf"),
        (package("word/document.xml"), ".docx"), (package("xl/workbook.xml"), ".xlsx"),
    ],
)  # fmt: skip
def test_the_content_says_what_it_is(data: bytes, ending: str) -> None:
    assert files.kind_of(data)[1] == ending


@pytest.mark.parametrize(
    ("limit", "most", "data"),
    [
        ("MOST_BYTES", 10, b"%PDF-1.7 and more"),
        ("MOST_PIXELS", 10, picture("PNG")),
        ("MOST_MEMBERS", 1, package("word/document.xml", "word/styles.xml")),
        ("MOST_UNPACKED", 150, package("word/document.xml", "word/styles.xml")),
    ],
)
def test_what_is_too_much_is_refused(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int, data: bytes
) -> None:
    assert files.kind_of(data)
    monkeypatch.setattr(files, limit, most)
    with pytest.raises(Invalid):
        files.kind_of(data)


@pytest.mark.parametrize("odd", ["", "../etc/passwd", "a" * 63, "A" * 64])
def test_a_name_that_is_no_hash_leads_nowhere(folder: Path, odd: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        files.path_of(odd)


def test_a_full_disk_leaves_no_half_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = files.store(b"words")
    assert files.path_of(digest).read_bytes() == b"words"
    assert files.store(b"words") == digest

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    before = sorted(path for path in folder.rglob("*") if path.is_file())
    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="space"):
        files.store(b"other words")
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == before
