"""Reads of the telephone."""

from hotline.calls.queries.prompting import prompts
from hotline.calls.queries.queueing import able_and_ready, able_now, handling_of, lane_facts, levels_of
from hotline.calls.queries.rating import RatingFigures, ratings
from hotline.calls.queries.telephone import Act, accounted, acts_of, present_call, session_of
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
    "LaneNow",
    "RatingFigures",
    "Seat",
    "able_and_ready",
    "able_now",
    "accounted",
    "acts_of",
    "call_backs_due",
    "handling_of",
    "lane_facts",
    "lanes_now",
    "levels_of",
    "present_call",
    "prompts",
    "ratings",
    "seats",
    "session_of",
    "telephone_health",
]
