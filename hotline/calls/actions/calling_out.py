"""An agent calls out: a citizen without seeing the number, or a number by hand. The agent's browser is in the room first."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.actions import identity_for_contact
from hotline.accounts.models import Citizen
from hotline.accounts.rules import normalize_phone
from hotline.audit import actions as audit
from hotline.calls.actions.agents import connect, locked_pair, part
from hotline.calls.actions.consulting import allowed, masked
from hotline.calls.actions.moving import (
    SYSTEM,
    ask,
    ask_for,
    end_call,
    event,
    locked_call,
    locked_session,
    move_agent,
    open_segment,
)
from hotline.calls.actions.owing import call_out_over
from hotline.calls.engines import Command, Hangup, Join, Mark, Originate
from hotline.calls.models import AgentSession, Call, CallState, Direction, Lane, Line, Segment, Station
from hotline.calls.permissions import can_act, can_distribute, can_take
from hotline.calls.rules import AgentState, Outcome, bare
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import NotVisible, Refused

OUT = "call:"
"""A label of the switch: the leg of the call out that follows."""
CITIZEN = "citizen:"
"""In what is to be asked of the switch a citizen stands by their id; the number is put in when it is asked."""
RING_SECONDS = 45.0


@transaction.atomic
def call_citizen(*, actor: Actor, citizen_id: int, order_number: str = "") -> Call:
    """Call a citizen; whoever calls this has seen to it that the actor may see them. Audited; the number is not shown.

    Raises Refused `agent_state`, `no_telephone`, `no_number`, `may_not_dial`, `no_line`; NotVisible.
    """
    can_take(actor).require("calls:take")
    citizen = Citizen.objects.filter(pk=citizen_id).first()
    if citizen is None:
        raise NotVisible(citizen_id)
    number = _number_of(citizen_id)
    if not number:
        raise Refused("no_number", _("This citizen left no telephone number."))
    allowed(number)
    call = _dial(actor, f"{CITIZEN}{citizen_id}", citizen, order_number, citizen.phone_mask)
    audit.record(
        actor=actor,
        verb="calls.call_citizen",
        object_type="citizen",
        object_id=citizen_id,
        data={"call": call.pk, "order": order_number},
    )
    return call


@transaction.atomic
def call_number(*, actor: Actor, number: str) -> Call:
    """Call a number that was typed. Raises Invalid, and Refused as `call_citizen`."""
    can_take(actor).require("calls:take")
    digits = bare(number)
    allowed(digits)
    return _dial(actor, digits, None, "", masked(digits))


@transaction.atomic
def dial_for(*, actor: Actor, session_id: int, lane: Lane, citizen_id: int, order_number: str) -> Call | None:
    """The machine calls a citizen for an agent who is ready, and the agent is theirs from now on. None: not ready any more.

    Raises Refused as `call_citizen`. Audited where the number is read, as the switch is asked.
    """
    can_distribute(actor).require("calls:distribute")
    session = AgentSession.objects.select_for_update(skip_locked=True).filter(pk=session_id).first()
    if session is None or session.state != AgentState.READY or session.station != Station.BROWSER or not session.leg:
        return None
    citizen = Citizen.objects.get(pk=citizen_id)
    number = _number_of(citizen_id)
    if not number:
        raise Refused("no_number", _("This citizen left no telephone number."))
    allowed(number)
    line = Line.objects.filter(active=True).order_by("-fallback", "pk").first()
    if line is None:
        raise Refused("no_line", _("No line is set up; an administrator loads them."))
    return _place(actor, session, line, lane, f"{CITIZEN}{citizen_id}", citizen, order_number, citizen.phone_mask)


@transaction.atomic
def stop_dialling(*, actor: Actor, session_id: int) -> None:
    """Nobody has answered yet, and nobody shall."""
    call, session = locked_pair(session_id)
    can_act(actor, session).require("calls:take")
    if call is None or session.state != AgentState.DIALLING:
        raise Refused("agent_state", _("You are calling nobody now."))
    _over(call, session, "near", None)


def _number_of(citizen_id: int) -> str:
    return bare(
        normalize_phone(identity_for_contact(actor=SYSTEM, citizen_id=citizen_id, purpose="call").phone)
    )


def _dial(actor: Actor, number: str, citizen: Citizen | None, order_number: str, shown: str) -> Call:
    seen = AgentSession.objects.filter(person_id=actor.id).exclude(state=AgentState.SIGNED_OUT).first()
    if seen is None:
        raise Refused("not_signed_in", _("Sign in to the telephone first, under “My telephone”."))
    line = Line.objects.filter(active=True).select_related("lane").order_by("-fallback", "pk").first()
    if line is None:
        raise Refused("no_line", _("No line is set up; an administrator loads them."))
    session = locked_session(seen.pk)
    if session.station != Station.BROWSER or not session.leg:
        raise Refused(
            "no_telephone",
            _("Your browser's telephone is not connected. Allow the microphone and try again."),
        )
    return _place(actor, session, line, line.lane, number, citizen, order_number, shown)


def _place(
    actor: Actor,
    session: AgentSession,
    line: Line,
    lane: Lane,
    number: str,
    citizen: Citizen | None,
    order_number: str,
    shown: str,
) -> Call:
    """The agent's leg waits in the room, the citizen is dialled. The session is locked."""
    moment = now()
    call = Call.objects.create(
        direction=Direction.OUT,
        line=line,
        lane=lane,
        citizen=citizen,
        order_number=order_number[:40],
        trunk=settings.OUT_TRUNK,
        leg=f"out-{uuid.uuid4().hex}",
        state=CallState.DIALLING,
        state_since=moment,
        arrived_at=moment,
    )
    Segment.objects.create(call=call, session=session, leg=session.leg, offered_at=moment)
    event("dial", actor=actor, at=moment, call=call, session=session, to=shown)
    move_agent(session, "dial", actor=actor, at=moment, call=call)
    ask_for(
        call,
        moment,
        Join(session.leg, f"call-{call.pk}"),
        Originate(settings.OUT_TRUNK, number, ring_seconds=RING_SECONDS, label=f"{OUT}{call.pk}"),
    )
    return call


def with_number(command: Command[object]) -> Command[object]:
    """The command as the switch wants it: a citizen's number in the place of their id."""
    if isinstance(command, Originate) and command.number.startswith(CITIZEN):
        citizen_id = int(command.number.removeprefix(CITIZEN))
        number = _number_of(citizen_id)
        return Originate(command.trunk, number, command.ring_seconds, command.headers, command.label)
    return command


# -- what the switch tells ---------------------------------------------------------------------------------------------------


def out_leg(number: str, leg: str) -> None:
    """The leg to whom was called begins; nobody waits for it any more: it is let go."""
    if not Call.objects.filter(pk=number, state=CallState.DIALLING).update(leg=leg):
        ask(Hangup(leg), f"leg:{leg[-30:]}", now())


def out_answered(call: Call) -> None:
    """They are there: together with the agent, recorded. The call is locked."""
    segment = open_segment(call)
    if segment is None:
        ask_for(call, now(), Hangup(call.leg))
        return
    session = locked_session(segment.session_id)
    if session.state == AgentState.DIALLING and session.call_id == call.pk:
        segment.leg = session.leg or segment.leg
        connect(call, session, segment)


def out_refused(number: str) -> None:
    """The switch did not dial."""
    call = locked_call(int(number))
    segment = open_segment(call)
    if call.state == CallState.DIALLING and segment is not None:
        _over(call, locked_session(segment.session_id), "failed", None)


def _over(call: Call, session: AgentSession, reason: str, mark: Mark | None) -> None:
    segment = open_segment(call)
    if segment is not None and session.state == AgentState.DIALLING:
        part(call, session, segment, actor=SYSTEM)
    moment = now()
    if not call.leg.startswith("out-"):
        ask_for(call, moment, Hangup(call.leg))
    end_call(call, Outcome.UNREACHED, actor=SYSTEM, at=moment, reason=reason, mark=mark)
    call_out_over(call)
