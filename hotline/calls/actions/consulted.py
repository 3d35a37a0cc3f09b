"""What becomes of somebody who was asked: told by the switch, or because the call itself went on without them.

Rows are locked in one order everywhere: the call, the agent's session, the consultation, the helper's session.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from hotline.calls.actions.holding import consultation_of
from hotline.calls.actions.moving import (
    SYSTEM,
    ask,
    ask_for,
    event,
    locked_call,
    locked_session,
    move_agent,
    move_call,
    set_aside,
    wake,
)
from hotline.calls.engines import (
    ConsultAnswered,
    ConsultEnded,
    Hangup,
    Leave,
    Mark,
    Play,
    TransferDone,
    TransferFailed,
)
from hotline.calls.models import AgentSession, Ask, Call, Consultation, Station
from hotline.calls.rules import MUSIC, AgentState, Aside, CallState, ConsultEnd, ConsultState
from hotline.kit.clock import now
from hotline.kit.live import publish

CONSULT = "consult:"
"""A label of the switch: the leg of the consultation that follows."""
_ENDS = {
    "busy": ConsultEnd.BUSY,
    "declined": ConsultEnd.BUSY,
    "no_answer": ConsultEnd.NO_ANSWER,
    "unanswered": ConsultEnd.NO_ANSWER,
}


def close(row: Consultation, end: str, at: datetime) -> None:
    """Over; whoever talked in three or took the caller did so, whatever ended it."""
    kept = {ConsultState.CONFERENCE: ConsultEnd.CONFERENCE, ConsultState.PASSED: ConsultEnd.HANDED_OVER}
    row.outcome = kept.get(ConsultState(row.state), ConsultEnd(end))
    row.state, row.ended_at = ConsultState.ENDED, max(at, row.began_at)
    row.save()
    event(
        "consult_end",
        actor=SYSTEM,
        at=at,
        call=row.call,
        session=row.session,
        to=row.name,
        outcome=row.outcome,
    )


def free_helper(row: Consultation, call: Call, at: datetime, *, aside: str = "") -> None:
    """The colleague who was asked, or helped, is let go; `aside` when they are not there any more. Locked by this."""
    if row.helper_id is None:
        return
    helper = locked_session(row.helper_id)
    if helper.state not in (AgentState.ASKED, AgentState.HELPING):
        return
    if aside:
        set_aside(helper, aside, at=at)
    elif helper.state == AgentState.ASKED:
        move_agent(helper, "unask", actor=SYSTEM, at=at)
    else:
        until = at + timedelta(seconds=call.lane.wrap_seconds)
        move_agent(helper, "wrap_up", actor=SYSTEM, at=at, call=call, until=until)
    if row.leg and not aside:
        ask_for(call, at, Leave(row.leg) if helper.station == Station.BROWSER else Hangup(row.leg))


def drop_consultation(call: Call, end: ConsultEnd, at: datetime) -> None:
    """The call goes on without whoever was asked, or is over. Nothing when nobody was."""
    row = consultation_of(call)
    if row is None:
        return
    if row.helper_id is None and row.leg:
        ask_for(call, at, Hangup(row.leg))
    free_helper(row, call, at)
    close(row, end, at)


def back_to_caller(call: Call, session: AgentSession, at: datetime) -> None:
    """The switch has put the agent back with the caller: so it stands here. Both are locked."""
    if session.state == AgentState.CONSULTING:
        move_agent(session, "back", actor=SYSTEM, at=at, call=call)
    if call.state == CallState.HELD:
        move_call(call, "resume", actor=SYSTEM, at=at, session=session)


# -- what the switch tells ---------------------------------------------------------------------------------------------------


def _locked(row: Consultation) -> tuple[Call, AgentSession, Consultation | None]:
    call = locked_call(row.call_id)
    session = locked_session(row.session_id)
    held = consultation_of(call)
    return call, session, held if held is not None and held.pk == row.pk else None


def consulted_leg(number: str, leg: str) -> None:
    """A leg of ours to somebody who is asked begins; nobody waits for it any more: it is let go."""
    if not Consultation.objects.filter(pk=number).exclude(state=ConsultState.ENDED).update(leg=leg):
        ask(Hangup(leg), f"leg:{leg[-30:]}", now())


def consult_answered(heard: ConsultAnswered) -> None:
    """They are there, the caller waits."""
    seen = Consultation.objects.filter(leg=heard.leg, state=ConsultState.RINGING).first()
    if seen is None:
        return
    call, _session, row = _locked(seen)
    if row is None or row.state != ConsultState.RINGING:
        return
    row.consult, row.state, row.answered_at = heard.consult, ConsultState.TALKING, heard.at
    row.save()
    if row.helper_id is not None:
        helper = locked_session(row.helper_id)
        if helper.state == AgentState.ASKED:
            move_agent(helper, "help", actor=SYSTEM, at=heard.at, call=call, mark=heard.mark)
    event("consult_answer", actor=SYSTEM, at=heard.at, call=call, mark=heard.mark, to=row.name)
    tell(row)


def consult_ended(heard: ConsultEnded) -> None:
    """By the switch itself: they hung up, or the agent's own leg ended. What was asked for stands here already."""
    seen = Consultation.objects.filter(consult=heard.consult, state=ConsultState.TALKING).first()
    if seen is not None and heard.how not in ("completed", "merged", "cancelled"):
        leg_ended(seen.leg, heard.how, heard.at, heard.mark)


def leg_ended(leg: str, reason: str, at: datetime, mark: Mark | None) -> bool:
    """The leg of somebody who was asked has ended. False: it is no such leg."""
    seen = Consultation.objects.filter(leg=leg).exclude(state=ConsultState.ENDED).first()
    if seen is None or not leg:
        return False
    call, session, row = _locked(seen)
    if row is None:
        return True
    state = row.state
    if row.blind and state == ConsultState.RINGING:
        return True  # the transfer's own failing is told next
    unanswered = state == ConsultState.RINGING
    aside = Aside.NO_ANSWER if unanswered else ""
    if row.helper is not None and not unanswered and row.helper.station == Station.BROWSER:
        aside = Aside.VANISHED
    row_leg, row.leg = row.leg, ""
    free_helper(row, call, at, aside=aside)
    row.leg = row_leg
    close(row, _ENDS.get(reason, ConsultEnd.FAILED) if unanswered else ConsultEnd.THEY_LEFT, at)
    if state in (ConsultState.RINGING, ConsultState.TALKING):
        back_to_caller(call, session, at)
    elif state == ConsultState.PASSED:
        ask_for(call, at, Hangup(call.leg))
    tell(row)
    return True


def transfer_done(heard: TransferDone) -> None:
    seen = Consultation.objects.filter(leg=heard.leg, blind=True, state=ConsultState.RINGING).first()
    if seen is None:
        return
    call, _session, row = _locked(seen)
    if row is not None and row.state == ConsultState.RINGING:
        row.state, row.answered_at = ConsultState.PASSED, heard.at
        row.save()
        event("consult_answer", actor=SYSTEM, at=heard.at, call=call, mark=heard.mark, to=row.name)


def transfer_failed(heard: TransferFailed) -> None:
    """Nobody is lost: who was not taken there is back at the head of the queue."""
    seen = Consultation.objects.filter(leg=heard.leg, blind=True, state=ConsultState.RINGING).first()
    if seen is None:
        return
    call, _session, row = _locked(seen)
    if row is not None:
        blind_failed(call, row, _ENDS.get(heard.reason, ConsultEnd.FAILED), heard.at)


def blind_failed(call: Call, row: Consultation, end: ConsultEnd, at: datetime) -> None:
    """Call and consultation are locked."""
    close(row, end, at)
    if call.state != CallState.PASSED:
        return
    call.at_head = True
    move_call(call, "requeue", actor=SYSTEM, at=at, why=end)
    ask_for(call, at, Leave(call.leg), Play(call.leg, (MUSIC,), loop=True))
    wake()


def consult_refused(row: Ask, at: datetime) -> None:
    """The switch could not put it through: the agent is with the caller, or the caller waits again."""
    seen = Consultation.objects.filter(
        call_id=row.chain.removeprefix("call:"), state=ConsultState.RINGING
    ).first()
    if seen is None:
        return
    call, session, held = _locked(seen)
    if held is None:
        return
    if held.blind:
        blind_failed(call, held, ConsultEnd.FAILED, at)
        return
    free_helper(held, call, at)
    close(held, ConsultEnd.FAILED, at)
    back_to_caller(call, session, at)
    tell(held)


def tell(row: Consultation) -> None:
    """The agent's page shows how it stands."""
    publish([f"person:{row.session.person_id}"], "agent.consult", session=row.session_id, call=row.call_id)


# -- what time brings --------------------------------------------------------------------------------------------------------


@transaction.atomic
def give_up_asking(session_id: int, moment: datetime) -> int:
    """A colleague has not taken the question in time: set aside, as for a call. 1 when it was so."""
    seen = AgentSession.objects.filter(pk=session_id, state=AgentState.ASKED).first()
    if seen is None or seen.call_id is None:
        return 0
    call = locked_call(seen.call_id)
    row = consultation_of(call)
    if row is None or row.helper_id != session_id or row.state != ConsultState.RINGING:
        return 0
    asking = locked_session(row.session_id)
    free_helper(row, call, moment, aside=Aside.NO_ANSWER)
    close(row, ConsultEnd.NO_ANSWER, moment)
    back_to_caller(call, asking, moment)
    tell(row)
    return 1
