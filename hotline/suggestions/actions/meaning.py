"""Vectors of orders, made after they are filed; what is found by them is filtered by who asks."""

from __future__ import annotations

from hotline.kit.actor import Actor
from hotline.suggestions import permissions, vectors
from hotline.suggestions.queries.models import model_worker
from hotline.workorders.models import WorkOrder

BACK = 20_000
"""Newest orders that get vectors; older ones are found by words."""
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
    return made
