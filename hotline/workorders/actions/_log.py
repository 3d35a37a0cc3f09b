"""The one place that writes the event log, and tells live screens and the packages above."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from hotline.kit import live
from hotline.kit.actor import Actor
from hotline.kit.events import emit
from hotline.kit.statements import fetch_one
from hotline.workorders.models import OrderState, WorkOrder
from hotline.workorders.rules import VERBS

POOL_STATES = frozenset({OrderState.PENDING_REVIEW, OrderState.PENDING_SUPPLEMENT, OrderState.PENDING_DISPATCH, OrderState.ARBITRATION})
BOARD_VERBS = frozenset(
    {
        "raise_card", "issue_card", "supervise", "list_case", "instruct", "advance_supervision", "add_meeting",
        "approve_return", "redo", "urge",
    }
)


def write_event(
    order: WorkOrder,
    verb: str,
    actor: Actor,
    *,
    at: datetime,
    old_state: str = "",
    new_state: str = "",
    unit_id: int | None = None,
    assignment_id: int | None = None,
    audience: str = "",
    reason_code: str = "",
    text: str = "",
    data: Mapping[str, Any] | None = None,
) -> int:
    """Append one row to the order's log; returns its id. The caller holds the order's lock."""
    row = fetch_one(
        _WRITE,
        [
            order.pk, at, verb, actor.key(), actor.name[:80], unit_id, assignment_id, old_state, new_state, audience,
            reason_code, text, json.dumps(dict(data or {}), cls=DjangoJSONEncoder, ensure_ascii=False),
        ],
    )
    assert row is not None
    number: int = row[0]
    return number


_WRITE = (
    "INSERT INTO workorders_workorderevent (order_id, at, verb, actor, actor_name, unit_id, assignment_id, old_state,"
    " new_state, audience, reason_code, text, data)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb) RETURNING id"
)


def announce(order: WorkOrder, verb: str, event_id: int, *, old_state: str, units: Iterable[int] = (), event: str = "") -> None:
    """Tell live screens (ids and codes only) and defer the jobs that follow.

    A confidential order moves in silence: only its own page hears of it.
    """
    topics = [f"order:{order.pk}", *shared_topics(order, verb, old_state, units)]
    event = event or VERBS[verb].event
    live.publish(topics, event, order=order.pk, verb=verb, state=str(order.state), revision=order.revision)
    emit(event, order_id=order.pk, event_id=event_id)


def shared_topics(order: WorkOrder, verb: str, old_state: str, units: Iterable[int] = ()) -> list[str]:
    """The topics beside the order's own on which its move is news; none of a confidential order."""
    if order.secret:
        return []
    topics = [f"unit:{unit}" for unit in units]
    if old_state in POOL_STATES or order.state in POOL_STATES:
        topics.append("pool")
    if verb in BOARD_VERBS:
        topics.append("board")
    return topics
