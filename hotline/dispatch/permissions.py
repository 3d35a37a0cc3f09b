"""Who may keep the catalogue and work in the pool."""

from __future__ import annotations

from hotline.accounts.permissions import scope_allows
from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict


def can(actor: Actor, code: str) -> Verdict:
    """`dispatch:pool` or `dispatch:catalogue`; both reach the whole city."""
    return scope_allows(actor, code, unit_paths=[grant.unit_path for grant in actor.grants])
