"""What is noted of a photo as it is stored: how it looks, and what the phone that took it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from PIL import Image

from hotline.workorders.actions import _files
from hotline.workorders.models import Attachment, PhotoMark
from hotline.workorders.rules.photos import SIDE, bands_of, fingerprint, signed


@dataclass(frozen=True, slots=True)
class Taken:
    """Where and when by a phone: degrees WGS-84, metres; its own clock's moment and the same by ours."""

    device_at: datetime | None = None
    true_at: datetime | None = None
    doubtful: bool = False
    latitude: float | None = None
    longitude: float | None = None
    accuracy: float | None = None


def look_of(attachment: Attachment) -> int | None:
    """The perceptual hash of a stored photo's small picture; None when it shows nothing."""
    with Image.open(_files.path_of(attachment.thumbnail)) as image:
        grey = image.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return fingerprint(list(grey.tobytes()))


def mark_photo(attachment: Attachment, taken: Taken | None = None) -> PhotoMark:
    """Write the mark of a photo just stored; in its own transaction, so both are there or neither."""
    bits = look_of(attachment)
    given = taken or Taken()
    return PhotoMark.objects.create(
        attachment=attachment,
        bits=signed(bits or 0),
        bands=bands_of(bits) if bits is not None else [],  # what shows nothing looks like nothing else
        device_at=given.device_at,
        true_at=given.true_at,
        doubtful=given.doubtful,
        latitude=given.latitude,
        longitude=given.longitude,
        accuracy=given.accuracy,
    )


__all__ = ["Taken", "look_of", "mark_photo"]
