"""`hotline deadlines check`: every deadline re-derived from the event log and compared with what is stored."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from hotline.kit.actor import system_actor
from hotline.kit.progress import Progress
from hotline.workorders.actions.checking import Checked, check_orders, fix_order
from hotline.workorders.models import WorkOrder

FIXER = system_actor("deadlines", "system:fix")


class Command(BaseCommand):
    help = "Re-derive all deadlines, states and cards from the event log, print differences; exit 1 when there are any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["check"])
        parser.add_argument("--fix", action="store_true", help="write what the log gives (exit 0 when all could be fixed)")
        parser.add_argument("--sample", type=int, metavar="N", help="about N orders chosen at random instead of all")
        parser.add_argument("--first", type=int, default=0, metavar="ID", help="begin at this order id")
        parser.add_argument("--last", type=int, default=None, metavar="ID", help="end at this order id")
        parser.add_argument("--most", type=int, default=50, metavar="N", help="differences to print (all are counted)")

    def handle(self, *args: Any, **options: Any) -> None:
        checked = Checked()
        wrong: set[int] = set()
        with Progress("deadlines", total=options["sample"] or _about(), unit="orders") as progress:
            for difference in check_orders(
                first=options["first"], last=options["last"], sample=options["sample"], checked=checked,
                step=progress.advance,
            ):
                if checked.differences <= options["most"]:
                    self.stdout.write(str(difference))
                wrong.add(difference.order_id)
        self.stdout.write(
            f"{checked.orders} orders, {checked.events} events, {checked.clocks} clocks: {checked.differences} differences"
            f" in {len(wrong)} orders; {checked.provisional} clocks provisional (a year's holidays are not known)"
        )
        if wrong and options["fix"]:
            for number in sorted(wrong):
                fix_order(actor=FIXER, order_id=number)
            left = sum(1 for number in sorted(wrong) for _difference in check_orders(first=number, last=number))
            self.stdout.write(f"{len(wrong)} orders written anew, {left} differences left")
            if not left:
                return
        if wrong:
            raise SystemExit(1)


def _about() -> int:
    last = WorkOrder.objects.order_by("-id").values_list("id", flat=True).first() or 0
    first = WorkOrder.objects.order_by("id").values_list("id", flat=True).first() or 0
    return last - first + 1 if last else 0
