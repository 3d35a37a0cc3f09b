"""hotline import_outlines: the outlines of districts, streets, grids or areas for special zones, from GeoJSON."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hotline.kit.actor import system_actor
from hotline.kit.errors import ActionError
from hotline.places import actions
from hotline.places.forms import FAULTS
from hotline.places.models import AreaLevel
from hotline.places.rules.coordinates import System

KEEPER = system_actor("import", "places:manage")


class Command(BaseCommand):
    help = "Import outlines of a level from GeoJSON; they take the place of the level's former ones in every process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--level", required=True, choices=AreaLevel.values)
        parser.add_argument(
            "--system", required=True, choices=[one.value for one in System], help="coordinate system of the file"
        )
        parser.add_argument(
            "--code-field", default="", metavar="NAME", help="property with the code; `id`: the feature's own; empty: by name"
        )
        parser.add_argument("--name-field", default="name", metavar="NAME")
        parser.add_argument("--parent-field", default="", metavar="NAME")
        parser.add_argument("--within", default="", metavar="CODE", help="only divisions below it, e.g. 310000")
        parser.add_argument("--dry-run", action="store_true", help="check only, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        try:
            result = actions.import_outlines(
                actor=KEEPER,
                data=file.read_bytes(),
                source=file.name,
                **{
                    name: options[name]
                    for name in ("level", "system", "code_field", "name_field", "parent_field", "within", "dry_run")
                },
            )
        except (ActionError, OSError) as error:
            raise CommandError(str(getattr(error, "message", error))) from error
        for fault in result.faults:
            self.stderr.write(f"feature {fault.line}: {fault.value}: {FAULTS.get(fault.code, fault.code)}")
        if result.faults:
            raise CommandError("nothing was imported")
        for name in result.repaired:
            self.stdout.write(f"repaired: {name}")
        self.stdout.write(f"{AreaLevel(options['level']).label}: {len(result.areas):,}")
