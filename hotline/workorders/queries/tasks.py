"""Tasks of people who go there: open assignments of their units, with everything that a phone keeps of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Prefetch

from hotline.kit.actor import Actor
from hotline.workorders.city import city
from hotline.workorders.models import (
    OPEN_ASSIGNMENT_STATES,
    Assignment,
    AssignmentRole,
    AssignmentState,
    Attachment,
    Audience,
    Contact,
    WorkOrderEvent,
)
from hotline.workorders.queries.inbox import _mine, handling_units
from hotline.workorders.rules import NO_VISIT, VERBS, Step, Walk, next_step, photos_wanted, steps_of

MOST = 80
"""Tasks that a phone is given; what is due first. A station has more only after a storm, and the rest follows as these end."""
_OPEN = tuple(str(state) for state in OPEN_ASSIGNMENT_STATES)
_TOLD = ("note", "urge", "supervise", "list_case", "instruct", "issue_card", "supplement", "refuse_reply", "advance_supervision")
"""What a supervisor, the centre or the citizen said to whoever handles it."""


@dataclass(frozen=True, slots=True)
class Message:
    """Somebody's words to whoever handles the order. `verb` says what they are; `pressing`: a supervisor's."""

    event_id: int
    at: datetime
    verb: str
    title: str
    by: str
    text: str
    pressing: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A unit that was asked to help: until when it owes its answer, and the answer."""

    assignment_id: int
    unit: str
    state: str
    asked_at: datetime
    due_at: datetime | None
    question: str
    answer: str = ""


@dataclass(slots=True)
class Task:
    """An assignment as a phone shows it. `steps`: what is done and what is next."""

    assignment: Assignment
    steps: list[tuple[Step, bool]]
    next: Step | None
    visit: bool
    photos: list[Attachment] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)


def tasks_of(actor: Actor, *, only: int | None = None) -> list[Task]:
    """Open tasks of the units that the actor works for, what is due first on top; seven statements, however many.

    Confidential orders are not given to phones: `secret_tasks` counts them. `only`: one assignment's id.
    """
    rows = _mine(actor, handling_units(actor)).filter(order__secret=False)
    gone = [AssignmentState.REPLIED, AssignmentState.ON_HOLD]
    rows = rows.filter(pk=only) if only is not None else rows.exclude(state__in=gone)
    files = Attachment.objects.filter(removed_at__isnull=True).exclude(thumbnail="").exclude(audience=Audience.HUB).order_by("id")
    picked = (
        rows.select_related("order__category", "order__division", "order__actual_division", "order__standing", "unit", "handler", "parent__unit")
        .prefetch_related(
            Prefetch("order__attachments", files),
            Prefetch("contacts", Contact.objects.order_by("-contacted_at")),
            Prefetch("order__assignments", Assignment.objects.select_related("unit").prefetch_related("notes").order_by("id")),
        )
        .defer("order__search")
        .order_by("next_due_at", "id")[:MOST]
    )
    found = list(picked)
    said = _messages([row.order_id for row in found])
    return [_task(row, said.get(row.order_id, [])) for row in found]


def secret_tasks(actor: Actor) -> int:
    """How many confidential ones wait on the computer only."""
    return _mine(actor, handling_units(actor)).filter(order__secret=True).count()


def _task(row: Assignment, said: list[Message]) -> Task:
    order = row.order
    code = order.category.code if order.category else ""
    table = city().options.get("photo_proof", {})
    photos = list(order.attachments.all())
    kinds = frozenset(photo.kind for photo in photos if photo.created_at >= row.created_at)
    contacted = row.contacted_at is not None
    walk = Walk(row.state, row.role, contacted, row.arrived_at is not None, kinds)
    steps = steps_of(order.demand_type, walk, photos_wanted(order.demand_type, code, table if isinstance(table, dict) else {}))
    asked = [_asked(one) for one in order.assignments.all() if one.role == AssignmentRole.ASSISTANT and one.round == order.round]
    return Task(
        row, steps, next_step(steps, row.state), order.demand_type not in NO_VISIT, photos, said, list(row.contacts.all()), asked
    )


def _asked(row: Assignment) -> Asked:
    answer = next((note.text for note in row.notes.all() if note.kind == "opinion"), "")
    return Asked(row.pk, row.unit.short_name, row.state, row.created_at, row.due_at, row.instructions, answer)


def _messages(order_ids: list[int]) -> dict[int, list[Message]]:
    found: dict[int, list[Message]] = defaultdict(list)
    rows = WorkOrderEvent.objects.filter(order_id__in=order_ids, verb__in=_TOLD).exclude(audience=Audience.HUB).order_by("-id")
    for row in rows[: MOST * 6]:
        pressing = row.verb not in ("note", "supplement")
        by = row.actor_name if row.actor.startswith("staff:") else ""
        if row.text or pressing:
            found[row.order_id].append(Message(row.pk, row.at, row.verb, str(VERBS[row.verb].told), by, row.text, pressing))
    return found


# ── the street's view of its stations ──


@dataclass(frozen=True, slots=True)
class StationLoad:
    """What a unit has in hand now."""

    unit_id: int
    open: int
    to_sign: int
    late: int
    soon: int
    asked: int


def station_loads(unit_ids: list[int], *, now: datetime, soon: datetime) -> dict[int, StationLoad]:
    """Open work of these very units, confidential orders left out; one statement."""
    counts: dict[int, list[int]] = {number: [0, 0, 0, 0, 0] for number in unit_ids}
    rows = Assignment.objects.filter(unit_id__in=unit_ids, state__in=_OPEN, order__secret=False)
    for unit, state, role, due in rows.values_list("unit_id", "state", "role", "next_due_at"):
        found = counts[unit]
        found[0] += 1
        found[1] += state == AssignmentState.PENDING_SIGN
        found[2] += due is not None and due < now
        found[3] += due is not None and now <= due < soon
        found[4] += role == AssignmentRole.ASSISTANT
    return {unit: StationLoad(unit, *found) for unit, found in counts.items()}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One order in the log of a turn: what happened with it, or what is still owed. Plain values, kept as JSON."""

    number: str
    title: str
    words: str
    due_at: datetime | None = None

    def json(self) -> dict[str, str]:
        return {"number": self.number, "title": self.title, "words": self.words, "due": self.due_at.isoformat() if self.due_at else ""}


@dataclass(frozen=True, slots=True)
class StationLog:
    """What a unit hands over: still open, done since, promised to citizens in words."""

    open: list[LogLine]
    done: list[LogLine]
    promised: list[LogLine]


def station_log(unit_id: int, *, since: datetime, until: datetime, most: int = 200) -> StationLog:
    """What was open, done and promised at a unit in a time. Confidential orders are named by number only, without words."""
    rows = Assignment.objects.filter(unit_id=unit_id).select_related("order", "handler")
    waiting = rows.filter(state__in=_OPEN).order_by("next_due_at", "id")[:most]
    ended = rows.filter(replied_at__gte=since, replied_at__lt=until).order_by("replied_at")[:most]
    said = (
        Contact.objects.filter(assignment__unit_id=unit_id, contacted_at__gte=since, contacted_at__lt=until)
        .exclude(text="").select_related("assignment__order").order_by("contacted_at")[:most]
    )  # fmt: skip

    def line(row: Assignment, words: str, due: datetime | None = None) -> LogLine:
        order = row.order
        return LogLine(order.number, "" if order.secret else order.title, "" if order.secret else words, due)

    return StationLog(
        [line(row, f"{row.get_state_display()} {row.handler.name if row.handler else ''}".strip(), row.next_due_at) for row in waiting],
        [line(row, row.get_state_display()) for row in ended],
        [line(one.assignment, one.text) for one in said],
    )


__all__ = [
    "Asked", "LogLine", "Message", "StationLoad", "StationLog", "Task", "secret_tasks", "station_loads", "station_log",
    "tasks_of",
]  # fmt: skip
