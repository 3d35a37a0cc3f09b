from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from hotline.accounts import actions, queries
from hotline.kit import crypto
from hotline.kit.actor import system_actor
from hotline.kit.progress import Progress


class Command(BaseCommand):
    help = "Keys of citizens' identity: a new ring, a new key, encrypting anew with it, and what is still under old keys."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "act",
            choices=("new-ring", "add-key", "rotate", "status"),
            help="new-ring prints a ring for HOTLINE_IDENTITY_KEYS; add-key puts a fresh key in front (restart afterwards);"
            " rotate encrypts every row with the first key; status counts rows by key",
        )
        parser.add_argument("--batch", type=int, default=1000, help="Rows a transaction (1000)")

    def handle(self, *args: Any, act: str, batch: int, **options: Any) -> None:
        if act == "new-ring":
            self.stdout.write(crypto.new_ring())
        elif act == "add-key":
            self._add_key()
        elif act == "status":
            for name, count in queries.identity_keys_in_use().items():
                self.stdout.write(f"{name}: {count} rows")
        else:
            waiting = queries.identity_rows_to_rotate()
            with Progress(
                "rotate",
                waiting,
                unit="rows",
                quiet=int(options["verbosity"]) == 0 or not sys.stderr.isatty(),
            ) as progress:
                count = actions.rotate_identity(
                    actor=system_actor("rotate", "accounts:manage_people"),
                    batch=batch,
                    progress=progress.advance,
                )
            self.stdout.write(
                f"{count} rows are now under key {crypto.identity_ring().current}. Keep the old keys while backups need them."
            )

    def _add_key(self) -> None:
        name = f"k{secrets.token_hex(3)}"
        text = f"{crypto.new_entry(name)},{settings.IDENTITY_KEYS}"
        kept: Path | None = settings.IDENTITY_KEYS_FILE
        if kept is None:
            self.stdout.write(
                "Set HOTLINE_IDENTITY_KEYS to this on every machine, restart, then run `hotline identity rotate`:"
            )
            self.stdout.write(text)
            return
        fresh = kept.with_name(f".{kept.name}.{os.getpid()}")
        try:
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(kept)
        except OSError as error:
            raise CommandError(f"{kept} could not be written: {error}") from error
        self.stdout.write(
            f"Key {name} stands first in {kept}. Restart every process, then run `hotline identity rotate`."
        )
