"""Rows read and locked, by statements that the server keeps. Calls are locked before sessions, always."""

from __future__ import annotations

from typing import NamedTuple

from hotline.calls.models import AgentSession, Call, Consultation, Lane, Line, Segment, Watching
from hotline.kit.statements import columns, fetch_models, fetch_one

_CALL = (
    f"SELECT {columns(Call, 'c')}, {columns(Line, 'l')}, {columns(Lane, 'n')} FROM calls_call c"
    " JOIN calls_line l ON l.id = c.line_id JOIN calls_lane n ON n.id = c.lane_id"
)
_CALL_BY_ID = f"{_CALL} WHERE c.id = %s FOR UPDATE OF c"
_CALL_BY_LEG = f"{_CALL} WHERE c.leg = %s AND c.state <> 'ended' FOR UPDATE OF c"
_CALL_BY_AGENT = f"{_CALL} JOIN calls_segment g ON g.call_id = c.id WHERE g.leg = %s AND g.ended_at IS NULL FOR UPDATE OF c"
_CALLS_WAITING = f"{_CALL} WHERE c.id = ANY(%s::bigint[]) AND c.state = 'queued' FOR UPDATE OF c SKIP LOCKED"

_SESSION_BY_ID = f"SELECT {columns(AgentSession, 's')} FROM calls_agentsession s WHERE s.id = %s FOR UPDATE"
_SESSIONS_READY = (
    f"SELECT {columns(AgentSession, 's')} FROM calls_agentsession s WHERE s.id = ANY(%s::bigint[])"
    " AND s.state = 'ready' AND NOT (s.station = 'browser' AND s.leg = '') FOR UPDATE SKIP LOCKED"
)

_SEGMENT = (
    f"SELECT {columns(Segment, 'g')}, {columns(AgentSession, 's')} FROM calls_segment g"
    " JOIN calls_agentsession s ON s.id = g.session_id WHERE g.call_id = %s AND g.ended_at IS NULL"
)
_SEGMENT_AND_AGENT = f"{_SEGMENT} AND g.leg = %s FOR UPDATE OF s"

_CONSULTATION = (
    f"SELECT {columns(Consultation, 'k')} FROM calls_consultation k"
    " WHERE k.call_id = %s AND k.state <> 'ended' FOR UPDATE"
)
_WATCHERS = (
    f"SELECT {columns(Watching, 'w')} FROM calls_watching w WHERE w.call_id = %s AND w.ended_at IS NULL"
)
# A session that is over may still name a leg (by `leg`, which has its own index), one that is open also one to come.
_OTHER = (
    "SELECT (SELECT id FROM calls_consultation WHERE leg = %s AND state <> 'ended' LIMIT 1),"
    " (SELECT id FROM calls_watching WHERE leg = %s AND ended_at IS NULL LIMIT 1),"
    " COALESCE((SELECT id FROM calls_agentsession WHERE leg = %s AND leg <> '' LIMIT 1),"
    " (SELECT id FROM calls_agentsession WHERE coming = %s AND state <> 'signed_out' LIMIT 1))"
)


def locked_call(call_id: int) -> Call:
    """Raises Call.DoesNotExist."""
    call = _one_call(_CALL_BY_ID, call_id)
    if call is None:
        raise Call.DoesNotExist(call_id)
    return call


def call_of_caller(leg: str) -> Call | None:
    """The open call whose caller this leg is, locked."""
    return _one_call(_CALL_BY_LEG, leg)


def _one_call(text: str, by: int | str) -> Call | None:
    for call, line, lane in fetch_models(text, [by], Call, Line, Lane):
        call.line, call.lane = line, lane
        found: Call = call
        return found
    return None


def calls_waiting(ids: list[int]) -> dict[int, Call]:
    """Those that still wait, locked; without those that somebody else holds."""
    found: dict[int, Call] = {}
    for call, line, lane in fetch_models(_CALLS_WAITING, [ids], Call, Line, Lane):
        call.line, call.lane = line, lane
        found[call.pk] = call
    return found


def locked_session(session_id: int) -> AgentSession:
    """Raises AgentSession.DoesNotExist."""
    for (session,) in fetch_models(_SESSION_BY_ID, [session_id], AgentSession):
        found: AgentSession = session
        return found
    raise AgentSession.DoesNotExist(session_id)


def sessions_ready(ids: list[int]) -> dict[int, AgentSession]:
    """Those that are still ready and can be rung, locked; without those that somebody else holds."""
    return {one.pk: one for (one,) in fetch_models(_SESSIONS_READY, [ids], AgentSession)}


def open_segment(call: Call) -> Segment | None:
    """The offer or conversation under way, of a locked call."""
    for segment, session in fetch_models(_SEGMENT, [call.pk], Segment, AgentSession):
        segment.call, segment.session = call, session
        found: Segment = segment
        return found
    return None


def call_of_agent(leg: str) -> tuple[Call, AgentSession, Segment] | None:
    """The call, the agent and the open offer or conversation of an agent's leg; call and session locked."""
    call = _one_call(_CALL_BY_AGENT, leg) if leg else None
    if call is None:
        return None
    for segment, session in fetch_models(_SEGMENT_AND_AGENT, [call.pk, leg], Segment, AgentSession):
        segment.call, segment.session = call, session
        return call, session, segment
    return None


def consultation_of(call: Call) -> Consultation | None:
    """The open one of a locked call, locked."""
    for (row,) in fetch_models(_CONSULTATION, [call.pk], Consultation):
        row.call = call
        found: Consultation = row
        return found
    return None


def watchers(call_id: int) -> list[Watching]:
    """Shift leaders' parts in the conversation that are not over."""
    return [row for (row,) in fetch_models(_WATCHERS, [call_id], Watching)]


class OtherLeg(NamedTuple):
    """What a leg is that is neither a caller's nor rings or talks for an offer: the ids of what has it, not locked."""

    consultation: int | None
    watching: int | None
    session: int | None


def other_leg(leg: str) -> OtherLeg:
    row = fetch_one(_OTHER, [leg] * 4) if leg else None
    return OtherLeg(*row) if row else OtherLeg(None, None, None)
