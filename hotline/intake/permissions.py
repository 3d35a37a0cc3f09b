"""Who may do what in intake. City-wide permissions of the hotline centre, and citizens and machines for themselves."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.accounts.permissions import scope_allows
from hotline.intake.models import CallerRestriction
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.verdict import Verdict, allow, deny

FILE_CODES = ("intake:take_call", "intake:import", "appeals:write", "workorders:create")


def can_file(actor: Actor) -> Verdict:
    """File an appeal: a citizen their own (also a visitor), staff at the desk, a machine that was given it."""
    if actor.kind == ActorKind.CITIZEN:
        return allow()
    if any(actor.has(code) for code in FILE_CODES):
        return allow()
    return deny(_("Your roles do not include taking appeals; agents and shift leaders do."))


def can(actor: Actor, code: str) -> Verdict:
    """Any of the `intake:` permissions, which reach the whole city."""
    return scope_allows(actor, code, unit_paths=[grant.unit_path for grant in actor.grants])


def can_decide_restriction(actor: Actor, restriction: CallerRestriction) -> Verdict:
    """Approve, refuse or lift: never the person who proposed it (A13)."""
    if restriction.proposed_by == actor.key():
        return deny(
            _("Whoever proposes a restriction may not decide it; another shift leader or a supervisor does.")
        )
    return can(actor, "intake:approve_restriction")


def can_use_draft(actor: Actor, agent_id: int | None) -> Verdict:
    """A draft belongs to the agent who types it."""
    if not actor.is_staff or agent_id not in (actor.id, *actor.delegated_from):
        return deny(_("This draft belongs to a colleague."))
    return can(actor, "intake:take_call")
