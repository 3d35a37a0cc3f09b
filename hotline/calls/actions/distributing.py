"""Offers, and what time brings: calls nobody took, after-call work that ends, call-backs offered."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Window
from django.db.models.functions import RowNumber

from hotline.calls.actions.agents import offer_to, release
from hotline.calls.actions.call_backs import alarm_overdue
from hotline.calls.actions.consulted import give_up_asking
from hotline.calls.actions.driving import drivers_due
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
    wake,
)
from hotline.calls.actions.telling import tell_those_who_wait
from hotline.calls.actions.video import visits_due
from hotline.calls.engines import Collect, Play
from hotline.calls.models import AgentSession, Call, Medium, PersonSkill, Station
from hotline.calls.permissions import can_distribute
from hotline.calls.queries import lane_facts, levels_of
from hotline.calls.rules import (
    CALL_BACK_ASKED,
    AgentState,
    Aside,
    CallState,
    Free,
    OfferEnd,
    Waiting,
    match,
    offers_call_back,
    wants_of,
)
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.models import Heartbeat

MOST = 200
"""Calls of a lane looked at in one go; there is another go while something is left."""
MOST_READY = 1_000
"""Agents looked at in one go, of those who have a skill that is wanted."""
ANSWER_SECONDS = 12.0


@transaction.atomic
def distribute(*, actor: Actor) -> int:
    """Offer waiting calls to ready agents; how many were offered. Rows that somebody else works on are left for the next go."""
    can_distribute(actor).require("calls:distribute")
    moment = now()
    place = Window(
        RowNumber(), [F("lane_id")], [F("at_head").desc(), F("priority").desc(), F("queued_at").asc()]
    )
    # The first of each lane: a crowd that nobody can take now hides nobody of another lane.
    first = Call.objects.filter(state=CallState.QUEUED).annotate(place=place).filter(place__lte=MOST)
    calls = {
        row.pk: row
        for row in Call.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("lane")
        .filter(state=CallState.QUEUED, pk__in=first.values("pk"))
    }
    if not calls:
        return 0
    facts = lane_facts()
    waiting = [
        Waiting(
            row.pk,
            row.queued_at or row.arrived_at,
            row.priority,
            wants_of(row.lane.code, facts),
            row.at_head,
            row.medium == Medium.VIDEO,
        )
        for row in calls.values()
    ]
    wanted = {want.skill for one in waiting for want in one.wants}
    able = PersonSkill.objects.filter(person=OuterRef("person_id"), skill__code__in=wanted)
    sessions = {
        row.pk: row
        for row in AgentSession.objects.select_for_update(skip_locked=True)
        .filter(Exists(able), state=AgentState.READY)
        .exclude(station=Station.BROWSER, leg="")
        .order_by("idle_since")[:MOST_READY]
    }
    levels = levels_of(row.person_id for row in sessions.values())
    free = [
        Free(row.pk, row.idle_since, levels.get(row.person_id, {}), row.station == Station.BROWSER)
        for row in sessions.values()
    ]
    pairs = match(waiting, free, moment)
    for pair in pairs:
        offer_to(calls[pair.call], sessions[pair.session], overflowed=pair.overflowed, at=moment)
    return len(pairs)


def watch(*, actor: Actor) -> int:
    """What is due by now, each in a transaction of its own; how many things were done."""
    can_distribute(actor).require("calls:distribute")
    moment = now()
    count = 0
    rows = AgentSession.objects.filter(until__lte=moment)
    for pk in rows.filter(state=AgentState.RINGING).values_list("pk", flat=True):
        count += _give_up(pk, moment)
    for pk in rows.filter(state=AgentState.ASKED).values_list("pk", flat=True):
        count += give_up_asking(pk, moment)
    for pk in rows.filter(state=AgentState.WRAP_UP).values_list("pk", flat=True):
        count += _wrapped_up(pk, moment)
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
    wake()
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
