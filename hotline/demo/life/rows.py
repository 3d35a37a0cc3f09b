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


_DAYS: dict[int, str] = {}
_TWO = [f"{number:02d}" for number in range(60)]


def iso(at: datetime) -> str:
    """`at.isoformat()`, which formats an offset and a date anew each time, four times as fast for whole seconds of UTC."""
    if at.tzinfo is not UTC or at.microsecond:
        return at.isoformat()
    number = at.toordinal()
    day = _DAYS.get(number)
    if day is None:
        day = _DAYS[number] = f"{at:%Y-%m-%d}T"
    return f"{day}{_TWO[at.hour]}:{_TWO[at.minute]}:{_TWO[at.second]}+00:00"


class Stamps(dict[datetime | None, str]):
    """Moments as text; a moment that comes again is not formatted again."""

    def __init__(self) -> None:
        self[None] = NULL

    def __missing__(self, at: datetime | None) -> str:
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
    datetime: iso,
    date: date.isoformat,
    float: repr,
}


def cell(value: object) -> str:
    """Any value of a column as COPY reads it; JSON and arrays come as text already."""
    if isinstance(value, str):
        return value
    return _CELLS.get(value.__class__, str)(value)


class Rows:
    """Lines by table."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {table: [] for table in COLUMNS}

    def add(self, table: str, *values: object) -> None:
        """One row in the order of `COLUMNS`."""
        self.lines[table].append(
            "\t".join(
                [
                    value if value.__class__ is str else _CELLS.get(value.__class__, str)(value)  # type: ignore[misc]
                    for value in values
                ]
            )
        )

    def take(self) -> list[tuple[str, bytes]]:
        """(table, COPY bytes) in the order of `COLUMNS`, and start anew."""
        blocks = [(table, ("\n".join(lines) + "\n").encode()) for table, lines in self.lines.items() if lines]
        for lines in self.lines.values():
            lines.clear()
        return blocks
