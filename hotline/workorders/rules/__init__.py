"""Pure tables and functions of the order; buttons, API, clocks and docs derive from them."""

from hotline.workorders.rules.applications import FAULTS, after_return, amount_of, decided_at, ping_pong
from hotline.workorders.rules.clocks import ClockEffect, ClockNow, Key, LogEntry, Rebuilt, rebuild
from hotline.workorders.rules.closing import DIRECT_KINDS, closing_kind, option
from hotline.workorders.rules.numbers import format_number, read_number
from hotline.workorders.rules.onsite import Step, Walk, next_step, photos_wanted, steps_of
from hotline.workorders.rules.replies import FINDINGS, NO_VISIT, Fault, ReplyForm, check_reply, findings_for
from hotline.workorders.rules.rows import Do, Moment, Place, Verb, Whose
from hotline.workorders.rules.searching import search_query, search_text
from hotline.workorders.rules.supervising import BY_UNIT, STEPS, may_advance
from hotline.workorders.rules.transitions import (
    WHY_NOT,
    Facts,
    allowed_verbs,
    check_table,
    next_state,
    order_state_of,
    why_not,
)
from hotline.workorders.rules.verbs import EVENTS, STATES, VERBS, Allows

__all__ = [
    "BY_UNIT", "DIRECT_KINDS", "EVENTS", "FAULTS", "FINDINGS", "NO_VISIT", "STATES", "STEPS", "VERBS",
    "WHY_NOT", "Allows", "ClockEffect", "ClockNow", "Do", "Facts", "Fault", "Key", "LogEntry", "Moment", "Place", "Rebuilt",
    "ReplyForm", "Step", "Verb", "Walk", "Whose", "after_return", "allowed_verbs", "amount_of", "check_reply", "check_table",
    "closing_kind", "decided_at", "findings_for", "format_number", "may_advance", "next_state", "next_step", "option", "order_state_of",
    "photos_wanted", "ping_pong", "read_number", "rebuild", "search_query", "search_text", "steps_of", "why_not",
]
