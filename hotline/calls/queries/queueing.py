"""What the distributor goes by: who serves which lane, and for how long."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from hotline.calls.models import AgentSession, Announcement, Lane, Line, Station
from hotline.calls.rules import AgentState, Free, LaneFacts, Waiting, wants_of
from hotline.kit.statements import columns, fetch_all, fetch_models, fetch_one

HANDLING = timedelta(minutes=4)
"""Talk and after-call work of a lane that has had no call yet (rules.md section 6 gives about 6 min from call to dispatch)."""
RECENT = timedelta(hours=2)


MOST_RECENT = 200
"""Conversations that the mean is of, the latest."""

_LEVELS = (
    "SELECT p.person_id, k.code, p.level FROM calls_personskill p JOIN calls_skill k ON k.id = p.skill_id"
    " WHERE p.person_id = ANY(%s::bigint[])"
)
_LANES = (
    "SELECT n.code, k.code, n.least_level, COALESCE(o.code, ''), n.overflow_seconds FROM calls_lane n"
    " JOIN calls_skill k ON k.id = n.skill_id LEFT JOIN calls_lane o ON o.id = n.overflow_to_id"
)
_LINES = (
    f"SELECT {columns(Line, 'l')}, {columns(Lane, 'n')} FROM calls_line l JOIN calls_lane n ON n.id = l.lane_id"
    " WHERE l.active ORDER BY l.id"
)
_WAITING = "SELECT count(*) FROM calls_call WHERE lane_id = %s AND state = 'queued'"
_ABLE = (
    "SELECT count(*), count(*) FILTER (WHERE s.state = 'ready') FROM calls_agentsession s"
    " JOIN calls_personskill p ON p.person_id = s.person_id"
    " WHERE s.state <> 'signed_out' AND p.skill_id = %s AND p.level >= %s"
)
# By the offers' time, which has an index: who is offered late is answered late.
_HANDLING = (
    "SELECT avg(ended_at - answered_at) FROM (SELECT g.answered_at, g.ended_at FROM calls_segment g"
    " JOIN calls_call c ON c.id = g.call_id WHERE c.lane_id = %s AND g.answered_at IS NOT NULL"
    " AND g.ended_at > %s AND g.offered_at > %s ORDER BY g.offered_at DESC LIMIT %s) AS latest"
)
_ANNOUNCEMENTS = (
    f"SELECT {columns(Announcement, 'a')} FROM calls_announcement a WHERE a.begins_at <= %s"
    " AND (a.ends_at IS NULL OR a.ends_at > %s) AND (a.line_id IS NULL OR a.line_id = %s)"
)


_ANYTHING = (
    "SELECT 1 WHERE EXISTS (SELECT FROM calls_call WHERE state = 'queued')"
    " AND EXISTS (SELECT FROM calls_agentsession WHERE state = 'ready')"
)
# The first of each lane: a crowd that nobody can take now hides nobody of another lane.
_CALLS = (
    "SELECT c.id, COALESCE(c.queued_at, c.arrived_at), c.priority, n.code, c.at_head, c.medium = 'video'"
    " FROM (SELECT id, queued_at, arrived_at, priority, lane_id, at_head, medium, row_number() OVER"
    " (PARTITION BY lane_id ORDER BY at_head DESC, priority DESC, queued_at) AS place"
    " FROM calls_call WHERE state = 'queued') AS c JOIN calls_lane n ON n.id = c.lane_id WHERE c.place <= %s"
)
_READY = (
    "SELECT s.id, s.idle_since, jsonb_object_agg(k.code, p.level), s.station = 'browser' FROM calls_agentsession s"
    " JOIN calls_personskill p ON p.person_id = s.person_id JOIN calls_skill k ON k.id = p.skill_id"
    " WHERE s.state = 'ready' AND NOT (s.station = 'browser' AND s.leg = '') GROUP BY s.id"
    " HAVING bool_or(k.code = ANY(%s::text[])) ORDER BY s.idle_since LIMIT %s"
)


def anything_to_offer() -> bool:
    """Whether a call waits and an agent is ready at all."""
    return fetch_one(_ANYTHING) is not None


def waiting_calls(lanes: Mapping[str, LaneFacts], most: int) -> list[Waiting]:
    """The first of each lane, `most` of it; not locked."""
    return [
        Waiting(call, since, priority, wants_of(lane, lanes), at_head, video)
        for call, since, priority, lane, at_head, video in fetch_all(_CALLS, [most])
    ]


def ready_agents(skills: Collection[str], most: int) -> list[Free]:
    """Agents who can be rung and have one of these skills, the longest idle first; not locked."""
    return [
        Free(session, idle, json.loads(levels), browser)
        for session, idle, levels, browser in fetch_all(_READY, [list(skills), most])
    ]


def levels_of(people: Iterable[int]) -> dict[int, dict[str, int]]:
    """Person → skill → level."""
    found: dict[int, dict[str, int]] = {}
    for person, skill, level in fetch_all(_LEVELS, [list(people)]):
        found.setdefault(person, {})[skill] = level
    return found


def lane_facts() -> dict[str, LaneFacts]:
    """Lanes as the rules want them, by code."""
    return {
        code: LaneFacts(code, skill, least, overflow, None if seconds is None else timedelta(seconds=seconds))
        for code, skill, least, overflow, seconds in fetch_all(_LANES)
    }


def waiting_in(lane: Lane) -> int:
    """Calls in the lane's queue now."""
    row = fetch_one(_WAITING, [lane.pk])
    assert row is not None
    count: int = row[0]
    return count


def lines_in_use() -> list[Line]:
    """With their lanes."""
    found = []
    for line, lane in fetch_models(_LINES, [], Line, Lane):
        line.lane = lane
        found.append(line)
    return found


def announcements(line: Line, at: datetime) -> list[Announcement]:
    """In force at this line, for whatever district."""
    return [row for (row,) in fetch_models(_ANNOUNCEMENTS, [at, at, line.pk], Announcement)]


def able_and_ready(lane: Lane) -> tuple[int, int]:
    """Agents signed in who serve the lane without waiting for an overflow, and how many of them are ready."""
    row = fetch_one(_ABLE, [lane.skill_id, max(1, lane.least_level)])
    assert row is not None
    able, free = row
    return able, free


def able_now(lane: Lane, *, but: int) -> AgentSession | None:
    """Who of the lane would be asked first: ready, able, the longest idle; not the session `but`."""
    rows = AgentSession.objects.select_related("person").filter(
        state=AgentState.READY,
        person__call_skills__skill=lane.skill_id,
        person__call_skills__level__gte=max(1, lane.least_level),
    )
    return rows.exclude(pk=but).exclude(station=Station.BROWSER, leg="").order_by("idle_since").first()


def handling_of(lane: Lane, at: datetime) -> timedelta:
    """Mean time from an agent's answer to the end of the conversation in the lane lately, its after-call work added."""
    row = fetch_one(_HANDLING, [lane.pk, at - RECENT, at - RECENT, MOST_RECENT])
    mean: timedelta | None = row[0] if row else None
    return mean + timedelta(seconds=lane.wrap_seconds) if mean is not None else HANDLING
