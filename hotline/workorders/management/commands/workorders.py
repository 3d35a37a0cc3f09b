"""`hotline workorders prove`: the tables of states and verbs hang together."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from hotline.workorders.models import OrderState
from hotline.workorders.rules import VERBS, check_table
from hotline.workorders.rules.transitions import steps


class Command(BaseCommand):
    help = "Prove that no state is a dead end, every state is reached, every verb is permitted to somebody and forbidden to somebody."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["prove", "table"])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "table":
            for verb in VERBS.values():
                self.stdout.write(f"{verb.name}: {verb.label} · {verb.permission} · {verb.event}")
                for before, after in sorted(steps(verb)):
                    self.stdout.write(f"    {before} → {after}")
            return
        faults = check_table()
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            raise SystemExit(1)
        self.stdout.write(
            f"{len(OrderState)} states, {len(VERBS)} verbs: all reached, no dead end, each permitted and forbidden to somebody."
        )
