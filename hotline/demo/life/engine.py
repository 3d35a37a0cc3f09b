"""One order in memory: what the work order's actions do to state, assignments, clocks and log, without a database.

States, clock effects and deadlines come from `workorders.rules` and `worktime.rules`, the same tables and functions that
the actions use; only what they look up in the database is kept in objects here. Tests compare the result with
`workorders.rules.rebuild`, event by event.
"""

from __future__ import annotations

from collections.abc import Sequence

from hotline.demo.life.deadlines import Deadlines, Select, Settled, Track, texted
from hotline.demo.life.rows import NULL, Moment, datetime_of, iso
from hotline.demo.life.world import Who, World
from hotline.workorders.models import AssignmentState
from hotline.workorders.rules.clocks import RESTARTING, Key
from hotline.workorders.rules.rows import Do, Verb, Whose
from hotline.workorders.rules.transitions import order_state_of
from hotline.workorders.rules.verbs import VERBS
from hotline.worktime.rules import ClockEvent, ClockSpec, Span


class IllegalLife(RuntimeError):
    """The script asked for a verb that the tables forbid: a fault of the generator."""


class Node:
    """An assignment."""

    __slots__ = (
        "contacted_at",
        "created_at",
        "ended_at",
        "handler",
        "id",
        "instructions",
        "parent",
        "replied_at",
        "role",
        "round",
        "signed_at",
        "state",
        "unit",
    )

    def __init__(
        self,
        number: int,
        unit: int,
        parent: Node | None,
        role: str,
        round_: int,
        at: Moment,
        instructions: str,
    ) -> None:
        self.id, self.unit, self.parent, self.role, self.round = number, unit, parent, role, round_
        self.state = "pending_sign"
        self.created_at, self.instructions = at, instructions
        self.handler: int | None = None
        self.signed_at: Moment | None = None
        self.contacted_at: Moment | None = None
        self.replied_at: Moment | None = None
        self.ended_at: Moment | None = None


_POSSIBLE = {
    str(Do.STOP): ("running", "paused"),
    str(Do.UNSTOP): ("stopped",),
    str(Do.PAUSE): ("running",),
    str(Do.RESUME): ("paused",),
    str(Do.EXTEND): ("running", "paused"),
    str(Do.VOID): ("running", "paused"),
}


class Act:
    """A verb of the table, with plain strings in place of enumerations."""

    __slots__ = ("effects", "from_", "moments", "moves_to", "needs", "to")

    def __init__(self, verb: Verb) -> None:
        self.from_ = frozenset(str(state) for state in verb.from_)
        self.needs = frozenset(str(state) for state in verb.assignment_from)
        self.moves_to = str(verb.assignment_to) if verb.assignment_to is not None else ""
        self.to = str(verb.to[0]) if len(verb.to) == 1 and not verb.assignment_from else ""
        self.moments = tuple(str(moment) for moment in verb.moments)
        self.effects = tuple(
            (
                str(effect.do),
                effect.whose,
                str(effect.kind) if effect.kind else "",
                effect.top_only,
                _POSSIBLE.get(str(effect.do), ()),
            )
            for effect in verb.effects
        )


_ACTS = {name: Act(verb) for name, verb in VERBS.items()}
_ORDER_OF = {str(state): str(order_state_of(state)) for state in AssignmentState}
_AFTER = {"stop": "stopped", "unstop": "running", "pause": "paused", "resume": "running", "void": "void"}


class Event:
    """One row of the log; `columns` are those behind its moment, as COPY reads them."""

    __slots__ = ("at", "columns", "new")

    def __init__(
        self,
        at: Moment,
        verb: str,
        actor: Who,
        unit: int | None,
        assignment: int | None,
        old: str,
        new: str,
        data: str,
        reason: str,
        text: str,
        audience: str,
    ) -> None:
        self.at, self.new = at, new
        self.columns = (
            f"{verb}\t{actor.key}\t{actor.name}\t{NULL if unit is None else unit}\t{NULL if assignment is None else assignment}\t"
            f"{old}\t{new}\t{audience}\t{reason}\t{text}\t{data}"
        )


class Order:
    """The order's state, assignments, clocks and log, changed by `act`."""

    __slots__ = (
        "card",
        "case",
        "created_at",
        "creator",
        "deadlines",
        "events",
        "flow",
        "former",
        "next_node",
        "nodes",
        "revision",
        "round",
        "select",
        "state",
        "top",
        "tracks",
        "world",
    )

    def __init__(self, world: World, deadlines: Deadlines, select: Select, first_node: int) -> None:
        self.world, self.deadlines = world, deadlines
        self.select, self.flow = select, "first"
        self.case = deadlines.case(select)
        self.state, self.round, self.card = "", 1, "green"
        self.nodes: list[Node] = []
        self.tracks: dict[Key, Track] = {}
        self.events: list[Event] = []
        self.top: Node | None = None
        self.next_node, self.former = first_node, 0
        self.revision = 0  # one for each act; a card raised by the clock does not count

    # ---- acts

    def act(
        self,
        name: str,
        at: Moment,
        who: Who,
        unit: int | None = None,
        *,
        node: Node | None = None,
        new: Sequence[Node] = (),
        to: str = "",
        moves: Sequence[tuple[Node, str]] = (),
        begins: Sequence[Node] | None = None,
        quiet: bool = False,
        effects: bool = True,
        extra: str = "",
        data: str = "",
        reason: str = "",
        text: str = "",
        audience: str = "",
    ) -> None:
        """Do a verb: clock effects, assignment and order states, the event.

        `new`: assignments made; `begins`: those whose clocks start at the verb's moments (default: `new`); `quiet`: the
        moments start nothing; `effects` off: clocks stay as they are; `to`: the order's new state where the verb leaves a
        choice; `moves`: other assignments' new states; `extra`: the span of an extension; `data`: more JSON members.
        """
        verb = _ACTS[name]
        old = self.state
        if old and old not in verb.from_:
            raise IllegalLife(f"{name} in {old}")
        if verb.needs and (node is None or node.state not in verb.needs):
            raise IllegalLife(f"{name} at an assignment that is {node.state if node else 'missing'}")
        clocks = self._effects(verb, at, node, extra) if effects and verb.effects else []
        self.former = 0
        changed = []
        if node is not None and verb.moves_to:
            moves = ((node, verb.moves_to), *moves)
        for moved, state in moves:
            moved.state = state
            changed.append(f'"{moved.id}":"{state}"')
        self.nodes.extend(new)
        started = False
        if verb.moments and not quiet:
            begun = self._begin(verb.moments, at, new if begins is None else begins)
            started = bool(begun)
            clocks += begun
        if to:
            self.state = to
        elif verb.to:
            self.state = verb.to
        elif self.top is not None and verb.needs:
            self.state = _ORDER_OF[self.top.state]
        members = []
        if clocks:
            members.append(f'"clocks":[{",".join(clocks)}]')
        if started:
            members.append(f'"select":{self._selected()}')
        if new:
            rows = ",".join(
                f'[{one.id},{one.unit},{one.parent.id if one.parent else "null"},"{one.role}",{one.round}]'
                for one in new
            )
            members.append(f'"new":[{rows}]')
        if changed:
            members.append(f'"to":{{{",".join(changed)}}}')
        if data:
            members.append(data)
        event = Event(
            at,
            name,
            who,
            unit,
            node.id if node is not None else None,
            old,
            self.state if self.state != old else "",
            "{" + ",".join(members) + "}",
            reason,
            text,
            audience,
        )
        self.events.append(event)
        self.revision += 1

    def create(self, at: Moment, who: Who, unit: int | None, state: str, *, reviewed: bool) -> None:
        """The first event; clocks of intake begin, and those of dispatch when it needs no review."""
        self.created_at, self.creator, self.state = at, who.key, state
        moments = ("created", "reviewed") if reviewed else ("created",)
        clocks = self._begin(moments, at, ())
        data = f'"clocks":[{",".join(clocks)}],"select":{self._selected()}' if clocks else ""
        self.revision += 1
        self.events.append(Event(at, "create", who, unit, None, "", state, "{" + data + "}", "", "", ""))

    def raise_card(
        self, at: Moment, who: Who, clock: Settled, level: str, node: Node | None, lead: int | None
    ) -> None:
        """The scanner's act: the clock's level rises; nothing else moves. The caller keeps events in order."""
        key = clock.track.key
        number = "null" if key.assignment is None else key.assignment
        data = (
            f'{{"level":"{level}","due_at":"{iso(clock.due)}",'
            f'"clocks":[["level","{key.kind}","{key.side}",{number},{key.round},"{level}"]]}}'
        )
        unit, assignment = (node.unit, node.id) if node else (lead, None)
        self.events.append(
            Event(at, "raise_card", who, unit, assignment, self.state_at(at), "", data, "", "", "")
        )

    def insert(self, at: Moment, name: str, who: Who, unit: int | None, data: str) -> None:
        """An event that leaves state and clocks alone, at its place in time."""
        state = self.state_at(at)
        if state not in VERBS[name].from_:
            raise IllegalLife(f"{name} in {state}")
        self.events.append(Event(at, name, who, unit, None, state, "", data, "", "", ""))
        self.revision += 1
        self.events.sort(key=lambda event: event.at)

    def state_at(self, at: Moment) -> str:
        """The order's state after everything that happened until a moment."""
        state = ""
        for event in self.events:
            if event.at > at:
                break
            state = event.new or state
        return state

    def node(
        self,
        unit: int,
        at: Moment,
        *,
        parent: Node | None = None,
        role: str = "lead",
        instructions: str = "",
    ) -> Node:
        """A new assignment; hand it to `act` as `new`."""
        node = Node(self.next_node, unit, parent, role, self.round, at, instructions)
        self.next_node += 1
        return node

    def _selected(self) -> str:
        return '["' + '","'.join(self.select) + '"]'

    def begin_round(self, flow: str) -> None:
        """The next round begins with the verb that follows; what it stops are the clocks of the round before."""
        self.former, self.round = self.round, self.round + 1
        self.flow, self.card = flow, "green"
        self.select = (*self.select[:4], flow)
        self.case = self.deadlines.case(self.select)

    def level_of(self, unit: int) -> str:
        return self.world.units[unit].level

    # ---- clocks

    def _effects(self, verb: Act, at: Moment, node: Node | None, extra: str) -> list[str]:
        found: list[str] = []
        top = node is not None and node is self.top
        number = node.id if node is not None else None
        family: tuple[Sequence[int], Sequence[int]] | None = None
        for do, whose, kind, top_only, possible in verb.effects:
            if top_only and not top:
                continue
            for track in self.tracks.values():
                if (kind and track.kind != kind) or track.state not in possible:
                    continue
                if whose is Whose.ALL:
                    pass
                elif track.assignment is None:
                    if whose is not Whose.CITY or track.round != (self.former or self.round):
                        continue
                elif whose is Whose.CITY or node is None:
                    continue
                elif track.assignment != number:
                    if whose is Whose.OWN:
                        continue
                    family = family or self._family(node)
                    if track.assignment not in family[0 if whose is Whose.CHAIN else 1]:
                        continue
                found.append(self._apply(track, do, at, extra))
        return found

    def _apply(self, track: Track, do: str, at: Moment, extra: str) -> str:
        if track.events is None and do in ("stop", "void") and track.state == "running":
            track.stopped, track.state = at, _AFTER[do]
        else:
            log = track.log()
            if do == "extend":
                log.append(ClockEvent("extend", datetime_of(at), Span.parse(extra)))
            else:
                log.append(ClockEvent("resume" if do == "unstop" else do, datetime_of(at)))
                track.state = _AFTER[do]
        assignment = "null" if track.assignment is None else track.assignment
        return f'["{do}","{track.kind}","{track.key.side}",{assignment},{track.round},"{extra if do == "extend" else ""}"]'

    def _family(self, node: Node) -> tuple[Sequence[int], Sequence[int]]:
        above = []
        up = node.parent
        while up is not None:
            above.append(up.id)
            up = up.parent
        below: list[int] = []
        known = {node.id}
        for other in self.nodes:
            if other.parent is not None and other.parent.id in known:
                known.add(other.id)
                below.append(other.id)
        return above, below

    def _begin(self, moments: Sequence[str], at: Moment, units: Sequence[Node]) -> list[str]:
        found: list[str] = []
        top = self.top if self.top in units else None
        plan, case, round_ = self.deadlines.plan, self.case, self.round
        if not units or top is not None:
            level = self.level_of(top.unit) if top is not None else ""
            clocks = plan(case, level)
            for moment in moments:
                for spec in clocks.get(("city", moment), ()):
                    key = Key(spec.kind, "city", None, round_)
                    if key not in self.tracks or spec.kind in RESTARTING:
                        found.append(self._start(key, spec, at, level))
        for node in units:
            level = self.level_of(node.unit)
            clocks = plan(case, level)
            for moment in moments:
                for spec in clocks.get(("unit", moment), ()):
                    key = Key(spec.kind, "unit", node.id, round_)
                    if key not in self.tracks and not (node.role == "assistant" and spec.kind == "contact"):
                        found.append(self._start(key, spec, at, level))
        return found

    def _start(self, key: Key, spec: ClockSpec, at: Moment, level: str) -> str:
        track = self.tracks.get(key)
        if track is None:
            self.tracks[key] = Track(key, spec, at)
        else:
            track.spec = spec
            track.start(at)
        return f'["start","{key.kind}","{key.side}",{"null" if key.assignment is None else key.assignment},{key.round},"{level}"]'

    def due_of(self, node: Node | None, kind: str = "finish") -> Moment | None:
        """When a clock falls due as things stand; for planning. The city's clock without a node."""
        track = self.tracks.get(
            Key(
                kind,
                "unit" if node is not None else "city",
                node.id if node is not None else None,
                self.round,
            )
        )
        if track is None:
            return None
        return (
            self.deadlines.due(track.spec, track.started)
            if track.events is None
            else self.deadlines.settled(track).due
        )

    def settle(self) -> dict[Key, Settled]:
        """Every clock as its row will say; a unit below never has longer than the unit above."""
        found: dict[Key, Settled] = {}
        parents = {node.id: node.parent for node in self.nodes if node.parent is not None}
        settled = self.deadlines.settled
        # Assignments are made parents first, so are their clocks.
        for key, track in self.tracks.items():
            one = found[key] = settled(track)
            if track.kind != "finish" or track.assignment not in parents:
                continue
            above = found.get(key._replace(assignment=parents[track.assignment].id))
            if above is None:
                continue
            original = min(one.original, above.original)
            if above.due < one.due:
                marks, text = texted((name, at) for name, at in above.marks if at > one.started)
                state = one.state
                if state in ("met", "missed"):
                    assert one.stopped is not None
                    state = "met" if one.stopped <= above.due else "missed"
                one = Settled(
                    track, state, one.started, original, above.due, one.paused, one.stopped, marks, text
                )
                found[key] = one
            one.original = original
        return found
