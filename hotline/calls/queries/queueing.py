"""What the distributor goes by: who serves which lane, and for how long."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Avg, F

from hotline.calls.models import AgentSession, Lane, PersonSkill, Segment, Station
from hotline.calls.rules import AgentState, LaneFacts, wants_of

HANDLING = timedelta(minutes=4)
"""Talk and after-call work of a lane that has had no call yet (rules.md section 6 gives about 6 min from call to dispatch)."""
RECENT = timedelta(hours=2)


def levels_of(people: Iterable[int]) -> dict[int, dict[str, int]]:
    """Person → skill → level."""
    found: dict[int, dict[str, int]] = {}
    rows = PersonSkill.objects.filter(person_id__in=list(people)).values_list(
        "person_id", "skill__code", "level"
    )
    for person, skill, level in rows:
        found.setdefault(person, {})[skill] = level
    return found


def lane_facts() -> dict[str, LaneFacts]:
    """Lanes as the rules want them, by code."""
    rows = Lane.objects.select_related("skill", "overflow_to")
    return {
        row.code: LaneFacts(
            row.code,
            row.skill.code,
            row.least_level,
            row.overflow_to.code if row.overflow_to else "",
            None if row.overflow_seconds is None else timedelta(seconds=row.overflow_seconds),
        )
        for row in rows
    }


def able_and_ready(lane: Lane) -> tuple[int, int]:
    """Agents signed in who serve the lane without waiting for an overflow, and how many of them are ready."""
    first = wants_of(lane.code, lane_facts())[0]
    rows = AgentSession.objects.exclude(state=AgentState.SIGNED_OUT).filter(
        person__call_skills__skill__code=first.skill, person__call_skills__level__gte=max(1, first.least)
    )
    states = list(rows.values_list("state", flat=True))
    return len(states), states.count(AgentState.READY)


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
    rows = Segment.objects.filter(
        call__lane=lane, answered_at__isnull=False, ended_at__isnull=False, ended_at__gt=at - RECENT
    )
    mean = rows.aggregate(mean=Avg(F("ended_at") - F("answered_at")))["mean"]
    return mean + timedelta(seconds=lane.wrap_seconds) if mean is not None else HANDLING
