"""CSV import: checked whole before a row is filed, resumed where it stopped, each row once.

A row's key is (file's hash, row number): a batch that was killed, started twice or uploaded again files nothing twice.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.intake import permissions
from hotline.intake.actions.filing import file_appeal
from hotline.intake.models import ImportBatch
from hotline.intake.queries.checking import check_appeal
from hotline.intake.rules.columns import FIELDS, demand_of, guess_mapping, missing_columns
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import ActionError, Invalid, NotVisible, Refused
from hotline.workorders.models import Channel

MOST_ERRORS = 500
MOST_BYTES = 200 * 1024 * 1024
MOST_CELL = 10_000_000  # characters; the library keeps one limit for the whole process
STEP = 25  # rows between two notes of progress; a killed run repeats at most so many look-ups
ENCODINGS = ("utf-8-sig", "gb18030")


def folder() -> Path:
    """Where imported files are kept."""
    return Path(settings.MEDIA_ROOT) / "imports"


def read_header(path: Path, encoding: str) -> list[str]:
    """Names of the columns."""
    with path.open(encoding=encoding, newline="") as stream:
        return next(csv.reader(stream), [])


def _encoding(data: bytes) -> str:
    for name in ENCODINGS:
        try:
            data.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    raise Invalid(
        "file",
        _("The file is neither UTF-8 nor GB 18030 text."),
        details={"file": _("The file is neither UTF-8 nor GB 18030 text.")},
    )


@transaction.atomic
def open_import(
    *, actor: Actor, file_name: str, data: bytes, mapping: Mapping[str, str] | None = None
) -> ImportBatch:
    """Store a file and guess its columns; the same file again gives its earlier batch. Invalid when it is no CSV."""
    permissions.can(actor, "intake:import").require("intake:import")
    if len(data) > MOST_BYTES:
        raise Invalid("file", _("The file is too large."), details={"file": _("The file is too large.")})
    digest = hashlib.sha256(data).hexdigest()
    before = ImportBatch.objects.filter(sha256=digest).order_by("-id").first()
    if before is not None:
        return before
    text = data.decode(_encoding(data))
    if "\0" in text:
        raise Invalid(
            "file", _("The file is not a CSV table."), details={"file": _("The file is not a CSV table.")}
        )
    csv.field_size_limit(MOST_CELL)
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        words = _("The file is not a CSV table: %(error)s.") % {"error": error}
        raise Invalid("file", words, details={"file": words}) from None
    header = rows[0] if rows else []
    if len(header) < 2 and not mapping:
        words = _("The first line must name the columns, separated by commas.")
        raise Invalid("file", words, details={"file": words})
    folder().mkdir(parents=True, exist_ok=True)
    path = folder() / f"{digest}.csv"
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(text.encode())
    fresh.replace(path)
    batch = ImportBatch.objects.create(
        file_name=re.sub(r"[\x00-\x1f/\\]", "_", file_name)[-200:] or "import.csv",
        sha256=digest,
        stored_as=path.name,
        mapping=dict(mapping or guess_mapping(header)),
        total=max(0, len([row for row in rows[1:] if any(cell.strip() for cell in row)])),
        state="opened",
        created_by=actor.key(),
    )
    record(
        actor=actor,
        verb="intake.open_import",
        object_type="import_batch",
        object_id=str(batch.pk),
        data={"sha256": digest},
    )
    return batch


def stored_header(batch: ImportBatch) -> list[str]:
    """The columns of a batch's file. Raises Refused when the stored file is gone."""
    try:
        return read_header(folder() / batch.stored_as, "utf-8")
    except OSError:
        raise Refused("file_gone", _("The stored file of this import is gone. Upload it again.")) from None


def _rows(batch: ImportBatch) -> Iterator[tuple[int, dict[str, str]]]:
    """(row number from 1, cells by column), blank lines left out."""
    csv.field_size_limit(MOST_CELL)
    with (folder() / batch.stored_as).open(encoding="utf-8", newline="") as stream:
        number = 0
        for row in csv.DictReader(stream):
            if any((cell or "").strip() for cell in row.values() if not isinstance(cell, list)):
                number += 1
                yield number, {name: cell for name, cell in row.items() if name is not None}


def check_import(
    *,
    actor: Actor,
    batch_id: int,
    mapping: Mapping[str, str],
    advance: Callable[[int], None] = lambda _count: None,
) -> ImportBatch:
    """The dry run: every row through the same validator, nothing filed; faults by row and field are kept with the batch."""
    permissions.can(actor, "intake:import").require("intake:import")
    batch = _batch(batch_id)
    if batch.state == "running":
        raise Refused("running", _("This import is running; stop it first."))
    chosen = {field: column for field, column in mapping.items() if field in FIELDS and column}
    lacking = missing_columns(chosen, stored_header(batch))
    if lacking:
        words = _("These columns are missing: %(names)s.") % {"names": "、".join(lacking)}
        raise Invalid("mapping", words, details={"mapping": words})
    errors: list[dict[str, Any]] = []
    day = clock.today()
    wrong = total = 0
    for number, row in _rows(batch):
        total += 1
        form, citizen, channel = demand_of(row, chosen)
        _checked, faults = check_appeal(form, citizen, day)
        if channel not in Channel.values:
            faults["channel"] = _("There is no such channel.")
        wrong += bool(faults)
        if len(errors) < MOST_ERRORS:
            errors += [
                {"row": number, "field": name, "message": str(words)} for name, words in faults.items()
            ]
        advance(1)
    ImportBatch.objects.filter(pk=batch.pk).update(
        mapping=chosen,
        errors=errors[:MOST_ERRORS],
        total=total,
        failed=wrong if not batch.next_row else batch.failed,
        state="checked" if not batch.next_row else batch.state,
    )
    return _batch(batch_id)


def run_import(
    *, actor: Actor, batch_id: int, advance: Callable[[int], None] = lambda _count: None
) -> ImportBatch:
    """File the rows from where the batch stands. Wrong rows wait in quarantine and are counted; the rest go on.

    Two runs at once do no harm: each row is filed once. Ends early when somebody stops the batch.
    """
    permissions.can(actor, "intake:import").require("intake:import")
    batch = _batch(batch_id)
    if batch.state == "finished":
        return batch
    if not batch.next_row:
        batch.errors, batch.failed, batch.accepted = [], 0, 0
    ImportBatch.objects.filter(pk=batch.pk).update(state="running")
    source = f"import:{batch.sha256[:24]}"
    since = 0
    for number, row in _rows(batch):
        if number <= batch.next_row:
            advance(1)
            continue
        form, citizen, channel = demand_of(row, batch.mapping)
        try:
            file_appeal(
                actor=actor,
                channel=channel,
                source=source,
                idempotency_key=f"row:{number}",
                demand=form,
                citizen=citizen,
            )
            batch.accepted += 1
        except ActionError as error:
            batch.failed += 1
            faults = error.details if isinstance(error, Invalid) and error.details else {"": error.message}
            batch.errors += [
                {"row": number, "field": name, "message": str(words)} for name, words in faults.items()
            ]
            batch.errors = batch.errors[:MOST_ERRORS]
        batch.next_row = number
        since += 1
        advance(1)
        if since >= STEP:
            since = 0
            if not _note(batch):
                return _batch(batch_id)
    batch.state = "finished"
    _note(batch)
    record(
        actor=actor,
        verb="intake.run_import",
        object_type="import_batch",
        object_id=str(batch.pk),
        data={"accepted": batch.accepted, "failed": batch.failed},
    )
    return _batch(batch_id)


def _note(batch: ImportBatch) -> bool:
    """Write how far it is; False when somebody stopped it meanwhile."""
    running = ImportBatch.objects.filter(pk=batch.pk, state="running")
    return bool(
        running.update(
            next_row=batch.next_row,
            accepted=batch.accepted,
            failed=batch.failed,
            errors=batch.errors,
            state="finished" if batch.state == "finished" else "running",
        )
    )


@transaction.atomic
def stop_import(*, actor: Actor, batch_id: int) -> ImportBatch:
    """Stop a running import after its present rows; it can be resumed."""
    permissions.can(actor, "intake:import").require("intake:import")
    ImportBatch.objects.filter(pk=_batch(batch_id).pk, state="running").update(state="stopped")
    record(actor=actor, verb="intake.stop_import", object_type="import_batch", object_id=str(batch_id))
    return _batch(batch_id)


def _batch(batch_id: int) -> ImportBatch:
    found = ImportBatch.objects.filter(pk=batch_id).first()
    if found is None:
        raise NotVisible(batch_id)
    return found
