"""An agent's time: each second in one state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from hotline.calls.rules.states import AgentState


@dataclass(frozen=True, slots=True)
class Spell:
    """`ended_at` None: it lasts."""

    state: str
    began_at: datetime
    ended_at: datetime | None


def seconds_by_state(spells: Iterable[Spell], *, since: datetime, until: datetime) -> dict[str, float]:
    """Seconds of each state between two moments; what began before or ends after is cut."""
    sums: dict[str, float] = {}
    for one in spells:
        start, end = max(one.began_at, since), min(one.ended_at or until, until)
        if end > start:
            sums[one.state] = sums.get(one.state, 0.0) + (end - start).total_seconds()
    return sums


def occupancy(seconds: Mapping[str, float]) -> float | None:
    """坐席利用率: (talk + hold + wrap) ÷ signed-in time (rules.md section 6); None when never signed in."""
    signed_in = sum(seconds.values())
    worked = sum(seconds.get(one, 0.0) for one in (AgentState.TALKING, AgentState.HOLD, AgentState.WRAP_UP))
    return worked / signed_in if signed_in else None


def gaps(spells: Iterable[Spell]) -> list[tuple[datetime, datetime]]:
    """Places where one spell's end is not the next one's beginning: there must be none."""
    ordered = sorted(spells, key=lambda one: one.began_at)
    return [
        (one.ended_at or other.began_at, other.began_at)
        for one, other in pairwise(ordered)
        if one.ended_at != other.began_at
    ]
