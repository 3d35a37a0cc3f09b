"""What may happen next: pure answers from the tables in `verbs`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.utils.translation import gettext_lazy as _

from hotline.accounts.rules import PERMISSIONS
from hotline.workorders.models.states import (
    FINAL_STATES,
    OPEN_ASSIGNMENT_STATES,
    ApplicationKind,
    AssignmentRole,
    AssignmentState,
    OrderState,
)
from hotline.workorders.rules.rows import Verb, Words
from hotline.workorders.rules.verbs import EVENTS, SECOND_EVENTS, STATES, VERBS

S = TypeVar("S")

_ORDER_OF: Mapping[AssignmentState, OrderState] = {
    AssignmentState.PENDING_SIGN: OrderState.PENDING_SIGN,
    AssignmentState.IN_PROGRESS: OrderState.IN_PROGRESS,
    AssignmentState.SENT_DOWN: OrderState.IN_PROGRESS,
    AssignmentState.RETURN_REVIEW: OrderState.RETURN_REVIEW,
    AssignmentState.EXTENSION_REVIEW: OrderState.EXTENSION_REVIEW,
    AssignmentState.HOLD_REVIEW: OrderState.HOLD_REVIEW,
    AssignmentState.ON_HOLD: OrderState.ON_HOLD,
    AssignmentState.REPLIED: OrderState.CLOSE_REVIEW,
    AssignmentState.DONE: OrderState.PENDING_FOLLOW_UP,
    AssignmentState.RETURNED: OrderState.PENDING_DISPATCH,
    AssignmentState.RECALLED: OrderState.PENDING_DISPATCH,
}


def order_state_of(top_lead: AssignmentState | str) -> OrderState:
    """The city's state of an order whose top lead assignment stands so (C: "hub state + each unit's state")."""
    return _ORDER_OF[AssignmentState(top_lead)]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verb's conditions may ask beside the states. Counts are of open rows."""

    role: AssignmentRole | None = None
    top: bool = True
    open_children: int = 0
    due_assistants: int = 0
    pending: ApplicationKind | None = None
    parent_state: AssignmentState | None = None
    return_locked: bool = False
    claimed_by_other: bool = False
    claimed: bool = False


WHY_NOT: Mapping[str, Words] = {
    "state": _("This is not possible in the order's present state."),
    "assignment_state": _("This is not possible in the present state at the unit."),
    "role": _("Only the lead unit may do this."),
    "role_assistant": _("Only an assisting unit may do this."),
    "top": _("Only the unit that the hotline centre sent it to may do this; ask the unit above."),
    "not_top": _("The hotline centre sent it; only the centre may take it back."),
    "return_locked": _("The unit was designated by arbitration; the order may not be returned."),
    "children_open": _("A unit below still has it. Wait for its reply or recall it first."),
    "assistants_open": _("An assisting unit still has time for its opinion. Wait for it or recall the request first."),
    "parent_waits": _("The unit above waits for a decision on its own application. Decide that first."),
    "application_pending": _("An application waits for its decision."),
    "no_application": _("There is no such application to decide."),
    "claimed": _("A colleague has claimed this order. Ask them to release it."),
    "not_claimed": _("Nobody has claimed this order."),
}
"""Why a verb is refused, in words that say what to do."""


def why_not(
    verb: Verb,
    state: OrderState | str,
    assignment_state: AssignmentState | str | None = None,
    facts: Facts | None = None,
) -> str:
    """Code of the reason that forbids the verb now (a key of `WHY_NOT`), or empty."""
    facts = facts or Facts()
    if state not in verb.from_:
        return "state"
    if verb.of_assignment:
        if assignment_state is None or assignment_state not in verb.assignment_from:
            return "assignment_state"
        if verb.role is not None and facts.role != verb.role:
            return "role" if verb.role == AssignmentRole.LEAD else "role_assistant"
        if verb.top_only and not facts.top:
            return "top"
    return _condition(verb.name, facts)


def _condition(name: str, facts: Facts) -> str:
    """Conditions of single verbs."""
    if name == "recall_down" and facts.top:
        return "not_top"
    if name == "apply_return" and facts.return_locked and facts.top and facts.role == AssignmentRole.LEAD:
        return "return_locked"
    if name in ("apply_return", "apply_unreasonable", "reply", "give_opinion") and facts.open_children:
        return "children_open"
    if name == "reply" and facts.top and facts.due_assistants:
        return "assistants_open"
    if name in ("approve_reply", "refuse_reply"):
        if facts.pending is not None:
            return "application_pending"
        if not facts.top and facts.parent_state not in (None, AssignmentState.SENT_DOWN):
            return "parent_waits"
    decided = VERBS[name].application
    if decided is not None and name.startswith(("approve_", "refuse_")) and facts.pending != decided:
        return "no_application"
    if name == "cancel_application" and facts.pending is None:
        return "no_application"
    if name in ("claim", "dispatch", "designate", "dispute") and facts.claimed_by_other:
        return "claimed"
    if name == "release" and not facts.claimed:
        return "not_claimed"
    return ""


def allowed_verbs(
    state: OrderState | str,
    assignment_state: AssignmentState | str | None = None,
    facts: Facts | None = None,
) -> list[str]:
    """Verbs that the tables allow now, in the table's order. Without an assignment: the order's own verbs."""
    return [
        verb.name
        for verb in VERBS.values()
        if verb.from_ and verb.of_assignment == (assignment_state is not None)
        and not why_not(verb, state, assignment_state, facts)
    ]


def next_state(verb: Verb, state: OrderState | str, top_lead: AssignmentState | str | None = None) -> OrderState:
    """The order's state after a verb: the only `to`, else what follows from the top lead, else unchanged."""
    if len(verb.to) == 1 and not verb.of_assignment:
        return verb.to[0]
    if top_lead is not None:
        return order_state_of(top_lead)
    return OrderState(state)


def steps(verb: Verb) -> set[tuple[OrderState, OrderState]]:
    """(from, to) pairs of the order's states that the verb may make."""
    targets = set(verb.to)
    if verb.assignment_to is not None and not targets:
        targets = {order_state_of(verb.assignment_to)}
    if verb.name == "unmerge":
        targets = set(verb.to)
    if not targets:
        # A refusal gives back the state before; which one, the application remembers.
        if verb.name.startswith("refuse_") or verb.name in ("cancel_application", "approve_extension"):
            targets = {OrderState.IN_PROGRESS, OrderState.PENDING_SIGN}
        else:
            return {(state, state) for state in verb.from_}
    return {(state, target) for state in verb.from_ for target in targets}


def check_table(
    permissions: Mapping[str, tuple[object, Mapping[object, object]]] | None = None,
    verbs: Mapping[str, Verb] = VERBS,
    roles: Iterable[object] | None = None,
) -> list[str]:
    """Faults of the tables in words; empty when they hold: every state is reached, none is a dead end, every verb is
    permitted to somebody and forbidden to somebody, and has label and event.
    """
    table: Mapping[str, tuple[object, Mapping[object, object]]] = permissions or PERMISSIONS  # type: ignore[assignment]
    everyone = set(roles) if roles is not None else {role for _label, grants in table.values() for role in grants}
    faults: list[str] = []
    edges: dict[OrderState, set[OrderState]] = {state: set() for state in OrderState}
    entered: set[OrderState] = set()
    for verb in verbs.values():
        if not verb.from_:
            entered |= set(verb.to)
        for before, after in steps(verb):
            edges[before].add(after)
    reached = _walk(entered, edges)
    faults += [f"state {state} is never reached" for state in OrderState if state not in reached]
    finals = {state for state, allows in STATES.items() if allows.final}
    if finals != set(FINAL_STATES):
        faults.append("FINAL_STATES and the state table differ")
    backwards: dict[OrderState, set[OrderState]] = {state: set() for state in OrderState}
    for before, afters in edges.items():
        for after in afters:
            backwards[after].add(before)
    ends = _walk(finals, backwards)
    faults += [f"state {state} is a dead end" for state in OrderState if state not in ends]
    faults += [f"state {state} is missing from the state table" for state in OrderState if state not in STATES]
    faults += _assignment_faults(verbs)
    for verb in verbs.values():
        if not verb.label or not verb.told:
            faults.append(f"verb {verb.name} has no words")
        if verb.event not in EVENTS:
            faults.append(f"event {verb.event} of verb {verb.name} is not declared")
        if verb.machine and verb.permission.startswith("system:"):
            continue
        if verb.permission not in table:
            faults.append(f"permission {verb.permission} of verb {verb.name} does not exist")
            continue
        holders = set(table[verb.permission][1])
        if not holders:
            faults.append(f"verb {verb.name} is permitted to nobody")
        if holders >= everyone:
            faults.append(f"verb {verb.name} is forbidden to nobody")
    used = {verb.event for verb in verbs.values()}
    faults += [f"event {event} belongs to no verb" for event in EVENTS if event not in used | SECOND_EVENTS]
    return faults


def _assignment_faults(verbs: Mapping[str, Verb]) -> list[str]:
    """The same proof for the states at a unit: all reached from waiting for signature, all lead to an end."""
    edges: dict[AssignmentState, set[AssignmentState]] = {state: set() for state in AssignmentState}
    for verb in verbs.values():
        after = {verb.assignment_to} if verb.assignment_to else set()
        if verb.name.startswith("refuse_") or verb.name in ("cancel_application", "approve_extension"):
            after = {AssignmentState.IN_PROGRESS}
        for before in verb.assignment_from:
            edges[before] |= {state for state in after if state is not None}
    reached = _walk({AssignmentState.PENDING_SIGN}, edges)
    faults = [f"assignment state {state} is never reached" for state in AssignmentState if state not in reached]
    ended = {state for state in AssignmentState if state not in OPEN_ASSIGNMENT_STATES}
    backwards: dict[AssignmentState, set[AssignmentState]] = {state: set() for state in AssignmentState}
    for before, afters in edges.items():
        for after_state in afters:
            backwards[after_state].add(before)
    alive = _walk(ended, backwards)
    return faults + [f"assignment state {state} is a dead end" for state in AssignmentState if state not in alive]


def _walk(start: set[S], edges: Mapping[S, set[S]]) -> set[S]:
    seen, queue = set(start), deque(start)
    while queue:
        for after in edges[queue.popleft()]:
            if after not in seen:
                seen.add(after)
                queue.append(after)
    return seen
