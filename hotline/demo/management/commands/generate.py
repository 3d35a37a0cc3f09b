"""hotline generate: years of orders for a loaded city."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hotline.demo.actions.generating import generate
from hotline.kit.actor import system_actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import ActionError
from hotline.kit.progress import Progress


def moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a moment such as 2026-11-22T09:00") from None
    return at if at.tzinfo else at.replace(tzinfo=CITY_ZONE)


class Command(BaseCommand):
    help = (
        "Generate plausible orders with complete lives for the city that is loaded: one transaction, the same for the "
        "same seed and moment. Runs of 50,000 orders or more lock the tables until they end."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, required=True, metavar="N", help="how many orders")
        parser.add_argument(
            "--years", type=float, default=1.0, metavar="Y", help="over how many years until now"
        )
        parser.add_argument(
            "--seed", type=int, default=1, metavar="S", help="the same seed gives the same orders"
        )
        parser.add_argument(
            "--open", type=int, metavar="K", help="how many of them are open now; default 5%%"
        )
        parser.add_argument(
            "--until", type=moment, metavar="MOMENT", help="what counts as now, e.g. 2026-11-22T09:00"
        )
        parser.add_argument(
            "--workers", type=int, default=0, metavar="P", help="processes; default one a core"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["orders"] < 1 or options["years"] <= 0:
            raise CommandError("--orders and --years must be positive")
        try:
            with Progress("orders", options["orders"], unit="orders") as progress:

                def step(name: str, count: int) -> None:
                    if name == "orders":
                        progress.advance(count)
                    else:
                        progress.note(name)

                world = generate(
                    actor=system_actor("generate", "demo:generate"),
                    orders=options["orders"],
                    years=options["years"],
                    seed=options["seed"],
                    open_orders=options["open"],
                    until=options["until"],
                    workers=options["workers"],
                    step=step,
                )
        except ActionError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(
            f"orders {world.orders:,}, of them open {world.open_orders:,}; citizens {world.citizens:,}"
        )
