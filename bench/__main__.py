"""`python -m bench [NAME…]`: run benchmarks, write bench/out/NAME.json and, after all of them, bench/out/limits.md.

`python -m bench table` makes docs/limits.md of what bench/out holds.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import traceback
from typing import Any

from bench.table import LIMITS, NAMES, OUT, machine, render, stamp


def shown(result: dict[str, Any]) -> str:
    """A result as lines of text; lists of rows become columns."""
    rows = result.get("rows")
    hidden = ("name", "statuses", "rows", "machine", "measured_at", "commit")
    lines = [
        f"  {key:<26} {value}"
        for key, value in result.items()
        if key not in hidden and value not in ("", None)
    ]
    if rows:
        names = [name for name in dict.fromkeys(key for row in rows for key in row) if name != "statuses"]
        lines.append("  " + "  ".join(f"{name:>17}" for name in names))
        lines += ["  " + "  ".join(f"{row.get(name, '')!s:>17}" for name in names) for row in rows]
    return "\n".join(lines)


def _file(name: str, orders: int) -> str:
    """The great city's pages stand beside those of the city of a million."""
    return f"{name}-{orders}" if name == "pages" and orders > 1_000_000 else name


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}, table; all without")
    parser.add_argument(
        "--orders",
        type=int,
        default=1_000_000,
        help="orders of the city of pages, scan and suggest, and made by generate; default 1,000,000",
    )
    parser.add_argument(
        "--calls",
        type=int,
        default=6_000,
        help="calls of day; default 6,000, two and a half hours of the day",
    )
    options = parser.parse_args()
    if unknown := set(options.names) - {*NAMES, "table"}:
        parser.error(
            f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}, and table"
        )
    OUT.mkdir(exist_ok=True)
    names = [one for one in options.names if one != "table"] or ([] if options.names else list(NAMES))
    failed = []
    for name in names:
        sizes: dict[str, tuple[int, ...]] = {
            "pages": (options.orders,),
            "scan": (options.orders,),
            "suggest": (options.orders,),
            "generate": (options.orders,),
            "day": (options.calls,),
        }
        if len(names) > 1:  # Django in a process belongs to one city: its settings, keys and connections
            again = [sys.executable, "-m", "bench", name, "--orders", str(options.orders)]
            if subprocess.run([*again, "--calls", str(options.calls)]).returncode:
                failed.append(name)
            continue
        try:
            result = importlib.import_module(f"bench.{name}").run(*sizes.get(name, ()))
        except (Exception, SystemExit) as error:  # the table is still made
            traceback.print_exc()
            failed.append(name)
            print(f"\n{name}\n  failed: {error!r}", file=sys.stderr, flush=True)
            continue
        result |= {"measured_at": stamp(), "machine": machine()}
        (OUT / f"{_file(name, options.orders)}.json").write_text(json.dumps(result, ensure_ascii=False, indent=1))
        print(f"\n{name}\n{shown(result)}", flush=True)
    if not options.names or "table" in options.names:
        page = render(page=LIMITS.read_text(encoding="utf-8"))
        (OUT / "limits.md").write_text(page)
        print(f"\n{page}")
    if "table" in options.names:
        LIMITS.write_text(page)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
