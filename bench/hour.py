"""A compressed hour of a big city's record day through queue and events, without sound: `python -m bench hour`.

The real distributor (`hotline calls run`, in a process of its own, with the real client of the exchange), a PostgreSQL with fsync on,
and a switch made here that only keeps legs: it speaks the exchange's protocol (softswitch/control.py), answers, plays in no time, rings
desk telephones that are taken after a second, and tells what moved and ended. Callers come evenly at RATE; conversations and after-call
work last a tenth of what they last in life, so that so many seats carry so many calls. Goals: ≥ 8,000 calls an hour on two cores, offer
p95 ≤ 200 ms (from the moment at which a call waits and a seat is free to the moment at which the switch is asked to ring that seat),
and at the end every call's state in the database is what the switch knows.

CPU is counted by process: the distributor's and that of all of the database's backends are the platform's, and what `cpu_ms_a_call`
says; callers and switch, which are this process, stand apart, and so do the city's web and workers, which have nothing of the calls to
do. Recordings are sound: none is made, so none is told of.

The limit in the same run: the rows that the calls left, written again by bare statements, one commit a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CALLS, RATE, SEATS = 600, 3.0, 40
"""Calls of a run, calls a second (10,800 an hour), seats. Shanghai's record hour had about 5,600 answered calls."""
TALK, WRAP = 10.0, 1
"""Seconds; in life minutes."""
TAKEN_AFTER = 1.0
PATIENCE = 60.0
"""How long after the last caller everything may take to come to rest."""
READY = 30.0
"""How long the distributor may take to begin."""
ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Known:
    """A leg as this switch knows it."""

    direction: str
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Refused(Exception):
    """With the code that the exchange would give."""


class Switch:
    """Keeps legs and tells events, to one platform at a time."""

    def __init__(self) -> None:
        self.run, self.number, self.made = secrets.token_hex(4), 0, 0
        self.token = secrets.token_hex(32)
        self.port = 0
        self.legs: dict[str, Known] = {}
        self.over: dict[str, str] = {}
        self.rung: dict[str, float] = {}
        self.followed = asyncio.Event()
        self._done: dict[str, dict[str, Any]] = {}
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    @contextlib.asynccontextmanager
    async def serving(self) -> Any:
        from websockets.asyncio.server import serve

        async with serve(self._connected, "127.0.0.1", 0, compression=None) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield self
            for known in self.legs.values():
                for task in known.tasks:
                    task.cancel()

    async def _connected(self, line: Any) -> None:
        from websockets.exceptions import ConnectionClosed

        telling = None
        try:
            async for message in line:
                told = json.loads(message)
                if told["do"] == "follow":
                    begins = {"run": self.run, "after": self.number, "reset": True, "snapshot": {"legs": []}}
                    await line.send(json.dumps({"id": told["id"], "done": begins}))
                    telling = telling or asyncio.create_task(self._tell_all(line))
                    self.followed.set()
                    continue
                await line.send(json.dumps({"id": told["id"], **self._answer(told)}))
        except ConnectionClosed:
            return  # the distributor was stopped
        finally:
            if telling is not None:
                telling.cancel()

    async def _tell_all(self, line: Any) -> None:
        while True:
            await line.send(json.dumps(await self._told.get()))

    def _answer(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Each key is done once."""
        key = str(told["key"])
        if key not in self._done:
            try:
                self._done[key] = {"done": self._do(str(told["do"]), told)}
            except Refused as refused:
                self._done[key] = {"refused": {"code": str(refused), "why": ""}}
        return self._done[key]

    def tell(self, event: str, leg: str, **more: Any) -> None:
        self.number += 1
        self._told.put_nowait({"number": self.number, "at": time.time(), "event": event, "leg": leg, **more})

    def add(self, direction: str, **facts: Any) -> str:
        self.made += 1
        leg = f"{self.run}-{self.made}"
        self.legs[leg] = Known(direction)
        known = {
            "kind": "sip",
            "direction": direction,
            "state": "ringing",
            "began": time.time(),
            "trunk": "bench",
        }
        self.tell("leg.ringing" if direction == "in" else "leg.dialled", leg, **known, **facts)
        return leg

    def later(self, seconds: float, leg: str, act: Any) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            if leg in self.legs:
                act(leg)

        self.legs[leg].tasks.append(asyncio.create_task(wait()))

    def up(self, leg: str) -> None:
        self.tell("leg.answered", leg)

    def end(self, leg: str, reason: str = "far") -> None:
        known = self.legs.pop(leg)
        self.over[leg] = reason
        for task in known.tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self.tell("leg.ended", leg, reason=reason, seconds=0.0)

    def _do(self, verb: str, told: Mapping[str, Any]) -> dict[str, Any]:
        leg = told.get("leg")
        if verb == "figures":
            return {"legs": float(len(self.legs))}
        if verb == "originate":
            leg = self.add("out", called=told["number"], label=told["label"])
            self.rung[told["label"]] = time.time()
            self.later(TAKEN_AFTER, leg, self.up)
            return {"leg": leg}
        if leg is not None and leg not in self.legs:
            raise Refused("leg_gone")
        if verb == "answer":
            self.up(str(leg))
        elif verb == "play":
            self.made += 1
            if not told["loop"]:
                self.tell("play.ended", str(leg), play=f"play-{self.made}", reason="finished")
            return {"play": f"play-{self.made}"}
        elif verb == "bridge":
            for one in told["legs"]:
                if one not in self.legs:
                    raise Refused("leg_gone")
                self.tell("leg.moved", one, room=told["room"], role="talk", target=None)
            # The caller hangs up when all has been said.
            self.later(TALK, told["legs"][0], self.end)
            return {"room": told["room"]}
        elif verb == "hangup":
            self.end(str(leg), "near")
        elif verb in ("record", "collect"):
            return {"recording": f"record-{leg}", "collect": f"collect-{leg}"}
        return {}


def staff() -> None:
    """Skill, lane, line, seats that are ready."""
    from django.db.models import F

    from hotline.accounts.models import Person
    from hotline.calls.actions.moving import SYSTEM, move_agent
    from hotline.calls.models import AgentSession, Lane, Line, PersonSkill, Skill, Station
    from hotline.kit.clock import now

    Line.objects.update(active=False, fallback=False)
    Line.objects.filter(code__startswith="bench-").update(number=F("code"))
    skill = Skill.objects.create(code=f"bench-{secrets.token_hex(3)}", name="bench")
    lane = Lane.objects.create(code=skill.code, name="bench", skill=skill, wrap_seconds=WRAP)
    Line.objects.create(
        code=skill.code, number="12345999", name="bench", lane=lane, fallback=True, asks_satisfaction=False
    )
    for n in range(SEATS):
        person = Person.objects.create(username=f"{skill.code}-{n}", name=f"坐席{n}")
        PersonSkill.objects.create(person=person, skill=skill, level=3)
        moment = now()
        session = AgentSession.objects.create(
            person=person, station=Station.PHONE, trunk="bench", number=f"6{n:04d}", state_since=moment,
            idle_since=moment, signed_in_at=moment,
        )  # fmt: skip
        move_agent(session, "sign_in", actor=SYSTEM, at=moment)
        move_agent(session, "ready", actor=SYSTEM, at=moment)


def found(switch: Switch) -> dict[str, Any]:
    """What the database says, against what the switch knows."""
    from django.db.models import F

    from hotline.calls.models import Ask, Call, CallEvent, Segment

    calls = list(
        Call.objects.filter(leg__startswith=f"{switch.run}-").values("leg", "state", "outcome", "pk")
    )
    callers = [leg for leg, known in switch.legs.items() if known.direction == "in"]
    states = {row["leg"]: row["state"] for row in calls}
    differing = sum(state != "ended" for leg, state in states.items() if leg in switch.over)
    differing += sum(states.get(leg) in (None, "ended") for leg in callers)
    waits = []
    # A call could be offered from the moment it waits, a seat from the moment it is free: the later of the two.
    rows = (
        Segment.objects.filter(call__leg__startswith=f"{switch.run}-")
        .annotate(queued=F("call__queued_at"))
        .values_list("pk", "queued", "session_id", "offered_at")
    )
    from hotline.calls.models import AgentSpell

    ready = {}
    for session, at, ended in AgentSpell.objects.filter(state="ready").values_list(
        "session_id", "began_at", "ended_at"
    ):
        ready[session, ended] = at
    for pk, queued, session, offered in rows:
        asked = switch.rung.get(f"offer:{pk}")
        free = ready.get((session, offered))
        if asked is not None and free is not None:
            waits.append(asked - max(queued, free).timestamp())
    waits.sort()
    answered = sum(row["outcome"] == "answered" for row in calls)
    return {
        "calls": len(calls),
        "answered": answered,
        "offers": len(switch.rung),
        "offer_p50_ms": round(1000 * waits[len(waits) // 2], 1) if waits else None,
        "offer_p95_ms": round(1000 * waits[int(len(waits) * 0.95)], 1) if waits else None,
        "differing": differing + abs(len(calls) - sum(1 for leg in states)),
        "asks_left": Ask.objects.count(),
        "events_a_call": round(
            CallEvent.objects.filter(call__leg__startswith=f"{switch.run}-").count() / max(1, len(calls)), 1
        ),
    }


def bare(calls: int) -> float:
    """Calls a second whose rows are written by bare statements: one call, twelve events, seven changes, one commit."""
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE bench_call (id bigint PRIMARY KEY, state text, at timestamptz);"
            " CREATE TEMP TABLE bench_event (id bigserial PRIMARY KEY, call bigint, verb text, data jsonb)"
        )
        began = time.perf_counter()
        for n in range(calls):
            with transaction.atomic():
                cursor.execute("INSERT INTO bench_call VALUES (%s, 'arrived', now())", [n])
                for _step in range(7):
                    cursor.execute("UPDATE bench_call SET state = 'talking', at = now() WHERE id = %s", [n])
                for _step in range(12):
                    cursor.execute("INSERT INTO bench_event (call, verb, data) VALUES (%s, 'x', '{}')", [n])
        return round(calls / (time.perf_counter() - began), 1)


def cpu_seconds(
    distributor: int, database: str, city: int | None
) -> dict[tuple[int, float], tuple[str, float]]:
    """(pid, start) → (whose, seconds so far)."""
    import psutil

    city_of = {one.pid for one in psutil.Process(city).children(recursive=True)} | {city} if city else set()
    found = {}
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if process.pid == os.getpid():
                kind = "switch_and_callers"
            elif process.pid == distributor:
                kind = "distributor"
            elif line.startswith("postgres:") and f" {database} " in line:
                kind = "database"
            elif process.pid in city_of and "postgres" not in process.name():
                kind = "web_and_workers"
            else:
                continue
            spent = process.cpu_times()
            found[process.pid, process.create_time()] = kind, spent.user + spent.system
        except psutil.Error:
            continue
    return found


@contextlib.contextmanager
def distributor(switch: Switch, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`hotline calls run` at this switch, stopped at the end."""
    environment = {
        **os.environ,
        "HOTLINE_TELEPHONE": "on",
        "HOTLINE_SWITCH_PORT": str(switch.port),
        "HOTLINE_SWITCH_TOKEN": switch.token,
        "HOTLINE_VOICE": "off",
    }
    with (folder / "distributor.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hotline", "calls", "run"],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


async def hour(calls: int, rate: float, city: int | None) -> dict[str, Any]:
    from asgiref.sync import sync_to_async
    from django.db import connection

    await sync_to_async(staff)()
    database = str(connection.settings_dict["NAME"])
    with tempfile.TemporaryDirectory(prefix="xinsheng-bench-") as folder:
        async with Switch().serving() as switch:
            with distributor(switch, Path(folder)) as process:
                try:
                    await asyncio.wait_for(switch.followed.wait(), READY)
                except TimeoutError:
                    raise SystemExit((Path(folder) / "distributor.log").read_text()[-2000:]) from None
                await asyncio.sleep(3)  # the first reset, the first prompts
                before = last = cpu_seconds(process.pid, database, city)
                began = time.perf_counter()
                for n in range(calls):
                    await asyncio.sleep(max(0.0, began + n / rate - time.perf_counter()))
                    switch.add("in", caller=f"138{n:08d}", called="12345999")
                came = time.perf_counter() - began
                until = time.perf_counter() + PATIENCE
                while switch.legs and time.perf_counter() < until:
                    await asyncio.sleep(0.5)
                    last = last | cpu_seconds(process.pid, database, city)
                seconds = time.perf_counter() - began
                await asyncio.sleep(2)
                last = last | cpu_seconds(process.pid, database, city)
            result = await sync_to_async(found)(switch)
    spent: dict[str, float] = defaultdict(float)
    for one, (kind, value) in last.items():
        spent[kind] += value - before.get(one, (kind, 0.0))[1]
    each = {kind: round(1000 * value / calls, 1) for kind, value in spent.items()}
    return {
        **result,
        "seats": SEATS,
        "lost": calls - result["calls"] + len(switch.legs),
        "calls_per_hour": round(calls / came * 3600),
        "seconds": round(seconds, 1),
        "cpu_ms_a_call": round(each["distributor"] + each["database"], 1),
        **{f"cpu_ms_a_call_{kind}": value for kind, value in sorted(each.items())},
    }


def run(calls: int = CALLS, rate: float = RATE) -> dict[str, Any]:
    """On a city of its own; with DATABASE_URL on that database (lines there are switched off: not for a city that is used)."""
    if os.environ.get("DATABASE_URL"):
        return measured(calls, rate)
    from bench.city import city, django_in

    with city("hour") as one:
        django_in(one)
        return measured(calls, rate, one.process.pid)


def measured(calls: int, rate: float, city: int | None = None) -> dict[str, Any]:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.config.settings")
    django.setup()
    result = {"name": "hour", **asyncio.run(hour(calls, rate, city))}
    result["bare_calls_per_hour"] = round(3600 * bare(300))
    return result | {"goal": "≥ 8,000 calls/h, offer p95 ≤ 200 ms, nothing lost or differing"}


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS), indent=1))
