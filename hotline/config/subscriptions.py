"""Event → job, in one list. Read at start by Procrastinate's on-ready hook."""

from __future__ import annotations

from importlib import import_module

from procrastinate import App

from hotline.kit.events import subscribe

# (event, module of the task, task)
SUBSCRIPTIONS: tuple[tuple[str, str, str], ...] = ()


def ready(app: App) -> None:
    """Bind every subscription; a name that does not exist stops the start."""
    for event, module, task in SUBSCRIPTIONS:
        subscribe(event, getattr(import_module(module), task))
