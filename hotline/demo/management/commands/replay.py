"""hotline replay: real messages with their times, through the portal's own action, to a final state."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from hotline.accounts.models import Unit
from hotline.audit.actions import seal_all
from hotline.demo.actions import load_city
from hotline.demo.pack import find_pack
from hotline.demo.replay.messages import BadFile, read
from hotline.demo.replay.run import Report, replay
from hotline.kit import simulation
from hotline.kit.actor import system_actor
from hotline.kit.errors import ActionError
from hotline.kit.progress import Progress


class Command(BaseCommand):
    help = (
        "Replay a CSV of citizens' messages (id, user, time, title, text, label) through the portal's own action; simulated "
        "staff handle them to the end. An empty database gets the demo city first. Exit code 1 when anything is lost or not final. "
        "Run again, it goes on where it was."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV of messages: id, user, time, title, text, label")
        parser.add_argument("--workers", type=int, default=2, metavar="P", help="processes; default 2")
        parser.add_argument("--limit", type=int, metavar="N", help="only the first N messages")
        parser.add_argument(
            "--propose",
            action="store_true",
            help="read each message on arrival as a running city does; dispatchers keep or change its category by the message's label",
        )
        parser.add_argument("--json", action="store_true", help="print the report as one line of JSON")
        parser.add_argument(
            "--pack",
            default="shanghai",
            metavar="DIR",
            help="the city that an empty database gets; default shanghai",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            total = min(len(read(path)), options["limit"] or 10**9)
            self._prepare(options["pack"])
            with simulation.hold(), Progress("replay", total, unit="orders") as progress:
                report = replay(
                    path,
                    workers=max(1, options["workers"]),
                    limit=options["limit"],
                    propose=options["propose"],
                    step=progress.advance,
                    note=progress.note,
                )
        except FileNotFoundError:
            raise CommandError(f"{path} does not exist") from None
        except BadFile as error:
            raise CommandError(str(error)) from None
        except ActionError as error:
            raise CommandError(str(error.message)) from None
        # The job that seals the logs belongs to a running city; here nobody runs it, and `audit verify` comes next.
        seal_all(quiet=False)
        self.stdout.write(as_json(report) if options["json"] else as_text(report))
        if report.lost or report.not_final or report.stuck:
            raise CommandError(
                f"lost {report.lost}, not final {report.not_final}, stuck {len(report.stuck)}", returncode=1
            )

    def _prepare(self, pack: str) -> None:
        """Tables and, outside production, a city, where there are none; at a second start this costs three statements."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stderr.write("preparing the database (once)")
            call_command("migrate", interactive=False, verbosity=0)
        if not Unit.objects.exists() and (settings.DEMO or settings.TESTING):
            self.stderr.write(f"the database is empty: loading the city {pack} (once)")
            loader = system_actor("load-city", "places:manage", "worktime:manage")
            load_city(actor=loader, folder=find_pack(pack), step=lambda _name, _count: None)


def figures(report: Report) -> dict[str, Any]:
    """The report as plain figures."""
    steps = sorted(report.step_ms)
    return {
        "messages": report.messages,
        "acknowledged": report.acknowledged,
        "quarantined": report.quarantined,
        "steps": report.steps,
        "by_state": dict(report.states.most_common()),
        "by_closing_kind": dict(report.closing.most_common()),
        "finish_clocks": report.finished,
        "on_time_share": round(report.on_time / report.finished, 4) if report.finished else None,
        "cards": dict(report.cards.most_common()),
        "acts": dict(report.verbs.most_common()),
        "outages_survived": report.outages,
        "seconds": round(report.seconds, 1),
        "times_life": round(report.simulated.total_seconds() / report.seconds) if report.seconds else None,
        "step_p95_ms": round(steps[int(0.95 * (len(steps) - 1))], 1) if steps else None,
        "not_final": report.not_final,
        "stuck": report.stuck[:20],
        "lost": report.lost,
    }


def as_json(report: Report) -> str:
    return json.dumps(figures(report), ensure_ascii=False)


def as_text(report: Report) -> str:
    lines = []
    for name, value in figures(report).items():
        shown = (
            ", ".join(f"{key} {count:,}" for key, count in value.items())
            if isinstance(value, dict)
            else value
        )
        lines.append(f"{name.replace('_', ' '):<18} {shown if shown not in ('', []) else '–'}")
    return "\n".join(lines)
