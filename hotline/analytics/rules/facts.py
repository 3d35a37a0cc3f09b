"""Tables of the lake: columns with their types, the key by which rows replace each other, the column whose month is the partition.

Types are DuckDB's names; Spark and ClickHouse read the same Parquet files. Times are the city's wall clock, without zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """`key` names a row; `owner` is what is replaced together: rows of an order that changed are all read again."""

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    month_of: str
    owner: tuple[str, ...]

    @property
    def appends(self) -> bool:
        """Rows never change: new files are added, none is replaced."""
        return not self.owner


_ABOUT_ORDER: Mapping[str, str] = {
    "channel": "VARCHAR",
    "demand_type": "VARCHAR",
    "urgency": "VARCHAR",
    "flow": "VARCHAR",
    "category": "VARCHAR",
    "division": "VARCHAR",
    "unit_path": "VARCHAR",
    "secret": "BOOLEAN",
    "excluded": "BOOLEAN",
}

ORDERS = Fact(
    "orders",
    {
        "order_id": "BIGINT",
        "number": "VARCHAR",
        "revision": "INTEGER",
        "created_at": "TIMESTAMP",
        "state": "VARCHAR",
        **_ABOUT_ORDER,
        "labels": "VARCHAR",
        "latitude": "DOUBLE",
        "longitude": "DOUBLE",
        "round": "SMALLINT",
        "returns": "SMALLINT",
        "extensions": "SMALLINT",
        "redos": "SMALLINT",
        "urges": "SMALLINT",
        "supervised": "BOOLEAN",
        "listed": "BOOLEAN",
        "difficult": "BOOLEAN",
        "merged": "BOOLEAN",
        "repeated": "BOOLEAN",
        "dispatched_at": "TIMESTAMP",
        "replied_at": "TIMESTAMP",
        "closed_at": "TIMESTAMP",
        "closing_kind": "VARCHAR",
        "outcome": "VARCHAR",
        "solved": "BOOLEAN",
        "satisfaction": "SMALLINT",
        "finish_due_at": "TIMESTAMP",
        "finish_first_due_at": "TIMESTAMP",
        "finish_done_at": "TIMESTAMP",
        "contact_due_at": "TIMESTAMP",
        "contact_done_at": "TIMESTAMP",
    },
    key=("order_id",),
    month_of="created_at",
    owner=("order_id",),
)
ASSIGNMENTS = Fact(
    "assignments",
    {
        "assignment_id": "BIGINT",
        "order_id": "BIGINT",
        "order_created_at": "TIMESTAMP",
        **_ABOUT_ORDER,
        "role": "VARCHAR",
        "state": "VARCHAR",
        "round": "SMALLINT",
        "top": "BOOLEAN",
        "created_at": "TIMESTAMP",
        "sign_due_at": "TIMESTAMP",
        "signed_at": "TIMESTAMP",
        "contact_due_at": "TIMESTAMP",
        "contacted_at": "TIMESTAMP",
        "finish_due_at": "TIMESTAMP",
        "finish_done_at": "TIMESTAMP",
        "ended_at": "TIMESTAMP",
    },
    key=("assignment_id",),
    month_of="order_created_at",
    owner=("order_id",),
)
FOLLOW_UPS = Fact(
    "follow_ups",
    {
        "task_id": "BIGINT",
        "order_id": "BIGINT",
        "order_created_at": "TIMESTAMP",
        **_ABOUT_ORDER,
        "round": "SMALLINT",
        "state": "VARCHAR",
        "second_check": "BOOLEAN",
        "way": "VARCHAR",
        "tries": "SMALLINT",
        "created_at": "TIMESTAMP",
        "ended_at": "TIMESTAMP",
        "unit_contacted": "BOOLEAN",
        "solved": "BOOLEAN",
        "satisfaction": "SMALLINT",
    },
    key=("task_id",),
    month_of="order_created_at",
    owner=("order_id",),
)
APPEALS = Fact(
    "appeals",
    {
        "appeal_id": "BIGINT",
        "number": "VARCHAR",
        "created_at": "TIMESTAMP",
        "decided_at": "TIMESTAMP",
        "state": "VARCHAR",
        "channel": "VARCHAR",
        "demand_type": "VARCHAR",
        "urgency": "VARCHAR",
        "by_telephone": "BOOLEAN",
        "order_id": "BIGINT",
    },
    key=("appeal_id",),
    month_of="created_at",
    owner=("appeal_id",),
)
CALL_SLOTS = Fact(
    "call_slots",
    {
        "begins_at": "TIMESTAMP",
        "line": "VARCHAR",
        "lane": "VARCHAR",
        **dict.fromkeys(
            ("arrived", "left_early", "closed", "turned_away", "queued", "answered", "in_time", "abandoned", "call_back", "cut", "talked"),
            "INTEGER",
        ),
        **dict.fromkeys(("wait_seconds", "abandoned_seconds", "longest_wait", "talk_seconds", "hold_seconds", "wrap_seconds"), "DOUBLE"),
    },
    key=("begins_at", "line", "lane"),
    month_of="begins_at",
    owner=("begins_at",),
)
HALL_SLOTS = Fact(
    "hall_slots",
    {
        "begins_at": "TIMESTAMP",
        **dict.fromkeys(("ready", "ringing", "talking", "hold", "wrap_up", "paused"), "DOUBLE"),
    },
    key=("begins_at",),
    month_of="begins_at",
    owner=("begins_at",),
)
EVENTS = Fact(
    "events",
    {
        "id": "BIGINT",
        "order_id": "BIGINT",
        "happened_at": "TIMESTAMP",
        "verb": "VARCHAR",
        "actor_kind": "VARCHAR",
        "unit_id": "BIGINT",
        "assignment_id": "BIGINT",
        "old_state": "VARCHAR",
        "new_state": "VARCHAR",
        "reason_code": "VARCHAR",
    },
    key=("id",),
    month_of="happened_at",
    owner=(),
)

FACTS: Mapping[str, Fact] = {
    fact.name: fact for fact in (ORDERS, ASSIGNMENTS, FOLLOW_UPS, APPEALS, CALL_SLOTS, HALL_SLOTS, EVENTS)
}
OF_ORDERS = (ORDERS, ASSIGNMENTS, FOLLOW_UPS)
"""Facts that are read again for each order an event touched."""
DICTIONARY: Mapping[str, str] = {
    "kind": "VARCHAR",
    "code": "VARCHAR",
    "name": "VARCHAR",
    "parent": "VARCHAR",
    "level": "VARCHAR",
    "since": "TIMESTAMP",
    "until": "TIMESTAMP",
}
"""Units (code: their path), categories, divisions, lines, lanes: what a code was called, from `since` until `until` (null: still)."""
