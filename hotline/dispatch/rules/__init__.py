"""Pure rules of dispatch: which unit the catalogue names, and how alike two demands are."""

from hotline.dispatch.rules.catalogue import (
    PING_PONG_RETURNS,
    CatalogueRow,
    Entry,
    Gap,
    RowFault,
    category_chain,
    check_rows,
    choose,
    gaps,
    in_effect,
    is_ping_pong,
)
from hotline.dispatch.rules.likeness import ALIKE, likeness

__all__ = [
    "ALIKE",
    "PING_PONG_RETURNS",
    "CatalogueRow",
    "Entry",
    "Gap",
    "RowFault",
    "category_chain",
    "check_rows",
    "choose",
    "gaps",
    "in_effect",
    "is_ping_pong",
    "likeness",
]
