"""Who would be left waiting for nobody: lanes that none of the staff can serve."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from hotline.calls.rules.queueing import LaneFacts, wants_of

LONGEST_SHIFT = timedelta(hours=16)
"""Longer is a slip of the pen. Design default."""


def unserved(lanes: Mapping[str, LaneFacts], staff: Collection[Mapping[str, int]]) -> list[str]:
    """Codes of lanes whose skills, overflow included, nobody has at the level asked for; `staff`: skill → level of each person."""
    return [
        code
        for code in lanes
        if not any(
            levels.get(want.skill, 0) >= max(1, want.least) for want in wants_of(code, lanes) for levels in staff
        )
    ]


def overlapping(
    begins: datetime, ends: datetime, others: Iterable[tuple[datetime, datetime]]
) -> tuple[datetime, datetime] | None:
    """The first of the other times that shares a moment with this one."""
    return next((other for other in others if other[0] < ends and begins < other[1]), None)
