"""`hotline migrate`: Django's own command with `kit.growing`."""

from __future__ import annotations

from django.core.management.commands import migrate

from hotline.kit.growing import GrowingExecutor

migrate.MigrationExecutor = GrowingExecutor  # type: ignore[attr-defined]  # Django has no other place to say so


class Command(migrate.Command):
    help = "Make or update the tables of the database; safe to run again."
