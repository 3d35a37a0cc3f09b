from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from hotline.kit.progress import Progress
from hotline.knowledge import actions, vectors
from hotline.knowledge.models import Entry


class Command(BaseCommand):
    help = "Rebuild the search index of the knowledge base while everybody goes on searching."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=("reindex",))
        parser.add_argument("--words-only", action="store_true", help="Leave the vectors of meaning as they are")

    def handle(self, *args: Any, act: str, words_only: bool, **options: Any) -> None:
        with Progress("knowledge", total=Entry.objects.count(), unit="entries") as progress:
            done = actions.reindex(actor=actions.SYSTEM, step=progress.advance, embed=not words_only)
        self.stdout.write(f"{done} entries indexed. {vectors.health().text}")
