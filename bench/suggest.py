"""What the machine says beside a form, in a big city: the desk's panel, similar cases, search over orders; milliseconds each.

`python -m bench suggest --orders 1000000` uses the city of `pages` (kept in var/bench/pages-N). Everything is asked in this process
on the city's database, one question after another, as a web thread does it: `ms` is what a person waits, `cpu_ms` and `server_cpu_ms` what it costs here and in the database.
Goals of issue 3: panel p95 ≤ 150 ms, similar cases p95 ≤ 100 ms at 1,000,000 orders, common two-word questions too.
The baseline of each search is a plain ILIKE over the titles of the same rows, for the newest ten.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.city import city, django_in
from bench.pages import prepare

QUESTIONS = 150
PEERS = 4
"""Questions that the baseline is asked; it reads the whole table for a rare one."""
PATIENCE = 40.0
"""Seconds after which no further question of a kind is asked; on a busy machine fewer are measured, and the bench ends."""
PEER_PATIENCE = 20
"""Seconds that the baseline may take for one question."""


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def server_seconds() -> float:
    """CPU seconds of this connection's PostgreSQL process so far; 0 where it runs on another machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(name: str, questions: Iterable[Any], ask: Callable[[Any], Sequence[Any] | object]) -> dict[str, Any]:
    """One row: how long each question took, and the share that found something."""
    waited, found, clock, served = [], 0, time.process_time(), server_seconds()
    end = time.perf_counter() + PATIENCE
    for one in questions:
        if waited and time.perf_counter() > end:
            break
        began = time.perf_counter()
        answer = ask(one)
        waited.append((time.perf_counter() - began) * 1000)
        found += bool(answer)
    spent = (time.process_time() - clock) * 1000 / max(len(waited), 1)
    there = (server_seconds() - served) * 1000 / max(len(waited), 1)
    row = {
        "what": name, "questions": len(waited), "p50_ms": round(statistics.median(waited), 1),
        "p95_ms": round(percentile(waited, 0.95), 1), "most_ms": round(max(waited), 1), "cpu_ms": round(spent, 1), "server_cpu_ms": round(there, 1),
        "answered": round(found / max(len(waited), 1), 2),
    }  # fmt: skip
    print(" ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr, flush=True)
    return row


def run(orders: int = 1_000_000) -> dict[str, Any]:
    """The figures of the city of so many orders."""
    with city(f"pages-{orders}") as place:
        django_in(place)
        prepare(place, orders)
        with place.workers_paused():
            return measure(orders)


def measure(orders: int) -> dict[str, Any]:
    """In the database that Django is set up on; `python -m bench.suggest` measures the one of DATABASE_URL."""
    from django.db import OperationalError, connection

    from hotline.accounts.models import Membership
    from hotline.accounts.queries import actor_for
    from hotline.dispatch.queries.cases import answered_like, reply_drafts
    from hotline.intake.queries.proposals import desk_proposals
    from hotline.kit.actor import Actor
    from hotline.kit.clock import now, today
    from hotline.language.segment import standard
    from hotline.workorders.models import Involvement, WorkOrder
    from hotline.workorders.queries import OrderFilters, Sort, list_orders

    def somebody(role: str, unit_id: int | None = None) -> Actor:
        rows = Membership.objects.filter(role=role)
        rows = rows.filter(unit_id=unit_id) if unit_id else rows
        return actor_for(rows.select_related("person").order_by("pk")[0].person)

    chance = random.Random(5)
    last = WorkOrder.objects.order_by("-id").values_list("id", flat=True)[0]
    chosen = [
        row
        for at in sorted(chance.sample(range(1, last), min(QUESTIONS, last - 1)))
        if (row := WorkOrder.objects.select_related("category").filter(pk__gte=at).order_by("pk").first())
    ]
    others = {row.pk: WorkOrder.objects.select_related("category").filter(pk__gt=row.pk).order_by("pk").first() or row for row in chosen}
    """The next order after each: what is asked before anything is measured."""
    handlers = list(Membership.objects.filter(role="handler").values_list("unit_id", flat=True).distinct())
    busiest = max(handlers, key=lambda unit: Involvement.objects.filter(unit_id=unit).count())
    dispatcher, handler = somebody("dispatcher"), somebody("handler", busiest)

    words = Counter(
        word
        for row in chosen
        for word in dict.fromkeys(standard().cut(f"{row.title} {row.content}"))
        if len(word) > 1 and word.isalpha()
    )
    common = [word for word, _count in words.most_common(14)]
    rare = [word for word, count in words.items() if count == 1]
    pairs = [" ".join(chance.sample(common, 2)) for _ in range(QUESTIONS // 2)]
    single = [chance.choice(rare) for _ in range(QUESTIONS // 2)]
    sentences = [row.content[:60] for row in chosen[: QUESTIONS // 2]]

    def alike(actor: Actor) -> Callable[[WorkOrder], object]:
        return lambda row: answered_like(
            actor, title=row.title, content=row.content, category=row.category.code if row.category else "", except_id=row.pk
        )

    def listed(actor: Actor, sort: Sort) -> Callable[[str], object]:
        return lambda text: list_orders(actor, OrderFilters(words=text), now=now(), sort=sort).page.rows

    def panel(row: WorkOrder) -> object:
        return desk_proposals(title="", content=row.content, category="", division="", day=today()).reading.categories

    panel(chosen[0])  # reads places and categories, as the first question of a process does
    with connection.cursor() as cursor:  # a city at work has its orders in memory; a cold disk is another matter
        cursor.execute("SELECT sum(length(title) + length(content) + length(search)) FROM workorders_workorder")
    for row in chosen[1::3]:
        alike(dispatcher)(others[row.pk])
    rows = [
        timed("panel at the desk", chosen, panel),
        timed("similar cases, a dispatcher", chosen, alike(dispatcher)),
        timed("similar cases, a handler", chosen, alike(handler)),
        timed("replies to begin from", chosen[:40], lambda row: reply_drafts(dispatcher, row)),
        timed("similar, two common words alone", pairs, lambda text: answered_like(dispatcher, title=text, content="")),
        timed("search, two common words", pairs, listed(dispatcher, Sort.RELEVANCE)),
        timed("search, a rare word", single, listed(dispatcher, Sort.RELEVANCE)),
        timed("search, alike, a sentence", sentences, listed(dispatcher, Sort.ALIKE)),
        timed("search, alike, two common words", pairs, listed(dispatcher, Sort.ALIKE)),
        timed("search, alike, a handler", pairs[:40], listed(handler, Sort.ALIKE)),
    ]

    def peer(text: str) -> object:
        one, other = text.split(" ")
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {PEER_PATIENCE * 1000}")
            try:
                cursor.execute(
                    "SELECT id FROM workorders_workorder WHERE content ILIKE %s AND content ILIKE %s ORDER BY id DESC LIMIT 10",
                    [f"%{one}%", f"%{other}%"],
                )
                return cursor.fetchall()
            except OperationalError:  # that long it takes at least
                return []
            finally:
                cursor.execute("SET statement_timeout = 0")

    rows.append(timed("baseline: ILIKE, two common words", pairs[:PEERS], peer))
    similar = max(row["p95_ms"] for row in rows if row["what"].startswith("similar"))
    return {
        "name": "suggest", "orders": WorkOrder.objects.count(), "wanted": orders, "panel_p95_ms": rows[0]["p95_ms"],
        "similar_p95_ms": similar, "search_p95_ms": max(row["p95_ms"] for row in rows if row["what"].startswith("search")),
        "goal": "panel ≤ 150 ms, similar cases ≤ 100 ms at 1,000,000 orders", "rows": rows,
    }  # fmt: skip


def main() -> None:
    import json

    import django

    django.setup()
    print(json.dumps(measure(0), ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
