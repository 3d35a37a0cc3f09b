"""Intake over HTTP beside a bare Django view, in turns, in one run.

Each accepted appeal is authenticated, validated, stored raw, its identity encrypted, its order made with deadline, event, audit and
job. Prints JSON: rate (appeals/s), peer_rate (bare rows/s) and ratio with nobody doing the jobs of either, working_rate while the
city's workers do them, cpu_ms an appeal by kind of process, p95_ms, statuses. Goals: ratio ≥ 0.5, rate ≥ 250/s.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from bench import load
from bench.city import PACK, ROOT, City, city, django_in, free_port

CONNECTIONS = 16
TURNS = 3
WORDS = (
    "小区东侧工地夜间施工，已经连续三天，老人孩子没法休息",
    "路口信号灯不亮，早高峰很危险",
    "楼道堆放杂物，消防通道被堵",
    "公交线路间隔太长，站台没有雨棚",
)


def _body(n: int) -> bytes:
    phone = f"139{n % 100_000_000:08d}"
    return json.dumps(
        {
            "demand": {
                "content": f"{WORDS[n % len(WORDS)]}（第{n}件），请尽快处理。",
                "demand_type": "complaint",
                "address": f"幸福路{n % 500}号",
            },
            "citizen": {"phone": phone, "name": "王小明"},
        },
        ensure_ascii=False,
    ).encode()


def _token() -> str:
    from hotline.accounts.models import Unit
    from hotline.exchange.actions import make_token
    from hotline.kit.actor import Actor, ActorKind, Grant

    hub = Unit.objects.get(parent__isnull=True)
    admin = Actor(
        ActorKind.STAFF, 0, "bench", (Grant("admin", hub.pk, hub.path),), frozenset({"exchange:tokens"})
    )
    return make_token(
        actor=admin,
        name="bench",
        unit_id=hub.pk,
        scopes=["appeals:write", "appeals:read"],
        per_minute=10_000_000,
    )[1]


def _start_peer(place: City) -> tuple[subprocess.Popen[bytes], int]:
    import psycopg

    with psycopg.connect(place.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bench_row (id bigserial PRIMARY KEY, text text)")
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "2",
               "--blocking-threads", "8", "--log-level", "warning", "--no-ws", "bench.peer:application"]  # fmt: skip
    process = subprocess.Popen(command, env=place.environment, cwd=ROOT)
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/insert", data=b"warm", timeout=2)
            return process, port
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    raise SystemExit("the peer did not start")


def _tree(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _tree(int(child))
    return found


def _kinds(place: City, peer: int) -> dict[str, list[int]]:
    """Processes of the run by kind; backends of the database apart from its own helpers."""
    found: dict[str, list[int]] = {"client": [os.getpid()], "peer": _tree(peer)}
    files = place.folder / json.loads((place.folder / "postgres.json").read_text())["data"]
    server = int((files / "postmaster.pid").read_text().split()[0])
    for pid in [*_tree(place.process.pid), *_tree(server)]:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
            marks = (("wsgi", "web"), ("asgi", "live"), ("procrastinate worker", "jobs"), ("127.0.0.1(", "database"))
            found.setdefault(next((kind for mark, kind in marks if mark in words), "others"), []).append(pid)
    return found


def _cpu(pids: list[int]) -> float:
    """Seconds of processor time used so far, by the scheduler's own count."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return total / 1e9


def run(seconds: float = 8.0) -> dict[str, object]:
    """Take turns between the product and the peer; the medians of the turns are compared."""
    with city("intake") as place:
        place.run("load-city", str(PACK))
        django_in(place)
        token = _token()
        from hotline.workorders.models import WorkOrder

        before = WorkOrder.objects.count()
        peer, peer_port = _start_peer(place)
        salt = f"{os.getpid()}-{time.time_ns()}"

        def appeal(n: int) -> bytes:
            headers = {
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"{salt}-{turn}-{n}",
            }
            return load.request("POST", "/api/v1/appeals", headers=headers, body=_body(n + turn * 1_000_000))

        ours, theirs = [], []
        spent: dict[str, float] = {}
        accepted = filed = 0

        def mine_for(seconds: float) -> load.Result:
            return asyncio.run(
                load.drive("127.0.0.1", place.port, appeal, connections=CONNECTIONS, seconds=seconds)
            )

        try:
            for turn in range(TURNS + 1):
                # Nobody does the peer's jobs either: both put them into the queue, and that is what is measured.
                with place.workers_paused():
                    kinds = _kinds(place, peer.pid)
                    began = {kind: _cpu(pids) for kind, pids in kinds.items()}
                    mine = mine_for(seconds)
                    used = {kind: _cpu(pids) - began[kind] for kind, pids in kinds.items()}
                    other = asyncio.run(
                        load.drive(
                            "127.0.0.1",
                            peer_port,
                            lambda n: load.request("POST", "/insert", body=b"x" * 300),
                            connections=CONNECTIONS,
                            seconds=seconds / 2,
                        )
                    )
                accepted += len(mine.latencies)
                if turn:  # the first turn warms both
                    ours.append(mine)
                    theirs.append(other)
                    filed += len(mine.latencies)
                    for kind, more in used.items():
                        spent[kind] = spent.get(kind, 0.0) + more
            turn = TURNS + 1
            working = mine_for(seconds)
            accepted += len(working.latencies)
        finally:
            peer.terminate()
            peer.wait(20)
        stored = WorkOrder.objects.count() - before
    mine, other = (
        sorted(ours, key=lambda r: r.rate)[TURNS // 2],
        sorted(theirs, key=lambda r: r.rate)[TURNS // 2],
    )
    return {
        "name": "intake",
        "rate": round(mine.rate, 1),
        "peer_rate": round(other.rate, 1),
        "ratio": round(mine.rate / other.rate, 3),
        "working_rate": round(working.rate, 1),
        "cpu_ms": {kind: round(used / filed * 1000, 2) for kind, used in spent.items() if kind != "peer"},
        "p50_ms": round(mine.percentile(0.5), 1),
        "p95_ms": round(mine.percentile(0.95), 1),
        "accepted": accepted,
        "stored": stored,
        "lost": accepted - stored if accepted > stored else 0,
        "statuses": dict(mine.statuses),
        "refusal": mine.sample.decode(errors="replace"),
        "goal": "ratio ≥ 0.5 and rate ≥ 250/s",
    }


if __name__ == "__main__":
    print(json.dumps(run(), ensure_ascii=False, indent=1))
