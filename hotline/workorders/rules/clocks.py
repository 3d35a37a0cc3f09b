"""From the order's log to its clocks, states and card. Pure: the log, the policy and the calendar give everything.

`event.data["clocks"]` is a list of `[do, kind, side, assignment, round, extra]`:

| do | extra | meaning |
|---|---|---|
| start, respec | the unit's level | begins (anew), or asks the policy again with the event's `select` |
| stop, unstop | | the promise is met or missed; the stop is taken back |
| pause, resume, void, restore | | restore takes the last void back, as if it had never been |
| extend | a span, `"5 workday"` | |
| level | warning, yellow, red, escalated | raised by the scanner |

`event.data["select"]` = `[demand type, category code, urgency, channel, flow]`, `["new"]` = list of
`[assignment, unit, parent, role, round]`, `["to"]` = `{assignment: state}`, `["card"]` a card issued by hand.
A unit below never has longer than the unit above: its finish clock is capped by its parent's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from hotline.workorders.models.states import AssignmentRole, ClockKind, ClockSide, ClockState
from hotline.workorders.rules.rows import Do, Effect, Moment, Verb, Whose
from hotline.worktime.rules import (
    LEVELS,
    ClockEvent,
    ClockSpec,
    Deadline,
    PolicyDocument,
    Selection,
    Span,
    WorkCalendar,
    derive_provisionally,
)

RANK: Mapping[str, int] = {level: rank for rank, level in enumerate(LEVELS)}
CARDS = frozenset({"yellow", "red", "escalated"})
"""Levels that the order shows as its card; a warning concerns only who has the order."""
RESTARTING = frozenset({str(ClockKind.DISPATCH), str(ClockKind.REVIEW), str(ClockKind.FOLLOW_UP)})
"""The city's clocks that start each time their moment comes; the others start once a round."""


class Key(NamedTuple):
    """Which clock: of an assignment (or of the order), in which round."""

    kind: str
    side: str
    assignment: int | None
    round: int


class ClockEffect(NamedTuple):
    """One entry of `event.data["clocks"]`."""

    do: str
    key: Key
    extra: str = ""

    def json(self) -> list[Any]:
        return [str(self.do), str(self.key.kind), str(self.key.side), self.key.assignment, self.key.round, self.extra]

    @classmethod
    def read(cls, entry: Sequence[Any]) -> ClockEffect:
        return cls(entry[0], Key(entry[1], entry[2], entry[3], entry[4]), entry[5])


class Entry(Protocol):
    """What is read of a `WorkOrderEvent`."""

    @property
    def at(self) -> datetime: ...
    @property
    def verb(self) -> str: ...
    @property
    def new_state(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


class LogEntry(NamedTuple):
    """A plain `Entry`."""

    at: datetime
    verb: str
    new_state: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Node:
    """An assignment as the log tells it."""

    id: int
    unit: int
    parent: int | None
    role: str
    round: int
    state: str


@dataclass(slots=True)
class _Track:
    events: list[ClockEvent] = field(default_factory=list)
    spec: ClockSpec | None = None
    level: str = "green"
    select: Sequence[str] = ()
    unit_level: str = ""


@dataclass(frozen=True, slots=True)
class ClockNow:
    """A clock as the log gives it; the fields of the `Clock` row."""

    key: Key
    state: ClockState
    level: str
    started_at: datetime
    original_due_at: datetime
    due_at: datetime
    paused_at: datetime | None
    stopped_at: datetime | None
    next_at: datetime | None
    marks: tuple[tuple[str, datetime], ...]
    deadline: Deadline
    capped: bool = False

    def row(self) -> dict[str, Any]:
        """Column → value, without the key."""
        return {
            "state": str(self.state),
            "level": self.level,
            "started_at": self.started_at,
            "original_due_at": self.original_due_at,
            "due_at": self.due_at,
            "paused_at": self.paused_at,
            "stopped_at": self.stopped_at,
            "next_at": self.next_at,
            "marks": marks_json(self.marks),
        }


@dataclass(slots=True)
class Rebuilt:
    """Everything that the log says about an order."""

    state: str = ""
    card: str = "green"
    events: int = 0
    nodes: dict[int, Node] = field(default_factory=dict)
    clocks: dict[Key, ClockNow] = field(default_factory=dict)

    def due_at(self) -> datetime | None:
        """The city's finish clock of the latest round."""
        found = [clock for key, clock in self.clocks.items() if key.kind == "finish" and key.side == "city"]
        return max(found, key=lambda clock: clock.key.round).due_at if found else None


def marks_json(marks: Iterable[tuple[str, datetime]]) -> list[list[str]]:
    """Marks as stored on the clock's row."""
    return [[level, at.isoformat()] for level, at in marks]


def rebuild(entries: Iterable[Entry], policy: PolicyDocument | None, calendar: WorkCalendar | None) -> Rebuilt:
    """State, assignments, clocks and card from the log in its order."""
    found = Rebuilt()
    tracks: dict[Key, _Track] = {}
    for entry in entries:
        found.events += 1
        data = entry.data
        if entry.new_state:
            found.state = entry.new_state
        for number, unit, parent, role, round_ in data.get("new", ()):
            found.nodes[number] = Node(number, unit, parent, role, round_, "pending_sign")
        for number, state in data.get("to", {}).items():
            found.nodes[int(number)].state = state
        if entry.verb in ("redo", "reopen"):
            found.card = "green"
        if "card" in data:
            found.card = higher(found.card, data["card"])
        for effect in data.get("clocks", ()):
            do, key, extra = ClockEffect.read(effect)
            _apply(tracks, do, key, extra, entry, policy)
            if do == "level" and extra in CARDS:
                found.card = higher(found.card, extra)
    if calendar is not None:
        _settle(found, tracks, calendar)
    return found


def higher(first: str, second: str) -> str:
    """The graver of two levels."""
    return first if RANK[first] >= RANK[second] else second


def spec_of(policy: PolicyDocument, select: Sequence[str], unit_level: str, kind: str, side: str) -> ClockSpec | None:
    """The policy's clock for what an event was recorded with."""
    return selection_of(policy, select, unit_level).clock(kind, side)


def selection_of(policy: PolicyDocument, select: Sequence[str], unit_level: str) -> Selection:
    """What the policy says for `[demand type, category code, urgency, channel, flow]` at a unit of that level."""
    demand_type, category, urgency, channel, flow = select
    return policy.select(
        demand_type=demand_type, category_code=category, urgency=urgency, channel=channel, unit_level=unit_level, flow=flow
    )


def _apply(
    tracks: dict[Key, _Track], do: str, key: Key, extra: str, entry: Entry, policy: PolicyDocument | None
) -> None:
    track = tracks.setdefault(key, _Track())
    if do in ("start", "respec"):
        track.select, track.unit_level = entry.data["select"], extra
        if policy is not None:
            track.spec = spec_of(policy, track.select, extra, key.kind, key.side) or (None if do == "start" else track.spec)
        if do == "start":
            track.events, track.level = [ClockEvent("start", entry.at)], "green"
    elif do == "level":
        track.level = extra
    elif do == "restore":
        for at in range(len(track.events) - 1, -1, -1):
            if track.events[at].kind == "void":
                del track.events[at]
                break
    else:
        track.events.append(
            ClockEvent("resume" if do == "unstop" else do, entry.at, Span.parse(extra) if do == "extend" else None)
        )


def _settle(found: Rebuilt, tracks: Mapping[Key, _Track], calendar: WorkCalendar) -> None:
    for key in sorted(tracks, key=lambda key: _depth(found.nodes, key.assignment)):
        track = tracks[key]
        if track.spec is None or not track.events:
            continue
        deadline = derive_provisionally(track.events, track.spec, calendar)
        found.clocks[key] = _now(key, deadline, track.level, _above(found, key))


def _depth(nodes: Mapping[int, Node], assignment: int | None) -> int:
    depth = 0
    while assignment is not None and (node := nodes.get(assignment)) is not None:
        assignment, depth = node.parent, depth + 1
    return depth


def _above(found: Rebuilt, key: Key) -> ClockNow | None:
    """The finish clock that caps this one: of the assignment that sent it down or asked for help."""
    if key.kind != "finish" or key.assignment is None:
        return None
    node = found.nodes.get(key.assignment)
    if node is None or node.parent is None:
        return None
    return found.clocks.get(key._replace(assignment=node.parent))


def _now(key: Key, deadline: Deadline, level: str, above: ClockNow | None) -> ClockNow:
    marks = tuple((mark.level, mark.at) for mark in deadline.marks)
    due, original, capped = deadline.due_at, deadline.original_due_at, False
    met = deadline.met
    if above is not None and above.due_at < due:
        due, capped = above.due_at, True
        marks = tuple((name, at) for name, at in above.marks if at > deadline.started_at)
        met = None if deadline.stopped_at is None or deadline.voided_at is not None else deadline.stopped_at <= due
    if above is not None:
        original = min(original, above.original_due_at)
    if deadline.voided_at is not None:
        state = ClockState.VOID
    elif met is not None:
        state = ClockState.MET if met else ClockState.MISSED
    else:
        state = ClockState.PAUSED if deadline.paused_at is not None else ClockState.RUNNING
    following = next((at for name, at in marks if RANK[name] > RANK[level]), None) if state == ClockState.RUNNING else None
    return ClockNow(
        key, state, level, deadline.started_at, original, due, deadline.paused_at,
        deadline.stopped_at or deadline.voided_at, following, marks, deadline, capped,
    )


# ── which clocks a verb touches ──


class Known(NamedTuple):
    """A clock as it stands when a verb comes: its key and stored state."""

    key: Key
    state: str


def starts(
    policy: PolicyDocument,
    select: Sequence[str],
    moments: Iterable[Moment],
    *,
    round_: int,
    known: Iterable[Known] = (),
    assignments: Iterable[tuple[int, str, str, bool]] = (),
    city: bool = True,
) -> list[ClockEffect]:
    """Clocks that begin now. `assignments`: (id, unit level, role, top lead?) that the moment concerns.

    The city's clocks begin with the order's moments and with those of the top lead; an assisting unit owes no contact.
    """
    standing = {clock.key: clock.state for clock in known}
    found: list[ClockEffect] = []
    wanted = tuple(str(moment) for moment in moments)
    units = list(assignments)
    if city and (not units or any(top for _id, _level, _role, top in units)):
        level = next((level for _id, level, _role, top in units if top), "")
        for spec in selection_of(policy, select, level).clocks:
            key = Key(spec.kind, spec.side, None, round_)
            if spec.side == ClockSide.CITY and _begins(spec.kind, spec.start_event, wanted, standing.get(key)):
                found.append(ClockEffect(Do.START, key, level))
    for number, level, role, _top in units:
        for spec in selection_of(policy, select, level).clocks:
            if spec.side != ClockSide.UNIT or spec.start_event not in wanted:
                continue
            if role == AssignmentRole.ASSISTANT and spec.kind == ClockKind.CONTACT:
                continue
            key = Key(spec.kind, spec.side, number, round_)
            if key not in standing:
                found.append(ClockEffect(Do.START, key, level))
    return found


def _begins(kind: str, start_event: str, wanted: Sequence[str], standing: str | None) -> bool:
    """Whether the city's clock begins with these moments; `standing` is its state in this round, None before it began.

    A redo is the creation of a new round. Waiting for dispatch again starts the dispatch clock again, whatever moment
    began it first.
    """
    again = kind == ClockKind.DISPATCH and Moment.REVIEWED in wanted and standing is not None
    renewed = Moment.REDONE in wanted and start_event == Moment.CREATED and kind != ClockKind.DISPATCH
    if not (start_event in wanted or again or renewed):
        return False
    return standing is None or (kind in RESTARTING and standing not in (ClockState.RUNNING, ClockState.PAUSED))


_POSSIBLE: Mapping[str, frozenset[str]] = {
    Do.STOP: frozenset({ClockState.RUNNING, ClockState.PAUSED}),
    Do.UNSTOP: frozenset({ClockState.MET, ClockState.MISSED}),
    Do.PAUSE: frozenset({ClockState.RUNNING}),
    Do.RESUME: frozenset({ClockState.PAUSED}),
    Do.EXTEND: frozenset({ClockState.RUNNING, ClockState.PAUSED}),
    Do.VOID: frozenset({ClockState.RUNNING, ClockState.PAUSED}),
    Do.RESPEC: frozenset({ClockState.RUNNING, ClockState.PAUSED}),
    Do.RESTORE: frozenset({ClockState.VOID}),
}


def effects_of(
    verb: Verb,
    known: Sequence[Known],
    *,
    round_: int,
    assignment: int | None = None,
    chain: Iterable[int] = (),
    branch: Iterable[int] = (),
    top_lead: bool = False,
    extra: str = "",
) -> list[ClockEffect]:
    """The verb's clock column made explicit for this order: what is written into the event.

    `chain`: the assignments above, `branch`: those below, both without the assignment itself.
    """
    above, below = set(chain), set(branch)
    found: list[ClockEffect] = []
    for effect in verb.effects:
        if effect.top_only and not top_lead:
            continue
        for clock in known:
            if _reaches(effect, clock.key, round_, assignment, above, below) and clock.state in _POSSIBLE[effect.do]:
                found.append(ClockEffect(effect.do, clock.key, extra if effect.do == Do.EXTEND else ""))
    return list(dict.fromkeys(found))


def _reaches(
    effect: Effect, key: Key, round_: int, assignment: int | None, above: set[int], below: set[int]
) -> bool:
    if effect.kind is not None and key.kind != effect.kind:
        return False
    if effect.whose is Whose.ALL:
        return True
    if key.assignment is None:
        # A clock of the round before may still run when the next begins (follow-up at a redo).
        return effect.whose is Whose.CITY and (key.round == round_ or effect.do is Do.STOP)
    if effect.whose is Whose.CITY or assignment is None:
        return False
    if key.assignment == assignment:
        return True
    return (effect.whose is Whose.CHAIN and key.assignment in above) or (
        effect.whose is Whose.BRANCH and key.assignment in below
    )


__all__ = [
    "CARDS", "RANK", "RESTARTING", "ClockEffect", "ClockNow", "Entry", "Key", "Known", "LogEntry", "Node", "Rebuilt", "effects_of",
    "higher", "marks_json", "rebuild", "selection_of", "spec_of", "starts",
]
