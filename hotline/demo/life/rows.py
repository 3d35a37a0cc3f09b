"""Rows as PostgreSQL's COPY text, gathered by table. Columns left out take the database's default (ids by sequence)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

NULL = "\\N"

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "workorders_workorder": (
        "id",
        "number",
        "state",
        "revision",
        "created_at",
        "channel",
        "demand_type",
        "urgency",
        "title",
        "content",
        "expectation",
        "occurred_at",
        "subject_name",
        "subject_contact",
        "category_id",
        "labels",
        "answers",
        "division_id",
        "address",
        "actual_division_id",
        "actual_address",
        "citizen_id",
        "anonymous",
        "on_behalf_of",
        "secret",
        "created_by",
        "lead_unit_id",
        "round",
        "flow",
        "return_count",
        "extension_count",
        "redo_count",
        "urge_count",
        "supervised",
        "listed",
        "difficult",
        "return_locked",
        "excluded",
        "merged_into_id",
        "due_at",
        "policy_id",
        "calendar_id",
        "dispatched_at",
        "replied_at",
        "closed_at",
        "closing_kind",
        "outcome",
        "solved",
        "satisfaction",
        "pool_claimed_by_id",
        "pool_claimed_at",
        "search",
    ),
    "workorders_workorderevent": (
        "order_id",
        "at",
        "verb",
        "actor",
        "actor_name",
        "unit_id",
        "assignment_id",
        "old_state",
        "new_state",
        "audience",
        "reason_code",
        "text",
        "data",
    ),
    "workorders_standingcard": ("order_id", "level"),
    "workorders_assignment": (
        "id",
        "order_id",
        "unit_id",
        "parent_id",
        "role",
        "state",
        "round",
        "handler_id",
        "instructions",
        "created_at",
        "signed_at",
        "contacted_at",
        "replied_at",
        "ended_at",
        "due_at",
        "next_due_at",
    ),
    "workorders_clock": (
        "order_id",
        "assignment_id",
        "side",
        "kind",
        "round",
        "state",
        "level",
        "started_at",
        "original_due_at",
        "due_at",
        "paused_at",
        "stopped_at",
        "next_at",
        "marks",
    ),
    "workorders_involvement": ("unit_id", "order_id"),
    "workorders_orderaccess": ("order_id", "person_id", "granted_by", "reason", "granted_at"),
    "workorders_application": (
        "id",
        "assignment_id",
        "order_id",
        "kind",
        "state",
        "reason_code",
        "text",
        "basis",
        "amount",
        "suggested_unit_id",
        "until",
        "resume_state",
        "created_by",
        "created_at",
        "decided_by",
        "decided_at",
        "decision_text",
        "old_due_at",
        "new_due_at",
    ),
    "workorders_contact": (
        "assignment_id",
        "reached",
        "reason_code",
        "contacted_at",
        "person",
        "text",
        "created_by",
    ),
    "workorders_reply": (
        "id",
        "assignment_id",
        "order_id",
        "version",
        "fact_finding",
        "demand_finding",
        "explanation",
        "site_visit",
        "visited_at",
        "method",
        "replied_to_citizen_at",
        "text",
        "internal_text",
        "outcome",
        "unsolved_reason",
        "citizen_satisfied",
        "publishable",
        "signed_unit",
        "handled_by",
        "approved_by",
        "state",
        "created_by",
        "created_at",
        "decided_at",
        "decision_text",
    ),
    "workorders_note": (
        "id",
        "order_id",
        "audience",
        "kind",
        "text",
        "assignment_id",
        "author",
        "author_name",
        "created_at",
    ),
    "workorders_supervision": (
        "id",
        "order_id",
        "kind",
        "state",
        "reason_code",
        "text",
        "joint",
        "promised_on",
        "next_on",
        "created_by",
        "created_at",
        "closed_at",
    ),
    "intake_appeal": (
        "id",
        "number",
        "state",
        "order_id",
        "citizen_id",
        "lookup_hash",
        "channel",
        "demand_type",
        "urgency",
        "title",
        "content",
        "form",
        "reason_code",
        "answer",
        "secret",
        "agent_id",
        "call_id",
        "created_at",
        "updated_at",
        "decided_at",
    ),
    "followup_followuptask": (
        "id",
        "order_id",
        "appeal_id",
        "round",
        "state",
        "due_at",
        "not_before",
        "tries",
        "claimed_by_id",
        "claimed_at",
        "second_check",
        "checked_task_id",
        "created_at",
        "ended_at",
        "result_id",
    ),
    "followup_attempt": (
        "id",
        "task_id",
        "channel",
        "at",
        "period",
        "connected",
        "no_answer_reason",
        "unit_contacted",
        "reply_true",
        "solved",
        "satisfaction",
        "opinion",
        "recording",
        "created_by",
    ),
}
"""Table → columns, parents before children."""

SEQUENCES = (
    "workorders_workorder",
    "workorders_assignment",
    "workorders_application",
    "workorders_reply",
    "workorders_note",
    "workorders_supervision",
    "intake_appeal",
    "followup_followuptask",
    "followup_attempt",
)
"""Tables whose ids the generator gives itself; their sequences are set behind the last."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f\\\\"\']')


def plain(text: str) -> str:
    """A text without the characters that COPY, JSON or a tsvector would read as their own.

    Every text of a run passes here once, where it is read; rows then need no escaping.
    """
    return _FORBIDDEN.sub(" ", text)


Moment = float
"""Seconds since 1970 (UTC): whole ones, but for marks at a part of a short promise and what a pause left of them."""

DAY_SECONDS, EAST_8, EPOCH = 86_400, 28_800, date(1970, 1, 1).toordinal()


def moment_of(at: datetime) -> Moment:
    """A moment as the stories count it."""
    return at.timestamp() if at.microsecond else int(at.timestamp())


def datetime_of(at: Moment) -> datetime:
    """A moment as the rules take it, in UTC."""
    return datetime.fromtimestamp(at, UTC)


def local_day(at: Moment) -> date:
    """The city's date."""
    return date.fromordinal(int(at + EAST_8) // DAY_SECONDS + EPOCH)


class _Days(dict[int, str]):
    """Days since 1970 as text, each formatted once."""

    def __missing__(self, day: int) -> str:
        text = self[day] = f"{date.fromordinal(EPOCH + day).isoformat()}T"
        return text


_DAYS = _Days()
_MINUTES = [f"{minute // 60:02d}:{minute % 60:02d}:" for minute in range(1440)]
_SECONDS = [f"{second:02d}+00:00" for second in range(60)]


def iso(at: Moment) -> str:
    """`datetime.isoformat()` of a moment, of parts that are formatted already."""
    if not isinstance(at, int):
        return datetime_of(at).isoformat()
    minute, second = divmod(at, 60)
    day, minute = divmod(minute, 1440)
    return f"{_DAYS[day]}{_MINUTES[minute]}{_SECONDS[second]}"


class Stamps(dict[Moment | None, str]):
    """Moments as text; a moment that comes again is not formatted again."""

    def __init__(self) -> None:
        self[None] = NULL

    def __missing__(self, at: Moment | None) -> str:
        assert at is not None
        text = self[at] = iso(at)
        return text


def _yes_no(value: bool) -> str:
    return "t" if value else "f"


def _nothing(value: None) -> str:
    return NULL


_CELLS: Mapping[type, Callable[[Any], str]] = {
    int: str,
    bool: _yes_no,
    type(None): _nothing,
    datetime: datetime.isoformat,
    date: date.isoformat,
    float: repr,
}


def cell(value: object) -> str:
    """Any value of a column as COPY reads it; JSON and arrays come as text already."""
    if isinstance(value, str):
        return value
    return _CELLS.get(value.__class__, str)(value)


class Rows:
    """Lines by table, each a row in the order of `COLUMNS`."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {table: [] for table in COLUMNS}

    def take(self) -> list[tuple[str, bytes]]:
        """(table, COPY bytes) in the order of `COLUMNS`, and start anew."""
        blocks = [(table, ("\n".join(lines) + "\n").encode()) for table, lines in self.lines.items() if lines]
        for lines in self.lines.values():
            lines.clear()
        return blocks


def flag(value: bool | None) -> str:
    """A yes, a no, or nothing."""
    return NULL if value is None else "t" if value else "f"


def ref(value: int | None) -> str:
    """An id or another number, or nothing."""
    return NULL if value is None else str(value)
