"""Files on disk: what they are by content, made safe, stored by their hash. No database here."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import unicodedata
import warnings
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pi_heif
import puremagic
from django.conf import settings
from django.utils.translation import gettext as _
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import Invalid

MAX_PIXELS: Final = 80_000_000
"""Larger than any phone's camera takes; a bomb declares far more."""
MAX_UNPACKED: Final = 512 * 1024 * 1024
MAX_RATIO: Final = 120
MAX_MEMBERS: Final = 10_000
THUMBNAIL: Final = 360
_IMAGES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "HEIF": "image/heic",
}
_HEIF_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
pi_heif.register_heif_opener(thumbnails=False)
_KEPT_AS: Final = {"image/png": "PNG", "image/bmp": "PNG", "image/heic": "JPEG"}
"""Kinds that not every browser shows are kept as one that does."""
_OOXML: Final = {
    "word/": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    "xl/": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    "ppt/": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
}
_OLE: Final = {
    "WordDocument": ("application/msword", ".doc"),
    "Workbook": ("application/vnd.ms-excel", ".xls"),
    "PowerPoint Document": ("application/vnd.ms-powerpoint", ".ppt"),
}
_FTYP: Final = {
    b"M4A ": ("audio/mp4", ".m4a"),
    b"M4B ": ("audio/mp4", ".m4a"),
    b"qt  ": ("video/quicktime", ".mov"),
}
_VIDEO_BRANDS: Final = (
    b"isom",
    b"iso2",
    b"iso4",
    b"iso5",
    b"iso6",
    b"mp41",
    b"mp42",
    b"avc1",
    b"MSNV",
    b"3gp4",
    b"3gp5",
    b"3gp6",
    b"dash",
)
EXTENSIONS: Final = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
    "audio/mpeg": (".mp3",),
    "audio/wav": (".wav",),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/amr": (".amr",),
    "audio/flac": (".flac",),
    "video/webm": (".webm",),
    "video/mp4": (".mp4", ".m4v", ".3gp"),
    "text/plain": (".txt", ".csv", ".log", ".md"),
    "application/ofd": (".ofd",),
    "application/vnd.oasis.opendocument.text": (".odt",),
    "application/vnd.oasis.opendocument.spreadsheet": (".ods",),
} | {kind: (extension,) for kind, extension in [*_OOXML.values(), *_OLE.values(), *_FTYP.values()]}


@dataclass(frozen=True, slots=True)
class Received:
    """An upload as it came: in a temporary file that its owner removes."""

    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A file in the store. Degrees WGS-84; `taken_at` as the camera said, in the city's time."""

    name: str
    media_type: str
    size: int
    sha256: str
    stored_as: str
    thumbnail: str
    fresh: bool
    taken_at: datetime | None = None
    latitude: float | None = None
    longitude: float | None = None


def incoming() -> Path:
    """Folder of half-received files, on the same volume as the store."""
    folder = Path(settings.MEDIA_ROOT) / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def path_of(stored_as: str) -> Path:
    """Where a stored file lies. Only names that the store itself makes are accepted."""
    if not re.fullmatch(r"(thumbs/)?[0-9a-f]{2}/[0-9a-f]{64}(\.jpg)?", stored_as):
        raise ValueError(stored_as)
    return Path(settings.MEDIA_ROOT) / stored_as


def too_large() -> Invalid:
    limit = settings.MAX_UPLOAD_BYTES // (1024 * 1024)
    error = Invalid(
        "too_large",
        _("The file is larger than %(limit)d MB. Nothing was stored; make it smaller or send it in parts.")
        % {"limit": limit},
    )
    error.status = 413
    return error


def receive(chunks: Iterable[bytes]) -> Received:
    """Write chunks to a temporary file; refuses, and leaves nothing, as soon as the limit is passed."""
    descriptor, name = tempfile.mkstemp(dir=incoming(), prefix="in-")
    size = 0
    try:
        with os.fdopen(descriptor, "wb") as stream:
            for chunk in chunks:
                size += len(chunk)
                if size > settings.MAX_UPLOAD_BYTES:
                    raise too_large()
                stream.write(chunk)
    except BaseException:
        os.unlink(name)
        raise
    return Received(Path(name), size)


def safe_name(name: str, media_type: str) -> str:
    """What people see: no path, no control or direction characters, an ending that fits the content."""
    text = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(c for c in text if unicodedata.category(c)[0] not in "C" and c not in '<>:"|?*').strip(
        " ."
    )
    stem, dot, ending = text.rpartition(".")
    if not dot:
        stem, ending = text, ""
    fitting = EXTENSIONS.get(media_type, ())
    suffix = f".{ending.lower()}" if ending else ""
    if fitting and suffix not in fitting:
        stem, suffix = (f"{stem}.{ending}" if dot and stem else text or "file"), fitting[0]
    return f"{(stem or 'file')[:120].rstrip(' .')}{suffix[:12]}"


def media_type_of(path: Path) -> str:
    """The type by content; raises Invalid for anything not on the list."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head:
        raise Invalid("empty", _("The file is empty."))
    found = _by_signature(head, path)
    if found is None:
        raise Invalid(
            "media_type",
            _(
                "This kind of file is not accepted (%(found)s). Send photos, PDF, office documents, sound, video or plain text."
            )
            % {"found": _guess(head)},
        )
    return found


def _guess(head: bytes) -> str:
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return _("unknown content")
    return (
        (matches[0].name or matches[0].extension or _("unknown content")) if matches else _("unknown content")
    )


def _by_signature(head: bytes, path: Path) -> str | None:
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM")) or (
        head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    ):
        return _image_type(path)
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zip_type(path)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _ole_type(path)
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _FTYP:
            return _FTYP[brand][0]
        if brand in _HEIF_BRANDS:
            return _image_type(path)
        return "video/mp4" if brand in _VIDEO_BRANDS else None
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else None
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    for start, kind in (
        (b"ID3", "audio/mpeg"),
        (b"OggS", "audio/ogg"),
        (b"#!AMR", "audio/amr"),
        (b"fLaC", "audio/flac"),
    ):
        if head.startswith(start):
            return kind
    if head[0] == 0xFF and head[1:2] and head[1] & 0xE6 == 0xE2:
        return "audio/mpeg"
    return "text/plain" if _is_text(path) else None


def _image_type(path: Path) -> str | None:
    try:
        with _opened(path) as image:
            return _IMAGES.get(image.format or "")
    except (UnidentifiedImageError, OSError, SyntaxError):
        return None


def _opened(path: Path) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(path)
        except Image.DecompressionBombError:
            raise _bomb() from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise _bomb()
    return image


def _bomb() -> Invalid:
    return Invalid("bomb", _("The file would unpack to an unreasonable size and was refused."))


def _zip_type(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            packed = sum(member.compress_size for member in members)
            unpacked = sum(member.file_size for member in members)
            if (
                len(members) > MAX_MEMBERS
                or unpacked > MAX_UNPACKED
                or unpacked > MAX_RATIO * max(packed, 1024)
            ):
                raise _bomb()
            names = {member.filename for member in members}
            if any(name.endswith("vbaProject.bin") for name in names):
                raise Invalid(
                    "macro", _("Office documents with macros are not accepted. Save it without macros.")
                )
            if "[Content_Types].xml" in names:
                for folder, (kind, _suffix) in _OOXML.items():
                    if any(name.startswith(folder) for name in names):
                        return kind
            if "OFD.xml" in names:
                return "application/ofd"
            if "mimetype" in names:
                kind = archive.read("mimetype")[:80].decode("ascii", "replace").strip()
                return kind if kind in EXTENSIONS and "opendocument" in kind else None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        return None
    return None


def _ole_type(path: Path) -> str | None:
    # The directory of an OLE file may lie anywhere; its entries are names in UTF-16.
    marks = {name.encode("utf-16-le"): kind for name, (kind, _suffix) in _OLE.items()}
    with path.open("rb") as stream:
        tail = b""
        while chunk := stream.read(1 << 20):
            for mark, kind in marks.items():
                if mark in tail + chunk:
                    return kind
            tail = chunk[-64:]
    return None


def _is_text(path: Path) -> bool:
    import codecs

    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        first = True
        try:
            with path.open("rb") as stream:
                while True:
                    chunk = stream.read(1 << 16)
                    text = decoder.decode(chunk, final=not chunk)
                    if any(c < " " and c not in "\t\r\n\f" for c in text):
                        return False
                    if first and re.match(
                        r"\s*<(!doctype|\?xml|html|svg|script|body|head)", text, re.IGNORECASE
                    ):
                        return False
                    first = False
                    if not chunk:
                        return True
        except UnicodeDecodeError:
            continue
    return False


def keep(received: Received, name: str) -> Stored:
    """Check, make safe and store a received file; the temporary file is gone afterwards, whatever happens.

    Photos are written anew without EXIF, after place and time were read from it; HEIC and BMP become JPEG and PNG. Raises Invalid.
    """
    try:
        media_type = media_type_of(received.path)
        facts: dict[str, Any] = {}
        thumbnail: bytes | None = None
        if media_type.startswith("image/"):
            media_type, facts, thumbnail = _clean_image(received.path, media_type)
        digest = hashlib.sha256()
        with received.path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
        sha = digest.hexdigest()
        size = received.path.stat().st_size
        stored_as = f"{sha[:2]}/{sha}"
        target = path_of(stored_as)
        fresh = not target.exists()
        if fresh:
            target.parent.mkdir(parents=True, exist_ok=True)
            _synced(received.path)
            os.replace(received.path, target)
        shown = ""
        if thumbnail is not None:
            shown = f"thumbs/{sha[:2]}/{sha}.jpg"
            small = path_of(shown)
            small.parent.mkdir(parents=True, exist_ok=True)
            small.write_bytes(thumbnail)
        return Stored(safe_name(name, media_type), media_type, size, sha, stored_as, shown, fresh, **facts)
    finally:
        received.path.unlink(missing_ok=True)


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def forget(stored: Stored) -> None:
    """Take a just stored file back, after the row that names it could not be written."""
    if stored.fresh:
        for name in filter(None, (stored.stored_as, stored.thumbnail)):
            path_of(name).unlink(missing_ok=True)


def _clean_image(path: Path, media_type: str) -> tuple[str, dict[str, Any], bytes]:
    import io

    try:
        with _opened(path) as image:
            facts = _exif_facts(image)
            upright = ImageOps.exif_transpose(image)
            kind = _KEPT_AS.get(media_type) or image.format or "JPEG"
            clean = io.BytesIO()
            if kind == "GIF":
                frames = getattr(image, "n_frames", 1)
                if frames * image.width * image.height > MAX_PIXELS:
                    raise _bomb()
                image.save(clean, "GIF", save_all=frames > 1, comment=b"")
            else:
                bare = Image.new(upright.mode, upright.size)
                if upright.mode == "P":
                    bare.putpalette(upright.getpalette() or [])
                bare.paste(upright)
                options: dict[str, Any] = {"JPEG": {"quality": 92}, "WEBP": {"quality": 90}}.get(kind, {})
                if kind == "JPEG" and bare.mode not in ("RGB", "L"):
                    bare = bare.convert("RGB")
                bare.save(clean, kind, **options)
            small = upright.convert("RGB")
            small.thumbnail((THUMBNAIL, THUMBNAIL))
            shown = io.BytesIO()
            small.save(shown, "JPEG", quality=80)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise Invalid("broken_image", _("The picture is damaged and cannot be read.")) from error
    path.write_bytes(clean.getvalue())
    return _IMAGES[kind], facts, shown.getvalue()


def _exif_facts(image: Image.Image) -> dict[str, Any]:
    """Place and time of a photo; anything that cannot be read is left out, never guessed."""
    facts: dict[str, Any] = {}
    try:
        exif = image.getexif()
        taken = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal) or exif.get(
            ExifTags.Base.DateTime
        )
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except (OSError, ValueError, SyntaxError, TypeError, KeyError):
        return facts
    if taken:
        with contextlib.suppress(ValueError):
            facts["taken_at"] = datetime.strptime(str(taken).strip("\x00 "), "%Y:%m:%d %H:%M:%S").replace(
                tzinfo=CITY_ZONE
            )
    try:
        latitude = _degrees(place[ExifTags.GPS.GPSLatitude], place.get(ExifTags.GPS.GPSLatitudeRef) == "S")
        longitude = _degrees(place[ExifTags.GPS.GPSLongitude], place.get(ExifTags.GPS.GPSLongitudeRef) == "W")
        if -90 <= latitude <= 90 and -180 <= longitude <= 180 and (latitude, longitude) != (0.0, 0.0):
            facts["latitude"], facts["longitude"] = latitude, longitude
    except (KeyError, TypeError, ValueError, ZeroDivisionError, IndexError):
        pass
    return facts


def _degrees(parts: Any, negative: bool) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if value != value:  # NaN from a zero denominator
        raise ValueError(parts)
    return -value if negative else value
