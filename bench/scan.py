"""Passes of the deadline scanner over the 50,000 open orders of the city of `pages`, beside the same rows in plain SQL.

What is measured:

* `nothing_due`: no clock's mark has come, what happens nearly every minute;
* `busiest`: the half-minute of the coming two weeks in which most marks come, after all before it have been raised: what
  the scanner meets at worst in an ordinary week, as at the end of the first day after a weekend;
* `warning`: each open order has exactly one clock whose first mark has come: one level, one event an order;
* `yellow`: the same orders' next mark, which is a card: besides clock and event the order's card is written.

The last two are what no ordinary day brings, all at once. It happens in a copy of the city's folder, with the job's own
lanes and real commits; the copy is thrown away. Before the passes the copy has reached the disk and what is read all day
in a city at work (open orders, their clocks, where their logs end) has been read once. `orders` says how many clocks each
pass raised. Beside them, in the same copy, what the writing alone costs: as many clocks changed by one bare UPDATE, and as
many events, cards and messages to screens put in by one bare INSERT each, with the same indexes, keys and one commit.
Goal: ≤ 5 s for 50,000 of either kind.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from typing import Any

from bench.city import VAR, city, copied, django_in
from bench.pages import prepare

WANTED = 50_000
_ALL_QUIET = "UPDATE workorders_clock SET next_at = NULL WHERE state = 'running' AND next_at IS NOT NULL"
_ONE_EACH = """
UPDATE workorders_clock c SET level = 'green', next_at = %(warning)s::timestamptz,
    marks = jsonb_build_array(jsonb_build_array('warning', %(warning)s::text), jsonb_build_array('yellow', %(yellow)s::text))
FROM (SELECT DISTINCT ON (order_id) id FROM workorders_clock WHERE state = 'running' ORDER BY order_id, id LIMIT %(most)s) AS x
WHERE x.id = c.id RETURNING c.id
"""
_OPEN = "SELECT count(DISTINCT order_id) FROM workorders_clock WHERE state = 'running'"
_BUSIEST = """
SELECT date_bin('30 seconds', next_at, '2000-01-01Z') FROM workorders_clock
WHERE state = 'running' AND next_at > %(now)s AND next_at < %(now)s + interval '14 days'
GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
"""
HALF_MINUTE = timedelta(seconds=30)
"""How often the scanner looks."""
_READ = """
SELECT sum(length(o.title)), sum(length(every.marks::text)), sum(a.unit_id), sum(last.id) FROM workorders_clock c
JOIN workorders_workorder o ON o.id = c.order_id JOIN workorders_clock every ON every.order_id = o.id
LEFT JOIN workorders_assignment a ON a.order_id = o.id
LEFT JOIN LATERAL (SELECT id FROM workorders_workorderevent WHERE order_id = o.id ORDER BY id DESC LIMIT 1) AS last ON true
WHERE c.state = 'running'
"""
_CLOCKS = "UPDATE workorders_clock SET next_at = now(), level = 'red' WHERE id = ANY(%s)"
_EVENTS = """
INSERT INTO workorders_workorderevent (order_id, at, verb, actor, actor_name, assignment_id, old_state, new_state, audience,
    reason_code, text, data)
SELECT order_id, now(), 'raise_card', 'bench', 'bench', assignment_id, '', '', '', '', '',
    '{"level": "red", "due_at": "2026-01-01T00:00:00.000000+00:00", "clocks": [["level", "finish", "city", null, 1, "red"]]}'
FROM workorders_clock WHERE id = ANY(%s) ORDER BY order_id
"""
_CARDS = """
INSERT INTO workorders_standingcard AS standing (order_id, level) SELECT order_id, 'red' FROM workorders_clock WHERE id = ANY(%s)
ORDER BY order_id ON CONFLICT (order_id) DO UPDATE SET level = EXCLUDED.level
"""
_NEWS = """
INSERT INTO kit_live_event (topic, kind, payload)
SELECT 'order:' || order_id, 'work_order.card_raised', '{"verb": "raise_card"}' FROM workorders_clock WHERE id = ANY(%s)
"""


def run(orders: int = 1_000_000) -> dict[str, Any]:
    """Seconds and CPU seconds of each pass, and of the UPDATE."""
    whole = f"pages-{orders}"
    if not (VAR / whole / "generated.txt").exists():
        with city(whole) as place:
            django_in(place)
            prepare(place, orders)
    with copied(whole) as name, city(name) as place:
        django_in(place)
        from django.db import connection, transaction

        from hotline.kit import clock
        from hotline.kit.clock import CITY_ZONE
        from hotline.workorders.actions.scanning import scan_clocks

        with place.workers_paused(), connection.cursor() as cursor:
            now = clock.now()
            warning, yellow = now + timedelta(days=100), now + timedelta(days=101)
            cursor.execute(_OPEN)
            open_orders = int(cursor.fetchone()[0])
            scan_clocks(now=now)
            cursor.execute(_BUSIEST, {"now": now})
            busiest = cursor.fetchone()[0]
            cursor.execute(_READ)
            scan_clocks(now=busiest - timedelta(microseconds=1))
            passes = [
                _pass("nothing_due", busiest - timedelta(microseconds=1)),
                _pass("busiest", busiest + HALF_MINUTE),
            ]
            cursor.execute(_ALL_QUIET)
            cursor.execute(
                _ONE_EACH, {"warning": warning.isoformat(), "yellow": yellow.isoformat(), "most": WANTED}
            )
            ids = [row[0] for row in cursor.fetchall()]
            # The dead rows of these two are no part of a pass.
            cursor.execute("VACUUM workorders_clock")
            cursor.execute(_READ)
            passes += [
                _pass("warning", warning),
                _pass("nothing_due_again", warning),
                _pass("yellow", yellow),
            ]
            bare = []
            with transaction.atomic():
                for statement in (_CLOCKS, _EVENTS, _CARDS, _NEWS):
                    began = time.perf_counter()
                    cursor.execute(statement, [ids])
                    bare.append(time.perf_counter() - began)
                began = time.perf_counter()
            bare.append(time.perf_counter() - began)
        found = {one["pass"]: one for one in passes}
        slowest = max((found["warning"], found["yellow"]), key=lambda one: float(one["seconds"]))
        return {
            "name": "scan",
            "open_orders": open_orders,
            "busiest_at": f"{busiest.astimezone(CITY_ZONE):%A %H:%M}",
            "busiest_clocks": found["busiest"]["orders"],
            "busiest_seconds": found["busiest"]["seconds"],
            "clocks": len(ids),
            "rows": passes,
            "again": found["nothing_due_again"]["levels"],
            "seconds": slowest["seconds"],
            "seconds_per_50000": round(slowest["seconds"] * WANTED / max(len(ids), 1), 2),
            "bare_update_seconds": round(bare[0], 2),
            "bare_insert_seconds": round(sum(bare[1:4]), 2),
            "bare_commit_seconds": round(bare[4], 2),
            "bare_seconds": round(sum(bare), 2),
            "ratio": round(found["yellow"]["seconds"] / sum(bare), 1),
            "goal": "≤ 5 s for 50,000 open orders, in the busiest half-minute and when each raises one level at once",
        }


def _pass(name: str, moment: datetime) -> dict[str, Any]:
    from hotline.workorders.actions.scanning import scan_clocks
    from hotline.workorders.tasks import LANES

    began, busy = time.perf_counter(), sum(os.times()[:2])
    scan = scan_clocks(now=moment, lanes=LANES)
    return {
        "pass": name,
        "orders": scan.clocks,
        "levels": scan.raised.total(),
        "seconds": round(time.perf_counter() - began, 3),
        "own_cpu_seconds": round(sum(os.times()[:2]) - busy, 3),
    }
