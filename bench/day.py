"""A day at a big city's hotline, faster than life: `python -m bench day --calls N`.

The real `hotline run` (web, live, workers; embedded PostgreSQL, fsync on). Two processes play the people: each call becomes an appeal
through intake's own action, 59% are answered on the line, 41% are dispatched and live a whole life to their closing, through the
actions that people use; 8 dispatchers' and 200 handlers' sessions hear everything live meanwhile. The clock stops when the last life
has ended *and* the workers have done every job that came of it.

`times_life`: N calls are so many seconds of a day of 58,000; divided by the seconds that they took. Goals: ≥ 20, p95 of an action
≤ 300 ms, lost 0. The rest of the machine counts too, so `cpu_ms` tells where the time went, and `times_life_of_idle_machine` what the
same CPU time gives on these cores with nobody beside.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from bench.city import PACK, City, city, django_in
from bench.live import Listener, listening, quantile

CALLS_A_DAY = 58_000
DISPATCHED = 0.41
DISPATCHERS, HANDLERS = 8, 200
PLAYERS = 2
DEFAULT_CALLS = 6_000
"""Two and a half hours of the day; at 20 × life 7½ minutes."""
JOBS_SECONDS = 600
WORDS = (
    ("夜间施工噪声扰民", "小区东侧工地连续三天夜间施工到凌晨两点，老人孩子没法休息，请尽快制止。"),
    ("路口信号灯不亮", "路口的信号灯从昨天起就不亮，早高峰车辆抢行，非常危险，请派人修复。"),
    ("楼道堆放杂物", "楼道里长期堆放纸箱和电动车，消防通道被堵，物业不管，请处理。"),
    ("公交间隔太长", "这条公交线路高峰时要等四十分钟，站台也没有雨棚，希望增加班次。"),
    ("路灯损坏", "门口一整排路灯坏了一个多星期，晚上看不清路，请尽快修好。"),
    ("垃圾清运不及时", "小区垃圾房三天没有清运，气味很大，蚊蝇很多，请督促清运。"),
    ("自来水浑浊", "这两天自来水发黄浑浊，不敢饮用，请检查管道并答复原因。"),
    ("预付卡无法退款", "健身房突然关门，年卡还剩八个月，联系不上负责人，要求退款。"),
)
"""(title, content) of appeals; each call adds its number, so that no two are the same."""


def calls(number: int, part: int, parts: int) -> Iterator[Any]:
    """The messages of one player: `number` calls in all, by the hours of the city's day."""
    from random import Random

    import yaml

    from hotline.demo.replay.messages import Message
    from hotline.kit import clock
    from hotline.kit.clock import CITY_ZONE

    hours = yaml.safe_load((PACK / "phrases.yaml").read_text(encoding="utf-8"))["rhythm"]["hours"]
    whole = sum(hours)
    monday = (clock.now() - timedelta(days=90)).astimezone(CITY_ZONE)
    monday = (monday - timedelta(days=monday.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    rng = Random(12345)
    for n in range(number):
        reach, hour = whole * (n + 0.5) / number, 0
        while reach > hours[hour]:
            reach, hour = reach - hours[hour], hour + 1
        at = monday + timedelta(hours=hour + reach / hours[hour])
        title, text = WORDS[n % len(WORDS)]
        kind = "dispatched" if rng.random() < DISPATCHED else "answered"
        if n % parts == part:
            yield Message(f"{n}", f"caller {n}", at, f"{title}（{n}）", f"{text}（来电{n}）", kind)


def serve(pipe: Connection, source: str, number: int, part: int, parts: int) -> None:
    """A player's process; speaks as `hotline.demo.replay.process.serve` does."""
    import django

    django.setup()
    from hotline.accounts.models import Person
    from hotline.accounts.queries import actors_for
    from hotline.demo.replay.messages import Message
    from hotline.demo.replay.run import Player
    from hotline.demo.replay.staff import load_staff
    from hotline.intake.actions import answer_directly
    from hotline.intake.rules import AppealForm, CitizenInput
    from hotline.worktime import queries as worktime

    agents = actors_for(Person.objects.filter(memberships__role="agent", is_active=True).order_by("id"))

    class DayPlayer(Player):
        """Most calls end on the line."""

        def _file(self, at: datetime, message: Message) -> int:
            if message.label != "answered":
                return super()._file(at, message)
            filed = answer_directly(
                actor=agents[int(message.key) % len(agents)], channel="phone", source=self.source, idempotency_key=message.key,
                demand=AppealForm(title=message.title, content=message.text, demand_type="consultation"),
                citizen=CitizenInput(phone=message.phone, name="市民"), answer="已按规定向市民解答，市民表示清楚。",
            )  # fmt: skip
            self.acknowledged.append(filed.number)
            self.report.acknowledged += 1
            self.report.verbs["answer"] += 1
            return 1

    known = list(calls(number, part, parts))
    player = DayPlayer(source, known, load_staff(), worktime.calendar_in_effect().calendar, {})
    pipe.send((0, player.next_at()))
    while (until := pipe.recv()) is not None:
        pipe.send((player.play(until), player.next_at()))
    pipe.send((player.report, player.acknowledged))
    pipe.close()


def sessions() -> list[list[str]]:
    """The topics that each signed-in screen hears: dispatchers the pool, handlers their unit."""
    from hotline.accounts.models import Membership

    people = Membership.objects.filter(person__is_active=True).order_by("id")
    dispatchers = people.filter(role="dispatcher").values_list("person_id", flat=True)[:DISPATCHERS]
    handlers = list(people.filter(role__in=("handler", "unit_manager")).values_list("person_id", "unit_id"))
    found = [["pool", "board", f"person:{person}"] for person in dispatchers]
    found += [
        [f"unit:{unit}", f"person:{person}"]
        for person, unit in (handlers[n % len(handlers)] for n in range(HANDLERS))
    ]
    return found


def waiting_jobs() -> int:
    """Jobs that should have been done by now; periodic ones and those for later apart."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND coalesce(scheduled_at, now()) <= now()"
            " AND queue_name IN ('default', 'messages', 'suggestions')"
        )
        return int(cursor.fetchone()[0])


def cpu_of(place: City) -> dict[tuple[int, float], tuple[str, float]]:
    """(pid, start) → (kind, CPU seconds so far) of every process of the city and of the players."""
    import psutil

    ours = {
        process.pid
        for pid in (place.process.pid, os.getpid())
        for process in psutil.Process(pid).children(recursive=True)
    }
    ours |= {place.process.pid, os.getpid()}
    found = {}
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if process.name() == "postgres":
                parent = process.parent()
                if str(place.folder) not in f"{line} {' '.join(parent.cmdline()) if parent else ''}":
                    continue
                kind = "database"
            elif process.pid not in ours:
                continue
            else:
                kind = next((name for mark, name in KINDS if mark in line), "other")
            spent = process.cpu_times()
            found[process.pid, process.create_time()] = kind, spent.user + spent.system
        except psutil.Error:
            continue
    return found


KINDS = (
    ("hotline.config.wsgi", "web"), ("hotline.live.app", "live"), ("procrastinate worker", "jobs"), ("spawn_main", "people"),
    ("bench", "listeners"),
)  # fmt: skip
"""Marks of a command line, the first that fits."""


class Watch(threading.Thread):
    """Keeps the last reading of each process: backends and players end before they can be asked."""

    def __init__(self, place: City) -> None:
        super().__init__(daemon=True)
        self.place, self.stop = place, threading.Event()
        self.begin = cpu_of(place)
        self.last = dict(self.begin)

    def run(self) -> None:
        while not self.stop.wait(3):
            self.look()

    def look(self) -> None:
        self.last |= cpu_of(self.place)

    def spent(self) -> dict[str, float]:
        """Kind → seconds since the beginning."""
        seconds: Counter[str] = Counter()
        for key, (kind, value) in self.last.items():
            seconds[kind] += value - self.begin.get(key, (kind, 0.0))[1]
        return {kind: round(value, 1) for kind, value in seconds.most_common()}


async def played(
    place: City, source: str, number: int, key: str
) -> tuple[Any, list[str], float, list[Listener], int]:
    """Everything between the first call and the last job; (report, numbers, seconds, listeners, jobs left)."""
    from hotline.demo.replay.messages import Message
    from hotline.demo.replay.run import play_together

    topics = await asyncio.to_thread(sessions)
    first: Message = next(calls(number, 0, 1))
    given = [(source, number, part, PLAYERS) for part in range(PLAYERS)]
    async with listening(place.live_port, key, topics) as listeners:
        began = time.monotonic()
        report, numbers, _end = await asyncio.to_thread(
            play_together, serve, given, first.at, lambda _n: None
        )
        deadline = time.monotonic() + JOBS_SECONDS
        while (left := await asyncio.to_thread(waiting_jobs)) and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
        seconds = time.monotonic() - began
        await asyncio.sleep(2)  # the last event is on its way
        return report, numbers, seconds, listeners, left


def run(number: int = DEFAULT_CALLS) -> dict[str, Any]:
    """Play `number` calls in a city of its own; see the module."""
    with city("day") as place:
        django_in(place)
        from django.db import connection

        from hotline.accounts.models import Unit
        from hotline.config.environment import environment
        from hotline.demo.replay.run import check
        from hotline.intake.models import Appeal
        from hotline.kit import simulation

        if not Unit.objects.exists():
            place.run("load-city", str(PACK))
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(id), 0) FROM kit_live_event")
            before = cursor.fetchone()[0]
        source = f"day:{time.time_ns()}"
        watch = Watch(place)
        watch.start()
        with simulation.hold():
            report, numbers, seconds, listeners, left = asyncio.run(
                played(place, source, number, environment().secret_key())
            )
        watch.look()
        watch.stop.set()
        check(report, source, numbers)
        dispatched = sum(report.states.values())
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT topic, count(*) FROM kit_live_event WHERE id > %s GROUP BY topic", [before]
            )
            told = dict(cursor.fetchall())
        expected = sum(told.get(topic, 0) for one in listeners for topic in one.topics)
        delivered = sum(len({row for row in one.seen if row > before}) for one in listeners)
        life = number / CALLS_A_DAY * 86_400
        cpu = watch.spent()
        actions = report.steps + report.acknowledged
        return {
            "name": "day",
            "calls": number,
            "appeals_stored": Appeal.objects.filter(raw__source=source).count(),
            "dispatched": dispatched,
            "dispatched_share": round(dispatched / number, 3),
            "actions": actions,
            "seconds": round(seconds, 1),
            "life_seconds": round(life),
            "times_life": round(life / seconds, 1),
            "actions_per_s": round(actions / seconds, 1),
            "action_p50_ms": quantile(report.step_ms, 0.5),
            "action_p95_ms": quantile(report.step_ms, 0.95),
            "action_max_ms": quantile(report.step_ms, 1.0),
            "lost": report.lost,
            "not_final": report.not_final,
            "stuck": len(report.stuck),
            "jobs_left": left,
            "sessions": len(listeners),
            "live_expected": expected,
            "live_delivered": delivered,
            "live_lost": expected - delivered,
            "live_resets": sum(one.resets for one in listeners),
            "cpu_s": cpu,
            "cpu_ms_per_action": round(1000 * sum(cpu.values()) / max(1, actions), 1),
            "times_life_of_idle_machine": round(
                life / max(1.0, sum(cpu.values()) / (os.cpu_count() or 1)), 1
            ),
            "goal": "times_life ≥ 20, action_p95_ms ≤ 300, lost 0",
        }
