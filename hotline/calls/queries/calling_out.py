"""Who may be called out for."""

from __future__ import annotations

from hotline.calls.models import AgentSession, Call, CallState, Lane, Station
from hotline.calls.rules import AgentState


def free_to_call_out(lane: Lane) -> list[AgentSession]:
    """Agents of the lane who are ready at a browser's telephone, the longest idle first; nobody while a caller waits whom they
    could take."""
    able = AgentSession.objects.filter(
        state=AgentState.READY,
        person__call_skills__skill=lane.skill_id,
        person__call_skills__level__gte=max(1, lane.least_level),
    )
    if Call.objects.filter(
        state=CallState.QUEUED, lane__skill__people__person__in=able.values("person_id")
    ).exists():
        return []
    return list(able.filter(station=Station.BROWSER).exclude(leg="").order_by("idle_since"))
