"""Housekeeping jobs of the queue and the live stream. Each may run twice or late without harm."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import connection
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status

from hotline.kit.clock import now
from hotline.kit.events import HAPPENED, defer_after_failure, defer_together, defer_unknown, first_of
from hotline.kit.models import Heartbeat

log = logging.getLogger("hotline.jobs")

HEARTBEAT_SECONDS = 30.0
"""A worker silent for longer is dead; workers sign every 10 s."""
MOST_ATTEMPTS = 10
"""A job whose worker died that often is itself the killer: it fails, and the health page shows it."""
LIVE_HOURS = 24
JOBS_HOURS = 72


@app.task(name=HAPPENED, queue="default", retry=RetryStrategy(max_attempts=10, exponential_wait=3))
def happened(tasks: list[str], **payload: object) -> list[str]:
    """Run the first subscribers of an event, one after another, and pass the others on; returns those that failed.

    One that fails gets a job of its own, which its own rules try again, and keeps none of the others; so does a task that
    does not exist here (two versions run beside each other). Raises only when that job cannot be written (the database is
    away), for then all are run again, as each may be; and LookupError when none of the tasks exists.
    """
    known = [app.tasks[name] for name in tasks if name in app.tasks]
    unknown = [name for name in tasks if name not in app.tasks]
    if not known:
        raise LookupError(
            f"no task is called {', '.join(unknown)}: did another version of the platform write this job?"
        )
    first, rest = first_of(known)
    failed = []
    for task in first:
        try:
            task.func(**payload)
        except Exception:
            log.exception("%s failed beside other jobs of its event; it is tried again alone", task.name)
            defer_after_failure(task, **payload)
            failed.append(task.name)
    if rest:
        defer_together(rest, **payload)
    if unknown:
        defer_unknown(unknown, **payload)
    return failed


@app.periodic(cron="* * * * * */15")
@app.task(
    name="kit.rescue_stalled_jobs",
    queue="housekeeping",
    queueing_lock="kit.rescue_stalled_jobs",
    pass_context=True,
)
async def rescue_stalled_jobs(context: JobContext, timestamp: int) -> int:
    """Give the jobs of dead workers back to the queue; returns how many. After kill -9 a job stays `doing`
    for ever."""
    manager = context.app.job_manager
    stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=HEARTBEAT_SECONDS))
    for job in stalled:
        await _rescue(context, job)
    return len(stalled)


async def _rescue(context: JobContext, job: Job) -> None:
    manager = context.app.job_manager
    if job.attempts >= MOST_ATTEMPTS:
        log.error("job %s %s was interrupted %d times and is given up", job.id, job.task_name, job.attempts)
        await manager.finish_job(job=job, status=Status.FAILED, delete_job=False)
        return
    try:
        await manager.retry_job(job)
        log.warning("job %s %s of a dead worker goes back to the queue", job.id, job.task_name)
    except UniqueViolation:
        # The same work already waits under the same queueing lock: running it once is enough.
        await manager.finish_job(job=job, status=Status.ABORTED, delete_job=False)
        log.warning("job %s %s of a dead worker already waits again", job.id, job.task_name)


@app.periodic(cron="17 * * * *")
@app.task(name="kit.purge_live_events", queue="housekeeping", queueing_lock="kit.purge_live_events")
def purge_live_events(timestamp: int) -> int:
    """Remove live messages older than a day; returns how many.

    The newest of them stays: it marks how far back the stream reaches, so that a browser that slept longer is
    told to reload instead of being shown a gap (`live.app.Hub.missed`).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM kit_live_event WHERE at < %(limit)s AND id <> ALL (ARRAY("
            " SELECT id FROM kit_live_event WHERE at < %(limit)s ORDER BY xid DESC, id DESC LIMIT 1))",
            {"limit": now() - timedelta(hours=LIVE_HOURS)},
        )
        removed = int(cursor.rowcount)
    Heartbeat.objects.filter(seen_at__lt=now() - timedelta(hours=1)).delete()
    return removed


@app.periodic(cron="43 * * * *")
@app.task(
    name="kit.purge_finished_jobs",
    queue="housekeeping",
    queueing_lock="kit.purge_finished_jobs",
    pass_context=True,
)
async def purge_finished_jobs(context: JobContext, timestamp: int) -> None:
    """Remove what succeeded three days ago; failed jobs stay until somebody looks."""
    await context.app.job_manager.delete_old_jobs(nb_hours=JOBS_HOURS)
