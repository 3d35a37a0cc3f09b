"""The facts behind `health.py`, read from the database and the machine, and their registration."""

from __future__ import annotations

import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from hotline.kit import health
from hotline.kit.clock import now
from hotline.kit.health import Result
from hotline.kit.models import Heartbeat
from hotline.ops import health as rules


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def database() -> Result:
    began = time.perf_counter()
    _rows("SELECT 1")
    took = timedelta(seconds=time.perf_counter() - began)
    return rules.judge_database(took, int(_rows("SHOW server_version_num")[0][0]))


def workers() -> Result:
    return rules.judge_workers(
        [row[0] for row in _rows("SELECT clock_timestamp() - last_heartbeat FROM procrastinate_workers")]
    )


def live() -> Result:
    moment = now()
    found = list(Heartbeat.objects.filter(kind="live", seen_at__gt=moment - timedelta(minutes=10)))
    alive = [beat for beat in found if moment - beat.seen_at <= rules.SILENT]
    return rules.judge_live(
        [moment - beat.seen_at for beat in found],
        sum(int(beat.details.get("listeners", 0)) for beat in alive),
    )


QUEUE = """
SELECT count(*), clock_timestamp() - min(coalesce(job.scheduled_at, event.at))
FROM procrastinate_jobs job
LEFT JOIN LATERAL (
    SELECT min(at) AS at FROM procrastinate_events WHERE job_id = job.id AND type = 'deferred'
) event ON true
WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= clock_timestamp())
"""


def queue() -> Result:
    [(waiting, oldest)] = _rows(QUEUE)
    return rules.judge_queue(waiting, oldest)


def stalled() -> Result:
    [(count,)] = _rows(
        "SELECT count(*) FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker ON "
        "worker.id = job.worker_id"
        " WHERE job.status = 'doing' AND (worker.id IS NULL OR worker.last_heartbeat < "
        "clock_timestamp() - interval '30 seconds')"
    )
    return rules.judge_stalled(count)


def failed() -> Result:
    [(count,)] = _rows(
        "SELECT count(*) FROM procrastinate_jobs job WHERE job.status = 'failed' AND EXISTS (SELECT 1 "
        "FROM procrastinate_events event"
        " WHERE event.job_id = job.id AND event.type = 'failed' AND event.at > clock_timestamp() - "
        "interval '1 day')"
    )
    return rules.judge_failed(count)


def disk() -> Result:
    folder = Path(settings.DATA_DIR)
    while not folder.exists():
        folder = folder.parent
    return rules.judge_disk(shutil.disk_usage(folder).free)


def register() -> None:
    """Called once at start; other packages register theirs in the same way."""
    for check in (database, workers, queue, stalled, failed, live, disk):
        health.register(check.__name__, check)
