"""`hotline backup`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hotline.config.environment import database_url
from hotline.kit.clock import CITY_ZONE, now
from hotline.ops.archive import ArchiveFault, backup


class Command(BaseCommand):
    help = "Save database and attachments into one verified file, while the city works."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own form)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "target", type=Path, help="a file, or a folder in which one named by the time is made"
        )
        parser.add_argument(
            "--with-keys",
            action="store_true",
            help="put the data folder's key files into the archive; guard it accordingly",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["target"]
        if target.is_dir() or target.suffix != ".tar":
            target = target / f"xinsheng-{now().astimezone(CITY_ZONE):%Y%m%d-%H%M%S}.tar"
        try:
            manifest = backup(
                database_url(),
                settings.DATA_DIR,
                target,
                with_keys=options["with_keys"],
                say=self.stderr.write,
            )
        except ArchiveFault as fault:
            raise CommandError(str(fault)) from None
        rows, links = sum(manifest.tables.values()), sum(head[0] for head in manifest.heads.values())
        self.stdout.write(
            f"{target}: {rows} rows of {len(manifest.tables)} tables, {len(manifest.files)} "
            f"attachments, {links} chain links"
        )
        if not options["with_keys"]:
            self.stdout.write(
                "The keys are not in it (docs/operations.md): keep them elsewhere, without them no "
                "identity can be read."
            )
