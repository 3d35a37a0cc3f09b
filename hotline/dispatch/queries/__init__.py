"""Reads of dispatch."""

from hotline.dispatch.queries.automatic import (
    Standing,
    TrustRow,
    judged_of,
    sent_rows,
    standings,
    the_switch,
    trust_rows,
)
from hotline.dispatch.queries.catalogue import (
    Suggested,
    catalogue_unit,
    catalogue_units,
    coverage,
    entries,
    entry_areas,
)
from hotline.dispatch.queries.nearby import Nearby, open_nearby
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
from hotline.dispatch.queries.ranking import UnitProposal, ranked_units
from hotline.dispatch.queries.reports import FaultRow, MovedRow, catalogue_faults, preview
from hotline.dispatch.queries.similar import FOLLOWED, Duplicate, likely_duplicates

__all__ = [
    "FOLLOWED",
    "Counts",
    "Duplicate",
    "FaultRow",
    "MovedRow",
    "Nearby",
    "PoolRow",
    "Standing",
    "Suggested",
    "Tab",
    "TrustRow",
    "UnitProposal",
    "answers_in_words",
    "applications_waiting",
    "catalogue_faults",
    "catalogue_unit",
    "catalogue_units",
    "counts",
    "coverage",
    "demand_key",
    "entries",
    "entry_areas",
    "judged_of",
    "likely_duplicates",
    "notes_of",
    "open_nearby",
    "order_rows",
    "ping_pong_trail",
    "preview",
    "ranked_units",
    "row_of",
    "sent_rows",
    "standings",
    "the_switch",
    "trust_rows",
]
