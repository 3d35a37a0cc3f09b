from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hotline.audit import actions, chains, queries
from hotline.audit.queries import Report

SHOWN = 200
WORDS = {
    "changed": "row {row} was changed",
    "removed": "row {row} was removed",
    "inserted": "row {row} was inserted by hand",
    "link": "link {link}: {text}",
    "key": "{text}",
}


class Command(BaseCommand):
    help = "Seal and verify the hash chains of the audit log and of the orders' events. Exit code 1: something was altered."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "act", choices=("verify", "seal", "head"), help="head prints what to note outside this machine"
        )
        parser.add_argument("--chain", default="", help="Only this chain, e.g. audit")
        parser.add_argument(
            "--expect",
            action="append",
            default=[],
            metavar="CHAIN:LINK:DIGEST",
            help="A head noted earlier (`hotline audit head`): finds a chain that was cut at its end",
        )

    def handle(self, *args: Any, act: str, chain: str, expect: list[str], **options: Any) -> None:
        quiet = int(options["verbosity"]) == 0 or not sys.stderr.isatty()
        if chain and chain not in chains.registered():
            raise CommandError(f"There is no chain {chain!r}; there are {', '.join(chains.registered())}.")
        if act == "seal":
            for name, count in actions.seal_all(quiet=quiet).items():
                self.stdout.write(f"{name}: {count} rows sealed")
        elif act == "head":
            for name in chains.registered():
                self.stdout.write(queries.head(name))
        else:
            self._verify(queries.verify_all(chain, quiet=quiet), expect)

    def _verify(self, reports: list[Report], expect: list[str]) -> None:
        bad = 0
        for report in reports:
            words = f"{report.chain}: {report.rows} rows in {report.links} links, {report.unsealed} not yet sealed"
            self.stdout.write(f"{words}: {_verdict(report)}")
            for finding in report.findings[:SHOWN]:
                words = WORDS[finding.kind].format(row=finding.row, link=finding.link, text=finding.text)
                where = f" (link {finding.link})" if finding.row and finding.link else ""
                self.stdout.write(
                    f"  {words}{where}{': ' + finding.text if finding.row and finding.text else ''}"
                )
            if len(report.findings) > SHOWN:
                self.stdout.write(f"  … and {len(report.findings) - SHOWN} more")
            self.stdout.write(f"  head {report.head}")
            bad += len(report.findings)
        for noted in expect:
            if not queries.head_stands(noted):
                self.stdout.write(
                    f"The noted head {noted[:60]} is not in the chain: its end was cut or written anew."
                )
                bad += 1
        if bad:
            raise CommandError(f"{bad} findings.")


def _verdict(report: Report) -> str:
    if report.sound:
        return "sound"
    return "NOT PROVED" if all(finding.kind == "key" for finding in report.findings) else "ALTERED"
