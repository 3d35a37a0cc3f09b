"""`hotline calls`: the distributor of calls, and the telephone from the command line."""

from __future__ import annotations

import asyncio
import signal
import sys
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hotline.accounts.models import Person
from hotline.accounts.queries import actor_for
from hotline.calls import actions, queries
from hotline.calls.actions import figures as counting
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.models import AgentSession, Call, CallState, Station
from hotline.kit.actor import system_actor
from hotline.kit.clock import now
from hotline.kit.errors import ActionError


class Command(BaseCommand):
    help = "The telephone: run, status, figures, load, sign-in, ready, pause, sign-out."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own form)

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        verbs.add_parser("run", help="distribute calls until stopped; `hotline run` starts it")
        verbs.add_parser("status", help="seats and calls now")
        figures = verbs.add_parser(
            "figures", help="settle figures; --again counts a settled day once more and says what differed"
        )
        figures.add_argument("--again", type=date.fromisoformat, metavar="DAY")
        load = verbs.add_parser(
            "load", help="lines, lanes, skills, pause codes, staff's levels of a folder of CSV files"
        )
        load.add_argument("folder", type=Path, metavar="DIR")
        sign_in = verbs.add_parser("sign-in", help="a member of staff takes calls by a desk telephone")
        sign_in.add_argument("username")
        sign_in.add_argument("number", help="the desk telephone's number")
        sign_in.add_argument("--trunk", default="local", help="the trunk by which it is called (local)")
        for verb, what in (("ready", "ready for calls"), ("sign-out", "no more calls")):
            verbs.add_parser(verb, help=what).add_argument("username")
        pause = verbs.add_parser("pause", help="no calls for now")
        pause.add_argument("username")
        pause.add_argument("code", help="reason, of the city's pause codes")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb'].replace('-', '_')}")(options)
        except ActionError as error:
            details = "; ".join(f"{name}: {text}" for name, text in error.details.items())
            raise CommandError(f"{error.message} {details}".strip()) from None

    def _figures(self, options: dict[str, Any]) -> None:
        if options["again"]:
            differences = counting.count_again(actor=SYSTEM, day=options["again"])
            self.stdout.write("\n".join(differences) or "no difference")
            return
        while count := counting.settle(actor=SYSTEM):
            self.stdout.write(f"{count} quarters settled")

    def _run(self, options: dict[str, Any]) -> None:
        from hotline.calls.distributor import serve
        from hotline.calls.engines import EngineAway, chosen_engine

        try:
            chosen_engine()
        except EngineAway as off:
            raise CommandError(str(off)) from None
        folder = Path(settings.SWITCH_DIR) / "prompts"
        voice = [sys.executable, "-m", "hotline.speech"] if settings.VOICE_ON else []

        async def work() -> None:
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await serve(chosen_engine, folder, stop, voice)

        asyncio.run(work())

    def _status(self, options: dict[str, Any]) -> None:
        health = queries.telephone_health()
        self.stdout.write(f"{health.level}: {health.text} {health.advice}".strip())
        moment = now()
        for seat in queries.seats(system_actor("command", "calls:watch")):
            seconds = int((moment - seat.since).total_seconds())
            self.stdout.write(f"{seat.name:<12}{seat.state:<12}{seconds:>6} s  {seat.lane}{seat.reason}")
        for call in Call.objects.exclude(state=CallState.ENDED).select_related("line", "lane").order_by("pk"):
            seconds = int((moment - call.state_since).total_seconds())
            self.stdout.write(
                f"call {call.pk:<7}{call.state:<12}{seconds:>6} s  {call.line.number} {call.lane.code}"
            )

    def _load(self, options: dict[str, Any]) -> None:
        counts = actions.load_telephony(
            actor=system_actor("command", "calls:configure"), folder=options["folder"]
        )
        self.stdout.write(", ".join(f"{name} {count}" for name, count in counts.items()))

    def _sign_in(self, options: dict[str, Any]) -> None:
        session = actions.sign_in(
            actor=actor_for(_person(options)),
            station=Station.PHONE,
            number=options["number"],
            trunk=options["trunk"],
        )
        self.stdout.write(f"session {session.pk}, paused until `hotline calls ready {options['username']}`")

    def _ready(self, options: dict[str, Any]) -> None:
        actions.ready(actor=actor_for(_person(options)), session_id=_session(options).pk)

    def _pause(self, options: dict[str, Any]) -> None:
        actions.pause(
            actor=actor_for(_person(options)), session_id=_session(options).pk, code=options["code"]
        )

    def _sign_out(self, options: dict[str, Any]) -> None:
        actions.sign_out(actor=actor_for(_person(options)), session_id=_session(options).pk)


def _person(options: dict[str, Any]) -> Person:
    found = Person.objects.filter(username=options["username"], is_active=True).first()
    if found is None:
        raise CommandError(f"There is no {options['username']} in service.")
    return found


def _session(options: dict[str, Any]) -> AgentSession:
    found = queries.session_of(_person(options).pk)
    if found is None:
        raise CommandError(f"{options['username']} is not signed in to the telephone.")
    return found
