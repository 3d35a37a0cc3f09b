"""Events tell the packages above what happened below, as jobs in the same transaction.

`emit` is called by actions; `config/subscriptions.py` fills the table once at start. An event without subscribers
costs a dictionary look-up.
"""

from __future__ import annotations

from typing import Any, Protocol


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
    """Defer the jobs that follow from an event. Payload: ids and short strings only, never identity."""
    if name not in KNOWN:
        raise LookupError(f"event {name} is not declared")
    for task in _subscribers.get(name, ()):
        task.defer(**payload)
