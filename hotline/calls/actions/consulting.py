"""B6: an agent asks somebody else, warm or blind: a colleague, a lane, a contact such as 110, a number; three-way; handing over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from hotline.calls.actions.agents import locked_pair, offer_to, part
from hotline.calls.actions.consulted import (
    CONSULT,
    back_to_caller,
    close,
    free_helper,
    tell,
)
from hotline.calls.actions.holding import consultation_of
from hotline.calls.actions.moving import (
    SYSTEM,
    ask_for,
    event,
    locked_call,
    locked_session,
    move_agent,
    move_call,
    open_segment,
    wake,
)
from hotline.calls.engines import (
    CancelConsult,
    CompleteConsult,
    Consult,
    Hangup,
    Leave,
    MergeConsult,
    Number,
    Play,
    Transfer,
)
from hotline.calls.models import AgentSession, Call, Consultation, Contact, Lane, Segment, Station
from hotline.calls.permissions import can_act
from hotline.calls.queries import able_now
from hotline.calls.rules import (
    MUSIC,
    SPEAKING,
    AgentState,
    CallState,
    ConsultEnd,
    ConsultState,
    Dial,
    bare,
    may_dial,
)
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused

RING = timedelta(seconds=30)
"""A colleague rings so long; a telephone outside as the engine's default says."""


@dataclass(frozen=True, slots=True)
class Whom:
    """Exactly one of helper, lane, number."""

    name: str
    helper: AgentSession | None = None
    lane: Lane | None = None
    contact: Contact | None = None
    number: str = ""


@transaction.atomic
def consult(*, actor: Actor, session_id: int, target: str) -> Consultation:
    """Ask somebody while the caller waits. `target`: seat:ID, lane:ID (its first free agent), contact:ID, or number:DIGITS.

    Raises Refused `agent_state`, `consulting`, `not_free`, `may_not_dial`; Invalid; NotVisible.
    """
    call, session, segment = _talking(actor, session_id)
    whom = _whom(target, session)
    if whom.lane is not None:
        free = able_now(whom.lane, but=session.pk)
        if free is None:
            raise Refused(
                "not_free",
                _("Nobody of %(lane)s is free now. Pass the caller on to its queue instead.")
                % {"lane": whom.name},
            )
        whom = Whom(f"{whom.name} · {free.person.name}", helper=locked_session(free.pk))
    moment = now()
    row = _begun(call, session, whom, moment, blind=False)
    helper = whom.helper
    if helper is not None:
        _must_be_free(helper)
        move_agent(helper, "ask_help", actor=actor, at=moment, call=call, until=moment + RING)
        if helper.station == Station.BROWSER:
            return row  # rings on their screen; the caller waits only when they come
        to = Number(helper.trunk, helper.number, RING.total_seconds(), f"{CONSULT}{row.pk}")
    else:
        to = Number(settings.OUT_TRUNK, whom.number, label=f"{CONSULT}{row.pk}")
    _apart(call, session, actor=actor, at=moment)
    ask_for(call, moment, Consult(segment.leg, to, (MUSIC,)))
    return row


@transaction.atomic
def pass_on(*, actor: Actor, session_id: int, target: str) -> Consultation:
    """Hand the caller over without asking first; the agent's after-call work begins. Who is not taken there comes back.

    As `consult`; a lane means its queue, at its head.
    """
    call, session, segment = _talking(actor, session_id)
    whom = _whom(target, session)
    moment = now()
    row = _begun(call, session, whom, moment, blind=True)
    if whom.number:
        to = Number(settings.OUT_TRUNK, whom.number, label=f"{CONSULT}{row.pk}")
        ask_for(call, moment, Transfer(segment.leg, to))
        move_call(call, "pass_out", actor=actor, at=moment, session=session, to=whom.name)
        part(call, session, segment, actor=actor)
        return row
    if whom.helper is not None:
        _must_be_free(whom.helper)
    row.state = ConsultState.PASSED
    close(row, ConsultEnd.HANDED_OVER, moment)
    part(call, session, segment, actor=actor)
    call.lane = whom.lane or call.lane
    call.priority, call.queued_at, call.at_head = call.lane.priority, moment, True
    move_call(call, "pass_on", actor=actor, at=moment, session=session, to=whom.name)
    ask_for(call, moment, Leave(call.leg), Play(call.leg, (MUSIC,), loop=True))
    if whom.helper is not None:
        offer_to(call, whom.helper, overflowed=False, at=moment)
    wake()
    return row


@transaction.atomic
def take_back(*, actor: Actor, session_id: int) -> None:
    """The agent is back with the caller; whoever was asked is let go, also out of a conference."""
    call, session, row = _asking(actor, session_id)
    moment = now()
    state, was = row.state, session.state
    helps_by_screen = row.helper is not None and row.helper.station == Station.BROWSER
    if state == ConsultState.CONFERENCE or (state == ConsultState.RINGING and helps_by_screen):
        if row.helper_id is None and row.leg:
            ask_for(call, moment, Hangup(row.leg))
    elif row.consult:
        ask_for(call, moment, CancelConsult(row.consult))
    elif row.leg:
        ask_for(call, moment, Hangup(row.leg))
    free_helper(row, call, moment)
    close(row, ConsultEnd.BACK, moment)
    if was == AgentState.CONSULTING:
        back_to_caller(call, session, moment)


@transaction.atomic
def make_conference(*, actor: Actor, session_id: int) -> None:
    """All three talk. Refused `not_there` until they have answered."""
    call, session, row = _asking(actor, session_id, ConsultState.TALKING)
    moment = now()
    ask_for(call, moment, MergeConsult(row.consult))
    row.state = ConsultState.CONFERENCE
    row.save(update_fields=["state"])
    back_to_caller(call, session, moment)
    event("conference", actor=actor, at=moment, call=call, session=session, to=row.name)


@transaction.atomic
def hand_over(*, actor: Actor, session_id: int) -> None:
    """Who was asked takes the caller; the agent's after-call work begins. Also out of a conference. Refused `not_there`."""
    call, session, row = _asking(actor, session_id, ConsultState.TALKING, ConsultState.CONFERENCE)
    segment = open_segment(call)
    assert segment is not None
    moment = now()
    if row.state == ConsultState.TALKING:
        ask_for(call, moment, CompleteConsult(row.consult))
    row.state = ConsultState.PASSED
    row.save(update_fields=["state"])
    helper = locked_session(row.helper_id) if row.helper_id is not None else None
    leg = row.leg
    if helper is not None:
        close(row, ConsultEnd.HANDED_OVER, moment)
    if call.state == CallState.HELD:
        move_call(call, "resume", actor=actor, at=moment, session=session)
    if helper is None:
        move_call(call, "pass_out", actor=actor, at=moment, session=session, to=row.name)
    part(call, session, segment, actor=actor)
    if helper is not None:
        Segment.objects.create(call=call, session=helper, leg=leg, offered_at=moment, answered_at=moment)
        move_agent(helper, "take_over", actor=actor, at=moment, call=call)


# -- the colleague's side ----------------------------------------------------------------------------------------------------


@transaction.atomic
def help_colleague(*, actor: Actor, session_id: int) -> None:
    """Take the colleague's question, in the browser; the caller waits with music. Refused when it rings no more."""
    call, asking, row, helper = _helping(actor, session_id)
    segment = open_segment(call)
    if row is None or helper.state != AgentState.ASKED or segment is None or call.state not in SPEAKING:
        raise Refused("agent_state", _("Nothing rings at your telephone now."))
    if not helper.leg:
        raise Refused(
            "no_telephone",
            _("Your browser's telephone is not connected. Allow the microphone and try again."),
        )
    moment = now()
    row.leg = helper.leg
    row.save(update_fields=["leg"])
    move_agent(helper, "help", actor=actor, at=moment, call=call)
    _apart(call, asking, actor=actor, at=moment)
    ask_for(call, moment, Consult(segment.leg, helper.leg, (MUSIC,)))


@transaction.atomic
def leave_colleague(*, actor: Actor, session_id: int) -> None:
    """Decline, or leave the question or the conference; the colleague is with the caller."""
    call, asking, row, helper = _helping(actor, session_id)
    if row is None:
        raise Refused("agent_state", _("Your telephone has moved on; this cannot be done now."))
    moment = now()
    if row.state == ConsultState.TALKING and row.consult:
        ask_for(call, moment, CancelConsult(row.consult))
    asked = helper.state == AgentState.ASKED
    free_helper(row, call, moment)
    close(row, ConsultEnd.BUSY if asked else ConsultEnd.THEY_LEFT, moment)
    back_to_caller(call, asking, moment)
    tell(row)


def _helping(actor: Actor, session_id: int) -> tuple[Call, AgentSession, Consultation | None, AgentSession]:
    seen = AgentSession.objects.filter(pk=session_id).first()
    if seen is None:
        raise NotVisible(session_id)
    can_act(actor, seen).require("calls:take")
    if seen.call_id is None or seen.state not in (AgentState.ASKED, AgentState.HELPING):
        raise Refused("agent_state", _("Your telephone has moved on; this cannot be done now."))
    call = locked_call(seen.call_id)
    row = consultation_of(call)
    if row is not None and row.helper_id != session_id:
        row = None
    asking = locked_session(row.session_id) if row is not None else seen
    return call, asking, row, locked_session(session_id)


# -- shared ------------------------------------------------------------------------------------------------------------------


def _talking(actor: Actor, session_id: int) -> tuple[Call, AgentSession, Segment]:
    call, session = locked_pair(session_id)
    can_act(actor, session).require("calls:take")
    segment = open_segment(call) if call is not None else None
    if (
        call is None
        or segment is None
        or call.state not in SPEAKING
        or session.state not in (AgentState.TALKING, AgentState.HOLD)
    ):
        raise Refused("agent_state", _("You are in no conversation now."))
    if consultation_of(call) is not None:
        raise Refused("consulting", _("Somebody is being asked already. Finish that first."))
    return call, session, segment


def _asking(actor: Actor, session_id: int, *states: ConsultState) -> tuple[Call, AgentSession, Consultation]:
    call, session = locked_pair(session_id)
    can_act(actor, session).require("calls:take")
    row = consultation_of(call) if call is not None else None
    if call is None or row is None or row.session_id != session.pk:
        raise Refused("agent_state", _("Nobody is being asked now."))
    if states and row.state not in states:
        raise Refused("not_there", _("They have not answered yet."))
    return call, session, row


def _whom(target: str, session: AgentSession) -> Whom:
    kind, _colon, told = target.partition(":")
    if kind == "number":
        number = bare(told)
        allowed(number)
        return Whom(masked(number), number=number)
    pk = int(told) if re.fullmatch(r"\d{1,18}", told) else 0
    if kind == "contact":
        contact = Contact.objects.filter(pk=pk, active=True).first()
        if contact is None:
            raise NotVisible(target)
        return Whom(contact.name, contact=contact, number=contact.number)
    if kind == "lane":
        lane = Lane.objects.select_related("skill").filter(pk=pk, active=True).first()
        if lane is None:
            raise NotVisible(target)
        return Whom(lane.name, lane=lane)
    if kind == "seat" and pk and pk != session.pk:
        found = AgentSession.objects.select_related("person").filter(pk=pk).first()
        if found is None or found.state == AgentState.SIGNED_OUT:
            raise NotVisible(target)
        return Whom(found.person.name, helper=locked_session(pk))
    raise Invalid("target", _("Choose whom to ask."), details={"target": _("Choose whom to ask.")})


def allowed(number: str) -> None:
    """Whether a bare number may be dialled from here. Raises Invalid, Refused `may_not_dial`."""
    answer = may_dial(number, settings.DIAL_PATTERN)
    if answer == Dial.NO_NUMBER:
        raise Invalid("number", _("That is no telephone number."), details={"number": _("Digits only.")})
    if answer != Dial.YES:
        raise Refused(
            "may_not_dial",
            {
                Dial.ABROAD: _("Numbers abroad cannot be dialled from here."),
                Dial.PREMIUM: _("Numbers charged by the minute cannot be dialled from here."),
            }.get(answer, _("This number is not among those that may be dialled from here.")),
        )


def masked(number: str) -> str:
    """A number dialled by hand, for logs and screens; short numbers of services are nobody's secret."""
    return number if len(number) <= 6 else f"{number[:3]}****{number[-4:]}"


def _must_be_free(helper: AgentSession) -> None:
    if helper.state != AgentState.READY or (helper.station == Station.BROWSER and not helper.leg):
        raise Refused("not_free", _("This colleague is not free now. Choose somebody else."))


def _begun(call: Call, session: AgentSession, whom: Whom, at: datetime, *, blind: bool) -> Consultation:
    row = Consultation.objects.create(
        call=call,
        session=session,
        helper=whom.helper if not blind else None,
        contact=whom.contact,
        name=whom.name[:60],
        blind=blind,
        began_at=at,
    )
    event("consult", actor=SYSTEM, at=at, call=call, session=session, to=row.name, blind=blind)
    return row


def _apart(call: Call, session: AgentSession, *, actor: Actor, at: datetime) -> None:
    """The agent talks elsewhere, the caller waits; so does the switch with `Consult`."""
    move_agent(session, "consult", actor=actor, at=at, call=call)
    if call.state == CallState.TALKING:
        move_call(call, "hold", actor=actor, at=at, session=session)
