"""Reads of campaigns."""

from hotline.campaigns.queries.agents import AtAgent, at_agent, attempt_of
from hotline.campaigns.queries.listening import Heard, anybody, first_words, questions
from hotline.campaigns.queries.pages import (
    campaign,
    campaigns,
    export,
    opt_outs,
    page,
    read,
    words,
    words_of,
)
from hotline.campaigns.queries.sources import (
    MOST_ROWS,
    About,
    Found,
    Preview,
    Source,
    preview,
    register_source,
    silenced,
    source_of,
    sources,
)

__all__ = [
    "MOST_ROWS",
    "About",
    "AtAgent",
    "Found",
    "Heard",
    "Preview",
    "Source",
    "anybody",
    "at_agent",
    "attempt_of",
    "campaign",
    "campaigns",
    "export",
    "first_words",
    "opt_outs",
    "page",
    "preview",
    "questions",
    "read",
    "register_source",
    "silenced",
    "source_of",
    "sources",
    "words",
    "words_of",
]
