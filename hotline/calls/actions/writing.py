"""The rows that a move leaves, each move in one statement that the server keeps: every call makes about twenty of them.

What may move where, and what is written, is said in `moving.py`; nothing is decided here.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import models

from hotline.calls.engines import Command, Mark
from hotline.calls.models import AgentSession, Call, Segment
from hotline.kit import live
from hotline.kit.actor import Actor
from hotline.kit.statements import fetch_one

CHANNEL = "calls"
"""What the distributor listens to: there are asks to carry out, or an agent became free."""

_CALL, _SESSION = (
    [field for field in model._meta.concrete_fields if not field.primary_key]
    for model in (Call, AgentSession)
)


def _assigned(fields: Sequence[models.Field[Any, Any]]) -> str:
    return ", ".join(f'"{field.column}" = %s' for field in fields)


def _values(row: models.Model, fields: Sequence[models.Field[Any, Any]]) -> list[Any]:
    return [getattr(row, field.attname) for field in fields]


# -- the log -----------------------------------------------------------------------------------------------------------------

_LOG = (
    "INSERT INTO calls_callevent (call_id, session_id, verb, actor, at, run, number, data)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb)"
)


def entry(
    verb: str,
    actor: Actor,
    at: datetime,
    call: Call | None,
    session: AgentSession | None,
    mark: Mark | None,
    data: dict[str, Any],
) -> list[Any]:
    """One row of the log, as parameters of `write_entry` and of the moves."""
    return [
        call.pk if call else None,
        session.pk if session else None,
        verb,
        actor.key(),
        at,
        mark.run if mark else "",
        mark.number if mark else None,
        json.dumps(data, ensure_ascii=False),
    ]


def write_entry(row: list[Any]) -> None:
    fetch_one(_LOG, row)


# -- moves -------------------------------------------------------------------------------------------------------------------

_AND_TOLD = f" logged AS ({_LOG}), told AS ({live.PART}) SELECT pg_notify(channel, '') FROM unnest(%s::text[]) AS channel"
_NEW_CALL = (
    f"INSERT INTO calls_call ({', '.join(field.column for field in _CALL)})"
    f" VALUES ({', '.join(['%s'] * len(_CALL))}) RETURNING id"
)
_MOVE_CALL = f"WITH moved AS (UPDATE calls_call SET {_assigned(_CALL)} WHERE id = %s),{_AND_TOLD}"
# The next spell begins when the last one is over: it reads what ended that one.
_MOVE_AGENT = (
    "WITH over AS (UPDATE calls_agentspell SET ended_at = %s WHERE session_id = %s AND ended_at IS NULL RETURNING id),"
    " begun AS (INSERT INTO calls_agentspell (session_id, state, pause_id, aside, call_id, began_at)"
    " SELECT %s::bigint, %s::text, %s::bigint, %s::text, %s::bigint, %s::timestamptz"
    " FROM (SELECT count(*) FROM over) AS before WHERE %s),"
    f" moved AS (UPDATE calls_agentsession SET {_assigned(_SESSION)} WHERE id = %s),{_AND_TOLD}"
)


def write_new(call: Call) -> Call:
    """A call that begins; the same instance, with its id."""
    row = fetch_one(_NEW_CALL, _values(call, _CALL))
    assert row is not None
    call.pk = row[0]
    call._state.adding, call._state.db = False, "default"
    return call


def write_call(call: Call, logged: list[Any], kind: str, payload: dict[str, object]) -> None:
    """The call as it is now, its entry of the log, and the word to whoever watches."""
    fetch_one(
        _MOVE_CALL,
        [
            *_values(call, _CALL),
            call.pk,
            *logged,
            *live.values(kind, payload),
            ["seats"],
            [live.CHANNEL],
        ],
    )


def write_session(
    session: AgentSession,
    logged: list[Any],
    kind: str,
    payload: dict[str, object],
    *,
    at: datetime,
    goes_on: bool,
    free: bool,
) -> None:
    """The session as it is now; its spell ends `at` and, when the session `goes_on`, the next begins. `free` wakes the distributor."""
    fetch_one(
        _MOVE_AGENT,
        [
            at,
            session.pk,
            session.pk,
            session.state,
            session.pause_id,
            session.aside,
            session.call_id,
            at,
            goes_on,
            *_values(session, _SESSION),
            session.pk,
            *logged,
            *live.values(kind, payload),
            ["seats", f"person:{session.person_id}"],
            [live.CHANNEL, CHANNEL] if free else [live.CHANNEL],
        ],
    )


# -- asks, offers ------------------------------------------------------------------------------------------------------------

_ASK = (
    "WITH written AS (INSERT INTO calls_ask (key, chain, verb, arguments, created_at)"
    " SELECT one->>'key', %s::text, one->>'verb', one->'arguments', %s::timestamptz"
    " FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS given (one, place) ORDER BY place RETURNING 1)"
    f" SELECT pg_notify('{CHANNEL}', '') FROM written LIMIT 1"
)
_OFFER = (
    "INSERT INTO calls_segment (call_id, session_id, overflowed, leg, offered_at, outcome)"
    " VALUES (%s, %s, %s, '', %s, '') RETURNING id"
)
_ANSWERED = "UPDATE calls_segment SET answered_at = %s, leg = %s WHERE id = %s"
_CLOSED = "UPDATE calls_segment SET ended_at = %s, outcome = %s WHERE id = %s"


def write_asks(commands: Sequence[Command[Any]], chain: str, at: datetime) -> None:
    """What the switch is to be asked in this order, and the distributor woken at commit."""
    rows = [
        {"key": secrets.token_hex(16), "verb": one.verb, "arguments": asdict(one)}  # type: ignore[call-overload]
        for one in commands
    ]
    fetch_one(_ASK, [chain, at, json.dumps(rows, ensure_ascii=False)])


def write_offer(call: Call, session: AgentSession, *, overflowed: bool, at: datetime) -> Segment:
    row = fetch_one(_OFFER, [call.pk, session.pk, overflowed, at])
    assert row is not None
    segment = Segment(pk=row[0], call=call, session=session, overflowed=overflowed, offered_at=at)
    segment._state.adding, segment._state.db = False, "default"
    return segment


def write_answered(segment: Segment) -> None:
    """`answered_at` and `leg`."""
    fetch_one(_ANSWERED, [segment.answered_at, segment.leg, segment.pk])


def write_closed(segment: Segment) -> None:
    """`ended_at` and `outcome`."""
    fetch_one(_CLOSED, [segment.ended_at, segment.outcome, segment.pk])
