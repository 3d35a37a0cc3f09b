"""hotline load-city DIR: a whole city from a data pack."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hotline.demo.actions import CityFaults, load_city
from hotline.demo.pack import find_pack
from hotline.kit.actor import system_actor
from hotline.kit.errors import ActionError
from hotline.kit.progress import Progress

TABLES = 11


class Command(BaseCommand):
    help = (
        "Load a city's data pack: divisions, units, staff, taxonomy, catalogue, reasons, scripts, forms, calendar, "
        "policy. The pack is checked whole first; loading again updates by code."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "pack", metavar="DIR", help="folder of a pack, or the name of one that comes along"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with Progress("load-city", TABLES, unit="tables") as progress:

                def step(name: str, count: int) -> None:
                    progress.note(f"{name} {count:,}")
                    progress.advance()

                result = load_city(
                    actor=system_actor("load-city", "places:manage", "worktime:manage"),
                    folder=find_pack(options["pack"]),
                    step=step,
                )
        except CityFaults as error:
            for fault in error.faults:
                self.stderr.write(str(fault))
            raise CommandError(f"{error.message}; nothing was written") from error
        except ActionError as error:
            raise CommandError(str(error.message)) from error
        for name, count in result.counts.items():
            self.stdout.write(f"{name:<16}{count:>9,}")
