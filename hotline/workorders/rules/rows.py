"""What a row of the table of verbs may say: who acts, from where to where, what it does to which clocks, in whose words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

from hotline.workorders.models.states import (
    ApplicationKind,
    AssignmentRole,
    AssignmentState,
    ClockKind,
    OrderState,
)

Words = str | Promise


class Place(StrEnum):
    """Where a verb's actor must stand."""

    HUB = "hub"  # the hotline centre (or who reaches the whole city)
    UNIT = "unit"  # the assignment's unit
    ABOVE = "above"  # who sent the assignment: the parent's unit, else the hotline centre
    ANY = "any"  # any unit that has or had the order


class Moment(StrEnum):
    """What may start a clock: `ClockSpec.start_event` of a policy names one of these."""

    CREATED = "created"
    REVIEWED = "reviewed"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    REPLIED = "replied"
    REPLY_APPROVED = "reply_approved"
    REDONE = "redone"


class Do(StrEnum):
    """What an event does to a clock. `unstop` takes back the last stop, `restore` the last void."""

    START = "start"
    STOP = "stop"
    UNSTOP = "unstop"
    PAUSE = "pause"
    RESUME = "resume"
    EXTEND = "extend"
    VOID = "void"
    RESTORE = "restore"
    RESPEC = "respec"
    LEVEL = "level"


class Whose(StrEnum):
    """Which clocks an effect reaches."""

    OWN = "own"  # the assignment's
    CHAIN = "chain"  # the assignment's and those above it
    CITY = "city"  # the order's
    BRANCH = "branch"  # the assignment's and those below it
    ALL = "all"  # every clock of the order


@dataclass(frozen=True, slots=True)
class Effect:
    """One line of the clock column. An empty `kind` means every kind. `top_only`: only for the top lead's verb."""

    do: Do
    whose: Whose
    kind: ClockKind | None = None
    top_only: bool = False


@dataclass(frozen=True, slots=True)
class Verb:
    """A row of the table.

    `to` empty: the state stays, or follows from the assignments. `public` are the citizen's words for it; None hides it.
    `by_audience`: the citizen is told of it only when the event itself is for them.
    `reason` names the reason codes it takes; `text` whether words are required.
    """

    name: str
    event: str
    label: Words
    told: Words
    permission: str
    place: Place
    from_: frozenset[OrderState]
    to: tuple[OrderState, ...] = ()
    assignment_from: frozenset[AssignmentState] = frozenset()
    assignment_to: AssignmentState | None = None
    role: AssignmentRole | None = None
    top_only: bool = False
    moments: tuple[Moment, ...] = ()
    effects: tuple[Effect, ...] = ()
    public: Words | None = None
    by_audience: bool = False
    citizen: bool = False
    machine: bool = False
    application: ApplicationKind | None = None
    reason: str = ""
    text: bool = False

    @property
    def of_assignment(self) -> bool:
        return bool(self.assignment_from)
