"""Clocks of an order in memory: how each stands, and the moments that the promises give, worked out once and kept.

All comes from `worktime.rules`; what is kept here is kept because a million orders ask for the same days again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from hotline.demo.life.rows import iso
from hotline.workorders.rules.clocks import RANK, Key
from hotline.worktime.rules import (
    ClockEvent,
    ClockSpec,
    PolicyDocument,
    WorkCalendar,
    derive_provisionally,
    first_due,
)
from hotline.worktime.rules.clocks import marks_of

HOURS_8 = timedelta(hours=8)


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

    def __init__(self, key: Key, spec: ClockSpec, at: datetime) -> None:
        self.key, self.spec = key, spec
        self.kind, self.assignment, self.round = key.kind, key.assignment, key.round
        self.start(at)

    def start(self, at: datetime) -> None:
        self.started, self.stopped = at, at
        self.events: list[ClockEvent] | None = None
        self.state, self.level = "running", "green"

    def log(self) -> list[ClockEvent]:
        """Its events, from now on written out."""
        if self.events is None:
            self.events = [ClockEvent("start", self.started)]
            if self.state != "running":
                self.events.append(ClockEvent("void" if self.state == "void" else "stop", self.stopped))
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
        started: datetime,
        original: datetime,
        due: datetime,
        paused: datetime | None,
        stopped: datetime | None,
        marks: Sequence[tuple[str, datetime]],
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
        self.next: datetime | None = None
        if state == "running":
            self.raise_to(track.level)

    def raise_to(self, level: str) -> None:
        """The scanner raised this level; it looks again at the next mark above."""
        self.level, rank = level, RANK[level]
        self.next = (
            next((at for name, at in self.marks if RANK[name] > rank), None)
            if self.state == "running"
            else None
        )


Texted = tuple[Sequence[tuple[str, datetime]], str]
"""Marks and their JSON text."""


class Deadlines:
    """Due moments and marks, kept by day: for promises in working days only the day of the start counts."""

    def __init__(self, policy: PolicyDocument, calendar: WorkCalendar) -> None:
        self.policy, self.calendar = policy, calendar
        self._plans: dict[tuple[tuple[str, ...], str, str, str], tuple[ClockSpec, ...]] = {}
        self._offsets: dict[int, tuple[tuple[str, timedelta], ...]] = {}
        self._selections: dict[tuple[str, ...], Any] = {}
        self._dues: dict[tuple[int, int, bool], datetime] = {}
        self._marks: dict[tuple[int, datetime], tuple[list[Texted], bool]] = {}

    def selection(self, select: tuple[str, ...], level: str) -> Any:
        """`worktime.rules.Selection` for `[type, category, urgency, channel, flow]` at a unit of that level."""
        key = (*select, level)
        found = self._selections.get(key)
        if found is None:
            demand_type, category, urgency, channel, flow = select
            found = self._selections[key] = self.policy.select(
                demand_type=demand_type,
                category_code=category,
                urgency=urgency,
                channel=channel,
                unit_level=level,
                flow=flow,
            )
        return found

    def due(self, spec: ClockSpec, at: datetime) -> datetime:
        """`first_due`, kept."""
        if spec.span.unit not in ("workday", "day"):
            return first_due(at, spec, self.calendar)
        local = at + HOURS_8
        key = (
            id(spec),
            local.toordinal(),
            spec.cutoff is not None and local.hour * 60 + local.minute < spec.cutoff,
        )
        found = self._dues.get(key)
        if found is None:
            found = self._dues[key] = first_due(at, spec, self.calendar)
        return found

    def marks(self, spec: ClockSpec, started: datetime, due: datetime) -> Texted:
        """(level, moment) pairs of a promise that was neither paused nor extended, and their JSON text."""
        unit = spec.span.unit
        if unit == "workday":
            key = (id(spec), due)
            kept = self._marks.get(key)
            if kept is None:
                early = due - timedelta(days=400)
                found = [(mark.level, mark.at) for mark in marks_of(early, due, due, spec, self.calendar)]
                kept = self._marks[key] = (
                    [texted(found[first:]) for first in range(len(found) + 1)],
                    len(found) == len(spec.marks),
                )
            later, whole = kept
            if not later[0][0] or later[0][0][0][1] > started:
                return later[0]
            if whole:  # none overtook another, so that those after the start are simply the last of them
                return next(ones for ones in later if not ones[0] or ones[0][0][1] > started)
        elif unit != "day":
            offsets = self._offsets.get(id(spec))
            if offsets is None:
                offsets = self._offsets[id(spec)] = self._shape(spec, started, due)
            if offsets:
                marks = [(level, due + delta) for level, delta in offsets]
                return marks, "[" + ",".join([f'["{level}","{iso(at)}"]' for level, at in marks]) + "]"
        return texted((mark.level, mark.at) for mark in marks_of(started, due, due, spec, self.calendar))

    def _shape(self, spec: ClockSpec, started: datetime, due: datetime) -> tuple[tuple[str, timedelta], ...]:
        """How far from the due moment the marks lie, when that is the same day and night; else nothing."""
        if any(
            mark.basis == "first_overdue_workday" or (mark.span is not None and mark.span.unit == "workday")
            for mark in spec.marks
        ):
            return ()
        return tuple((mark.level, mark.at - due) for mark in marks_of(started, due, due, spec, self.calendar))

    def plan(self, select: tuple[str, ...], level: str, side: str, moment: str) -> tuple[ClockSpec, ...]:
        """Clocks of one side that a moment starts."""
        key = (select, level, side, moment)
        found = self._plans.get(key)
        if found is None:
            clocks = self.selection(select, level).clocks
            found = self._plans[key] = tuple(
                spec for spec in clocks if spec.side == side and spec.start_event == moment
            )
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
        marks, text = texted((mark.level, mark.at) for mark in now.marks)
        if now.voided_at is not None:
            state = "void"
        elif now.met is not None:
            state = "met" if now.met else "missed"
        else:
            state = "paused" if now.paused_at is not None else "running"
        return Settled(
            track,
            state,
            now.started_at,
            now.original_due_at,
            now.due_at,
            now.paused_at,
            now.stopped_at or now.voided_at,
            marks,
            text,
        )


def texted(marks: Iterable[tuple[str, datetime]]) -> Texted:
    """Marks with the JSON that a clock's row keeps."""
    found = tuple(marks)
    pairs = ",".join([f'["{name}","{iso(at)}"]' for name, at in found])
    return found, f"[{pairs}]"
