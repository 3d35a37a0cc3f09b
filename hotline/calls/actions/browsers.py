"""An agent's telephone in the browser: whose leg it is, how it comes, and comes back after a reload or a break of the network.

A session has one leg (`leg`), and while a browser makes another, that one (`coming`). The new one takes the old one's place at
the switch, and here when the switch says that it is up; so a call in progress is never without an agent.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from hotline.calls.actions.moving import (
    ask,
    ask_for,
    locked_call,
    locked_session,
    open_segment,
    put_back,
    set_aside,
)
from hotline.calls.engines import Hangup, Join, Mark
from hotline.calls.models import AgentSession, Call, Consultation, OfferEnd, Station
from hotline.calls.permissions import can_act
from hotline.calls.rules import AgentState, Aside, CallState
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import NotVisible, Refused
from hotline.kit.live import publish

BROWSER = "agent:"
"""A label of the switch: the browser's leg of the session that follows."""
IN_ROOM = frozenset({AgentState.TALKING, AgentState.HOLD, AgentState.DIALLING})
"""States in which the agent's leg is in the call's own room."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a browser's offer is made with: whose leg it becomes, and whose place it takes."""

    label: str
    replaces: str


def place_of(*, actor: Actor, session_id: int, last: str, here: bool) -> Place:
    """For an offer of the actor's own browser. `last`: the leg that this window had, "" for none.

    Raises Refused `elsewhere` when another window has the telephone now; `here` takes it from there.
    """
    session = _own(actor, session_id)
    held = {session.leg, session.coming} - {""}
    if held and last not in held and not here:
        raise Refused(
            "elsewhere", _("Your telephone is open in another window. Use it there, or take it here.")
        )
    return Place(f"{BROWSER}{session.pk}", session.coming or session.leg)


@transaction.atomic
def leg_comes(*, actor: Actor, session_id: int, leg: str) -> None:
    """The switch has given the actor's browser this leg; its being up is told by the switch."""
    session = _own(actor, session_id, lock=True)
    if session.leg != leg:
        session.coming = leg
        session.save(update_fields=["coming"])


def _own(actor: Actor, session_id: int, *, lock: bool = False) -> AgentSession:
    rows = AgentSession.objects.select_for_update() if lock else AgentSession.objects.all()
    session = rows.filter(pk=session_id, station=Station.BROWSER).exclude(state=AgentState.SIGNED_OUT).first()
    if session is None:
        raise NotVisible(session_id)
    can_act(actor, session).require("calls:take")
    return session


# -- what the switch tells ---------------------------------------------------------------------------------------------------


def browser_comes(session_id: str, leg: str) -> None:
    """A browser's leg begins; one of a session that is over is let go."""
    rows = AgentSession.objects.filter(pk=session_id).exclude(state=AgentState.SIGNED_OUT)
    if not rows.exclude(leg=leg).update(coming=leg) and not rows.exists():
        ask(Hangup(leg), f"leg:{leg[-30:]}", now())


def browser_up(leg: str) -> bool:
    """The browser's leg is up: it is the agent's now, in the call that there is, and an older one is let go. False: no such leg."""
    found = AgentSession.objects.filter(coming=leg).exclude(state=AgentState.SIGNED_OUT).first()
    if found is None:
        return False
    call, session = _locked(found.pk)
    old, session.leg, session.coming = session.leg, leg, ""
    session.save(update_fields=["leg", "coming"])
    moment = now()
    segment = open_segment(call) if call is not None else None
    if call is not None and segment is not None and segment.session_id == session.pk and segment.answered_at:
        segment.leg = leg
        segment.save(update_fields=["leg"])
        if session.state in IN_ROOM:
            # The switch has moved it already; this mends what two breaks one upon the other may leave.
            ask_for(call, moment, Join(leg, f"call-{call.pk}"))
    Consultation.objects.filter(~Q(state="ended"), helper=session, leg=old).exclude(leg="").update(leg=leg)
    if old and old != leg:
        ask(Hangup(old), f"leg:{old[-30:]}", moment)
    _tell(session)
    return True


def browser_gone(session_id: int, leg: str, mark: Mark | None) -> None:
    """A browser's leg has ended: what rang there rings elsewhere, and nothing more until it is back."""
    call, session = _locked(session_id)
    if session.coming == leg:
        session.coming = ""
        session.save(update_fields=["coming"])
    if session.leg != leg:
        return
    session.leg = ""
    session.save(update_fields=["leg"])
    segment = open_segment(call) if call is not None else None
    if (
        call is not None
        and segment is not None
        and segment.session_id == session.pk
        and session.state == AgentState.RINGING
        and call.state == CallState.OFFERED
    ):
        # Rings by the screen alone, so that no segment names the leg.
        put_back(call, segment, OfferEnd.VANISHED, at=now(), mark=mark)
    if session.state in (AgentState.READY, AgentState.RINGING, AgentState.WRAP_UP):
        set_aside(session, Aside.VANISHED, at=now(), mark=mark)
    else:
        _tell(session)


def _locked(session_id: int) -> tuple[Call | None, AgentSession]:
    """The session and the call it names, the call locked first; looked at again when it has moved on meanwhile."""
    while True:
        seen = AgentSession.objects.values_list("call_id", flat=True).get(pk=session_id)
        call = locked_call(seen) if seen is not None else None
        session = locked_session(session_id)
        if session.call_id == seen:
            return call, session


def _tell(session: AgentSession) -> None:
    publish(["seats", f"person:{session.person_id}"], "agent.leg", session=session.pk, call=None)
