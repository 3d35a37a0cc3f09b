"""A compressed hour of a big city's record day through queue and events, without sound: `python -m bench hour`.

The real distributor (`hotline.calls.distributor`), a PostgreSQL with fsync on, and a switch made here that only keeps legs: it
answers, plays in no time, rings desk telephones that are taken after a second, and hangs up. Callers come evenly at RATE; conversations
and after-call work last a tenth of what they last in life, so that so many seats carry so many calls. Goals: ≥ 8,000 calls an hour on
two cores, offer p95 ≤ 200 ms (from the moment at which a call waits and a seat is free to the moment at which the switch is asked to
ring that seat), and at the end every call's state in the database is what the switch knows.

The limit in the same run: the rows that the calls left, written again by bare statements, one commit a call.
"""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import tempfile
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CALLS, RATE, SEATS = 600, 3.0, 40
"""Calls of a run, calls a second (10,800 an hour), seats. Shanghai's record hour had about 5,600 answered calls."""
TALK, WRAP = 10.0, 1
"""Seconds; in life minutes."""
TAKEN_AFTER = 1.0
PATIENCE = 60.0
"""How long after the last caller everything may take to come to rest."""


@dataclass
class Known:
    """A leg as this switch knows it."""

    facts: Any
    state: str
    asked: float = 0.0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Switch:
    """Keeps legs and tells events; speaks as `hotline.calls.engines.Engine`."""

    def __init__(self) -> None:
        from hotline.calls.engines import Mark

        self.run, self.number, self.made = secrets.token_hex(4), 0, 0
        self.legs: dict[str, Known] = {}
        self.over: dict[str, str] = {}
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.rung: list[tuple[str, float]] = []
        self.keys: dict[str, Any] = {}
        self._mark = Mark

    def tell(self, kind: Any, leg: str, *more: Any) -> None:
        self.number += 1
        self.queue.put_nowait(kind(self._mark(self.run, self.number), datetime.now(UTC), leg, *more))

    def add(self, **facts: Any) -> str:
        from hotline.calls.engines import Leg, LegStarted

        self.made += 1
        leg = f"{self.run}-{self.made}"
        known = Leg(leg, "sip", state="ringing", began=datetime.now(UTC), trunk="bench", **facts)
        self.legs[leg] = Known(known, "ringing")
        self.tell(LegStarted, leg, known)
        return leg

    def later(self, seconds: float, leg: str, act: Any) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            if leg in self.legs:
                act(leg)

        self.legs[leg].tasks.append(asyncio.create_task(wait()))

    def up(self, leg: str) -> None:
        from hotline.calls.engines import LegAnswered

        self.legs[leg].state = "up"
        self.tell(LegAnswered, leg)

    def end(self, leg: str, reason: str = "far") -> None:
        from hotline.calls.engines import LegEnded

        known = self.legs.pop(leg)
        self.over[leg] = reason
        for task in known.tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self.tell(LegEnded, leg, reason, 0.0, None, {})

    async def do(self, command: Any, *, key: str | None = None) -> Any:
        from hotline.calls.engines import EngineRefused, PlayEnded

        if key is not None and key in self.keys:
            return self.keys[key]
        verb, answer = command.verb, None
        leg = getattr(command, "leg", None)
        if verb == "figures":
            return {"legs": float(len(self.legs))}
        if verb == "originate":
            answer = self.add(direction="out", called=command.number, label=command.label)
            self.rung.append((command.label, time.time()))
            self.later(TAKEN_AFTER, answer, self.up)
        elif leg is not None and leg not in self.legs:
            raise EngineRefused("leg_gone", leg)
        elif verb == "answer":
            self.up(leg)
        elif verb == "play":
            self.made += 1
            answer = f"play-{self.made}"
            if not command.loop:
                self.tell(PlayEnded, leg, answer, "finished")
        elif verb == "bridge":
            answer = command.room or "room"
            # The caller hangs up when all has been said.
            self.later(TALK, command.legs[0], self.end)
        elif verb == "hangup":
            self.end(leg, "near")
        elif verb in ("record", "collect"):
            answer = f"{verb}-{leg}"
        if key is not None:
            self.keys[key] = answer
        return answer

    async def events(self, after: Any = None) -> AsyncGenerator[Any, None]:
        from hotline.calls.engines import Reset

        yield Reset(self._mark(self.run, self.number), (), new_run=True)
        while True:
            yield await self.queue.get()

    async def close(self) -> None:
        for known in self.legs.values():
            for task in known.tasks:
                task.cancel()


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


def found(switch: Switch, began: float) -> dict[str, Any]:
    """What the database says, against what the switch knows."""
    from django.db.models import F

    from hotline.calls.models import Ask, Call, CallEvent, Segment

    calls = list(
        Call.objects.filter(leg__startswith=f"{switch.run}-").values("leg", "state", "outcome", "pk")
    )
    callers = [leg for leg, known in switch.legs.items() if known.facts.direction == "in"]
    states = {row["leg"]: row["state"] for row in calls}
    differing = sum(state != "ended" for leg, state in states.items() if leg in switch.over)
    differing += sum(states.get(leg) in (None, "ended") for leg in callers)
    rung = dict(switch.rung)
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
        at = rung.get(f"offer:{pk}")
        free = ready.get((session, offered))
        if at is not None and free is not None:
            waits.append(at - max(queued, free).timestamp())
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
        "events": CallEvent.objects.count(),
        "began": began,
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


async def hour(calls: int, rate: float) -> dict[str, Any]:
    from asgiref.sync import sync_to_async

    from hotline.calls.distributor import serve

    await sync_to_async(staff)()
    switch, stop = Switch(), asyncio.Event()
    with tempfile.TemporaryDirectory(prefix="xinsheng-bench-") as folder:
        serving = asyncio.create_task(serve(lambda: switch, Path(folder), stop))
        await asyncio.sleep(3)  # the lock, the first reset
        began = time.perf_counter()
        before = resource.getrusage(resource.RUSAGE_SELF)
        for n in range(calls):
            due = began + n / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            switch.add(direction="in", caller=f"138{n:08d}", called="12345999")
        came = time.perf_counter() - began
        until = time.perf_counter() + PATIENCE
        while switch.legs and time.perf_counter() < until:
            await asyncio.sleep(0.5)
        seconds = time.perf_counter() - began
        await asyncio.sleep(2)
        after = resource.getrusage(resource.RUSAGE_SELF)
        result = await sync_to_async(found)(switch, began)
        stop.set()
        await asyncio.wait_for(serving, 30)
    del result["began"]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        **result,
        "seats": SEATS,
        "lost": calls - result["calls"] + len(switch.legs),
        "calls_per_hour": round(calls / came * 3600),
        "seconds": round(seconds, 1),
        "cpu_ms_a_call": round(1000 * cpu / calls, 1),
    }


def run(calls: int = CALLS, rate: float = RATE) -> dict[str, Any]:
    """On a city of its own; with DATABASE_URL on that database (lines there are switched off: not for a city that is used)."""
    if os.environ.get("DATABASE_URL"):
        return measured(calls, rate)
    from bench.city import city, django_in

    with city("hour") as one:
        django_in(one)
        return measured(calls, rate)


def measured(calls: int, rate: float) -> dict[str, Any]:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.config.settings")
    django.setup()
    result = {"name": "hour", **asyncio.run(hour(calls, rate))}
    result["bare_calls_per_hour"] = round(3600 * bare(300))
    return result | {"goal": "≥ 8,000 calls/h, offer p95 ≤ 200 ms, nothing lost or differing"}


if __name__ == "__main__":
    import json
    import sys

    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS), indent=1))
