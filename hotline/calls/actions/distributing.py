"""Offers, and what time brings: calls nobody took, after-call work that ends, call-backs offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from hotline.calls.actions.agents import offer_to, release
from hotline.calls.actions.call_backs import alarm_overdue
from hotline.calls.actions.consulted import give_up_asking
from hotline.calls.actions.driving import drivers_due
from hotline.calls.actions.holding import calls_waiting, sessions_ready
from hotline.calls.actions.moving import (
    SYSTEM,
    ask_for,
    event,
    locked_call,
    locked_session,
    move_agent,
    open_segment,
    put_back,
    set_aside,
)
from hotline.calls.actions.telling import tell_those_who_wait
from hotline.calls.actions.video import visits_due
from hotline.calls.engines import Collect, Play
from hotline.calls.models import AgentSession, Call, Medium, Station
from hotline.calls.permissions import can_distribute
from hotline.calls.queries import lane_facts
from hotline.calls.queries.queueing import anything_to_offer, ready_agents, waiting_calls
from hotline.calls.rules import (
    CALL_BACK_ASKED,
    AgentState,
    Aside,
    CallState,
    OfferEnd,
    match,
    offers_call_back,
)
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.models import Heartbeat
from hotline.kit.statements import fetch_all

MOST = 200
"""Calls of a lane looked at in one go; there is another go while something is left."""
MOST_READY = 1_000
"""Agents looked at in one go, of those who have a skill that is wanted."""
ANSWER_SECONDS = 12.0


def distribute(*, actor: Actor) -> int:
    """Offer waiting calls to ready agents; how many were offered. Rows that somebody else works on are left for the next go."""
    can_distribute(actor).require("calls:distribute")
    return _distribute(now()) if anything_to_offer() else 0


@transaction.atomic
def _distribute(moment: datetime) -> int:
    waiting = waiting_calls(lane_facts(), MOST)
    free = ready_agents({want.skill for one in waiting for want in one.wants}, MOST_READY)
    count = 0
    while pairs := match(waiting, free, moment):
        # Matched without a lock; only what is to be offered is locked, and looked at again.
        calls = calls_waiting([pair.call for pair in pairs])
        sessions = sessions_ready([pair.session for pair in pairs])
        held = set(pairs)
        for pair in pairs:
            if pair.call in calls and pair.session in sessions:
                held.remove(pair)
                offer_to(calls[pair.call], sessions[pair.session], overflowed=pair.overflowed, at=moment)
        count += len(pairs) - len(held)
        if not held:
            break
        # Whose other half somebody holds may be matched with another; who is held or was offered may not.
        paired = {pair.call for pair in pairs} - {pair.call for pair in held if pair.call in calls}
        taken = {pair.session for pair in pairs} - {pair.session for pair in held if pair.session in sessions}
        waiting = [one for one in waiting if one.call not in paired]
        free = [one for one in free if one.session not in taken]
    return count


def watch(*, actor: Actor) -> int:
    """What is due by now, each in a transaction of its own; how many things were done."""
    can_distribute(actor).require("calls:distribute")
    moment = now()
    count = sum(
        TIME_IS_UP[state](pk, moment) for pk, state in fetch_all(_TIME_IS_UP, [moment, list(TIME_IS_UP)])
    )
    asked = Q(
        medium=Medium.VOICE,
        call_back_offered_at=None,
        lane__call_back_seconds__isnull=False,
        citizen__isnull=False,
    )
    for pk, since, after in Call.objects.filter(asked, state=CallState.QUEUED).values_list(
        "pk", "queued_at", "lane__call_back_seconds"
    ):
        if (
            since is not None
            and after is not None
            and offers_call_back(moment - since, timedelta(seconds=after), offered=False)
        ):
            count += _ask_call_back(pk, moment)
    return (
        count + tell_those_who_wait(moment) + alarm_overdue(moment) + drivers_due(moment) + visits_due(moment)
    )


@transaction.atomic
def _give_up(session_id: int, moment: datetime) -> int:
    seen = AgentSession.objects.filter(pk=session_id, state=AgentState.RINGING).first()
    if seen is None or seen.call_id is None:
        return 0
    call = locked_call(seen.call_id)
    session = locked_session(session_id)
    segment = open_segment(call)
    if session.state != AgentState.RINGING or session.call_id != call.pk or segment is None:
        return 0
    put_back(call, segment, OfferEnd.NO_ANSWER, at=moment)
    set_aside(session, Aside.NO_ANSWER, at=moment)
    if session.station == Station.PHONE:
        release(call, session, segment)
    return 1


@transaction.atomic
def _wrapped_up(session_id: int, moment: datetime) -> int:
    session = locked_session(session_id)
    if session.state != AgentState.WRAP_UP or session.until is None or session.until > moment:
        return 0
    move_agent(session, "ready", actor=SYSTEM, at=moment)
    return 1


@transaction.atomic
def _ask_call_back(call_id: int, moment: datetime) -> int:
    call = locked_call(call_id)
    if call.state != CallState.QUEUED or call.call_back_offered_at is not None:
        return 0
    call.call_back_offered_at = moment
    call.save(update_fields=["call_back_offered_at"])
    event("offer_call_back", actor=SYSTEM, at=moment, call=call)
    ask_for(
        call,
        moment,
        Play(call.leg, (CALL_BACK_ASKED,)),
        Collect(call.leg, most=1, first_seconds=ANSWER_SECONDS),
    )
    return 1


TIME_IS_UP: Mapping[str, Callable[[int, datetime], int]] = {
    AgentState.RINGING: _give_up,
    AgentState.ASKED: give_up_asking,
    AgentState.WRAP_UP: _wrapped_up,
}
"""What becomes of a session whose time in this state is over."""
_TIME_IS_UP = (
    "SELECT id, state FROM calls_agentsession WHERE until <= %s AND state = ANY(%s::text[])"
    " AND state <> 'signed_out' ORDER BY id"
)


def sign(*, actor: Actor, name: str, connected: bool, legs: int) -> None:
    """The distributor is alive, and so many legs are at the switch; for the health page."""
    can_distribute(actor).require("calls:distribute")
    moment = now()
    calls = Call.objects.exclude(state=CallState.ENDED).count()
    values = {
        "kind": "calls",
        "seen_at": moment,
        "details": {"connected": connected, "legs": legs, "calls": calls},
    }
    Heartbeat.objects.update_or_create(
        name=name, defaults=values, create_defaults={**values, "started_at": moment}
    )
