"""Reads of people, units and citizens; other packages import from here."""

from hotline.accounts.queries.actors import actor_for, actors_for, citizen_actor, in_effect, person_named
from hotline.accounts.queries.citizens import (
    find_citizen,
    identity_keys_in_use,
    identity_rows_to_rotate,
    phone_hash,
)
from hotline.accounts.queries.people import (
    PACKAGES,
    delegations_of,
    delegations_to,
    demo_staff,
    fill_roles,
    get_visible_person,
    memberships_of,
    open_sessions,
    people_visible_to,
    second_factor_of,
    sessions_of,
)
from hotline.accounts.queries.sessions import why_over
from hotline.accounts.queries.units import (
    children_of,
    open_units,
    search_units,
    staff_of,
    subtree_ids,
    trail,
    unit,
    unit_path_ids,
    unit_with_code,
    with_paths,
)
from hotline.accounts.queries.who_can import Holder, OrderFacts, who_can

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
    "demo_staff",
    "fill_roles",
    "find_citizen",
    "get_visible_person",
    "identity_keys_in_use",
    "identity_rows_to_rotate",
    "in_effect",
    "memberships_of",
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
    "unit_with_code",
    "who_can",
    "why_over",
    "with_paths",
]
