"""A worker process: orders by number in, COPY text out. It has no database connection."""

from __future__ import annotations

import gc
import os
import pickle
from typing import Any

_teller: Any = None


def start(world: bytes) -> None:
    """Set up Django and unpack the city; run once in each process, before anything of ours is imported."""
    global _teller
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.config.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()
    # The pickle comes from our own parent process.
    _teller = teller_of(pickle.loads(world))  # noqa: S301
    # Stories hold no circles: counting references frees them, and looking for circles would cost a fifth of the time.
    gc.collect()
    gc.freeze()
    gc.disable()


def teller_of(world: Any) -> Any:
    """A teller for a world."""
    from hotline.demo.life.deadlines import Deadlines
    from hotline.demo.life.teller import Teller
    from hotline.demo.phrases import Book
    from hotline.intake.actions.filing import code_of
    from hotline.intake.queries.citizen import lookup_hash
    from hotline.worktime.rules import PolicyDocument, WorkCalendar

    deadlines = Deadlines(PolicyDocument.parse(world.policy), WorkCalendar(*world.calendar))
    return Teller(
        world, Book(world.phrases), deadlines, lambda number: lookup_hash(number, code_of(SOURCE, number))
    )


SOURCE = "generate"
"""Delivers the look-up code of a generated appeal: `code_of(SOURCE, number)`."""


def tell(span: tuple[int, int]) -> tuple[int, list[tuple[str, bytes]]]:
    """(how many, COPY bytes by table) of the orders from the first number up to the second."""
    from hotline.demo.life.story import tell as tell_order

    first, end = span
    for index in range(first, end):
        tell_order(_teller, index)
    return end - first, _teller.rows.take()
