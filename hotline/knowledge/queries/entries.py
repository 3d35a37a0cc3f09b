"""Entries and their versions as an actor may see them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from hotline.accounts.permissions import reaches
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import NotVisible
from hotline.kit.paging import Page, keyset
from hotline.kit.verdict import Verdict
from hotline.knowledge import permissions
from hotline.knowledge.models import Entry, EntryFile, EntryState, EntryVersion, Readers, VersionState
from hotline.knowledge.rules import FIELDS, SERVED, VERBS, Document, verbs_from


def visible_to(actor: Actor) -> QuerySet[Entry]:
    """Staff: everything. Everybody else: public entries in force today."""
    rows = Entry.objects.select_related("unit", "responsible")
    if actor.is_staff or actor.is_system:
        return rows
    day = clock.today()
    return rows.filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=day),
        Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        readers=Readers.PUBLIC,
        state__in=SERVED,
    )


def entry_for(actor: Actor, entry_id: int) -> Entry:
    """One entry. Raises NotVisible."""
    entry = visible_to(actor).filter(pk=entry_id).first()
    if entry is None:
        raise NotVisible(_("There is no such entry."))
    return entry


def document_of(entry: Entry) -> Document:
    """The words in force, as a document."""
    values = {name: getattr(entry, name) for name in FIELDS}
    return Document(**values | {"keywords": tuple(entry.keywords), "questions": tuple(entry.questions)})


def open_version(entry: Entry) -> EntryVersion | None:
    """The version that is being written or reviewed."""
    return entry.versions.filter(state__in=[VersionState.OPEN, VersionState.SUBMITTED]).first()


def versions(entry: Entry) -> list[EntryVersion]:
    """All versions, newest first."""
    return list(entry.versions.order_by("-number"))


def version_of(entry: Entry, number: int) -> EntryVersion:
    """One version. Raises NotVisible."""
    version = entry.versions.filter(number=number).first()
    if version is None:
        raise NotVisible(_("There is no such version."))
    return version


def actions_for(actor: Actor, entry: Entry) -> list[tuple[str, Verdict]]:
    """Verbs possible now with whether this actor may; the reason says why not."""
    version = open_version(entry)
    return [(verb, permissions.can_do(actor, verb, entry, version)) for verb in verbs_from(entry.state) if verb in VERBS]


def files_of(entry: Entry) -> list[EntryFile]:
    """Files that the entry offers."""
    return list(entry.files.filter(removed_at__isnull=True).order_by("id"))


def file_for(actor: Actor, file_id: int) -> EntryFile:
    """A file of an entry that the actor may see. Raises NotVisible."""
    row = EntryFile.objects.filter(pk=file_id, removed_at__isnull=True).first()
    if row is None:
        raise NotVisible(_("There is no such file."))
    entry_for(actor, row.entry_id)
    return row


def own_entries(actor: Actor, *, state: str = "", cursor: str = "", size: int = 50) -> Page[Entry]:
    """Entries of the units that the actor edits for, last changed first; `state` limits."""
    reach = Q(pk__in=[])
    for way in reaches(actor, permissions.EDIT):
        reach |= Q(unit__path__startswith=way.grant.unit_path)
    rows = visible_to(actor).filter(reach)
    if state in EntryState.values:
        rows = rows.filter(state=state)
    return keyset(rows, order=("-updated_at", "-id"), cursor=cursor, size=size)


def public_entries(*, category: str = "", cursor: str = "", size: int = 30) -> Page[Entry]:
    """What citizens may browse, newest first."""
    day = clock.today()
    rows = Entry.objects.select_related("unit").filter(
        Q(valid_from__isnull=True) | Q(valid_from__lte=day),
        Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        readers=Readers.PUBLIC,
        state__in=SERVED,
    )
    if category:
        rows = rows.filter(category_code__startswith=category)
    return keyset(rows, order=("-updated_at", "-id"), cursor=cursor, size=size)


def by_title(titles: Sequence[str]) -> dict[str, Entry]:
    """Entries with these titles."""
    return {entry.title: entry for entry in Entry.objects.select_related("unit").filter(title__in=titles)}
