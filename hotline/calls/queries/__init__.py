"""Reads of the telephone."""

from hotline.calls.queries.announcing import Announcements, Shown, announcements
from hotline.calls.queries.lines import lanes_shown, lanes_unserved, lines_shown, pauses_shown
from hotline.calls.queries.prompting import prompts
from hotline.calls.queries.queueing import able_and_ready, able_now, handling_of, lane_facts, levels_of
from hotline.calls.queries.rating import RatingFigures, ratings
from hotline.calls.queries.staffing import grid, telephone_people, week_of
from hotline.calls.queries.telephone import (
    Act,
    Askable,
    Telephone,
    accounted,
    acts_of,
    askable,
    present_call,
    session_of,
    telephone_of,
)
from hotline.calls.queries.wall import (
    LaneNow,
    Seat,
    call_backs_due,
    lanes_now,
    seats,
    telephone_health,
)

__all__ = [
    "Act",
    "Announcements",
    "Askable",
    "LaneNow",
    "RatingFigures",
    "Seat",
    "Shown",
    "Telephone",
    "able_and_ready",
    "able_now",
    "accounted",
    "acts_of",
    "announcements",
    "askable",
    "call_backs_due",
    "grid",
    "handling_of",
    "lane_facts",
    "lanes_now",
    "lanes_shown",
    "lanes_unserved",
    "levels_of",
    "lines_shown",
    "pauses_shown",
    "present_call",
    "prompts",
    "ratings",
    "seats",
    "session_of",
    "telephone_health",
    "telephone_of",
    "telephone_people",
    "week_of",
]
