"""Who may keep labels, answer risks, read how good the machine is; only the machine proposes."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.accounts.permissions import scope_allows
from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict, allow, deny

MAKE = "suggestions:make"
"""Held by system actors alone; no role has it."""


def can(actor: Actor, code: str) -> Verdict:
    """`suggestions:labels`, `suggestions:answer_risk`, `suggestions:read` reach the whole city; `suggestions:make`."""
    if code == MAKE:
        return allow() if actor.is_system and actor.has(MAKE) else deny(_("Only the platform itself proposes."))
    return scope_allows(actor, code, unit_paths=[grant.unit_path for grant in actor.grants])
