"""Judge the packages' migrations: nothing that locks, drops or breaks the release before it. `make check` runs it.

Run as `HOTLINE_MODE=test python lint/migrations.py`; exit code 1 when a migration is not safe.
"""

from __future__ import annotations

import contextlib
import os
import sys

import django

from hotline.config.environment import environment
from hotline.ops.postgres import using

MAKE_THEIR_TABLES = ("0001_initial", "0002_append_only")
"""They make the tables that they index and replace; nothing is in them, so nothing waits."""


def main() -> int:
    """The linter writes the SQL that a migration would run, for which it asks the database."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.config.settings")
    env = environment()
    with contextlib.ExitStack() as stack:
        if not env.database_url:
            stack.enter_context(using(env.hotline_data_dir))
        return _judge()


def _judge() -> int:
    django.setup()
    from django.apps import apps
    from django.db.migrations.loader import MigrationLoader
    from django_migration_linter import MigrationLinter

    ours = {config.label for config in apps.get_app_configs() if config.name.startswith("hotline.")}
    linter = MigrationLinter(
        include_apps=sorted(ours & MigrationLoader(None).migrated_apps),
        ignore_name=MAKE_THEIR_TABLES,
        all_warnings_as_errors=True,
        no_cache=True,
        quiet=["ignore"],
    )
    linter.lint_all_migrations()
    linter.print_summary()
    return 1 if linter.has_errors else 0


if __name__ == "__main__":
    sys.exit(main())
