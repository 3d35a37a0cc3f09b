from __future__ import annotations

from itertools import groupby
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hotline.ui.messages import catalogues
from hotline.ui.messages.extraction import Unreadable


class Command(BaseCommand):
    help = "Chinese catalogues: extract ids, check that all are translated, compile. Exit code 1: faults."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", nargs="?", default="check", choices=("extract", "check", "compile"))
        parser.add_argument("packages", nargs="*", help="Only these packages, e.g. `workorders intake`.")

    def handle(self, *args: Any, act: str, packages: list[str], **options: Any) -> None:
        known = {package.name: package for package in catalogues.packages()}
        unknown = sorted(set(packages) - set(known))
        if unknown:
            raise CommandError(f"No such package: {', '.join(unknown)}.")
        chosen = [known[name] for name in (packages or known)]
        try:
            {"extract": self._extract, "check": self._check, "compile": self._compile}[act](chosen)
        except (Unreadable, SyntaxError) as error:
            raise CommandError(str(error)) from error

    def _extract(self, chosen: list[Any]) -> None:
        for package in chosen:
            total, waiting = catalogues.extract(package)
            if total:
                self.stdout.write(f"{package.name}: {total} ids, {waiting} to translate")

    def _check(self, chosen: list[Any]) -> None:
        faults = catalogues.check_all(only=[package.name for package in chosen])
        for (package, kind), group in groupby(
            sorted(faults, key=lambda f: (f.package, f.kind)), lambda f: (f.package, f.kind)
        ):
            rows = list(group)
            self.stdout.write(f"\n{package}: {kind} ({len(rows)})")
            for fault in rows:
                self.stdout.write(f"  {fault.text}")
        if faults:
            raise CommandError(
                f"{len(faults)} faults. `hotline messages extract` writes missing ids into each django.po."
            )
        self.stdout.write("All messages are translated.")

    def _compile(self, chosen: list[Any]) -> None:
        for package in chosen:
            if catalogues.po_path(package).exists():
                catalogues.compile_package(package)
                self.stdout.write(f"{package.name}: compiled")
