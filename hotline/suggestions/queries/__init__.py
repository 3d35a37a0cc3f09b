"""Reads of proposals, labels and risks."""

from hotline.suggestions.queries.gazetteer import place_finder, warm_places
from hotline.suggestions.queries.labels import canonical_labels, label_counts, label_facts, labels
from hotline.suggestions.queries.models import (
    category_health,
    listed_models,
    meaning_health,
    model_worker,
    open_category,
    registry,
)
from hotline.suggestions.queries.proposals import proposals_of
from hotline.suggestions.queries.quality import Acceptance, acceptance, training_rows, weeks_of
from hotline.suggestions.queries.reading import (
    PlaceOption,
    Reading,
    Risk,
    category_paths,
    read_danger,
    read_text,
)
from hotline.suggestions.queries.risks import (
    missed_risks,
    open_risks,
    risk_kinds,
    risk_of,
    risk_words,
    unseen_notices,
)
from hotline.suggestions.queries.writing import writer_health

__all__ = [
    "Acceptance",
    "PlaceOption",
    "Reading",
    "Risk",
    "acceptance",
    "canonical_labels",
    "category_health",
    "category_paths",
    "label_counts",
    "label_facts",
    "labels",
    "listed_models",
    "meaning_health",
    "missed_risks",
    "model_worker",
    "open_category",
    "open_risks",
    "place_finder",
    "proposals_of",
    "read_danger",
    "read_text",
    "registry",
    "risk_kinds",
    "risk_of",
    "risk_words",
    "training_rows",
    "unseen_notices",
    "warm_places",
    "weeks_of",
    "writer_health",
]
