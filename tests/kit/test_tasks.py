"""Housekeeping: jobs of dead workers come back, old messages leave, the mark of how far back the stream goes
stays."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import app

from hotline.kit import tasks
from hotline.kit.clock import now
from hotline.kit.models import Heartbeat, LiveEvent

pytestmark = pytest.mark.django_db(transaction=True)


def sql(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []


def worker(seconds: int) -> int:
    """A worker that signed that many seconds ago."""
    [(number,)] = sql(
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => "
        "%s)) RETURNING id",
        seconds,
    )
    return int(number)


def doing(worker_id: int | None, *, attempts: int = 0, lock: str | None = None) -> int:
    """A job that a worker holds."""
    [(number,)] = sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args, "
        "status, attempts, worker_id)"
        " VALUES ('q', 'any', 0, %s, '{}', 'doing', %s, %s) RETURNING id",
        lock,
        attempts,
        worker_id,
    )
    return int(number)


def rescue() -> int:
    context = cast(JobContext, SimpleNamespace(app=app))
    return int(async_to_sync(tasks.rescue_stalled_jobs.func)(context, timestamp=0))


def status(job: int) -> tuple[str, int]:
    [(state, attempts)] = sql("SELECT status::text, attempts FROM procrastinate_jobs WHERE id = %s", job)
    return state, attempts


def test_jobs_of_the_dead_come_back_and_those_of_the_living_stay() -> None:
    dead, orphan, alive = doing(worker(60)), doing(None), doing(worker(5))
    assert rescue() == 2
    assert status(dead) == ("todo", 1)
    assert status(orphan) == ("todo", 1)
    assert status(alive) == ("doing", 0)
    assert rescue() == 0


def test_job_that_kills_its_workers_is_given_up() -> None:
    killer = doing(worker(60), attempts=tasks.MOST_ATTEMPTS)
    rescue()
    assert status(killer)[0] == "failed"


def test_job_whose_twin_already_waits_is_not_doubled() -> None:
    stalled = doing(worker(60), lock="once")
    sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)"
        " VALUES ('q', 'any', 0, 'once', '{}')"
    )
    rescue()
    assert status(stalled)[0] == "aborted"
    [(waiting,)] = sql(
        "SELECT count(*) FROM procrastinate_jobs WHERE queueing_lock = 'once' AND status = 'todo'"
    )
    assert waiting == 1


def test_purge_keeps_a_day_and_one_mark() -> None:
    for hours in (50, 40, 30, 1):
        event = LiveEvent.objects.create(topic="pool", kind=f"{hours}")
        LiveEvent.objects.filter(pk=event.pk).update(at=now() - timedelta(hours=hours))
    assert tasks.purge_live_events.func(timestamp=0) == 2
    assert list(LiveEvent.objects.order_by("id").values_list("kind", flat=True)) == ["30", "1"]
    assert tasks.purge_live_events.func(timestamp=0) == 0


def test_purge_forgets_processes_that_left() -> None:
    for name, minutes in (("old", 90), ("new", 1)):
        moment = now() - timedelta(minutes=minutes)
        Heartbeat.objects.create(name=name, kind="live", started_at=moment, seen_at=moment)
    tasks.purge_live_events.func(timestamp=0)
    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["new"]
