"""What an actor may do with an order now, and why not the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.workorders import permissions
from hotline.workorders.models import (
    OPEN_ASSIGNMENT_STATES,
    Application,
    ApplicationKind,
    Assignment,
    AssignmentRole,
    AssignmentState,
    Supervision,
    WorkOrder,
)
from hotline.workorders.rules import BY_UNIT, STEPS, VERBS, WHY_NOT, Facts, Verb, why_not

_OPEN = frozenset(str(state) for state in OPEN_ASSIGNMENT_STATES)
NOT_OFFERED = frozenset(
    {
        "create",
        "raise_card",
        "settle_calendar",
        "attach",
        "remove_attachment",
        "finish_follow_up",
        "supply",
        "include",
        "unlink",
        "expire_hold",
        "absorb",
        "part",
    }
)
"""Verbs with a place of their own: the desk, the scanner, the follow-up queue, the very thing they concern."""
_OWN_PLACE = frozenset({"advance_supervision", "answer_supervision", "add_meeting"})
_EXPLAINED = frozenset({"reply", "apply_return"})
_BUSY = frozenset(
    {
        AssignmentState.SENT_DOWN,
        AssignmentState.RETURN_REVIEW,
        AssignmentState.EXTENSION_REVIEW,
        AssignmentState.HOLD_REVIEW,
    }
)


@dataclass(frozen=True, slots=True)
class ActionOffer:
    """A verb for a button. `reason` says why it is not allowed, or by which grant it is. `assignment` when it is at one."""

    verb: str
    label: str | Promise
    assignment: Assignment | None
    allowed: bool
    reason: str
    relevant: bool = True


def facts_of(
    actor: Actor,
    order: WorkOrder,
    assignment: Assignment | None,
    assignments: Sequence[Assignment],
    pending: Mapping[int, ApplicationKind],
    now: datetime,
) -> Facts:
    """The facts that the rules ask about, from rows already read."""
    if assignment is None:
        claimed = order.pool_claimed_by_id
        return Facts(
            return_locked=order.return_locked,
            claimed=claimed is not None,
            claimed_by_other=claimed is not None and actor.is_staff and claimed != actor.id,
        )
    by_id = {row.pk: row for row in assignments}
    others = [row for row in assignments if row.state in _OPEN and row.pk != assignment.pk]
    parent = by_id.get(assignment.parent_id) if assignment.parent_id else None
    return Facts(
        role=AssignmentRole(assignment.role),
        top=assignment.parent_id is None,
        open_children=sum(
            row.parent_id == assignment.pk and row.role == AssignmentRole.LEAD for row in others
        ),
        due_assistants=sum(
            row.role == AssignmentRole.ASSISTANT and (row.due_at is None or row.due_at > now)
            for row in others
        ),
        pending=pending.get(assignment.pk),
        parent_state=AssignmentState(parent.state) if parent is not None else None,
        return_locked=order.return_locked,
    )


def actions_for(
    actor: Actor,
    order: WorkOrder,
    *,
    now: datetime,
    assignments: Sequence[Assignment] | None = None,
    applications: Iterable[Application] | None = None,
    supervisions: Sequence[Supervision] | None = None,
) -> list[ActionOffer]:
    """Offers in the table's order: what is allowed, and what this actor's roles include but cannot be done now.

    Verbs that none of the actor's roles include are left out. Rows already read may be given to spare statements.
    """
    rows = (
        list(order.assignments.select_related("unit", "parent__unit").order_by("id"))
        if assignments is None
        else list(assignments)
    )
    waiting = (
        order.applications.filter(state="pending")
        if applications is None
        else [a for a in applications if a.state == "pending"]
    )
    pending = {row.assignment_id: ApplicationKind(row.kind) for row in waiting}
    paths = tuple(dict.fromkeys(row.unit.path for row in rows)) or None
    named = permissions.is_named(actor, order)
    offers: list[ActionOffer] = []
    for verb in VERBS.values():
        if verb.name in NOT_OFFERED or not actor.has(verb.permission):
            continue
        if verb.name in _OWN_PLACE and not _supervision_moves(verb.name, supervisions or ()):
            continue
        if verb.name == "exclude" and order.excluded:
            verb = VERBS["include"]
        if verb.of_assignment:
            offers += _at_units(actor, verb, order, rows, pending, paths, named, now)
        else:
            facts = facts_of(actor, order, None, rows, pending, now)
            offers.append(_offer(actor, verb, order, None, facts, paths, named))
    return offers


def _at_units(
    actor: Actor,
    verb: Verb,
    order: WorkOrder,
    rows: Sequence[Assignment],
    pending: Mapping[int, ApplicationKind],
    paths: tuple[str, ...] | None,
    named: bool,
    now: datetime,
) -> list[ActionOffer]:
    """One offer an assignment that the verb could concern; those of units out of the actor's reach are left out."""
    found = []
    for row in rows:
        if row.state not in _OPEN or row.round != order.round:
            continue
        if verb.role is not None and row.role != verb.role:
            continue
        facts = facts_of(actor, order, row, rows, pending, now)
        offer = _offer(actor, verb, order, row, facts, paths, named)
        if offer.relevant:
            found.append(offer)
    return found


def _offer(
    actor: Actor,
    verb: Verb,
    order: WorkOrder,
    assignment: Assignment | None,
    facts: Facts,
    paths: tuple[str, ...] | None,
    named: bool,
) -> ActionOffer:
    code = why_not(verb, order.state, assignment.state if assignment else None, facts)
    if (
        code == "assignment_state"
        and verb.name in _EXPLAINED
        and assignment is not None
        and assignment.state in _BUSY
    ):
        # The one thing that everybody looks for: say what it waits for.
        code = "children_open" if assignment.state == AssignmentState.SENT_DOWN else "application_pending"
    if code in (
        "state",
        "assignment_state",
        "no_application",
        "not_top",
        "role",
        "role_assistant",
        "not_claimed",
    ):
        # Not a matter of this moment's detail: the verb has no place here, and a grey button would only be noise.
        return ActionOffer(verb.name, verb.label, assignment, False, str(WHY_NOT[code]), relevant=False)
    verdict = permissions.can(actor, verb, order, assignment, unit_paths=paths, named=named)
    if not verdict:
        return ActionOffer(verb.name, verb.label, assignment, False, verdict.reason, relevant=False)
    if code:
        return ActionOffer(verb.name, verb.label, assignment, False, str(WHY_NOT[code]))
    return ActionOffer(verb.name, verb.label, assignment, True, verdict.reason)


def _supervision_moves(verb: str, supervisions: Sequence[Supervision]) -> bool:
    open_ones = [row for row in supervisions if row.closed_at is None]
    if verb == "add_meeting":
        return bool(open_ones)
    by_unit = verb == "answer_supervision"
    from hotline.workorders.models import ListedState

    return any((step in BY_UNIT) == by_unit for row in open_ones for step in STEPS[ListedState(row.state)])


def bulk_verdict(
    actor: Actor, verb_name: str, order: WorkOrder, now: datetime
) -> tuple[Assignment | None, str]:
    """(assignment that the verb would concern, why not): an empty reason means that the action would be tried.

    Reads `order.assignments` and `order.applications`, which a bulk preview prefetches.
    """
    verb = VERBS[verb_name]
    if order.state not in verb.from_:
        return None, _("%(why)s (%(state)s)") % {"why": WHY_NOT["state"], "state": order.get_state_display()}
    rows = list(order.assignments.all())
    pending = {
        row.assignment_id: ApplicationKind(row.kind)
        for row in order.applications.all()
        if row.state == "pending"
    }
    paths = tuple(dict.fromkeys(row.unit.path for row in rows)) or None
    named = permissions.is_named(actor, order)
    targets: list[Assignment | None] = [None]
    if verb.of_assignment:
        targets = [
            row
            for row in rows
            if row.state in _OPEN and row.round == order.round and verb.role in (None, row.role)
        ]
    reason = str(WHY_NOT["assignment_state"])
    for target in targets:
        facts = facts_of(actor, order, target, rows, pending, now)
        code = why_not(verb, order.state, target.state if target else None, facts)
        if code:
            reason = str(WHY_NOT[code])
            continue
        verdict = permissions.can(actor, verb, order, target, unit_paths=paths, named=named)
        if verdict:
            return target, ""
        reason = verdict.reason
    return None, reason
