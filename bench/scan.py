"""One pass of the deadline scanner over 50,000 open orders, beside a plain UPDATE of as many clocks.

What is measured, in the city of `pages`, inside a transaction that is rolled back so that it can be run again:

* `nothing_due`: the pass over all open orders when no clock's mark has come (what happens nearly every minute);
* `warning`: each of the open orders has exactly one clock whose first mark has come: one level, one event an order;
* `yellow`: the same orders' next mark, which is a card: besides clock and event the order itself changes.

`orders` says how many orders each pass raised. Goal: ≤ 5 s for 50,000 of either kind.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from typing import Any

from bench.city import city, django_in
from bench.pages import prepare

WANTED = 50_000
_ALL_QUIET = "UPDATE workorders_clock SET next_at = NULL WHERE state = 'running' AND next_at IS NOT NULL"
_ONE_EACH = """
UPDATE workorders_clock c SET level = 'green', next_at = %(warning)s::timestamptz,
    marks = jsonb_build_array(jsonb_build_array('warning', %(warning)s::text), jsonb_build_array('yellow', %(yellow)s::text))
FROM (SELECT DISTINCT ON (order_id) id FROM workorders_clock WHERE state = 'running' ORDER BY order_id, id LIMIT %(most)s) AS x
WHERE x.id = c.id RETURNING c.id
"""
_READ = """
SELECT sum(length(o.title)), sum(length(every.marks::text)), sum(a.unit_id) FROM workorders_clock c
JOIN workorders_workorder o ON o.id = c.order_id JOIN workorders_clock every ON every.order_id = o.id
LEFT JOIN workorders_assignment a ON a.order_id = o.id WHERE c.id = ANY(%s)
"""


def run(orders: int = 1_000_000) -> dict[str, Any]:
    """Seconds and CPU seconds of each pass, and of the UPDATE."""
    with city(f"pages-{orders}") as place:
        django_in(place)
        prepare(place, orders)
        from django.db import connection, transaction

        from hotline.kit import clock

        with place.workers_paused(), transaction.atomic():
            now = clock.now()
            warning, yellow = now + timedelta(days=1), now + timedelta(days=2)
            with connection.cursor() as cursor:
                cursor.execute(_ALL_QUIET)
                cursor.execute(
                    _ONE_EACH, {"warning": warning.isoformat(), "yellow": yellow.isoformat(), "most": WANTED}
                )
                ids = [row[0] for row in cursor.fetchall()]
                # Open orders are read all day long; a city that was started a minute ago has them on the disk.
                cursor.execute(_READ, [ids])
                passes = [
                    _pass("nothing_due", now),
                    _pass("warning", warning),
                    _pass("nothing_due_again", warning),
                    _pass("yellow", yellow),
                ]
                began = time.perf_counter()
                cursor.execute("UPDATE workorders_clock SET next_at = now() WHERE id = ANY(%s)", [ids])
                bare = time.perf_counter() - began
            transaction.set_rollback(True)
        slowest = max(passes, key=lambda one: one["seconds"])
        return {
            "name": "scan",
            "clocks": len(ids),
            "rows": passes,
            "again": passes[2]["levels"],
            "seconds": slowest["seconds"],
            "seconds_per_50000": round(slowest["seconds"] * WANTED / max(len(ids), 1), 2),
            "bare_update_seconds": round(bare, 2),
            "ratio": round(slowest["seconds"] / bare, 1) if bare else None,
            "goal": "≤ 5 s for 50,000 open orders, each raising one level",
        }


def _pass(name: str, moment: datetime) -> dict[str, Any]:
    from hotline.workorders.actions.scanning import scan_clocks

    began, busy = time.perf_counter(), sum(os.times()[:2])
    scan = scan_clocks(now=moment)
    return {
        "pass": name,
        "orders": scan.clocks,
        "levels": scan.raised.total(),
        "seconds": round(time.perf_counter() - began, 3),
        "own_cpu_seconds": round(sum(os.times()[:2]) - busy, 3),
    }
