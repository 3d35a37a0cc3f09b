"""The steps of somebody who goes there (一线): what has been done at the unit, what is next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hotline.workorders.models.states import AssignmentRole, AssignmentState, DemandType
from hotline.workorders.rules.replies import NO_VISIT


class Step(StrEnum):
    """One big button each."""

    SIGN = "sign"
    CONTACT = "contact"
    ARRIVE = "arrive"
    BEFORE = "before"
    AFTER = "after"
    FINISH = "finish"
    OPINION = "opinion"


class Proof(StrEnum):
    """Which photos a category wants (`CitySettings.options["photo_proof"]`: code or its beginning → one of these)."""

    NONE = "none"
    AFTER = "after"
    BOTH = "both"


_KINDS: Mapping[Proof, tuple[Step, ...]] = {Proof.NONE: (), Proof.AFTER: (Step.AFTER,), Proof.BOTH: (Step.BEFORE, Step.AFTER)}
_WAITING = frozenset(set(AssignmentState) - {AssignmentState.PENDING_SIGN, AssignmentState.IN_PROGRESS})


def photos_wanted(demand_type: str, category_code: str, table: Mapping[str, str]) -> tuple[Step, ...]:
    """Photos that prove the work: as the longest beginning of the category's code says, else one after it.

    Nothing is wanted of demands that no place belongs to.
    """
    if DemandType(demand_type) in NO_VISIT:
        return ()
    named = max((code for code in table if category_code.startswith(code)), key=len, default="")
    found = table.get(named, Proof.AFTER) if named else Proof.AFTER
    return _KINDS[Proof(found)] if found in set(Proof) else _KINDS[Proof.AFTER]


@dataclass(frozen=True, slots=True)
class Walk:
    """What has been done of it. `photos`: kinds that are there."""

    state: str
    role: str = AssignmentRole.LEAD
    contacted: bool = False
    arrived: bool = False
    photos: frozenset[str] = frozenset()


def steps_of(demand_type: str, walk: Walk, wanted: tuple[Step, ...]) -> list[tuple[Step, bool]]:
    """The steps of a task in their order, each with whether it is done."""
    visit = DemandType(demand_type) not in NO_VISIT
    found = [(Step.SIGN, walk.state != AssignmentState.PENDING_SIGN)]
    if walk.role == AssignmentRole.LEAD:
        found.append((Step.CONTACT, walk.contacted))
    if visit:
        found.append((Step.ARRIVE, walk.arrived))
    found += [(kind, str(kind) in walk.photos) for kind in wanted if walk.role == AssignmentRole.LEAD]
    last = Step.FINISH if walk.role == AssignmentRole.LEAD else Step.OPINION
    return [*found, (last, walk.state in (AssignmentState.REPLIED, AssignmentState.DONE))]


def next_step(steps: list[tuple[Step, bool]], state: str) -> Step | None:
    """The first that is not done; None while the task waits for somebody else."""
    if state in _WAITING:
        return None
    return next((step for step, done in steps if not done), None)


__all__ = ["Proof", "Step", "Walk", "next_step", "photos_wanted", "steps_of"]
