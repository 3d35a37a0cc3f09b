"""After a restart of either side state follows the switch: what it has goes on, what it no longer has has ended."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from hotline.calls.actions.agents import connect
from hotline.calls.actions.browsers import BROWSER, browser_comes, browser_gone, browser_up
from hotline.calls.actions.calling_out import OUT, out_answered, out_leg
from hotline.calls.actions.consulted import CONSULT, blind_failed, consulted_leg, leg_ended
from hotline.calls.actions.driving import drivers_settle
from hotline.calls.actions.hearing import (
    SWITCH,
    agent_gone,
    arrive,
    caller_gone,
    enqueue,
    greet,
    try_alone,
)
from hotline.calls.actions.holding import consultation_of
from hotline.calls.actions.monitoring import WATCH, watcher_gone, watcher_leg, watcher_up
from hotline.calls.actions.moving import OFFER, SYSTEM, ask, ask_for, event, locked_session, open_segment
from hotline.calls.actions.standing import VIDEO, stood_again, video_leg
from hotline.calls.engines import Bridge, Hangup, Hold, Leg, Play, Record, Reset
from hotline.calls.models import AgentSession, Ask, Call, Segment, Station, Switch, Watching
from hotline.calls.permissions import can_distribute
from hotline.calls.rules import BEFORE_QUEUE, MUSIC, AgentState, CallState, ConsultEnd, ConsultState
from hotline.kit.actor import Actor
from hotline.kit.clock import now

LOST = "lost"
"""The end of a leg that nobody told us of."""


@transaction.atomic
def reconcile(*, actor: Actor, reset: Reset) -> None:
    """Everything open against what the switch says is true now. A new run has none of the old legs, and no use for old asks."""
    can_distribute(actor).require("calls:distribute")
    switch, _made = Switch.objects.select_for_update().get_or_create(name=SWITCH)
    new_run = reset.mark.run != switch.run
    if new_run:
        Ask.objects.all().delete()
    legs = {leg.leg: leg for leg in reset.legs}
    _name_legs(legs)
    rows = Call.objects.select_for_update(of=("self",)).select_related("line__choice_lane", "lane")
    known = set()
    for call in rows.exclude(state=CallState.ENDED).order_by("pk"):
        known.add(call.leg)
        try_alone(_settle, call, legs)
    for leg in reset.legs:
        try_alone(_stray, leg, known)
    sessions = AgentSession.objects.exclude(state=AgentState.SIGNED_OUT).order_by("pk")
    for pk, *own in sessions.values_list("pk", "leg", "coming"):
        for one in own:
            if one and one not in legs:
                try_alone(browser_gone, pk, one, None)
    for watching in Watching.objects.filter(ended_at=None).exclude(leg=""):
        if watching.leg not in legs:
            watcher_gone(watching.leg)
    try_alone(drivers_settle, legs)
    event("reconcile", actor=SYSTEM, at=now(), mark=reset.mark, new_run=new_run, legs=len(legs))
    switch.run, switch.number, switch.seen_at = reset.mark.run, reset.mark.number, now()
    switch.save()


def _name_legs(legs: Mapping[str, Leg]) -> None:
    """Legs whose beginning was missed are known by their label."""
    for leg in legs.values():
        if leg.label.startswith(OFFER):
            Segment.objects.filter(pk=leg.label.removeprefix(OFFER), ended_at=None, leg="").update(
                leg=leg.leg
            )
        elif leg.label.startswith(BROWSER):
            browser_comes(leg.label.removeprefix(BROWSER), leg.leg)
            if leg.state == "up":
                browser_up(leg.leg)
        elif leg.label.startswith(CONSULT):
            consulted_leg(leg.label.removeprefix(CONSULT), leg.leg)
        elif leg.label.startswith(OUT):
            if Call.objects.filter(pk=leg.label.removeprefix(OUT), state=CallState.DIALLING).exists():
                out_leg(leg.label.removeprefix(OUT), leg.leg)
        elif leg.label.startswith(VIDEO):
            video_leg(leg.label.removeprefix(VIDEO), leg.leg)
        elif leg.label.startswith(WATCH):
            watcher_leg(leg.label.removeprefix(WATCH), leg.leg)
            if leg.state == "up":
                watcher_up(leg.leg)


def _settle(call: Call, legs: Mapping[str, Leg]) -> None:
    moment = now()
    leg = legs.get(call.leg)
    if leg is None:
        if not (call.state == CallState.DIALLING and _still_dialled(call)) and not stood_again(call, moment):
            caller_gone(call, LOST, moment, None)
        return
    if call.state == CallState.DIALLING:
        if leg.state == "up":
            out_answered(call)
        return
    asked = consultation_of(call)
    if asked is not None and asked.leg and asked.leg not in legs:
        if asked.blind and asked.state == ConsultState.RINGING:
            blind_failed(call, asked, ConsultEnd.FAILED, moment)
        else:
            leg_ended(asked.leg, LOST, moment, None)
    if call.state == CallState.PASSED or (asked is not None and asked.state == ConsultState.TALKING):
        return
    if call.state in BEFORE_QUEUE and leg.state == "up":
        # Where it was in the greeting is not known; nobody waits for words that may never end.
        if call.state == CallState.ARRIVED:
            greet(call, moment, None)
        else:
            enqueue(call, call.lane, moment, None)
    elif call.state == CallState.QUEUED:
        ask_for(call, moment, Play(call.leg, (MUSIC,), loop=True))
    elif call.state in (CallState.RATING, CallState.LEAVING):
        ask_for(call, moment, Hangup(call.leg))
    elif call.state in (CallState.OFFERED, CallState.TALKING, CallState.HELD):
        _settle_offer(call, legs, leg)


def _settle_offer(call: Call, legs: Mapping[str, Leg], caller: Leg) -> None:
    moment = now()
    segment = open_segment(call)
    if segment is None:  # the agent had hung up, the caller not yet
        ask_for(call, moment, Hangup(call.leg))
        return
    session = locked_session(segment.session_id)
    own = legs.get(segment.leg)
    if call.state == CallState.OFFERED:
        if own is not None and own.state == "up" and session.state == AgentState.RINGING:
            connect(call, session, segment)
        elif own is None and session.station == Station.PHONE and not _still_asked(segment):
            agent_gone(call, session, segment, "no_answer", None)
    elif own is None:
        agent_gone(call, session, segment, LOST, None)
    elif caller.room is None or caller.room != own.room:
        ask_for(call, moment, Bridge((call.leg, segment.leg), room=f"call-{call.pk}"))
        if call.state == CallState.HELD:
            ask_for(call, moment, Hold(call.leg, (MUSIC,)))
        if caller.recording is None:
            ask_for(call, moment, Record(call.leg))


def _still_dialled(call: Call) -> bool:
    """The switch has not been asked to dial yet; it will be."""
    return Ask.objects.filter(verb="originate", arguments__label=f"{OUT}{call.pk}").exists()


def _still_asked(segment: Segment) -> bool:
    """The switch has not been asked to ring yet; it will be."""
    return Ask.objects.filter(verb="originate", arguments__label=f"{OFFER}{segment.pk}").exists()


def _stray(leg: Leg, known: set[str]) -> None:
    """Legs that nothing of ours belongs to: a new caller is taken in, anything else is let go."""
    if leg.leg in known or leg.kind == "browser":
        return
    if leg.direction == "in":
        if leg.state == "ringing":
            arrive(leg, leg.began, None)
        else:
            ask(Hangup(leg.leg), f"leg:{leg.leg[-30:]}", now())
    elif leg.label.startswith(OFFER):
        number = leg.label.removeprefix(OFFER)
        if not Segment.objects.filter(pk=number, ended_at=None).exists():
            ask(Hangup(leg.leg), f"leg:{leg.leg[-30:]}", now())
