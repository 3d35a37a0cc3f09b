"""B11: after the conversation the citizen rates it by one key, once a call (一次一评); the agent's time is not lengthened by it."""

from __future__ import annotations

from datetime import datetime

from hotline.calls.actions.moving import SYSTEM, ask_for, move_call, send_off
from hotline.calls.engines import Collect, Hangup, Leave, Mark, Play, StopPlaying, StopRecording
from hotline.calls.models import AgentSession, Call, Direction, Medium, Rating
from hotline.calls.queries.prompting import audible
from hotline.calls.rules import Outcome
from hotline.calls.rules.prompting import RATE, RATED, grade_of
from hotline.kit.actor import Actor

ANSWER_SECONDS = 30.0
"""For the question, which takes about 15 s, and for the answer to it. Design default."""


def may_ask(call: Call) -> bool:
    """Whether this caller can be asked: the question can be heard, and nobody was asked on this call before."""
    return (
        call.direction == Direction.IN
        and call.medium == Medium.VOICE
        and bool(audible([RATE]))
        and not Rating.objects.filter(call=call).exists()
    )


def let_go(call: Call, session: AgentSession, *, actor: Actor, at: datetime, handed: bool = False) -> None:
    """The agent has left the conversation: the caller is asked how satisfied they are, or hung up. The call is locked.

    Asked when the line asks after each conversation, or the agent hands over (`handed`).
    """
    if not (handed or call.line.asks_satisfaction) or not may_ask(call):
        ask_for(call, at, Hangup(call.leg))
        return
    Rating.objects.create(call=call, session=session, at=at)
    move_call(call, "rate", actor=actor, at=at, session=session)
    ask_for(
        call,
        at,
        StopPlaying(call.leg),
        Leave(call.leg),
        StopRecording(call.leg),
        # Before the question, so that keys of the conversation are forgotten and one pressed early counts.
        Collect(call.leg, most=1, first_seconds=ANSWER_SECONDS),
        Play(call.leg, (RATE,), until_digit=True),
    )


def rated(call: Call, digits: str, at: datetime, mark: Mark | None) -> None:
    """A key was pressed, or none in time: noted once, then goodbye. The call is locked."""
    grade = grade_of(digits)
    if grade is not None:
        Rating.objects.filter(call=call, grade=None).update(grade=grade, at=at)
    call.outcome = Outcome.ANSWERED
    if grade is not None and audible([RATED]):
        send_off(call, Outcome.ANSWERED, RATED, actor=SYSTEM, at=at, mark=mark)
    else:
        move_call(call, "send_off", actor=SYSTEM, at=at, mark=mark, outcome=Outcome.ANSWERED)
        ask_for(call, at, Hangup(call.leg))
