"""Import: read whole and checked before a row is written; export in the same shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Person, Unit
from hotline.audit.actions import record
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import ActionError, Invalid, NotVisible, Refused
from hotline.knowledge import permissions
from hotline.knowledge.actions.cycle import act, create_entry, edit_entry
from hotline.knowledge.actions.indexing import write_index
from hotline.knowledge.models import Batch, Entry, EntryState, EntryVersion, Material, Readers, VersionState
from hotline.knowledge.queries.entries import by_title, document_of
from hotline.knowledge.queries.vocabulary import categories, city_settings
from hotline.knowledge.rules import Document, Kept, check_document, review_due
from hotline.knowledge.rules.tables import COLUMNS, Fault, chosen, day, missing, read_csv, split
from hotline.knowledge.word import read_word
from hotline.places import queries as places

MOST_BYTES = 20 * 1024 * 1024
MOST_FAULTS = 500


@transaction.atomic
def open_import(*, actor: Actor, file_name: str, data: bytes) -> Batch:
    """Read a CSV or Word file and check every row; nothing but the batch is written. Invalid when it cannot be read."""
    permissions.can_import(actor).require(permissions.IMPORT)
    if not data or len(data) > MOST_BYTES:
        words = _("The file is empty or larger than %(n)d MB.") % {"n": MOST_BYTES // 1024 // 1024}
        raise Invalid("file", words, details={"file": words})
    if data.startswith(b"PK"):
        if file_name.lower().endswith(".xlsx"):
            words = _("Save the table as “CSV UTF-8” and choose that file.")
            raise Invalid("file", words, details={"file": words})
        rows, faults = read_word(data)
    else:
        rows, faults = read_csv(data)
    faults = [*faults, *check_rows(actor, rows)]
    batch = Batch.objects.create(
        file_name=file_name.replace("\\", "/").rsplit("/", 1)[-1][-200:] or "import",
        rows=rows,
        faults=[fault.as_json() for fault in faults[:MOST_FAULTS]],
        created_by=actor.key(),
        created_at=clock.now(),
    )
    record(
        actor=actor,
        verb="knowledge.open_import",
        object_type="knowledge_batch",
        object_id=batch.pk,
        data={"rows": len(rows), "faults": len(faults)},
    )
    return batch


def batch_for(actor: Actor, batch_id: int) -> Batch:
    """A batch of one's own. Raises NotVisible."""
    batch = Batch.objects.filter(pk=batch_id, created_by=actor.key()).first()
    if batch is None:
        raise NotVisible("batch")
    return batch


def run_import(*, actor: Actor, batch_id: int) -> Batch:
    """Write the faultless rows of a checked batch: new titles as drafts, known ones as revisions, all handed in for review.

    Each row is one transaction; what fails now (a colleague revises that entry) is added to the faults.
    """
    with transaction.atomic():
        batch_for(actor, batch_id)
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        permissions.can_import(actor).require(permissions.IMPORT)
        if batch.state != "checked":
            raise Refused("done", _("This import has run already; open the file again to repeat it."))
        if any(fault["row"] < 2 and not fault["field"] and not batch.rows for fault in batch.faults):
            raise Refused("faults", _("The file cannot be read; correct it and open it again."))
        batch.state = "done"
        batch.save(update_fields=["state"])
    wrong = {fault["row"] for fault in batch.faults}
    known, people = _units(batch.rows), _people(batch.rows)
    faults = list(batch.faults)
    for row in batch.rows:
        number = int(row["row"])
        if number in wrong:
            continue
        try:
            with transaction.atomic():
                _write(actor, _document(row, known, people), batch.file_name)
            batch.written += 1
        except ActionError as error:
            faults.append(Fault(number, "", "; ".join(map(str, error.details.values())) or str(error.message)).as_json())
    batch.faults = faults
    batch.save(update_fields=["faults", "written"])
    record(
        actor=actor,
        verb="knowledge.run_import",
        object_type="knowledge_batch",
        object_id=batch.pk,
        data={"written": batch.written, "faults": len(faults)},
    )
    return batch


def _write(actor: Actor, document: Document, note: str) -> None:
    entry = by_title([document.title]).get(document.title)
    if entry is None:
        entry = create_entry(actor=actor, document=document, note=note)
    elif document_of(entry) == document and entry.number:
        return
    else:
        entry = edit_entry(actor=actor, entry_id=entry.pk, document=document, note=note)
    act(actor=actor, entry_id=entry.pk, verb="submit", reason=note)


def _units(rows: Sequence[Mapping[str, str]]) -> dict[str, Unit]:
    codes = {row.get("unit_code", "") for row in rows}
    return {unit.code: unit for unit in Unit.objects.filter(code__in=codes, closed_on__isnull=True)}


def _people(rows: Sequence[Mapping[str, str]]) -> dict[str, int]:
    names = {row.get("responsible", "").lower() for row in rows} - {""}
    return dict(Person.objects.filter(username__in=names, is_active=True).values_list("username", "pk"))


def _document(row: Mapping[str, str], known: Mapping[str, Unit], people: Mapping[str, int]) -> Document:
    """A row as a document. ValueError for a day that is none, KeyError for an unknown unit or person."""
    person = row.get("responsible", "").lower()
    return Document(
        title=row.get("title", ""),
        category_code=row.get("category_code", ""),
        material=chosen(row.get("material", ""), Material) or str(Material.DAILY),
        content=row.get("content", ""),
        unit_id=known[row.get("unit_code", "")].pk,
        responsible_id=people[person] if person else None,
        region=row.get("region", "").ljust(12, "0") if row.get("region") else "",
        readers=chosen(row.get("readers", ""), Readers) or str(Readers.AGENTS),
        valid_from=day(row.get("valid_from", "")),
        valid_to=day(row.get("valid_to", "")),
        keywords=tuple(split(row.get("keywords", ""))),
        questions=tuple(split(row.get("questions", ""))),
        legal_basis=row.get("legal_basis", "")[:500],
        document_number=row.get("document_number", "")[:80],
    )


def check_rows(actor: Actor, rows: Sequence[Mapping[str, str]]) -> list[Fault]:
    """Every mistake of every row, without writing."""
    known, people = _units(rows), _people(rows)
    faults: list[Fault] = []
    seen: set[str] = set()
    for row in rows:
        number = int(row["row"])
        empty = missing(row)
        faults += [Fault(number, COLUMNS[name], _("This cell is empty.")) for name in empty]
        title = row.get("title", "")
        if title in seen:
            faults.append(Fault(number, COLUMNS["title"], _("This title stands in the file twice.")))
        seen.add(title)
        unit = known.get(row.get("unit_code", ""))
        if unit is None and "unit_code" not in empty:
            faults.append(Fault(number, COLUMNS["unit_code"], _("There is no unit with this code.")))
        person = row.get("responsible", "").lower()
        if person and person not in people:
            faults.append(Fault(number, COLUMNS["responsible"], _("Nobody in service has this user name.")))
        days_wrong = [name for name in ("valid_from", "valid_to") if not _is_day(row.get(name, ""))]
        faults += [Fault(number, COLUMNS[name], _("This is not a day.")) for name in days_wrong]
        if empty or unit is None or days_wrong or (person and person not in people):
            continue
        if not (may := permissions.can_write_for(actor, unit.path)):
            faults.append(Fault(number, COLUMNS["unit_code"], may.reason))
        document = _document(row, known, people)
        found = check_document(
            document,
            Kept(
                leaf=categories().is_leaf(document.category_code),
                region_known=not document.region or places.division(document.region) is not None,
                today=clock.today(),
            ),
        )
        faults += [Fault(number, COLUMNS.get(name, name), text) for name, text in found.items()]
    return faults


def _is_day(cell: str) -> bool:
    try:
        day(cell)
    except ValueError:
        return False
    return True


@transaction.atomic
def load_entries(*, actor: Actor, rows: Sequence[Mapping[str, Any]]) -> int:
    """A city's pack: rows straight into force, by title; for the system only. Raises Invalid naming row and column."""
    permissions.can_maintain(actor).require(permissions.MAINTAIN)
    known, people = _units(rows), _people(rows)
    at, due = clock.now(), review_due(clock.today(), city_settings().review_months)
    have = by_title([row["title"] for row in rows])
    for row in rows:
        try:
            document = _document(row, known, people)
        except (KeyError, ValueError) as error:
            raise Invalid("row", f"{row['row']}: {error}") from None
        faults = check_document(document, Kept(leaf=categories().is_leaf(document.category_code)))
        if faults:
            raise Invalid("row", f"{row['row']}: {faults}")
        entry = have.get(document.title)
        if entry is not None and document_of(entry) == document:
            continue
        if entry is None:
            entry = Entry(created_by=actor.key(), created_at=at)
        elif entry.state != EntryState.PUBLISHED:
            continue  # People work on it; the pack does not take it from them.
        for name, value in document.as_json().items():
            setattr(entry, name, value)
        entry.valid_from, entry.valid_to = document.valid_from, document.valid_to
        entry.state, entry.number, entry.updated_at = EntryState.PUBLISHED, entry.number + 1, at
        entry.published_at, entry.review_due_on = at, due
        entry.save()
        EntryVersion.objects.create(
            entry=entry, number=entry.number, state=VersionState.PUBLISHED, document=document.as_json(),
            created_by=actor.key(), created_at=at, decided_by=actor.key(), decided_at=at,
        )  # fmt: skip
        write_index(entry)
    return len(rows)
