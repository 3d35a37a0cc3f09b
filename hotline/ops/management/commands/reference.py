"""`hotline reference`: docs/reference.md from the tables of permissions and events."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from hotline.ops import reference


class Command(BaseCommand):
    help = "Write docs/reference.md (permissions, events, hooks). With --check only compare; exit code 1: out of date."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        page = settings.ROOT_DIR / "docs" / "reference.md"
        text = reference.render()
        if not options["check"]:
            page.write_text(text, encoding="utf-8")
        elif not page.exists() or page.read_text(encoding="utf-8") != text:
            raise CommandError("docs/reference.md is out of date; run `hotline reference`.")
        self.stdout.write("docs/reference.md is up to date.")
