"""Messages that wait for a person."""

from __future__ import annotations

import json

from django.utils.translation import gettext as _

from hotline.intake.models import ImportBatch, RawMessage, RawState
from hotline.kit.errors import NotVisible
from hotline.kit.health import Level, Result
from hotline.kit.paging import Page, keyset


def quarantined(cursor: str = "", *, state: str = RawState.QUARANTINED) -> Page[RawMessage]:
    """A page of messages of one state, oldest first; payloads stay sealed."""
    return keyset(
        RawMessage.objects.filter(state=state).defer("payload"), order=["id"], cursor=cursor, size=30
    )


def count_quarantined(most: int = 999) -> int:
    """How many wait, at most `most` + 1."""
    return RawMessage.objects.filter(state=RawState.QUARANTINED).order_by()[: most + 1].count()


def raw_message(raw_id: int) -> RawMessage:
    """One message without its payload."""
    found = RawMessage.objects.defer("payload").filter(pk=raw_id).first()
    if found is None:
        raise NotVisible(raw_id)
    return found


def raw_text(payload: bytes, most: int = 20_000) -> str:
    """Bytes as text that is safe to show: indented JSON, else text with what is unprintable written out as \\x…."""
    try:
        text = json.dumps(json.loads(payload.decode("utf-8")), ensure_ascii=False, indent=2, sort_keys=True)
    except (ValueError, RecursionError):
        text = payload[: most * 4].decode("utf-8", "backslashreplace")
    safe = "".join(
        sign if sign.isprintable() or sign in "\n\t" else f"\\x{ord(sign):02x}" for sign in text[:most]
    )
    return safe + ("…" if len(text) > most else "")


def batches(limit: int = 30) -> list[ImportBatch]:
    """Imports, newest first."""
    return list(ImportBatch.objects.order_by("-id")[:limit])


def batch(batch_id: int) -> ImportBatch:
    """One import."""
    found = ImportBatch.objects.filter(pk=batch_id).first()
    if found is None:
        raise NotVisible(batch_id)
    return found


def quarantine_health() -> Result:
    """One line of the health page."""
    waiting = count_quarantined()
    if not waiting:
        return Result(Level.OK, _("No message waits in quarantine."))
    return Result(
        Level.WARN,
        _("%(count)d messages could not be read.") % {"count": waiting},
        _("Open the quarantine and mend, release or discard them."),
    )
