"""What the switch tells becomes state: one event, one transaction, once. And what it refuses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction

from hotline.accounts.actions import find_or_create_citizen
from hotline.accounts.rules import normalize_phone
from hotline.calls.actions.agents import connect, part, release
from hotline.calls.actions.browsers import BROWSER, browser_comes, browser_gone, browser_up
from hotline.calls.actions.calling_out import OUT, out_answered, out_leg, out_refused
from hotline.calls.actions.consulted import (
    CONSULT,
    consult_answered,
    consult_ended,
    consult_refused,
    consulted_leg,
    drop_consultation,
    leg_ended,
    transfer_done,
    transfer_failed,
)
from hotline.calls.actions.driving import driven_leg, driven_refused, tell_drivers
from hotline.calls.actions.holding import call_of_agent, call_of_caller, other_leg
from hotline.calls.actions.monitoring import WATCH, watcher_gone, watcher_leg, watcher_up
from hotline.calls.actions.moving import (
    OFFER,
    SYSTEM,
    ask,
    ask_for,
    close_segment,
    end_call,
    event,
    locked_call,
    locked_session,
    move_agent,
    move_call,
    open_segment,
    put_back,
    send_off,
    set_aside,
    wake,
)
from hotline.calls.actions.owing import call_out_over, called_again
from hotline.calls.actions.rating import let_go, rated
from hotline.calls.actions.standing import VIDEO, joins, video_leg
from hotline.calls.actions.telling import entertain, music
from hotline.calls.actions.writing import write_new
from hotline.calls.engines import (
    Answer,
    Collect,
    ConsultAnswered,
    ConsultEnded,
    DigitsCollected,
    EngineEvent,
    Hangup,
    Leg,
    LegAnswered,
    LegEnded,
    LegStarted,
    Mark,
    Play,
    PlayEnded,
    RecordingClosed,
    RecordingFailed,
    RecordingStarted,
    TransferDone,
    TransferFailed,
)
from hotline.calls.models import (
    AgentSession,
    Ask,
    Call,
    Direction,
    Lane,
    Line,
    Medium,
    Recording,
    Segment,
    Station,
)
from hotline.calls.permissions import can_distribute
from hotline.calls.queries import able_and_ready, handling_of
from hotline.calls.queries.prompting import audible
from hotline.calls.queries.queueing import announcements, lines_in_use, waiting_in
from hotline.calls.rules import (
    CALL_BACK_NOTED,
    CLOSED,
    DISTRICT_HEADER,
    FULL,
    HUNG_UP,
    ON_A_CALL,
    Admission,
    AgentState,
    Aside,
    CallState,
    ConsultEnd,
    Notice,
    OfferEnd,
    Outcome,
    admission,
    announced,
    chose,
    hung_up_in,
    likely_wait,
    line_of,
    offer_end,
)
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import ActionError
from hotline.kit.events import declare, emit
from hotline.kit.statements import fetch_one

log = logging.getLogger("hotline.calls")

RECORDING_CLOSED = declare(
    "call.recording_closed", "The exchange has closed a call's recording, or could not make it."
)

SWITCH = "main"
YES = "1"
CHOICE_SECONDS = 4.0
LEAST_DIGITS = 3
"""A caller's number with fewer is none."""


def hear(*, actor: Actor, heard: EngineEvent) -> bool:
    """One event of the switch. False when it had been heard before (the same mark, or one of an earlier run)."""
    can_distribute(actor).require("calls:distribute")
    try:
        with transaction.atomic():
            if not _mark(heard):
                return False
            _follow(heard)
            return True
    except FAULTS:
        pass  # nothing of it stands; once more, each part for itself
    with transaction.atomic():
        if not _mark(heard):
            return False
        reaction = REACTIONS.get(type(heard))
        if reaction is not None and not try_alone(reaction, heard) and isinstance(heard, LegEnded):
            try_alone(end_plainly, heard)
        try_alone(tell_drivers, heard)
        return True


_MARK = "UPDATE calls_switch SET number = %s, seen_at = %s WHERE name = %s AND run = %s AND number < %s RETURNING 1"


def _mark(heard: EngineEvent) -> bool:
    """The mark moved to this event, and held: one event at a time. False when it stands there already, or in another run."""
    mark = heard.mark
    return fetch_one(_MARK, [mark.number, now(), SWITCH, mark.run, mark.number]) is not None


def _follow(heard: EngineEvent) -> None:
    reaction = REACTIONS.get(type(heard))
    if reaction is None or not reaction(heard):
        tell_drivers(heard)


FAULTS = (ActionError, ObjectDoesNotExist, IntegrityError, AssertionError)
"""One call's trouble; any other fault of the database is everybody's and goes on up."""


def try_alone(reaction: Callable[..., object], *given: Any) -> bool:
    """One call's trouble is noted and holds up nobody else. False: there was some, and nothing of it stands."""
    try:
        with transaction.atomic():
            reaction(*given)
    except FAULTS as error:
        log.exception("a call's event could not be followed")
        event(
            "fault",
            actor=SYSTEM,
            at=now(),
            why=f"{type(error).__name__}: {error}"[:300],
            of=reaction.__name__,
        )
        return False
    return True


# -- callers ---------------------------------------------------------------------------------------------------------------


def _started(heard: LegStarted) -> None:
    facts = heard.facts
    if facts.direction == "in" and facts.kind == "sip":
        arrive(facts, heard.at, heard.mark)
    elif facts.label.startswith(OFFER):
        # Told before the answer to `originate` comes, so that no event of the leg is about nobody.
        number = facts.label.removeprefix(OFFER)
        if not Segment.objects.filter(pk=number, ended_at=None).update(leg=facts.leg):
            ask(Hangup(facts.leg), f"leg:{facts.leg[-30:]}", now())
    elif not driven_leg(facts.label, facts.leg):
        for label, begins in LABELLED.items():
            if facts.label.startswith(label):
                begins(facts.label.removeprefix(label), facts.leg)


LABELLED: Mapping[str, Callable[[str, str], None]] = {
    BROWSER: browser_comes,
    CONSULT: consulted_leg,
    OUT: out_leg,
    WATCH: watcher_leg,
    VIDEO: video_leg,
}
"""What a leg is whose label begins so; the rest of the label and the leg are given."""


def arrive(facts: Leg, at: datetime, mark: Mark | None) -> Call | None:
    """A call came in: noted with its line and its caller, then answered. Without any line it is hung up."""
    lines = {line.number: line for line in lines_in_use()}
    fallback = next((line for line in lines.values() if line.fallback), None)
    code = line_of(facts.called, {number: number for number in lines}, fallback.number if fallback else "")
    line = lines.get(code)
    if line is None:
        ask(Hangup(facts.leg), f"leg:{facts.leg[-30:]}", now())
        return None
    digits = normalize_phone(facts.caller)
    citizen = find_or_create_citizen(actor=SYSTEM, phone=digits) if len(digits) >= LEAST_DIGITS else None
    district = {name.lower(): value for name, value in facts.headers.items()}.get(DISTRICT_HEADER.lower(), "")
    call = write_new(
        Call(
            line=line,
            lane=line.lane,
            citizen=citizen,
            district_code=district[:12] if district.isdigit() else "",
            trunk=facts.trunk[:31],
            leg=facts.leg,
            state_since=at,
            arrived_at=at,
        )
    )
    event("arrive", actor=SYSTEM, at=at, call=call, mark=mark, line=line.code)
    ask_for(call, at, Answer(call.leg))
    return call


def hand_to_person(*, leg: str, citizen_id: int | None, at: datetime) -> Call | None:
    """A leg that is up and was called by the machine waits for an agent from now on, as a caller of the hotline's own line does.
    None: no line is set up."""
    line = Line.objects.filter(active=True).select_related("lane").order_by("-fallback", "pk").first()
    if line is None:
        return None
    call = Call.objects.create(
        line=line, lane=line.lane, citizen_id=citizen_id, leg=leg, state_since=at, arrived_at=at
    )
    event("arrive", actor=SYSTEM, at=at, call=call, line=line.code, handed=True)
    enqueue(call, call.lane, at, None)
    return call


def _answered(heard: LegAnswered) -> bool:
    call = call_of_caller(heard.leg)
    if call is not None:
        if call.state == CallState.ARRIVED:
            greet(call, heard.at, heard.mark)
        elif call.state == CallState.DIALLING:
            out_answered(call)
        else:
            joins(call)
        return True
    other = other_leg(heard.leg)
    if (other.session and browser_up(heard.leg)) or (other.watching and watcher_up(heard.leg)):
        return True
    agent = call_of_agent(heard.leg)
    if agent is None:
        return other.consultation is not None
    call, session, segment = agent
    if segment.answered_at:
        pass
    elif call.state == CallState.OFFERED and session.state == AgentState.RINGING:
        connect(call, session, segment)
    else:
        ask(Hangup(heard.leg), f"leg:{heard.leg[-30:]}", now())
    return True


def greet(call: Call, at: datetime, mark: Mark | None) -> None:
    """Announcements and the greeting; closed or full, the words for that."""
    line = call.line
    admitted = _admitted(line, call.lane, at)
    if admitted is Admission.CLOSED:
        send_off(call, Outcome.CLOSED, CLOSED, actor=SYSTEM, at=at, mark=mark)
        return
    if admitted is Admission.FULL and not call.at_head:
        send_off(call, Outcome.FULL, FULL, actor=SYSTEM, at=at, mark=mark)
        return
    if call.medium == Medium.VIDEO:
        enqueue(call, call.lane, at, mark)  # nobody is spoken to; the page says what there is to say
        return
    rows = announcements(line, at)
    # One that is still being spoken would be a tone before the greeting.
    heard = audible({row.sound: row.text for row in rows}) if rows else set()
    notices = [
        Notice(row.sound, line.code if row.line_id else "", row.district_code, row.begins_at, row.ends_at)
        for row in rows
        if row.sound in heard and row.begins_at is not None
    ]
    sounds = announced(notices, line=line.code, district=call.district_code, at=at)
    move_call(call, "greet", actor=SYSTEM, at=at, mark=mark, sounds=[*sounds, line.greeting])
    ask_for(call, at, Play(call.leg, (*sounds, line.greeting), until_digit=bool(line.choice_key)))


def _admitted(line: Line, lane: Lane, at: datetime) -> Admission:
    waiting = waiting_in(lane) if lane.most_waiting else 0
    return admission(opens=line.opens, closes=line.closes, at=at, waiting=waiting, most=lane.most_waiting)


def _played(heard: PlayEnded) -> bool:
    call = call_of_caller(heard.leg)
    if call is not None and heard.reason in ("finished", "digit"):
        after_prompt(call, heard.at, heard.mark)
    return call is not None


def after_prompt(call: Call, at: datetime, mark: Mark | None) -> None:
    """What was said has been said: on to the choice, the queue, or goodbye."""
    if call.state == CallState.GREETING and call.line.choice_key:
        move_call(call, "ask", actor=SYSTEM, at=at, mark=mark)
        ask_for(call, at, Collect(call.leg, most=1, first_seconds=CHOICE_SECONDS, fresh=False))
    elif call.state == CallState.GREETING:
        enqueue(call, call.lane, at, mark)
    elif call.state in (CallState.QUEUED, CallState.OFFERED):
        music(call, at)
    elif call.state == CallState.LEAVING:
        ask_for(call, at, Hangup(call.leg))


def _collected(heard: DigitsCollected) -> bool:
    call = call_of_caller(heard.leg)
    if call is not None and heard.reason not in ("hangup", "replaced"):
        _pressed(call, heard)
    return call is not None


def _pressed(call: Call, heard: DigitsCollected) -> None:
    if call.state == CallState.CHOOSING:
        chosen = call.line.choice_lane if chose(heard.digits, call.line.choice_key) else None
        if chosen is not None and _admitted(call.line, chosen, heard.at) is Admission.FULL:
            send_off(call, Outcome.FULL, FULL, actor=SYSTEM, at=heard.at, mark=heard.mark)
            return
        enqueue(call, chosen or call.lane, heard.at, heard.mark, digits=heard.digits)
    elif call.state == CallState.QUEUED and call.call_back_offered_at is not None:
        if heard.digits == YES:
            send_off(call, Outcome.CALL_BACK, CALL_BACK_NOTED, actor=SYSTEM, at=heard.at, mark=heard.mark)
        else:
            music(call, heard.at)
    elif call.state == CallState.RATING:
        rated(call, heard.digits, heard.at, heard.mark)


def enqueue(call: Call, lane: Lane, at: datetime, mark: Mark | None, **data: Any) -> None:
    """Into the lane's queue, with music; how long it will likely take is noted with it."""
    ahead = waiting_in(lane)
    signed_in, ready = able_and_ready(lane)
    wait = likely_wait(ahead - (1 if ready > ahead else 0), signed_in, handling_of(lane, at))
    call.lane, call.priority, call.queued_at = lane, lane.priority, at
    call.likely_wait_seconds = None if wait is None else int(wait.total_seconds())
    move_call(call, "queue", actor=SYSTEM, at=at, mark=mark, lane=lane.code, ahead=ahead, **data)
    if ready > ahead:
        music(call, at)
    else:
        entertain(call, at, ahead=ahead, wait=wait)
    wake()


def _ended(heard: LegEnded) -> bool:
    call = call_of_caller(heard.leg)
    if call is not None:
        caller_gone(call, heard.reason, heard.at, heard.mark)
        return True
    agent = call_of_agent(heard.leg)
    if agent is not None:
        agent_gone(*agent, heard.reason, heard.mark)
    other = other_leg(heard.leg)
    if other.consultation:
        leg_ended(heard.leg, heard.reason, heard.at, heard.mark)
    if other.watching:
        watcher_gone(heard.leg)
    if other.session:
        browser_gone(other.session, heard.leg, heard.mark)
    return agent is not None or any(other)


def end_plainly(heard: LegEnded) -> None:
    """A caller's leg has ended, and following that failed: the call is over all the same, and its agent not bound to it.

    Who waited or was cut off is owed a call-back as ever. What else there was of the call (somebody who was asked, a rating) is
    left to `reconcile`.
    """
    call = call_of_caller(heard.leg)
    if call is None:
        return
    segment = open_segment(call)
    if segment is not None:
        close_segment(segment, OfferEnd.CALLER_GONE, now())
        session = locked_session(segment.session_id)
        if session.call_id == call.pk and session.state in ON_A_CALL:
            release(call, session, segment)
            set_aside(session, Aside.VANISHED, at=now(), mark=heard.mark)
    outcome = call.outcome or (Outcome.CUT if segment is not None else hung_up_in(call.state))
    end_call(call, outcome, actor=SYSTEM, at=heard.at, reason=heard.reason, mark=heard.mark)


def caller_gone(call: Call, reason: str, at: datetime, mark: Mark | None) -> None:
    """The caller's leg has ended, in any state: the agent is freed, the call ends with what it came to."""
    segment = open_segment(call)
    drop_consultation(call, ConsultEnd.CALLER_LEFT, now())
    if call.state == CallState.LEAVING:
        outcome = call.outcome
    elif call.state == CallState.DIALLING:
        outcome = Outcome.UNREACHED
    elif reason not in HUNG_UP and call.state != CallState.RATING:
        outcome = Outcome.CUT
    else:
        outcome = hung_up_in(call.state)
    if segment is not None:
        session = locked_session(segment.session_id)
        if session.state == AgentState.RINGING:
            close_segment(segment, OfferEnd.CALLER_GONE, now())
            move_agent(session, "unring", actor=SYSTEM, at=now(), mark=mark)
            release(call, session, segment)
        else:
            part(call, session, segment, actor=SYSTEM)
    end_call(call, outcome, actor=SYSTEM, at=at, reason=reason, mark=mark)
    if call.direction == Direction.OUT:
        call_out_over(call)
    elif outcome == Outcome.ANSWERED:
        called_again(call, at)


def agent_gone(call: Call, session: AgentSession, segment: Segment, reason: str, mark: Mark | None) -> None:
    """The agent's own leg of an offer has ended: not answered, hung up, or lost."""
    moment = now()
    if segment.call.direction == Direction.OUT and segment.answered_at is None:
        part(call, session, segment, actor=SYSTEM)
        ask_for(call, moment, Hangup(call.leg))
        return
    drop_consultation(call, ConsultEnd.BACK, moment)
    if segment.answered_at is None:
        outcome = offer_end(reason)
        put_back(call, segment, outcome, at=moment, mark=mark)
        why = Aside.VANISHED if outcome == OfferEnd.VANISHED else Aside.NO_ANSWER
        set_aside(session, why, at=moment, mark=mark)
    elif reason in HUNG_UP and session.station == Station.PHONE:
        segment.leg = ""
        part(call, session, segment, actor=SYSTEM)
        let_go(call, session, actor=SYSTEM, at=moment)
    else:
        put_back(call, segment, OfferEnd.VANISHED, at=moment, mark=mark)
        set_aside(session, Aside.VANISHED, at=moment, mark=mark)


# -- recordings ------------------------------------------------------------------------------------------------------------


def _recording_started(heard: RecordingStarted) -> None:
    call = Call.objects.filter(leg=heard.leg).first()
    if call is not None:
        Recording.objects.get_or_create(
            name=heard.recording, defaults={"call": call, "path": heard.path, "started_at": heard.at}
        )


def _recording_closed(heard: RecordingClosed) -> None:
    Recording.objects.filter(name=heard.recording).update(
        sha256=heard.sha256,
        bytes=heard.bytes,
        seconds=heard.seconds,
        silent_left=heard.silent_left,
        silent_right=heard.silent_right,
        recovered=heard.recovered,
        failure="" if heard.bytes else "lost",
    )
    _recording_over(heard.recording)


def _recording_failed(heard: RecordingFailed) -> None:
    Recording.objects.filter(name=heard.recording).update(failure=heard.why)
    _recording_over(heard.recording)


def _recording_over(name: str) -> None:
    row = Recording.objects.filter(name=name).values_list("pk", flat=True).first()
    if row is not None:
        emit(RECORDING_CLOSED, recording_id=row)


REACTIONS: Mapping[type[EngineEvent], Callable[[Any], object]] = {
    LegStarted: _started,
    LegAnswered: _answered,
    LegEnded: _ended,
    PlayEnded: _played,
    DigitsCollected: _collected,
    RecordingStarted: _recording_started,
    RecordingClosed: _recording_closed,
    RecordingFailed: _recording_failed,
    ConsultAnswered: consult_answered,
    ConsultEnded: consult_ended,
    TransferDone: transfer_done,
    TransferFailed: transfer_failed,
}
"""True comes back when the leg is a call's, so that no driver need hear of it."""


# -- refusals --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def done(*, actor: Actor, ask_ids: Collection[int]) -> None:
    """The switch did these."""
    can_distribute(actor).require("calls:distribute")
    fetch_one("DELETE FROM calls_ask WHERE id = ANY(%s::bigint[])", [list(ask_ids)])


@transaction.atomic
def refused(*, actor: Actor, ask_id: int, code: str) -> None:
    """The switch did not do it: the call goes on without. A leg that has gone needs nothing, its end is told apart."""
    can_distribute(actor).require("calls:distribute")
    row = Ask.objects.select_for_update().filter(pk=ask_id).first()
    if row is None:
        return
    row.delete()
    leg = str(row.arguments.get("leg", ""))
    moment = now()
    if driven_refused(row, code):
        return
    if row.verb in ("consult", "transfer"):
        consult_refused(row, moment)
        return
    if row.verb == "stand_in":
        call = locked_call(int(row.arguments["label"].removeprefix(VIDEO)))
        if call.state != CallState.ENDED:
            caller_gone(call, "failed", moment, None)
        return
    if row.verb == "originate" and row.arguments["label"].startswith(OUT):
        out_refused(row.arguments["label"].removeprefix(OUT))
        return
    if row.verb == "originate":
        segment = Segment.objects.filter(pk=row.arguments["label"].removeprefix(OFFER), ended_at=None).first()
        if segment is not None:
            call = locked_call(segment.call_id)
            again = open_segment(call)
            if again is not None and again.pk == segment.pk and again.answered_at is None:
                agent_gone(call, locked_session(segment.session_id), again, "failed", None)
        return
    caller = call_of_caller(leg) if leg else None
    if caller is not None:
        _goes_on(caller, row, code, moment)


def _goes_on(call: Call, row: Ask, code: str, moment: datetime) -> None:
    event("refused", actor=SYSTEM, at=moment, call=call, what=row.verb, code=code)
    if row.verb == "play" and code in ("file_missing", "file_unusable"):
        if not row.arguments.get("loop"):  # without music there is silence, not music asked for again
            after_prompt(call, moment, None)
    elif row.verb == "collect" and call.state == CallState.CHOOSING:
        enqueue(call, call.lane, moment, None)
    elif row.verb == "collect" and call.state == CallState.QUEUED:
        music(call, moment)  # the offer of a call-back cannot be answered; nobody waits in silence for that
    elif row.verb == "collect" and call.state == CallState.RATING:
        rated(call, "", moment, None)
