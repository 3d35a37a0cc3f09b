from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hotline.ui import lint


class Command(BaseCommand):
    help = "Check every template: compiles, nothing inline, no untranslated Chinese. Exit code 1: faults."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        known = lint.templates()
        faults = [fault for name, file in known for fault in lint.check(name, file)]
        for fault in faults:
            self.stdout.write(str(fault))
        if faults:
            raise CommandError(f"{len(faults)} faults in {len(known)} templates.")
        self.stdout.write(f"{len(known)} templates are right.")
