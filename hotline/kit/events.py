"""Events tell the packages above what happened below, as jobs in the same transaction.

`emit` is called by actions; `config/subscriptions.py` fills the table once at start. An event without subscribers
costs a dictionary look-up. Subscribers that share queue, priority and lock share one job (`kit.happened`), because a job
costs more than most of what is done in it. `defer` puts one job into the queue in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
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
    if name in _subscribers:
        _write(_rows(name), payload)


def defer(task: Job, **arguments: Any) -> None:
    """Put a job into the queue, in the transaction that is open. Arguments: ids and short strings, identity only sealed.

    Not `task.defer`: inside a worker that takes Procrastinate's own connection, so that the job runs before the rows that
    it is about are committed, and stays when they are taken back.
    """
    _write([_row(task)], arguments)


def defer_after_failure(task: Job, **arguments: Any) -> None:
    """`defer` for who has just met an error that may have been the connection's: a dead one is replaced first."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
    defer(task, **arguments)


@dataclass(frozen=True, slots=True)
class _Row:
    """What stands in the queue before the payload is known."""

    queue: str
    task: str
    priority: int
    lock: str | None
    extra: str = "{}"


def _row(task: Job) -> _Row:
    return _Row(task.queue, task.name, task.priority, task.lock)


def _rows(name: str) -> list[_Row]:
    """The jobs of an event, in the order of their first subscribers."""
    together: dict[tuple[str, int, str | None], list[Job]] = {}
    for task in _subscribers.get(name, ()):
        together.setdefault((task.queue, task.priority, task.lock), []).append(task)
    return [
        _row(tasks[0]) if len(tasks) == 1
        else _Row(queue, HAPPENED, priority, lock, json.dumps({"tasks": [task.name for task in tasks]}))
        for (queue, priority, lock), tasks in together.items()
    ]  # fmt: skip


def _write(rows: Sequence[_Row], arguments: dict[str, Any]) -> None:
    """One statement on Django's own connection, so that the jobs stand or fall with the caller's transaction."""
    fetch_one(
        _DEFER,
        [
            json.dumps(arguments, ensure_ascii=False), [row.queue for row in rows], [row.task for row in rows],
            [row.priority for row in rows], [row.lock for row in rows], [row.extra for row in rows],
        ],
    )  # fmt: skip


def values(name: str) -> list[str]:
    """Parameters of `part`: the jobs' queues, names, priorities, locks and what they carry, as texts of arrays."""
    rows = _rows(name)
    return [
        _array(row.queue for row in rows), _array(row.task for row in rows), _array(str(row.priority) for row in rows),
        _array(row.lock for row in rows), _array(row.extra for row in rows),
    ]  # fmt: skip


def part(source: str, payload: str) -> str:
    """The jobs of an event as part of a larger statement, for the row of its part `source`; `payload` is SQL of a jsonb object.

    Parameters: `values`.
    """
    return (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, args)"
        f" SELECT j.queue, j.task, j.priority, j.lock, {payload} || j.extra::jsonb"
        f" FROM {source}, unnest(%s::text[], %s::text[], %s::int[], %s::text[], %s::text[])"
        " AS j(queue, task, priority, lock, extra)"
    )


def _array(words: Iterable[str | None]) -> str:
    return "{" + ",".join("NULL" if word is None else json.dumps(word) for word in words) + "}"


# What `Task.defer` of Procrastinate sends, for several tasks at once and without its way there, which costs as much as
# the rest of an event.
_DEFER = (
    "SELECT procrastinate_defer_jobs_v1(ARRAY(SELECT ROW(queue, task, priority, lock, NULL, %s::jsonb || extra::jsonb, NULL)"
    "::procrastinate_job_to_defer_v1 FROM unnest(%s::text[], %s::text[], %s::int[], %s::text[], %s::text[])"
    " AS jobs(queue, task, priority, lock, extra)))"
)
