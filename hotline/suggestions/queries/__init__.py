"""Reads of proposals, labels and risks."""

from hotline.suggestions.queries.labels import canonical_labels, label_facts, labels, meaning_of
from hotline.suggestions.queries.models import (
    category_health,
    meaning_health,
    model_worker,
    open_category,
    registry,
)
from hotline.suggestions.queries.proposals import latest_of, proposals_of, risks_of
from hotline.suggestions.queries.quality import Acceptance, acceptance, training_rows, weeks_of
from hotline.suggestions.queries.risks import open_risks, risk_of

__all__ = [
    "Acceptance",
    "acceptance",
    "canonical_labels",
    "category_health",
    "label_facts",
    "labels",
    "latest_of",
    "meaning_health",
    "meaning_of",
    "model_worker",
    "open_category",
    "open_risks",
    "proposals_of",
    "registry",
    "risk_of",
    "risks_of",
    "training_rows",
    "weeks_of",
]
