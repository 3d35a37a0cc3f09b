"""What is read of the platform's tables for the lake: one statement a fact. No identity, no word of an order leaves here.

Each statement gives the columns of its fact in its order; times come as the city's wall clock. `%(ids)s` are order ids.
"""

from __future__ import annotations

from collections.abc import Mapping

from hotline.analytics.rules import facts
from hotline.kit.clock import CITY_ZONE

REPEAT_DAYS = 30
"""A citizen's order is a repeat when they had one of the same category within so many days before. Design default (rules.md section 6: N days)."""


def _city(column: str) -> str:
    return f"({column} AT TIME ZONE '{CITY_ZONE.key}')"


_ABOUT = """o.channel, o.demand_type, o.urgency, o.flow, coalesce(c.code, ''), coalesce(o.actual_division_id, o.division_id, ''),
 coalesce({unit}, ''), o.secret, o.excluded"""

EVENTS = f"""
SELECT e.id, e.order_id, {_city("e.at")}, e.verb, split_part(e.actor, ':', 1), e.unit_id, e.assignment_id, e.old_state,
 e.new_state, e.reason_code, e.xid::text::bigint
FROM workorders_workorderevent e
WHERE (e.xid, e.id) > (%(xid)s::text::xid8, %(id)s) AND e.id > %(after)s AND (%(all)s OR e.xid < %(bound)s::text::xid8)
ORDER BY e.xid, e.id LIMIT %(most)s"""
"""Columns of `events` and the transaction; in commit order."""

_OF_ORDERS: Mapping[str, str] = {
    facts.ORDERS.name: f"""
SELECT o.id, o.number, o.revision, {_city("o.created_at")}, o.state, {_ABOUT.format(unit="u.path")},
 array_to_string(o.labels, '|'), round(o.latitude::numeric, 3), round(o.longitude::numeric, 3), o.round, o.return_count,
 o.extension_count, o.redo_count, o.urge_count, o.supervised, o.listed, o.difficult, o.merged_into_id IS NOT NULL,
 EXISTS (SELECT FROM workorders_workorder p WHERE p.citizen_id = o.citizen_id AND p.id < o.id AND p.category_id = o.category_id
  AND p.created_at > o.created_at - interval '{REPEAT_DAYS} days'),
 {_city("o.dispatched_at")}, {_city("o.replied_at")}, {_city("o.closed_at")}, o.closing_kind, o.outcome, o.solved, o.satisfaction,
 {_city("f.due_at")}, {_city("f.original_due_at")}, {_city("f.stopped_at")}, {_city("k.due_at")}, {_city("k.stopped_at")}
FROM workorders_workorder o
LEFT JOIN workorders_category c ON c.id = o.category_id
LEFT JOIN accounts_unit u ON u.id = o.lead_unit_id
LEFT JOIN LATERAL (SELECT due_at, original_due_at, stopped_at FROM workorders_clock WHERE order_id = o.id AND side = 'city'
 AND kind = 'finish' AND state <> 'void' ORDER BY round DESC, id DESC LIMIT 1) f ON TRUE
LEFT JOIN LATERAL (SELECT due_at, stopped_at FROM workorders_clock WHERE order_id = o.id AND side = 'city' AND kind = 'contact'
 AND state <> 'void' ORDER BY round DESC, id DESC LIMIT 1) k ON TRUE
WHERE o.id = ANY(%(ids)s)""",
    facts.ASSIGNMENTS.name: f"""
SELECT a.id, a.order_id, {_city("o.created_at")}, {_ABOUT.format(unit="u.path")}, a.role, a.state, a.round, a.parent_id IS NULL,
 {_city("a.created_at")}, {_city("k.sign_due")}, {_city("a.signed_at")}, {_city("k.contact_due")}, {_city("a.contacted_at")},
 {_city("k.finish_due")}, {_city("k.finish_done")}, {_city("a.ended_at")}
FROM workorders_assignment a
JOIN workorders_workorder o ON o.id = a.order_id
JOIN accounts_unit u ON u.id = a.unit_id
LEFT JOIN workorders_category c ON c.id = o.category_id
LEFT JOIN LATERAL (SELECT max(due_at) FILTER (WHERE kind = 'sign') AS sign_due, max(due_at) FILTER (WHERE kind = 'contact') AS contact_due,
 max(due_at) FILTER (WHERE kind = 'finish') AS finish_due, max(stopped_at) FILTER (WHERE kind = 'finish') AS finish_done
 FROM workorders_clock WHERE order_id = a.order_id AND assignment_id = a.id AND state <> 'void') k ON TRUE
WHERE a.order_id = ANY(%(ids)s)""",
    facts.FOLLOW_UPS.name: f"""
SELECT t.id, t.order_id, {_city("o.created_at")}, {_ABOUT.format(unit="u.path")}, t.round, t.state, t.second_check,
 coalesce(r.channel, ''), t.tries, {_city("t.created_at")}, {_city("t.ended_at")}, r.unit_contacted, r.solved, r.satisfaction
FROM followup_followuptask t
JOIN workorders_workorder o ON o.id = t.order_id
LEFT JOIN followup_attempt r ON r.id = t.result_id
LEFT JOIN accounts_unit u ON u.id = o.lead_unit_id
LEFT JOIN workorders_category c ON c.id = o.category_id
WHERE t.order_id = ANY(%(ids)s)""",
}

APPEALS = f"""
SELECT a.id, a.number, {_city("a.created_at")}, {_city("a.decided_at")}, a.state, a.channel, a.demand_type, a.urgency,
 a.call_id <> '', a.order_id
FROM intake_appeal a WHERE a.updated_at >= %(since)s AND a.state <> 'draft'"""
CALL_SLOTS = f"""
SELECT {_city("s.begins_at")}, n.code, e.code, s.arrived, s.left_early, s.closed, s."full", s.queued, s.answered, s.in_time, s.abandoned,
 s.call_back, s.cut, s.talked, s.wait_seconds, s.abandoned_seconds, s.longest_wait, s.talk_seconds, s.hold_seconds, s.wrap_seconds
FROM calls_callslot s JOIN calls_line n ON n.id = s.line_id JOIN calls_lane e ON e.id = s.lane_id
JOIN calls_hallslot h ON h.begins_at = s.begins_at WHERE s.begins_at >= %(since)s"""
HALL_SLOTS = f"""
SELECT {_city("begins_at")}, ready, ringing, talking, hold, wrap_up, paused FROM calls_hallslot WHERE begins_at >= %(since)s"""
DICTIONARY = """
SELECT 'unit', u.path, u.name, coalesce(p.path, ''), u.level FROM accounts_unit u LEFT JOIN accounts_unit p ON p.id = u.parent_id
UNION ALL SELECT 'category', c.code, c.name, coalesce(p.code, ''), c.level::text
 FROM workorders_category c LEFT JOIN workorders_category p ON p.id = c.parent_id
UNION ALL SELECT 'division', code, name, coalesce(parent_id, ''), level::text FROM places_division
UNION ALL SELECT 'line', code, name, '', '' FROM calls_line
UNION ALL SELECT 'lane', code, name, '', '' FROM calls_lane"""
"""kind, code, name, parent, level: as they are now."""


def of_orders(fact: facts.Fact) -> str:
    """The statement that reads a fact again for orders; KeyError for a fact that is not read so."""
    return _OF_ORDERS[fact.name]


def marked(fact: facts.Fact) -> str:
    """The statement that reads what changed since a moment; KeyError for a fact that is not read so."""
    return {facts.APPEALS.name: APPEALS, facts.CALL_SLOTS.name: CALL_SLOTS, facts.HALL_SLOTS.name: HALL_SLOTS}[fact.name]
