"""The only writers of people, units, sessions and citizens; other packages import from here."""

from hotline.accounts.actions.citizens import (
    change_citizen,
    find_or_create_citizen,
    identity_columns,
    identity_for_contact,
    reveal_identity,
    rotate_identity,
)
from hotline.accounts.identity import Identity

__all__ = [
    "Identity",
    "change_citizen",
    "find_or_create_citizen",
    "identity_columns",
    "identity_for_contact",
    "reveal_identity",
    "rotate_identity",
]
