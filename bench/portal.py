"""The citizens' public pages: requests a second on this machine, beside a static file of the same server.

`python -m bench portal`. Eight connections that never pause, as visitors without a session ask: the first page, the page of
the look-up, the photo report, and a built style sheet. In turns, medians of three. Goal: 300 a second on two cores.
"""

from __future__ import annotations

import asyncio
from statistics import median
from typing import Any

from bench import load
from bench.city import city, django_in

SECONDS = 5.0
CONNECTIONS = 8
TURNS = 3
PAGES = {"home": "/", "look-up": "/look-up/", "photo report": "/snap/"}


def run() -> dict[str, Any]:
    """A row a page: requests a second, p95, bytes of the page; every answer must be 200."""
    with city("portal", HOTLINE_TELEPHONE="off", HOTLINE_VOICE="off") as place:
        django_in(place)
        from django.templatetags.static import static

        from hotline.ui import assets

        style = next(name for name in assets.entry_files("main") if name.endswith(".css"))
        paths = {"static file": static(f"dist/{style}"), **PAGES}
        found: dict[str, list[load.Result]] = {name: [] for name in paths}
        for _turn in range(TURNS):
            for name, path in paths.items():
                wanted = load.request("GET", path, headers={"Accept-Encoding": "gzip, br"})
                found[name].append(
                    asyncio.run(load.drive("127.0.0.1", place.port, lambda _n, one=wanted: one, connections=CONNECTIONS, seconds=SECONDS))
                )
        rows = []
        for name, results in found.items():
            bad = {status: n for one in results for status, n in one.statuses.items() if status != 200}
            if bad:
                raise SystemExit(f"{name}: {bad} {results[0].sample!r}")
            rows.append(
                {
                    "page": name,
                    "per_second": round(median(one.rate for one in results), 1),
                    "p95_ms": round(median(one.percentile(0.95) for one in results), 1),
                }
            )
        return {"connections": CONNECTIONS, "rows": rows}
