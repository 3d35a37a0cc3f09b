"""Saved views of a person, and the columns that a list starts with."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from hotline.kit.actor import Actor
from hotline.workorders.models import SavedView


@dataclass(frozen=True, slots=True)
class View:
    """A saved view with the query string that opens it."""

    id: int
    name: str
    query: str


def default_columns() -> list[str]:
    """What fits a 1366-pixel screen and answers most questions; the number tells the day of filing."""
    return ["state", "category", "place", "unit", "marks"]


def saved_views(actor: Actor) -> list[View]:
    """The actor's own views by name."""
    rows = SavedView.objects.filter(person_id=actor.id).order_by("name")
    return [
        View(
            row.pk,
            row.name,
            urlencode(
                [*row.query.items(), *([("columns", ",".join(row.columns))] if row.columns else [])],
                doseq=True,
            ),
        )
        for row in rows
    ]
