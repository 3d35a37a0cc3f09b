"""Who stands at a unit, who plans its turns."""

from __future__ import annotations

from hotline.accounts.models import Unit
from hotline.accounts.permissions import scope_allows
from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict

STAND, PLAN, LOOK = "workorders:sign", "accounts:manage_people", "workorders:view"
"""Whoever signs for a unit's orders stands there; whoever keeps its people plans them."""


def can_stand(actor: Actor, unit: Unit) -> Verdict:
    """Go on duty at a unit, hand over, take over."""
    return scope_allows(actor, STAND, unit_paths=(unit.path,))


def can_plan(actor: Actor, unit: Unit) -> Verdict:
    """Plan a unit's turns."""
    return scope_allows(actor, PLAN, unit_paths=(unit.path,))


def can_look(actor: Actor, unit: Unit) -> Verdict:
    """See who is on duty at a unit, and its hand-overs."""
    return scope_allows(actor, LOOK, unit_paths=(unit.path,))
