"""Reads of people, units and citizens; other packages import from here."""

from hotline.accounts.queries.actors import actor_for, actors_for, citizen_actor, in_effect, person_named
from hotline.accounts.queries.citizens import find_citizen, find_citizens, phone_hash
from hotline.accounts.queries.people import (
    PACKAGES,
    delegations_of,
    delegations_to,
    fill_roles,
    get_visible_person,
    memberships_of,
    open_sessions,
    people_visible_to,
    second_factor_of,
    sessions_of,
)
from hotline.accounts.queries.units import (
    children_of,
    open_units,
    search_units,
    staff_of,
    subtree_ids,
    trail,
    unit,
    unit_path_ids,
    with_paths,
)
from hotline.accounts.queries.who_can import Holder, OrderFacts, named_people, who_can

__all__ = [
    "PACKAGES",
    "Holder",
    "OrderFacts",
    "actor_for",
    "actors_for",
    "children_of",
    "citizen_actor",
    "delegations_of",
    "delegations_to",
    "fill_roles",
    "find_citizen",
    "find_citizens",
    "get_visible_person",
    "in_effect",
    "memberships_of",
    "named_people",
    "open_sessions",
    "open_units",
    "people_visible_to",
    "person_named",
    "phone_hash",
    "search_units",
    "second_factor_of",
    "sessions_of",
    "staff_of",
    "subtree_ids",
    "trail",
    "unit",
    "unit_path_ids",
    "who_can",
    "with_paths",
]
