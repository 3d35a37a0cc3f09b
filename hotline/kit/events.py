"""Events tell the packages above what happened below, as jobs in the same transaction.

`emit` is called by actions; `config/subscriptions.py` fills the table once at start. An event without subscribers
costs a dictionary look-up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol

from procrastinate.tasks import Task

from hotline.kit.statements import fetch_one


class Deferrable(Protocol):
    """A Procrastinate task."""

    name: str

    def defer(self, **kwargs: Any) -> int: ...


_subscribers: dict[str, list[Deferrable]] = {}
KNOWN: dict[str, str] = {}


def declare(name: str, meaning: str) -> str:
    """Declare an event (`work_order.dispatched`) with its meaning for the docs; returns the name."""
    KNOWN[name] = meaning
    return name


def subscribe(name: str, task: Deferrable) -> None:
    """Have `task.defer(**payload)` called, in the emitting transaction, for each event of that name."""
    if name not in KNOWN:
        raise LookupError(f"event {name} is not declared; declared are {', '.join(sorted(KNOWN))}")
    tasks = _subscribers.setdefault(name, [])
    if task not in tasks:
        tasks.append(task)


def subscribers() -> dict[str, list[str]]:
    """Event name → names of the tasks that follow from it."""
    return {name: [task.name for task in tasks] for name, tasks in _subscribers.items()}


def emit(name: str, **payload: Any) -> None:
    """Defer the jobs that follow from an event. Payload: ids and short strings only, never identity.

    One statement on Django's own connection, so that the jobs stand or fall with the caller's transaction.
    """
    if name not in KNOWN:
        raise LookupError(f"event {name} is not declared")
    tasks = _subscribers.get(name)
    if not tasks:
        return
    plain = _plain(name)
    if plain:
        fetch_one(
            _DEFER,
            [
                json.dumps(payload, ensure_ascii=False), [task.queue for task in plain], [task.name for task in plain],
                [task.priority for task in plain],
            ],
        )  # fmt: skip
    for task in tasks:
        if task not in plain:
            task.defer(**payload)


def foldable(name: str) -> bool:
    """Whether the jobs of an event may be part of a larger statement: none of them needs a lock of its own."""
    return len(_plain(name)) == len(_subscribers.get(name, ()))


def values(name: str) -> list[str]:
    """Parameters of `part`: the jobs' queues, names and priorities, as texts of arrays."""
    tasks = _plain(name)
    return [
        _array(task.queue for task in tasks), _array(task.name for task in tasks), _array(str(task.priority) for task in tasks)
    ]  # fmt: skip


def part(source: str, payload: str) -> str:
    """The jobs of an event as part of a larger statement, for the row of its part `source`; `payload` is SQL of a jsonb object.

    Parameters: `values`. The event must be `foldable`; for others, `emit` afterwards.
    """
    return (
        f"INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args) SELECT j.queue, j.task, j.priority, {payload}"
        f" FROM {source}, unnest(%s::text[], %s::text[], %s::int[]) AS j(queue, task, priority)"
    )


def _plain(name: str) -> list[Task[Any, Any, Any]]:
    """Those of an event's jobs that are one row and nothing else."""
    tasks = _subscribers.get(name, ())
    return [task for task in tasks if isinstance(task, Task) and task.lock is None and task.queueing_lock is None]


def _array(words: Iterable[str]) -> str:
    return "{" + ",".join(f'"{word}"' for word in words) + "}"


# What `Task.defer` of Procrastinate sends, for several tasks at once and without its way there, which costs as much as
# the rest of an event.
_DEFER = (
    "SELECT procrastinate_defer_jobs_v1(ARRAY(SELECT ROW(queue, task, priority, NULL, NULL, %s::jsonb, NULL)"
    "::procrastinate_job_to_defer_v1 FROM unnest(%s::text[], %s::text[], %s::int[]) AS jobs(queue, task, priority)))"
)
