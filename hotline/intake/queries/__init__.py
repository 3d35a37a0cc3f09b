"""Reads of intake."""

from hotline.intake.queries.caller import CallerCard, caller_card
from hotline.intake.queries.checking import Checked, check_appeal
from hotline.intake.queries.citizen import Looked, look_up
from hotline.intake.queries.desk import drafts_of, newest_draft, open_draft, reason_branches
from hotline.intake.queries.quarantine import count_quarantined, quarantined, raw_text
from hotline.intake.queries.reference import (
    CategoryFacts,
    categories_below,
    category_facts,
    city_option,
    forget_reference,
    number_prefix,
    place_exists,
    questions_of,
    reason,
)
from hotline.intake.queries.sources import name_sources

__all__ = [
    "CallerCard",
    "CategoryFacts",
    "Checked",
    "Looked",
    "caller_card",
    "categories_below",
    "category_facts",
    "check_appeal",
    "city_option",
    "count_quarantined",
    "drafts_of",
    "forget_reference",
    "look_up",
    "name_sources",
    "newest_draft",
    "number_prefix",
    "open_draft",
    "place_exists",
    "quarantined",
    "questions_of",
    "raw_text",
    "reason",
    "reason_branches",
]
