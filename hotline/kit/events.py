"""Events tell the packages above what happened below, as jobs in the same transaction.

`emit` is called by actions; `config/subscriptions.py` fills the table once at start. An event without subscribers
costs a dictionary look-up. `defer` puts one job into the queue in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from procrastinate.tasks import Task

from hotline.kit.statements import fetch_one

Job = Task[Any, Any, Any]
_subscribers: dict[str, list[Job]] = {}
KNOWN: dict[str, str] = {}


def declare(name: str, meaning: str) -> str:
    """Declare an event (`work_order.dispatched`) with its meaning for the docs; returns the name."""
    KNOWN[name] = meaning
    return name


def subscribe(name: str, task: Job) -> None:
    """Have a job of `task` with the event's payload written, in the emitting transaction, for each event of that name.

    ValueError for a task with a queueing lock: a job that waits already would end the emitter's transaction.
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
        _write(tasks, payload)


def defer(task: Job, **arguments: Any) -> None:
    """Put a job into the queue, in the transaction that is open. Arguments: ids and short strings, identity only sealed.

    Not `task.defer`: inside a worker that takes Procrastinate's own connection, so that the job runs before the rows that
    it is about are committed, and stays when they are taken back.
    """
    _write([task], arguments)


def _write(tasks: Sequence[Job], arguments: dict[str, Any]) -> None:
    """One statement on Django's own connection, so that the jobs stand or fall with the caller's transaction."""
    fetch_one(
        _DEFER,
        [
            json.dumps(arguments, ensure_ascii=False), [task.queue for task in tasks], [task.name for task in tasks],
            [task.priority for task in tasks], [task.lock for task in tasks],
        ],
    )  # fmt: skip


def values(name: str) -> list[str]:
    """Parameters of `part`: the jobs' queues, names, priorities and locks, as texts of arrays."""
    tasks = _subscribers.get(name, ())
    return [
        _array(task.queue for task in tasks), _array(task.name for task in tasks), _array(str(task.priority) for task in tasks),
        _array(task.lock for task in tasks),
    ]  # fmt: skip


def part(source: str, payload: str) -> str:
    """The jobs of an event as part of a larger statement, for the row of its part `source`; `payload` is SQL of a jsonb object.

    Parameters: `values`.
    """
    return (
        "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, args)"
        f" SELECT j.queue, j.task, j.priority, j.lock, {payload}"
        f" FROM {source}, unnest(%s::text[], %s::text[], %s::int[], %s::text[]) AS j(queue, task, priority, lock)"
    )


def _array(words: Iterable[str | None]) -> str:
    return "{" + ",".join("NULL" if word is None else f'"{word}"' for word in words) + "}"


# What `Task.defer` of Procrastinate sends, for several tasks at once and without its way there, which costs as much as
# the rest of an event.
_DEFER = (
    "SELECT procrastinate_defer_jobs_v1(ARRAY(SELECT ROW(queue, task, priority, lock, NULL, %s::jsonb, NULL)"
    "::procrastinate_job_to_defer_v1 FROM unnest(%s::text[], %s::text[], %s::int[], %s::text[]) AS jobs(queue, task, priority, lock)))"
)
