"""Who may follow up, check, decide."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.accounts.permissions import scope_allows
from hotline.followup.models import FollowUpTask
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.verdict import Verdict, allow, deny
from hotline.workorders.models import WorkOrder


def can_call(actor: Actor, task: FollowUpTask) -> Verdict:
    """A clerk for first calls; for a second check somebody with that duty who did not make the first call."""
    code = "followup:second_check" if task.second_check else "followup:call"
    verdict = scope_allows(
        actor,
        code,
        unit_paths=_paths(task.order),
        area_code=task.order.division_id or "",
        secret=task.order.secret,
        named=_named(actor, task.order),
    )
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


def can_decide_appeal(actor: Actor, order: WorkOrder) -> Verdict:
    """Above the handler: supervisors, and appraisers for the units and the area that they answer for."""
    return scope_allows(
        actor,
        "followup:decide_appeal",
        unit_paths=_paths(order),
        area_code=order.division_id or "",
        secret=order.secret,
        named=_named(actor, order),
    )


def can_plan(actor: Actor) -> Verdict:
    """Planning is the system's own work."""
    return (
        allow()
        if actor.is_system and actor.has("followup:plan")
        else deny(_("Only the system plans follow-ups."))
    )


def _paths(order: WorkOrder) -> list[str]:
    return [order.lead_unit.path] if order.lead_unit else []


def _named(actor: Actor, order: WorkOrder) -> bool:
    return order.secret and actor.is_staff and order.accesses.filter(person_id=actor.id).exists()
