"""Reads of dispatch."""

from hotline.dispatch.queries.catalogue import (
    Suggested,
    catalogue_unit,
    catalogue_units,
    coverage,
    entries,
    entry_areas,
)
from hotline.dispatch.queries.pool import (
    Counts,
    PoolRow,
    Tab,
    answers_in_words,
    applications_waiting,
    counts,
    demand_key,
    notes_of,
    order_rows,
    ping_pong_trail,
    row_of,
)
from hotline.dispatch.queries.similar import Duplicate, likely_duplicates

__all__ = [
    "Counts",
    "Duplicate",
    "PoolRow",
    "Suggested",
    "Tab",
    "answers_in_words",
    "applications_waiting",
    "catalogue_unit",
    "catalogue_units",
    "counts",
    "coverage",
    "demand_key",
    "entries",
    "entry_areas",
    "likely_duplicates",
    "notes_of",
    "order_rows",
    "ping_pong_trail",
    "row_of",
]
