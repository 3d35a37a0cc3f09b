"""Reads of orders; the door that other packages import. Every read starts from `visible_to(actor)`."""

from hotline.workorders.queries.beside import ORDER, Beside, register_beside
from hotline.workorders.queries.citizen import citizen_view
from hotline.workorders.queries.filters import DUE_SOON, Flag, OrderFilters, StateGroup
from hotline.workorders.queries.inbox import Pile
from hotline.workorders.queries.lists import Listing, Sort, list_orders, matching
from hotline.workorders.queries.offers import ActionOffer, actions_for, bulk_verdict
from hotline.workorders.queries.presence import present
from hotline.workorders.queries.reference import (
    categories,
    category_tree,
    city,
    reason_names,
    reasons,
    script,
    search_categories,
    subtree_ids,
)
from hotline.workorders.queries.signals import Chip, chip, clock_of_assignment, clock_of_order
from hotline.workorders.queries.visibility import area_prefix, get_visible, in_division, visible_to
from hotline.workorders.queries.words import Meant, use_meaning

__all__ = [
    "DUE_SOON",
    "ORDER",
    "ActionOffer",
    "Beside",
    "Chip",
    "Flag",
    "Listing",
    "Meant",
    "OrderFilters",
    "Pile",
    "Sort",
    "StateGroup",
    "actions_for",
    "area_prefix",
    "bulk_verdict",
    "categories",
    "category_tree",
    "chip",
    "citizen_view",
    "city",
    "clock_of_assignment",
    "clock_of_order",
    "get_visible",
    "in_division",
    "list_orders",
    "matching",
    "present",
    "reason_names",
    "reasons",
    "register_beside",
    "script",
    "search_categories",
    "subtree_ids",
    "use_meaning",
    "visible_to",
]
