"""Clocks of an order in memory: how each stands, and the moments that the promises give, worked out once and kept.

All comes from `worktime.rules`; what is kept here is kept because a million orders ask for the same days again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hotline.demo.life.rows import DAY_SECONDS, EAST_8, Moment, datetime_of, iso, moment_of
from hotline.workorders.rules.clocks import RANK, Key
from hotline.worktime.rules import (
    ClockEvent,
    ClockSpec,
    PolicyDocument,
    Selection,
    WorkCalendar,
    derive_provisionally,
    first_due,
)
from hotline.worktime.rules.clocks import default_marks, marks_of


class Track:
    """A clock. While nothing but a start and a stop happened to it, two moments tell it; else `events` does."""

    __slots__ = (
        "assignment",
        "events",
        "key",
        "kind",
        "level",
        "round",
        "spec",
        "started",
        "state",
        "stopped",
    )

    def __init__(self, key: Key, spec: ClockSpec, at: Moment) -> None:
        self.key, self.spec = key, spec
        self.kind, self.assignment, self.round = key.kind, key.assignment, key.round
        self.start(at)

    def start(self, at: Moment) -> None:
        self.started, self.stopped = at, at
        self.events: list[ClockEvent] | None = None
        self.state, self.level = "running", "green"

    def log(self) -> list[ClockEvent]:
        """Its events, from now on written out."""
        if self.events is None:
            self.events = [ClockEvent("start", datetime_of(self.started))]
            if self.state != "running":
                self.events.append(
                    ClockEvent("void" if self.state == "void" else "stop", datetime_of(self.stopped))
                )
        return self.events


class Settled:
    """A clock as it stands at the end: the columns of its row."""

    __slots__ = (
        "due",
        "level",
        "marks",
        "marks_text",
        "next",
        "original",
        "paused",
        "started",
        "state",
        "stopped",
        "track",
    )

    def __init__(
        self,
        track: Track,
        state: str,
        started: Moment,
        original: Moment,
        due: Moment,
        paused: Moment | None,
        stopped: Moment | None,
        marks: Sequence[tuple[str, Moment]],
        marks_text: str,
    ) -> None:
        self.track, self.state, self.level = track, state, track.level
        self.started, self.original, self.due, self.paused, self.stopped = (
            started,
            original,
            due,
            paused,
            stopped,
        )
        self.marks, self.marks_text = marks, marks_text
        self.next: Moment | None = None
        if state == "running":
            if track.level == "green":
                self.next = marks[0][1] if marks else None
            else:
                self.raise_to(track.level)

    def raise_to(self, level: str) -> None:
        """The scanner raised this level; it looks again at the next mark above."""
        self.level, rank = level, RANK[level]
        self.next = (
            next((at for name, at in self.marks if RANK[name] > rank), None)
            if self.state == "running"
            else None
        )


Texted = tuple[Sequence[tuple[str, Moment]], str]
"""Marks and their JSON text."""

Select = tuple[str, str, str, str, str]
"""Demand type, category, urgency, channel, flow: what the log keeps of a case."""


class Deadlines:
    """Due moments and marks, kept by day: for promises in working days only the day of the start counts."""

    def __init__(self, policy: PolicyDocument, calendar: WorkCalendar) -> None:
        self.policy, self.calendar = policy, calendar
        conditions = [rule.when for rule in policy.rules]
        self._asked = (
            any(one.demand_types for one in conditions),
            any(one.categories for one in conditions),
            any(one.urgencies for one in conditions),
            any(one.channels for one in conditions),
            any(one.flows for one in conditions),
        )
        self._leveled = any(one.unit_levels for one in conditions)
        self._plans: dict[Select, dict[str, Mapping[tuple[str, str], Sequence[ClockSpec]]]] = {}
        self._offsets: dict[int, Sequence[tuple[str, Moment]]] = {}
        self._selections: dict[tuple[Select, str], Selection] = {}
        self._fixed: dict[int, Moment] = {}
        self._dues: dict[tuple[int, int, bool], Moment] = {}
        self._marks: dict[tuple[int, Moment], tuple[Sequence[Moment], dict[int, Texted]]] = {}

    def case(self, select: Select) -> Select:
        """What of a case the policy looks at; the rest is empty, so that few cases stand for all."""
        demand_type, category, urgency, channel, flow = select
        asked = self._asked
        return (
            demand_type if asked[0] else "",
            category if asked[1] else "",
            urgency if asked[2] else "",
            channel if asked[3] else "",
            flow if asked[4] else "",
        )

    def selection(self, case: Select, level: str) -> Selection:
        """What the policy says of a case at a unit of that level."""
        key = (case, level if self._leveled else "")
        found = self._selections.get(key)
        if found is None:
            demand_type, category, urgency, channel, flow = case
            found = self._selections[key] = self.policy.select(
                demand_type=demand_type,
                category_code=category,
                urgency=urgency,
                channel=channel,
                unit_level=key[1],
                flow=flow,
            )
        return found

    def due(self, spec: ClockSpec, at: Moment) -> Moment:
        """`first_due`, kept."""
        fixed = self._fixed.get(id(spec))
        if fixed is None:
            fixed = self._fixed[id(spec)] = (
                -1.0
                if spec.span.unit in ("workday", "day")
                else moment_of(first_due(datetime_of(at), spec, self.calendar)) - at
            )
        if fixed >= 0:
            return at + fixed
        day, second = divmod(int(at) + EAST_8, DAY_SECONDS)
        key = (id(spec), day, spec.cutoff is not None and second // 60 < spec.cutoff)
        found = self._dues.get(key)
        if found is None:
            found = self._dues[key] = moment_of(first_due(datetime_of(at), spec, self.calendar))
        return found

    def marks(self, spec: ClockSpec, started: Moment, due: Moment) -> Texted:
        """(level, moment) pairs of a promise that was neither paused nor extended, and their JSON text."""
        unit = spec.span.unit
        if unit == "workday":
            kept = self._marks.get((id(spec), due))
            if kept is None:
                kept = self._marks[id(spec), due] = (self._each(spec, due), {})
            moments, texts = kept
            # A start leaves out the marks before it, so that all starts between two of them see the same.
            place = bisect_right(moments, started)
            found = texts.get(place)
            if found is None:
                found = texts[place] = self._whole(spec, started, due)
            return found
        if unit != "day":
            offsets = self._offsets.get(id(spec))
            if offsets is None:
                offsets = self._offsets[id(spec)] = self._shape(spec, started, due)
            if offsets:
                marks = [(level, due + delta) for level, delta in offsets]
                return marks, "[" + ",".join([f'["{level}","{iso(at)}"]' for level, at in marks]) + "]"
        return self._whole(spec, started, due)

    def _whole(self, spec: ClockSpec, started: Moment, due: Moment) -> Texted:
        whole = marks_of(datetime_of(started), datetime_of(due), datetime_of(due), spec, self.calendar)
        return texted((str(mark.level), moment_of(mark.at)) for mark in whole)

    def _each(self, spec: ClockSpec, due: Moment) -> Sequence[Moment]:
        """Where each mark of a promise in working days lies, overtaken or not, in order."""
        end = datetime_of(due)
        early = datetime_of(due - 400 * DAY_SECONDS)
        alone = [replace(spec, marks=(mark,)) for mark in spec.marks or default_marks(spec.span)]
        return sorted(
            moment_of(found.at) for one in alone for found in marks_of(early, end, end, one, self.calendar)
        )

    def _shape(self, spec: ClockSpec, started: Moment, due: Moment) -> Sequence[tuple[str, Moment]]:
        """How far from the due moment the marks lie, when that is the same day and night; else nothing."""
        if any(
            mark.basis == "first_overdue_workday" or (mark.span is not None and mark.span.unit == "workday")
            for mark in spec.marks
        ):
            return ()
        return [(level, at - due) for level, at in self._whole(spec, started, due)[0]]

    def plan(self, case: Select, level: str) -> Mapping[tuple[str, str], Sequence[ClockSpec]]:
        """Clocks by side and the moment that starts them, at a unit of that level."""
        plans = self._plans.get(case)
        if plans is None:
            plans = self._plans[case] = {}
        found = plans.get(level)
        if found is None:
            grouped: dict[tuple[str, str], list[ClockSpec]] = {}
            for spec in self.selection(case, level).clocks:
                grouped.setdefault((str(spec.side), str(spec.start_event)), []).append(spec)
            found = plans[level] = grouped
        return found

    def settled(self, track: Track) -> Settled:
        """A clock as its row will say, as far as it alone tells."""
        spec, events = track.spec, track.events
        if events is None:
            started = track.started
            due = self.due(spec, started)
            marks, text = self.marks(spec, started, due)
            if track.state == "running":
                return Settled(track, "running", started, due, due, None, None, marks, text)
            stopped = track.stopped
            state = "void" if track.state == "void" else "met" if stopped <= due else "missed"
            return Settled(track, state, started, due, due, None, stopped, marks, text)
        now = derive_provisionally(events, spec, self.calendar)
        marks, text = texted((str(mark.level), moment_of(mark.at)) for mark in now.marks)
        if now.voided_at is not None:
            state = "void"
        elif now.met is not None:
            state = "met" if now.met else "missed"
        else:
            state = "paused" if now.paused_at is not None else "running"
        ended = now.stopped_at or now.voided_at
        return Settled(
            track,
            state,
            moment_of(now.started_at),
            moment_of(now.original_due_at),
            moment_of(now.due_at),
            None if now.paused_at is None else moment_of(now.paused_at),
            None if ended is None else moment_of(ended),
            marks,
            text,
        )


def texted(marks: Iterable[tuple[str, Moment]]) -> Texted:
    """Marks with the JSON that a clock's row keeps."""
    found = tuple(marks)
    pairs = ",".join([f'["{name}","{iso(at)}"]' for name, at in found])
    return found, f"[{pairs}]"
