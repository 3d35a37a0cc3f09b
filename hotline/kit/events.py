"""Events tell the packages above what happened below, as jobs in the same transaction.

`emit` is called by actions; `config/subscriptions.py` fills the table once at start. An event without subscribers
costs a dictionary look-up, any other one job however many listen: the emitter waits for it, and a job costs more than most
of what is done in it. That job (`kit.happened`) runs the subscribers of the highest priority that share queue and lock, and
passes the others on to a job of theirs. `defer` puts one job into the queue in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from procrastinate.tasks import Task

from hotline.kit.statements import fetch_one

Job = Task[Any, Any, Any]
_subscribers: dict[str, list[Job]] = {}
HAPPENED = "kit.happened"
"""The job that runs several subscribers of one event; `kit.tasks.happened`."""
KNOWN: dict[str, str] = {}


def declare(name: str, meaning: str) -> str:
    """Declare an event (`work_order.dispatched`) with its meaning for the docs; returns the name."""
    KNOWN[name] = meaning
    return name


def subscribe(name: str, task: Job) -> None:
    """Have a job of `task` with the event's payload written, in the emitting transaction, for each event of that name.

    It may run beside other subscribers in one job; alone again when it fails there. ValueError for a task with a
    queueing lock: a job that waits already would end the emitter's transaction.
    """
    if name not in KNOWN:
        raise LookupError(f"event {name} is not declared; declared are {', '.join(sorted(KNOWN))}")
    if task.queueing_lock is not None:
        raise ValueError(f"{task.name} has a queueing lock; events give each job to the queue")
    tasks = _subscribers.setdefault(name, [])
    if task not in tasks:
        tasks.append(task)


def subscribers() -> dict[str, list[str]]:
    """Event name → names of the tasks that follow from it."""
    return {name: [task.name for task in tasks] for name, tasks in _subscribers.items()}


def emit(name: str, **payload: Any) -> None:
    """Defer the jobs that follow from an event. Payload: ids and short strings only, never identity."""
    if name not in KNOWN:
        raise LookupError(f"event {name} is not declared")
    tasks = _subscribers.get(name)
    if tasks:
        _write(_row(tasks), payload)


def defer(task: Job, **arguments: Any) -> None:
    """Put a job into the queue, in the transaction that is open. Arguments: ids and short strings, identity only sealed.

    Not `task.defer`: inside a worker that takes Procrastinate's own connection, so that the job runs before the rows that
    it is about are committed, and stays when they are taken back.
    """
    _write(_row([task]), arguments)


def defer_after_failure(task: Job, **arguments: Any) -> None:
    """`defer` for who has just met an error that may have been the connection's: a dead one is replaced first."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
    defer(task, **arguments)


def defer_together(tasks: Sequence[Job], **arguments: Any) -> None:
    """One job for several tasks with the same arguments, as `emit` writes it for the subscribers of an event."""
    _write(_row(tasks), arguments)


def defer_unknown(names: Sequence[str], **arguments: Any) -> None:
    """One job for tasks that this version of the platform does not have; it waits for a worker of another."""
    _write(_Row("default", HAPPENED, 0, None, json.dumps({"tasks": list(names)})), arguments)


def first_of(tasks: Sequence[Job]) -> tuple[list[Job], list[Job]]:
    """Those of the highest priority that share queue and lock, and the others, both in their order."""
    top = max(tasks, key=lambda task: task.priority)
    first = [
        task
        for task in tasks
        if (task.priority, task.queue, task.lock) == (top.priority, top.queue, top.lock)
    ]
    return first, [task for task in tasks if task not in first]


@dataclass(frozen=True, slots=True)
class _Row:
    """What stands in the queue before the payload is known."""

    queue: str
    task: str
    priority: int
    lock: str | None
    extra: str = "{}"


def _row(tasks: Sequence[Job]) -> _Row:
    first = first_of(tasks)[0][0]
    if len(tasks) == 1:
        return _Row(first.queue, first.name, first.priority, first.lock)
    names = json.dumps({"tasks": [task.name for task in tasks]})
    return _Row(first.queue, HAPPENED, first.priority, first.lock, names)


def _write(row: _Row, arguments: dict[str, Any]) -> None:
    """One statement on Django's own connection, so that the job stands or falls with the caller's transaction."""
    fetch_one(
        _DEFER,
        [row.queue, row.task, row.priority, row.lock, json.dumps(arguments, ensure_ascii=False), row.extra],
    )


def values(name: str) -> list[Any]:
    """Parameters of `part`: the job's queue, name, priority, lock and what it carries; no row without a subscriber."""
    tasks = _subscribers.get(name)
    if not tasks:
        return [None, None, None, None, None]
    row = _row(tasks)
    return [row.queue, row.task, row.priority, row.lock, row.extra]


def part(source: str, payload: str) -> str:
    """The job of an event as part of a larger statement, for the row of its part `source`; `payload` is SQL of a jsonb object.

    Parameters: `values`.
    """
    return (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, args)"
        f" SELECT j.queue, j.task, j.priority, j.lock, {payload} || j.extra"
        f" FROM {source}, (SELECT %s::text AS queue, %s::text AS task, %s::int AS priority, %s::text AS lock,"
        " %s::jsonb AS extra) AS j WHERE j.task IS NOT NULL"
    )


# What `Task.defer` of Procrastinate sends, without its way there, which costs as much as the rest of an event.
_DEFER = (
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(%s::text, %s::text, %s::int, %s::text, NULL, %s::jsonb || %s::jsonb, NULL)"
    "::procrastinate_job_to_defer_v1])"
)
