"""`python -m bench [NAME…] [--orders N]`: run benchmarks, write bench/out/NAME.json, print a table."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

NAMES = ("intake", "pages", "scan")
OUT = Path(__file__).parent / "out"


def table(result: dict[str, Any]) -> str:
    """A result as lines of text; lists of rows become columns."""
    rows = result.pop("rows", None)
    lines = [f"  {key:<22} {value}" for key, value in result.items() if key not in ("name", "statuses") and value not in ("", None)]
    if rows:
        names = list(rows[0])
        lines.append("  " + "  ".join(f"{name:>17}" for name in names))
        lines += ["  " + "  ".join(f"{row[name]!s:>17}" for name in names) for row in rows]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which; all without")
    parser.add_argument("--orders", type=int, default=1_000_000, help="size of the city of pages and scan")
    arguments = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    for name in arguments.names or NAMES:
        module = importlib.import_module(f"bench.{name}")
        result = module.run(arguments.orders) if name in ("pages", "scan") else module.run()
        (OUT / f"{name}.json").write_text(json.dumps(result, ensure_ascii=False, indent=1))
        print(f"\n{name}\n{table(result)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
