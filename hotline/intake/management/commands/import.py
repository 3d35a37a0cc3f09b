# ruff: noqa: N999 (the command is called import)
"""hotline import FILE: file the rows of a CSV as appeals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hotline.intake import actions
from hotline.intake.actions.importing import stored_header
from hotline.intake.rules.columns import FIELDS, missing_columns
from hotline.kit.actor import system_actor
from hotline.kit.progress import Progress

IMPORTER = system_actor("import", "intake:import", "intake:take_call", "workorders:create")


class Command(BaseCommand):
    help = "File the rows of a CSV as appeals; resumes where it stopped, files no row twice"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV, UTF-8 or GB 18030, first line names the columns")
        parser.add_argument(
            "--map", action="append", default=[], metavar="FIELD=COLUMN", help=f"fields: {', '.join(FIELDS)}"
        )
        parser.add_argument("--dry-run", action="store_true", help="only check; file nothing")
        parser.add_argument("--quiet", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        batch = actions.open_import(actor=IMPORTER, file_name=path.name, data=data)
        mapping = dict(batch.mapping)
        for pair in options["map"]:
            field, equals, column = pair.partition("=")
            if not equals or field not in FIELDS:
                raise CommandError(f"--map {pair}: write FIELD=COLUMN with a field of {', '.join(FIELDS)}")
            mapping[field] = column
        lacking = missing_columns(mapping, stored_header(batch))
        if lacking:
            raise CommandError(f"no column for {', '.join(lacking)}; use --map FIELD=COLUMN")
        if not batch.next_row or options["dry_run"]:
            with Progress("check", batch.total, unit="rows", quiet=options["quiet"]) as progress:
                batch = actions.check_import(
                    actor=IMPORTER, batch_id=batch.pk, mapping=mapping, advance=progress.advance
                )
            for fault in batch.errors[:20]:
                self.stderr.write(f"row {fault['row']}: {fault['field']}: {fault['message']}")
            if len(batch.errors) > 20:
                self.stderr.write(f"… {len(batch.errors) - 20} more faults")
        if options["dry_run"]:
            self.stdout.write(f"{batch.total} rows, faults in {batch.failed}; nothing was filed")
            if batch.failed:
                raise SystemExit(1)
            return
        with Progress("import", batch.total, unit="rows", quiet=options["quiet"]) as progress:
            batch = actions.run_import(actor=IMPORTER, batch_id=batch.pk, advance=progress.advance)
        self.stdout.write(
            f"{batch.total} rows: {batch.accepted} filed, {batch.failed} in quarantine; batch {batch.pk} {batch.state}"
        )
        if batch.failed or batch.state != "finished":
            raise SystemExit(1)
