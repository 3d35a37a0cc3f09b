"""One pass of the deadline scanner over 50,000 open clocks whose moment has come, beside a plain UPDATE of as many rows.

Runs in the city of `pages` inside a transaction that is rolled back, so that it can be run again. Goal: ≤ 5 s.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from bench.city import city, django_in
from bench.pages import prepare

WANTED = 50_000


def run(orders: int = 1_000_000) -> dict[str, Any]:
    """Seconds of the pass and of the UPDATE."""
    with city(f"pages-{orders}") as place:
        django_in(place)
        prepare(place, orders)
        from django.db import connection, transaction

        from hotline.kit import clock
        from hotline.workorders.actions.scanning import scan_clocks
        from hotline.workorders.models import Clock, ClockState

        with transaction.atomic():
            running = Clock.objects.filter(state=ClockState.RUNNING)
            ids = list(running.order_by("id").values_list("id", flat=True)[:WANTED])
            due = max(running.filter(pk__in=ids).values_list("due_at", flat=True), default=clock.now())
            moment = max(due, clock.now()) + timedelta(days=30)
            began = time.perf_counter()
            scan = scan_clocks(now=moment)
            seconds = time.perf_counter() - began
            again = scan_clocks(now=moment)
            with connection.cursor() as cursor:
                began = time.perf_counter()
                cursor.execute("UPDATE workorders_clock SET next_at = next_at WHERE id = ANY(%s)", [ids])
                bare = time.perf_counter() - began
            transaction.set_rollback(True)
        return {
            "name": "scan",
            "clocks": scan.clocks,
            "seconds": round(seconds, 2),
            "seconds_per_50000": round(seconds * WANTED / max(scan.clocks, 1), 2),
            "again": again.clocks,
            "bare_update_seconds": round(bare, 2),
            "ratio": round(seconds / bare, 1) if bare else None,
            "goal": "≤ 5 s for 50,000",
        }
