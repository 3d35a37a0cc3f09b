"""Files of entries on disk: known by their content, stored by their hash. No database here."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
import unicodedata
import zipfile
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from hotline.kit.errors import Invalid

MOST_BYTES: Final = 20 * 1024 * 1024
MOST_UNPACKED: Final = 200 * 1024 * 1024
MOST_MEMBERS: Final = 2000
MOST_PIXELS: Final = 40_000_000
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_OFFICE: Final = {
    "word/document.xml": (DOCX, ".docx"),
    "xl/workbook.xml": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
}
_IMAGES: Final = {"JPEG": ("image/jpeg", ".jpg"), "PNG": ("image/png", ".png"), "WEBP": ("image/webp", ".webp")}
_NAME: Final = re.compile(r"[0-9a-f]{64}")


def path_of(sha256: str) -> Path:
    """Where a file lies. Raises ValueError for what is no hash."""
    if not _NAME.fullmatch(sha256):
        raise ValueError(sha256)
    return Path(settings.MEDIA_ROOT) / "knowledge" / sha256[:2] / sha256


def kind_of(data: bytes) -> tuple[str, str]:
    """(media type, ending) by content. Invalid for anything that is not on the list, too large or a bomb."""
    if not data:
        raise _wrong(_("The file is empty."))
    if len(data) > MOST_BYTES:
        raise _wrong(_("The file is larger than %(n)d MB.") % {"n": MOST_BYTES // 1024 // 1024})
    if data.startswith(b"%PDF-"):
        return "application/pdf", ".pdf"
    if data.startswith(b"PK\x03\x04"):
        return _office(data)
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return _image(data)
    raise _wrong(_("Only pictures (JPEG, PNG, WebP), PDF, Word (.docx) and Excel (.xlsx) files are taken."))


def _wrong(words: str) -> Invalid:
    return Invalid("file", words, details={"file": words})


def _image(data: bytes) -> tuple[str, str]:
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise _wrong(_("The picture is too large."))
            found = _IMAGES.get(image.format or "")
            image.verify()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError):
        raise _wrong(_("The picture cannot be read.")) from None
    if found is None:
        raise _wrong(_("The picture cannot be read."))
    return found


def open_package(data: bytes) -> set[str]:
    """Names inside an office file. Invalid for a broken one, a bomb, or one with macros."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
            names = {member.filename for member in members}
    except (zipfile.BadZipFile, OSError, ValueError):
        raise _wrong(_("The file is damaged.")) from None
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > MOST_UNPACKED:
        raise _wrong(_("The file unpacks to far more than it should."))
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise _wrong(_("Files with macros are not taken. Save it without macros."))
    return names


def _office(data: bytes) -> tuple[str, str]:
    names = open_package(data)
    found = next((kind for member, kind in _OFFICE.items() if member in names), None)
    if found is None:
        raise _wrong(_("Only pictures (JPEG, PNG, WebP), PDF, Word (.docx) and Excel (.xlsx) files are taken."))
    return found


def safe_name(name: str, ending: str) -> str:
    """What people see: no path, no control characters, the ending that fits the content."""
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(c for c in text if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*').strip(" .")
    stem = text.rpartition(".")[0] or text or "file"
    return f"{stem[:120]}{ending}"


def store(data: bytes) -> str:
    """Write the content under its hash; returns the hash. Again is harmless."""
    digest = hashlib.sha256(data).hexdigest()
    path = path_of(digest)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    return digest
