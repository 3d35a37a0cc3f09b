"""Reads of the telephone."""

from hotline.calls.queries.announcing import Announcements, Shown, announcements
from hotline.calls.queries.call_backs import (
    CallBackReport,
    call_back_report,
    call_backs_health,
    call_backs_overdue,
    call_backs_shown,
)
from hotline.calls.queries.calling_out import free_to_call_out
from hotline.calls.queries.calls import CallFilter, Lead, calls_found, happenings, leads_on, register_lead
from hotline.calls.queries.lines import lanes_shown, lanes_unserved, lines_shown, pauses_shown
from hotline.calls.queries.prompting import also_said, audible, prompts, said_states
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
from hotline.calls.queries.video import (
    Open,
    Party,
    Room,
    grades_offered,
    party_of_session,
    party_of_visit,
    room_of,
    typed_in,
    video_open,
)
from hotline.calls.queries.wall import (
    LaneNow,
    Seat,
    call_backs_due,
    lanes_now,
    register_marks,
    seats,
    telephone_health,
)

__all__ = [
    "Act",
    "Announcements",
    "Askable",
    "CallBackReport",
    "CallFilter",
    "LaneNow",
    "Lead",
    "Open",
    "Party",
    "RatingFigures",
    "Room",
    "Seat",
    "Shown",
    "Telephone",
    "able_and_ready",
    "able_now",
    "accounted",
    "acts_of",
    "also_said",
    "announcements",
    "askable",
    "audible",
    "call_back_report",
    "call_backs_due",
    "call_backs_health",
    "call_backs_overdue",
    "call_backs_shown",
    "calls_found",
    "free_to_call_out",
    "grades_offered",
    "grid",
    "handling_of",
    "happenings",
    "lane_facts",
    "lanes_now",
    "lanes_shown",
    "lanes_unserved",
    "leads_on",
    "levels_of",
    "lines_shown",
    "party_of_session",
    "party_of_visit",
    "pauses_shown",
    "present_call",
    "prompts",
    "ratings",
    "register_lead",
    "register_marks",
    "room_of",
    "said_states",
    "seats",
    "session_of",
    "telephone_health",
    "telephone_of",
    "telephone_people",
    "typed_in",
    "video_open",
    "week_of",
]
