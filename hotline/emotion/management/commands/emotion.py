"""`hotline emotion`: the process that measures voices."""

from __future__ import annotations

import asyncio
import resource
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hotline.emotion import queries

MEMORY = 3 * 2**30
"""Bytes of address space. What wants more dies here, and nothing else with it."""


class Command(BaseCommand):
    help = "Voices beside their own baseline: run, status."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own form)

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        verbs.add_parser("run", help="measure voices until stopped; `hotline run` starts it")
        verbs.add_parser("status", help="whether voices are measured")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "status":
            health = queries.emotion_health()
            self.stdout.write(f"{health.level}: {health.text} {health.advice}".strip())
            return
        from hotline.calls.engines import EngineAway, chosen_engine
        from hotline.emotion.ear import serve

        try:
            chosen_engine()
        except EngineAway as off:
            raise CommandError(str(off)) from None
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

        async def work() -> None:
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await serve(chosen_engine, stop)

        asyncio.run(work())
