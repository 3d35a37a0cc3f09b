"""Files that an entry offers."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, NotVisible
from hotline.knowledge import files, permissions
from hotline.knowledge.models import Entry, EntryFile
from hotline.knowledge.queries.entries import entry_for

MOST_FILES = 30


@transaction.atomic
def attach(*, actor: Actor, entry_id: int, name: str, data: bytes) -> EntryFile:
    """Add a file; its type is told by its content. The text points to it as `attachment:ID`."""
    entry_for(actor, entry_id)
    entry = Entry.objects.select_for_update(of=("self",)).select_related("unit").get(pk=entry_id)
    permissions.can_edit(actor, entry).require(permissions.EDIT)
    media_type, ending = files.kind_of(data)
    if entry.files.filter(removed_at__isnull=True).count() >= MOST_FILES:
        words = _("An entry has at most %(n)d files.") % {"n": MOST_FILES}
        raise Invalid("file", words, details={"file": words})
    row = EntryFile.objects.create(
        entry=entry,
        name=files.safe_name(name, ending),
        media_type=media_type,
        size=len(data),
        sha256=files.store(data),
        created_by=actor.key(),
        created_at=clock.now(),
    )
    record(
        actor=actor,
        verb="knowledge.attach",
        object_type="knowledge_entry",
        object_id=entry.pk,
        data={"file": row.pk, "sha256": row.sha256},
    )
    return row


@transaction.atomic
def remove_file(*, actor: Actor, file_id: int) -> None:
    """Take a file from an entry; the content stays for the audit."""
    row = EntryFile.objects.select_for_update().filter(pk=file_id, removed_at__isnull=True).first()
    if row is None:
        raise NotVisible("file")
    permissions.can_edit(actor, entry_for(actor, row.entry_id)).require(permissions.EDIT)
    row.removed_at = clock.now()
    row.save(update_fields=["removed_at"])
    record(
        actor=actor, verb="knowledge.remove_file", object_type="knowledge_entry", object_id=row.entry_id, data={"file": row.pk}
    )
