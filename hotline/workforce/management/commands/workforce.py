"""`hotline workforce`: a day played again, a forecast, from the command line."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hotline.calls.rules.figures import DEFINITIONS
from hotline.kit.actor import system_actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import ActionError
from hotline.workforce import actions, queries
from hotline.workforce.rules.simulation import Caller, Strategy

COLUMNS = ("queued_at", "lane", "priority", "patience", "talk", "wrap")


def read_callers(path: Path) -> list[Caller]:
    """Columns of `COLUMNS`; times by the city's clock (ISO), seconds as numbers, an empty patience never ends. ValueError."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if missing := set(COLUMNS) - set(rows.fieldnames or ()):
            raise ValueError(f"columns are missing: {', '.join(sorted(missing))}")
        found: list[Caller] = []
        for row in rows:
            try:
                at = datetime.fromisoformat(row["queued_at"])
                at = at if at.tzinfo else at.replace(tzinfo=CITY_ZONE)
                patience = float(row["patience"]) if row["patience"].strip() else None
                found.append(
                    Caller(
                        len(found) + 1, at, row["lane"], int(row["priority"] or 0), patience, float(row["talk"]),
                        float(row["wrap"] or 0),
                    )
                )  # fmt: skip
            except ValueError as error:
                raise ValueError(f"line {rows.line_num}: {error}") from None
    return sorted(found, key=lambda one: (one.at, one.number))


class Command(BaseCommand):
    help = "Staffing of the telephone: simulate, forecast."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        simulate = verbs.add_parser("simulate", help="play a day again with other seats or another strategy")
        simulate.add_argument("--day", type=date.fromisoformat, required=True)
        simulate.add_argument("--seats", type=int, help="day and night; without: those who were there")
        simulate.add_argument(
            "--strategy", choices=[str(one) for one in Strategy], default=str(Strategy.AS_SET)
        )
        simulate.add_argument("--overflow", type=int, metavar="SECONDS")
        simulate.add_argument("--seed", type=int, default=1)
        simulate.add_argument("--csv", type=Path, metavar="FILE", help=f"other callers: {', '.join(COLUMNS)}")
        simulate.add_argument("--json", action="store_true")
        forecast = verbs.add_parser(
            "forecast", help="calls of a day by quarter hour, and the error until then"
        )
        forecast.add_argument("--day", type=date.fromisoformat, required=True)
        forecast.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(options)
        except ActionError as error:
            raise CommandError(f"{error.code}: {error.message}") from None

    def _simulate(self, options: dict[str, Any]) -> None:
        try:
            callers = read_callers(options["csv"]) if options["csv"] else None
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['csv']}: {error}") from None
        result = actions.compare(
            day=options["day"], seats=options["seats"], strategy=Strategy(options["strategy"]),
            overflow_seconds=options["overflow"], seed=options["seed"], callers=callers,
        )  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=1))
            return
        sides = [side for side in ("was", "same", "other") if result[side]]
        self.stdout.write(f"{'':<24}" + "".join(f"{side:>12}" for side in sides))
        for code in [*(one.code for one in DEFINITIONS), "occupancy"]:
            values = [result[side][code] for side in sides]
            cells = "".join(f"{'–' if value is None else round(value, 3):>12}" for value in values)
            self.stdout.write(f"{code:<24}{cells}")

    def _forecast(self, options: dict[str, Any]) -> None:
        it = queries.outlook(system_actor("workforce", "calls:watch"), options["day"])
        result = {
            "day": it.day.isoformat(),
            "kind": it.kind.name,
            "expected": None if it.expected is None else [round(one, 2) for one in it.expected],
            "wape": it.ours.wape if it.ours else None,
            "naive_wape": it.naive.wape if it.naive else None,
        }
        if options["json"]:
            self.stdout.write(json.dumps(result, indent=1))
        else:
            expected = "no forecast" if it.expected is None else f"{sum(it.expected):.0f} calls"
            self.stdout.write(
                f"{it.day}: {expected}; WAPE {result['wape']}, a week earlier {result['naive_wape']}"
            )
