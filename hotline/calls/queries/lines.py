"""How the telephone is set up, for the pages that show and change it."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.calls.models import Lane, Line, PauseCode, PersonSkill
from hotline.calls.queries.prompting import greeting_of, said_states
from hotline.calls.queries.queueing import lane_facts
from hotline.calls.rules.prompting import Said
from hotline.calls.rules.stranding import unserved


@dataclass(frozen=True, slots=True)
class LineShown:
    """A line with what it says, and how far the voice is with it."""

    row: Line
    greeting: str
    said: Said


def lines_shown() -> list[LineShown]:
    """Every line, those in use first, the one for unknown numbers at the head."""
    rows = list(
        Line.objects.select_related("lane", "choice_lane").order_by("-active", "-fallback", "number")
    )
    texts = {row.greeting: greeting_of(row) for row in reversed(rows)}
    states = said_states(texts)
    return [LineShown(row, greeting_of(row), states[row.greeting]) for row in rows]


def lanes_shown() -> list[Lane]:
    """Every lane, those in use first, in the city's order."""
    return list(Lane.objects.select_related("skill", "overflow_to").order_by("-active", "position", "id"))


def lanes_unserved() -> list[Lane]:
    """Lanes in use that nobody of the staff can serve, not even by overflow: their callers would wait for nobody."""
    levels: dict[int, dict[str, int]] = {}
    for person, skill, level in PersonSkill.objects.filter(person__is_active=True).values_list(
        "person_id", "skill__code", "level"
    ):
        levels.setdefault(person, {})[skill] = level
    codes = unserved(lane_facts(), list(levels.values()))
    return list(Lane.objects.filter(active=True, code__in=codes))


def pauses_shown() -> list[PauseCode]:
    """Every reason for a pause, those in use first."""
    return list(PauseCode.objects.order_by("-active", "position", "id"))
