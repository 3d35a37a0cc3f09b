"""Who may follow up, check, decide."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.accounts.permissions import scope_allows
from hotline.followup.models import FollowUpTask
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.verdict import Verdict, allow, deny


def can_call(actor: Actor, task: FollowUpTask) -> Verdict:
    """A clerk for first calls; for a second check somebody with that duty who did not make the first call."""
    code = "followup:second_check" if task.second_check else "followup:call"
    verdict = scope_allows(actor, code, area_code=task.order.division_id or "", secret=task.order.secret, named=_named(actor, task))
    if not verdict or not task.second_check or task.checked_task is None:
        return verdict
    if task.checked_task.attempts.filter(created_by=actor.key()).exists():
        return deny(_("You made the first call; a second check must be somebody else's."))
    return verdict


def can_rate(actor: Actor, citizen_id: int | None) -> Verdict:
    """A citizen rates what is their own."""
    if actor.kind == ActorKind.CITIZEN and actor.id and actor.id == citizen_id:
        return allow()
    return deny(_("Only the citizen who filed it may rate it."))


def can_decide_appeal(actor: Actor) -> Verdict:
    """Above the handler: supervisors and appraisers."""
    return scope_allows(actor, "followup:decide_appeal")


def can_plan(actor: Actor) -> Verdict:
    """Planning is the system's own work."""
    return allow() if actor.is_system and actor.has("followup:plan") else deny(_("Only the system plans follow-ups."))


def _named(actor: Actor, task: FollowUpTask) -> bool:
    return task.order.secret and task.order.accesses.filter(person_id=actor.id).exists() if actor.is_staff else False
