"""`hotline lake`: build, verify, compact, show."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hotline.analytics import actions, queries
from hotline.analytics.tasks import ACTOR
from hotline.kit.errors import ActionError


class Command(BaseCommand):
    help = "The lake of figures: build it from the event log, compare it with the log, tidy it up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        build = verbs.add_parser("build", help="read what is new in the log")
        build.add_argument("--afresh", action="store_true", help="read everything again")
        verbs.add_parser("verify", help="compare counts and checksums with the log; exit 1 when they differ")
        verbs.add_parser("compact", help="one file a month; delete what nobody needs any more")
        show = verbs.add_parser("show", help="the newest snapshot")
        show.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except ActionError as error:
            raise CommandError(f"{error.code}: {error.message}") from None

    def _build(self, options: dict[str, Any]) -> None:
        began = time.monotonic()
        it = actions.build(actor=ACTOR, afresh=options["afresh"], progress=lambda n: self.stderr.write(f"{n:,} events"))
        took = time.monotonic() - began
        self.stdout.write(
            f"snapshot {it.number}: {it.events:,} events, {it.orders:,} orders, {it.files} files in {took:.1f} s"
            f" ({it.events / took:,.0f} events/s)"
        )

    def _verify(self, options: dict[str, Any]) -> None:
        it = actions.verify(actor=ACTOR)
        for path in it.missing:
            self.stdout.write(f"missing or changed: {path}")
        for one in it.differences:
            self.stdout.write(f"{one.table} {one.month}: log {one.log[0]} rows {one.log[1]:x}, lake {one.lake[0]} rows {one.lake[1]:x}")
        if not it.good:
            raise CommandError("the lake differs from the log; hotline lake build --afresh reads everything again", returncode=1)
        self.stdout.write(f"snapshot {it.number}: {it.compared} months agree with the log")

    def _compact(self, options: dict[str, Any]) -> None:
        it = actions.compact(actor=ACTOR)
        self.stdout.write(f"{it.merged} files merged, {it.deleted} deleted")

    def _show(self, options: dict[str, Any]) -> None:
        it = queries.snapshot()
        rows = {table: it.rows(table) for table in it.tables}
        if options["json"]:
            self.stdout.write(json.dumps({"number": it.number, "data_at": it.data_at and it.data_at.isoformat(), "rows": rows}))
            return
        self.stdout.write(f"snapshot {it.number}, data of {it.data_at}")
        for table, count in rows.items():
            self.stdout.write(f"{table:<14}{count:>14,} rows {len(it.parts(table)):>6} files {sum(p.size for p in it.parts(table)) / 1e6:>9.1f} MB")
