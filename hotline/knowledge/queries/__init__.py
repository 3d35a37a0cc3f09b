"""Reads, starting from what the actor may see."""

from hotline.knowledge.queries.duties import Piles, duties, duty_for, figures, gaps_of, loose_gaps, piles
from hotline.knowledge.queries.entries import (
    actions_for,
    document_of,
    entry_for,
    file_for,
    files_of,
    open_version,
    own_entries,
    public_entries,
    version_of,
    versions,
    visible_to,
)
from hotline.knowledge.queries.searching import Found, Hit, Limits, search
from hotline.knowledge.queries.vocabulary import (
    CategoryNames,
    categories,
    city_settings,
    forget_words,
    terms,
    use_categories,
)

__all__ = [
    "CategoryNames",
    "Found",
    "Hit",
    "Limits",
    "Piles",
    "actions_for",
    "categories",
    "city_settings",
    "document_of",
    "duties",
    "duty_for",
    "entry_for",
    "figures",
    "file_for",
    "files_of",
    "forget_words",
    "gaps_of",
    "loose_gaps",
    "open_version",
    "own_entries",
    "piles",
    "public_entries",
    "search",
    "terms",
    "use_categories",
    "version_of",
    "versions",
    "visible_to",
]
