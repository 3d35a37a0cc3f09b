"""`hotline restore`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from hotline.config.environment import database_url
from hotline.ops.archive import ArchiveFault, restore


class Command(BaseCommand):
    help = "Load a file of `hotline backup` into an empty database; verify counts, checksums, audit chain."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own form)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, help="a file that `hotline backup` wrote")
        parser.add_argument(
            "--force", action="store_true", help="replace everything in a database that is not empty"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        connections.close_all()
        data_dir = Path(settings.DATA_DIR)
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            manifest = restore(
                database_url(), data_dir, options["source"], force=options["force"], say=self.stderr.write
            )
        except ArchiveFault as fault:
            raise CommandError(str(fault)) from None
        self.stdout.write(
            f"Restored {sum(manifest.tables.values())} rows and {len(manifest.files)} attachments"
            f" of {manifest.made_at}; all counts agree."
        )
        if "audit" in get_commands():
            call_command("audit", "verify", stdout=self.stdout, stderr=self.stderr)
