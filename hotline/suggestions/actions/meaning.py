"""Vectors of orders, made after they are filed; what is found by them is filtered by who asks."""

from __future__ import annotations

from hotline.kit.actor import Actor
from hotline.suggestions import permissions, vectors
from hotline.suggestions.queries.models import model_worker
from hotline.workorders.models import WorkOrder

BACK = 20_000
"""Newest orders that get vectors; older ones are found by words."""
KEPT = 1_000_000
"""Newest orders whose vectors are kept: a year of the greatest city, 0.8 GB and 1.2 GB of index by the size of a row. Of older ones words
tell, which cost nothing more."""
FORGOTTEN = 20_000
"""Vectors let go of in one night."""
ASKED = 200
"""Titles whose mean stands for what is asked; sixty bring nearly as much."""
LEAST = 60
"""With fewer orders nothing is known of what they have in common."""
BATCH = 20
"""Texts a request to the worker."""


def embed_orders(*, actor: Actor, most: int = 100) -> int:
    """Make the vectors of the newest orders that have none; returns how many. None without a model or a table. May run twice.

    No row is locked while the model thinks.
    """
    permissions.can(actor, permissions.MAKE).require(permissions.MAKE)
    worker = model_worker() if vectors.TABLE.is_there() else None
    last = WorkOrder.objects.order_by("-id").values_list("id", flat=True).first()
    if worker is None or last is None:
        return 0
    from hotline.language.client import Off  # where a worker is, its packages are

    made = 0
    wanted = vectors.without(last, BACK, most)
    for begin in range(0, len(wanted), BATCH):
        rows = list(
            WorkOrder.objects.filter(pk__in=wanted[begin : begin + BATCH]).values_list(
                "id", "title", "content"
            )
        )
        texts = [f"{title}\n{content}"[: vectors.MEANT_CHARS] for _pk, title, content in rows]
        found = worker.vectors(texts, "passage", timeout=5.0 + len(texts))
        if isinstance(found, Off):
            break  # no answer: the next run goes on
        made += vectors.keep(list(zip((row[0] for row in rows), found.tolist(), strict=True)))
    if made and vectors.TABLE.centre_of(vectors.stamp()) is None:
        centre_orders(actor=actor)
    return made


def centre_orders(*, actor: Actor) -> int:
    """Learn anew what this city's orders have in common, as they are stored and as they are asked for; returns how many count.

    What is asked is like an order's title: short, and of one matter. None without a model, a table, or `LEAST` orders.
    """
    permissions.can(actor, permissions.MAKE).require(permissions.MAKE)
    worker = model_worker() if vectors.TABLE.is_there() else None
    titles = vectors.titles(ASKED) if worker is not None else []
    if worker is None or len(titles) < LEAST:
        return 0
    from hotline.language.client import Off  # where a worker is, its packages are

    asked: list[list[float]] = []
    for begin in range(0, len(titles), BATCH):
        found = worker.vectors(titles[begin : begin + BATCH], "query", timeout=5.0 + BATCH)
        if isinstance(found, Off):
            return 0  # no answer: the next run does it
        asked += found.tolist()
    mean = [sum(column) / len(asked) for column in zip(*asked, strict=True)]
    return vectors.TABLE.keep_centre(vectors.stamp(), mean, BACK)


def forget_old_vectors(*, actor: Actor) -> int:
    """Let go of the vectors of orders beyond the `KEPT` newest; returns how many."""
    permissions.can(actor, permissions.MAKE).require(permissions.MAKE)
    last = WorkOrder.objects.order_by("-id").values_list("id", flat=True).first()
    if last is None or not vectors.TABLE.is_there():
        return 0
    return vectors.forget_before(last - KEPT, FORGOTTEN)
