"""The only writers of people, units, sessions and citizens; other packages import from here."""

from hotline.accounts.actions.citizens import (
    change_citizen,
    citizen_part,
    citizen_values,
    find_or_create_citizen,
    identity_columns,
    identity_for_contact,
    reveal_identity,
    rotate_identity,
)
from hotline.accounts.actions.people import (
    activate_person,
    add_membership,
    change_password,
    change_person,
    create_person,
    deactivate_person,
    delegate,
    end_membership,
    reset_password,
    revoke_delegation,
)
from hotline.accounts.actions.second_factor import enrol_demo_device, reset_second_factor
from hotline.accounts.actions.sessions import end_all_sessions, end_session
from hotline.accounts.actions.units import change_unit, close_unit, create_unit, move_unit, reopen_unit
from hotline.accounts.hooks import register_closing_guard
from hotline.accounts.identity import Identity

__all__ = [
    "Identity",
    "activate_person",
    "add_membership",
    "change_citizen",
    "change_password",
    "change_person",
    "change_unit",
    "citizen_part",
    "citizen_values",
    "close_unit",
    "create_person",
    "create_unit",
    "deactivate_person",
    "delegate",
    "end_all_sessions",
    "end_membership",
    "end_session",
    "enrol_demo_device",
    "find_or_create_citizen",
    "identity_columns",
    "identity_for_contact",
    "move_unit",
    "register_closing_guard",
    "reopen_unit",
    "reset_password",
    "reset_second_factor",
    "reveal_identity",
    "revoke_delegation",
    "rotate_identity",
]
