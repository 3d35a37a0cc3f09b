"""Files that come in pieces over a poor line and go on where they stopped (A7)."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.workorders.actions import _files
from hotline.workorders.actions.attachments import MOST_LOOSE, attach_loose
from hotline.workorders.models import PartialUpload

KEPT = timedelta(days=3)
"""How long a file that nobody goes on sending is kept."""


def _path(token: str) -> Path:
    return _files.incoming() / f"part-{token}"


def open_upload(*, actor: Actor, appeal_key: str, length: int, name: str) -> PartialUpload:
    """Announce a file of `length` bytes for a draft. Raises Invalid (key, empty, 413), Refused (too many)."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,64}", appeal_key):
        raise Invalid("appeal_key", _("The draft of this appeal is not known. Reload the page and try again."))
    if length <= 0:
        raise Invalid("empty", _("The file is empty."))
    if length > settings.MAX_UPLOAD_BYTES:
        raise _files.too_large()
    with transaction.atomic():
        if PartialUpload.objects.filter(appeal_key=appeal_key).count() >= 2 * MOST_LOOSE:
            raise Refused("too_many", _("At most %(most)d files may be sent with an appeal.") % {"most": MOST_LOOSE})
        return PartialUpload.objects.create(
            token=secrets.token_hex(24), appeal_key=appeal_key, name=name[:200], length=length, expires_at=now() + KEPT
        )


def upload_of(*, actor: Actor, appeal_key: str, token: str) -> PartialUpload:
    """How far a file is. Raises NotVisible for another draft's, an expired and an unknown one alike."""
    row = PartialUpload.objects.filter(pk=token, appeal_key=appeal_key, expires_at__gt=now()).first()
    if row is None:
        raise NotVisible("upload")
    return row


def add_to_upload(*, actor: Actor, appeal_key: str, token: str, offset: int, chunks: Iterator[bytes]) -> PartialUpload:
    """Add bytes from `offset` on; the last make it an attachment of the draft. What came before a cut is kept.

    The bytes are read before the row is locked: a connection that died unnoticed keeps nobody waiting, and what it
    brings late no longer fits. Raises NotVisible, Refused `offset`, OSError (the line was cut; what came is safe),
    Invalid (the whole file is not acceptable; nothing of it is left).
    """
    before = upload_of(actor=actor, appeal_key=appeal_key, token=token)
    piece = _files.incoming() / f"piece-{secrets.token_hex(12)}"
    cut: OSError | None = None
    try:
        size = 0
        with piece.open("wb") as stream:
            try:
                for chunk in chunks:
                    size += len(chunk)
                    if offset + size > before.length:
                        raise _files.too_large()
                    stream.write(chunk)
            except OSError as error:
                cut = error
        row = _appended(token, offset, piece)
    finally:
        piece.unlink(missing_ok=True)
    if cut is not None:
        raise cut
    if row.received == row.length and row.attachment_id is None:
        row = _finish(actor, token)
    return row


@transaction.atomic
def _appended(token: str, offset: int, piece: Path) -> PartialUpload:
    row = PartialUpload.objects.select_for_update().filter(pk=token).first()
    if row is None:
        raise NotVisible("upload")
    if row.received != offset:
        raise Refused("offset", _("The same was saved at this very moment. Look at what is there now, and save again if it differs."))
    if row.attachment_id is None and piece.stat().st_size:
        descriptor = os.open(_path(token), os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as whole, piece.open("rb") as part:
            # A worker killed between the bytes and the row left more than the row knows.
            whole.truncate(offset)
            whole.seek(offset)
            shutil.copyfileobj(part, whole)
            row.received = whole.tell()
        row.expires_at = now() + KEPT
        row.save(update_fields=["received", "expires_at"])
    return row


def _finish(actor: Actor, token: str) -> PartialUpload:
    try:
        with transaction.atomic():
            row = PartialUpload.objects.select_for_update().get(pk=token)
            if row.attachment_id is None:
                received = _files.Received(_path(token), row.length)
                row.attachment = attach_loose(actor=actor, appeal_key=row.appeal_key, received=received, name=row.name)
                row.save(update_fields=["attachment"])
            return row
    except (Invalid, Refused):
        PartialUpload.objects.filter(pk=token).delete()
        _path(token).unlink(missing_ok=True)
        raise


def end_upload(*, actor: Actor, appeal_key: str, token: str) -> None:
    """Give a file up that is not whole yet. Raises NotVisible."""
    upload_of(actor=actor, appeal_key=appeal_key, token=token)
    if PartialUpload.objects.filter(pk=token, attachment__isnull=True).delete()[0]:
        _path(token).unlink(missing_ok=True)


def expire_uploads(*, actor: Actor) -> int:
    """Forget what nobody went on sending, with its bytes; returns how many."""
    old = list(PartialUpload.objects.filter(expires_at__lte=now()).values_list("pk", flat=True)[:1000])
    for token in old:
        _path(token).unlink(missing_ok=True)
    return PartialUpload.objects.filter(pk__in=old).delete()[0]
