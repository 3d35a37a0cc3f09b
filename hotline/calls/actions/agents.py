"""What an agent does at the telephone: sign in, be ready, pause, take, hold, hang up, finish."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.actions import reveal_identity
from hotline.accounts.models import Person
from hotline.calls.actions.consulted import drop_consultation
from hotline.calls.actions.holding import consultation_of
from hotline.calls.actions.moving import (
    OFFER,
    SYSTEM,
    ask,
    ask_for,
    close_segment,
    locked_call,
    locked_session,
    move_agent,
    move_call,
    open_segment,
)
from hotline.calls.actions.rating import let_go, may_ask
from hotline.calls.actions.writing import write_answered, write_offer
from hotline.calls.engines import Bridge, Hangup, Hold, Leave, Originate, Record, Resume, StopPlaying
from hotline.calls.models import AgentSession, AgentShift, Call, PauseCode, Segment, Station
from hotline.calls.permissions import can_act, can_lead, can_take
from hotline.calls.rules import (
    MUSIC,
    ON_A_CALL,
    SPEAKING,
    AgentState,
    ConsultEnd,
    ConsultState,
    Dial,
    OfferEnd,
    may_sign_in,
)
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused

GRACE = timedelta(seconds=10)
"""After the switch should have given up ringing a desk telephone, the distributor does."""


@transaction.atomic
def sign_in(
    *, actor: Actor, station: str = Station.BROWSER, number: str = "", trunk: str = ""
) -> AgentSession:
    """Open the actor's session; paused until they say that they are ready.

    A desk telephone is called by its own `number` over `trunk`. Raises NotPermitted, Invalid, Refused `signed_in`.
    """
    can_take(actor).require("calls:take")
    if station == Station.PHONE and not (trunk and may_sign_in(number, settings.DIAL_PATTERN) == Dial.YES):
        raise Invalid(
            "number", _("Give the number of your desk telephone."), details={"number": _("Digits only.")}
        )
    moment = now()
    # Two windows may ask at the same moment; the second is told, not broken.
    Person.objects.select_for_update(no_key=True).get(pk=actor.id)
    if AgentSession.objects.filter(person_id=actor.id).exclude(state=AgentState.SIGNED_OUT).exists():
        raise Refused("signed_in", _("You are signed in to the telephone already."))
    shift = (
        AgentShift.objects.filter(person_id=actor.id, begins_at__lte=moment, ends_at__gt=moment)
        .order_by("begins_at")
        .first()
    )
    session = AgentSession.objects.create(
        person_id=actor.id,
        shift=shift,
        station=station,
        trunk=trunk if station == Station.PHONE else "",
        number=number if station == Station.PHONE else "",
        state_since=moment,
        idle_since=moment,
        signed_in_at=moment,
    )
    move_agent(session, "sign_in", actor=actor, at=moment)
    return session


@transaction.atomic
def sign_out(*, actor: Actor, session_id: int) -> None:
    """End the session; refused during a call. A shift leader may do it for somebody who left."""
    _call, session = locked_pair(session_id)
    can_lead(actor, session).require("calls:take")
    move_agent(session, "sign_out", actor=actor, at=now())
    if session.leg:
        ask(Hangup(session.leg), f"session:{session.pk}", now())


@transaction.atomic
def ready(*, actor: Actor, session_id: int) -> None:
    """Take calls from now on. A browser's telephone must be connected first: Refused `no_telephone`."""
    _call, session = locked_pair(session_id)
    can_act(actor, session).require("calls:take")
    if session.station == Station.BROWSER and not session.leg:
        raise Refused(
            "no_telephone",
            _("Your browser's telephone is not connected. Allow the microphone and try again."),
        )
    move_agent(session, "ready", actor=actor, at=now())


finish_wrap_up = ready
"""After-call work done: ready for the next call."""


@transaction.atomic
def pause(*, actor: Actor, session_id: int, code: str) -> None:
    """Take no calls, with the reason. Raises Invalid for an unknown code."""
    _call, session = locked_pair(session_id)
    can_lead(actor, session).require("calls:take")
    reason = PauseCode.objects.filter(code=code, active=True).first()
    if reason is None:
        raise Invalid("pause", _("Choose why you pause."), details={"code": _("There is no such reason.")})
    move_agent(session, "pause", actor=actor, at=now(), pause=reason)


@transaction.atomic
def answer(*, actor: Actor, session_id: int) -> Call:
    """Take the call that rings, in the browser. Refused when it rings no more."""
    call, session = locked_pair(session_id)
    can_act(actor, session).require("calls:take")
    segment = open_segment(call) if call is not None else None
    if call is None or segment is None or session.state != AgentState.RINGING:
        raise Refused("agent_state", _("Nothing rings at your telephone now."))
    if not session.leg:
        raise Refused(
            "no_telephone",
            _("Your browser's telephone is not connected. Allow the microphone and try again."),
        )
    segment.leg = session.leg
    connect(call, session, segment, actor=actor)
    return call


@transaction.atomic
def caller_number(*, actor: Actor, call_id: int) -> str:
    """The number of the caller whom the actor's telephone has now, in the clear, for the desk; audited as a reveal.

    "" when it was withheld. NotVisible for any other call than the actor's own present one.
    """
    session = AgentSession.objects.filter(person_id=actor.id, call_id=call_id).order_by("-pk").first()
    if not actor.is_staff or session is None or session.state == AgentState.SIGNED_OUT:
        raise NotVisible(call_id)
    citizen_id = Call.objects.get(pk=call_id).citizen_id
    if citizen_id is None:
        return ""
    return reveal_identity(
        actor=actor, citizen_id=citizen_id, order_id=None, reason=_("A call of this citizen came in")
    ).phone


@transaction.atomic
def hold(*, actor: Actor, session_id: int) -> None:
    """The caller hears music and is not heard."""
    call, session = _speaking(actor, session_id)
    moment = now()
    move_call(call, "hold", actor=actor, at=moment)
    move_agent(session, "hold", actor=actor, at=moment, call=call)
    ask_for(call, moment, Hold(call.leg, (MUSIC,)))


@transaction.atomic
def resume(*, actor: Actor, session_id: int) -> None:
    """Back into the conversation."""
    call, session = _speaking(actor, session_id)
    moment = now()
    move_call(call, "resume", actor=actor, at=moment)
    move_agent(session, "resume", actor=actor, at=moment, call=call)
    ask_for(call, moment, Resume(call.leg))


@transaction.atomic
def hang_up(*, actor: Actor, session_id: int) -> None:
    """End the conversation; after-call work begins at once, the call ends when the switch says so."""
    call, session = _speaking(actor, session_id)
    _leave(call, session, actor=actor, handed=False)


@transaction.atomic
def hand_to_satisfaction(*, actor: Actor, session_id: int) -> None:
    """End the conversation and have the citizen asked how satisfied they are, also on a line that does not ask by itself.

    Refused `not_asked` when nobody can be asked on this call; the conversation goes on.
    """
    call, session = _speaking(actor, session_id)
    if not may_ask(call):
        raise Refused(
            "not_asked", _("This caller cannot be asked to rate the call. Hang up the call instead.")
        )
    _leave(call, session, actor=actor, handed=True)


def _leave(call: Call, session: AgentSession, *, actor: Actor, handed: bool) -> None:
    segment = open_segment(call)
    assert segment is not None
    part(call, session, segment, actor=actor)
    let_go(call, session, actor=actor, at=now(), handed=handed)


def _speaking(actor: Actor, session_id: int) -> tuple[Call, AgentSession]:
    call, session = locked_pair(session_id)
    can_act(actor, session).require("calls:take")
    if call is None or call.state not in SPEAKING or session.state not in ON_A_CALL:
        raise Refused("agent_state", _("You are in no conversation now."))
    return call, session


def locked_pair(session_id: int) -> tuple[Call | None, AgentSession]:
    """The session and the call it is busy with, the call locked first."""
    seen = AgentSession.objects.filter(pk=session_id).first()
    if seen is None:
        raise NotVisible(session_id)
    call = locked_call(seen.call_id) if seen.call_id is not None and seen.state in ON_A_CALL else None
    session = locked_session(session_id)
    if session.state in ON_A_CALL and (call is None or session.call_id != call.pk):
        raise Refused("agent_state", _("Your telephone has moved on; this cannot be done now."))
    return call if session.state in ON_A_CALL else None, session


def connect(call: Call, session: AgentSession, segment: Segment, *, actor: Actor = SYSTEM) -> None:
    """Caller and agent into one room, recorded. All three rows are locked and fit together."""
    moment = now()
    segment.answered_at = moment
    write_answered(segment)
    call.connected_at, call.at_head = call.connected_at or moment, False
    move_call(call, "connect", actor=actor, at=moment, session=session)
    move_agent(session, "connect", actor=actor, at=moment, call=call)
    ask_for(
        call,
        moment,
        StopPlaying(call.leg),
        Bridge((call.leg, segment.leg), room=f"call-{call.pk}"),
        Record(call.leg),
    )


def part(call: Call, session: AgentSession, segment: Segment, *, actor: Actor) -> None:
    """The conversation is over for the agent: after-call work as long as the lane gives, their leg let go."""
    moment = now()
    asked = consultation_of(call)
    if asked is not None and not asked.blind and asked.state != ConsultState.PASSED:
        drop_consultation(call, ConsultEnd.BACK, moment)
    close_segment(segment, OfferEnd.ANSWERED, moment)
    until = moment + timedelta(seconds=call.lane.wrap_seconds)
    move_agent(session, "wrap_up", actor=actor, at=moment, call=call, until=until)
    release(call, session, segment)


def release(call: Call, session: AgentSession, segment: Segment) -> None:
    """A desk telephone is hung up; a browser's leg stays for the next call."""
    if not segment.leg:
        return
    ask_for(call, now(), Leave(segment.leg) if session.station == Station.BROWSER else Hangup(segment.leg))


def offer_to(call: Call, session: AgentSession, *, overflowed: bool, at: datetime) -> None:
    """A waiting call rings at a ready agent; both are locked."""
    seconds = call.lane.ring_seconds
    segment = write_offer(call, session, overflowed=overflowed, at=at)
    move_call(call, "offer", actor=SYSTEM, at=at, session=session, overflowed=overflowed)
    until = at + timedelta(seconds=seconds)
    if session.station == Station.PHONE:
        until += GRACE
        label = f"{OFFER}{segment.pk}"
        ask_for(call, at, Originate(session.trunk, session.number, ring_seconds=seconds, label=label))
    move_agent(session, "ring", actor=SYSTEM, at=at, call=call, until=until)
