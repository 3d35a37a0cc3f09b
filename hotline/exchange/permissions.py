"""Who keeps the tokens."""

from __future__ import annotations

from hotline.accounts.permissions import scope_allows
from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict


def can_keep_tokens(actor: Actor) -> Verdict:
    """Administrators."""
    return scope_allows(actor, "exchange:tokens")
