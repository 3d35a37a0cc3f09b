"""`hotline transcripts`: the scribe of calls, and what there is of recordings."""

from __future__ import annotations

import asyncio
import resource
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hotline.kit.actor import system_actor
from hotline.transcripts import actions, queries

MEMORY = 4 * 2**30
"""Bytes of address space; the model takes about 1 GB of it. What wants more dies here, and nothing else with it."""


class Command(BaseCommand):
    help = "Calls written down as they are spoken, recordings kept: run, status, keep."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own form)

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        verbs.add_parser("run", help="write calls down until stopped; `hotline run` starts it")
        verbs.add_parser("status", help="whether calls are written down and recordings kept")
        verbs.add_parser("keep", help="check and encrypt recordings that wait for it, now")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['verb']}")()

    def _run(self) -> None:
        from hotline.calls.engines import EngineAway, chosen_engine
        from hotline.speech.recognition import Whisper
        from hotline.transcripts.scribe import serve

        try:
            chosen_engine()
        except EngineAway as off:
            raise CommandError(str(off)) from None
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

        async def work() -> None:
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await serve(chosen_engine, Whisper(threads=1), stop)

        asyncio.run(work())

    def _status(self) -> None:
        for health in (queries.scribe_health(), queries.keeping_health()):
            self.stdout.write(f"{health.level}: {health.text} {health.advice}".strip())

    def _keep(self) -> None:
        count = actions.keep_waiting(actor=system_actor("command", "transcripts:keep"))
        self.stdout.write(f"{count} recordings were encrypted")
