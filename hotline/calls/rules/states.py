"""States of a call and of an agent, and every way between them. Buttons, checks and docs come from these tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models.enums import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class AgentState(TextChoices):
    """B4. `signed_out` is a session that has ended; all others are open."""

    SIGNED_OUT = "signed_out", _("Signed out")
    PAUSED = "paused", _("Making a pause")
    READY = "ready", _("Ready")
    RINGING = "ringing", _("Ringing")
    TALKING = "talking", _("Talking")
    HOLD = "hold", _("Holding a call")
    CONSULTING = "consulting", _("Asking somebody, the caller waits")
    DIALLING = "dialling", _("Calling out")
    ASKED = "asked", _("Asked for help by a colleague")
    HELPING = "helping", _("Helping a colleague")
    WRAP_UP = "wrap_up", _("After-call work")


class CallState(TextChoices):
    ARRIVED = "arrived", _("Arrived")
    GREETING = "greeting", _("Greeting")
    CHOOSING = "choosing", _("Choosing")
    QUEUED = "queued", _("Waiting in the queue")
    OFFERED = "offered", _("Ringing at an agent")
    TALKING = "talking", _("In conversation")
    HELD = "held", _("Caller on hold")
    DIALLING = "dialling", _("Being called")
    PASSED = "passed", _("Handed over to somebody outside")
    RATING = "rating", _("Rating the conversation")
    LEAVING = "leaving", _("Being told goodbye")
    ENDED = "ended", _("Call over")


class Outcome(TextChoices):
    """How a call ended, for figures (rules.md section 6) and for what the caller is owed."""

    ANSWERED = "answered", _("Spoke to an agent")
    ABANDONED = "abandoned", _("Hung up in the queue")
    LEFT_EARLY = "left_early", _("Hung up before the queue")
    CLOSED = "closed", _("Outside opening hours")
    FULL = "full", _("Queue full")
    CALL_BACK = "call_back", _("Asked to be called back")
    CUT = "cut", _("Cut off by a fault")
    UNREACHED = "unreached", _("Called out, nobody reached")


class OfferEnd(TextChoices):
    """How an offer to one agent ended."""

    ANSWERED = "answered", _("Taken")
    NO_ANSWER = "no_answer", _("Not answered")
    DECLINED = "declined", _("Declined")
    VANISHED = "vanished", _("Connection lost")
    CALLER_GONE = "caller_gone", _("Caller hung up")


class Aside(TextChoices):
    """Why the distributor itself paused an agent; people's own reasons are pause codes."""

    NO_ANSWER = "no_answer", _("Did not answer")
    VANISHED = "vanished", _("Telephone not reachable")


class ConsultState(TextChoices):
    """B6. One question to somebody else during a call, warm or blind, and the conference it may become."""

    RINGING = "ringing", _("Rings there")
    TALKING = "talking", _("Talking with them")
    CONFERENCE = "conference", _("All three talk")
    PASSED = "passed", _("The caller was handed over")
    ENDED = "ended", _("Over")


class ConsultEnd(TextChoices):
    """What it came to; empty while it goes on."""

    HANDED_OVER = "handed_over", _("Handed over")
    CONFERENCE = "conference", _("Talked in three")
    BACK = "back", _("Taken back")
    NO_ANSWER = "no_answer", _("Nobody answered there")
    BUSY = "busy", _("Engaged there")
    THEY_LEFT = "they_left", _("They hung up")
    CALLER_LEFT = "caller_left", _("The caller hung up")
    FAILED = "failed", _("Could not be put through")


class WatchRole(TextChoices):
    """B7. What a shift leader does in a conversation."""

    LISTEN = "listen", _("Listen in")
    WHISPER = "whisper", _("Whisper to the agent")
    BARGE = "barge", _("Speak to both")


@dataclass(frozen=True, slots=True)
class Move:
    """One verb: from where, to where, and its words for a timeline."""

    before: frozenset[str]
    after: str
    label: str | Promise


def _move(after: str, label: str | Promise, *before: str) -> Move:
    return Move(frozenset(before), after, label)


_A, _C = AgentState, CallState

AGENT_MOVES: Mapping[str, Move] = {
    "sign_in": _move(_A.PAUSED, _("Signed in to the telephone"), _A.SIGNED_OUT),
    "ready": _move(_A.READY, _("Ready for calls"), _A.PAUSED, _A.WRAP_UP),
    "pause": _move(_A.PAUSED, _("Made a pause"), _A.READY, _A.WRAP_UP),
    "set_aside": _move(
        _A.PAUSED,
        _("Set aside"),
        _A.READY,
        _A.RINGING,
        _A.TALKING,
        _A.HOLD,
        _A.CONSULTING,
        _A.DIALLING,
        _A.ASKED,
        _A.HELPING,
        _A.WRAP_UP,
    ),
    "ring": _move(_A.RINGING, _("A call rings"), _A.READY),
    "unring": _move(_A.READY, _("The caller hung up first"), _A.RINGING),
    "connect": _move(_A.TALKING, _("Took the call"), _A.RINGING, _A.DIALLING),
    "hold": _move(_A.HOLD, _("Put the caller on hold"), _A.TALKING),
    "resume": _move(_A.TALKING, _("Took the caller back"), _A.HOLD),
    "wrap_up": _move(
        _A.WRAP_UP,
        _("Call over, after-call work"),
        _A.TALKING,
        _A.HOLD,
        _A.CONSULTING,
        _A.DIALLING,
        _A.HELPING,
    ),
    "consult": _move(_A.CONSULTING, _("Asks somebody else"), _A.TALKING, _A.HOLD),
    "back": _move(_A.TALKING, _("Back with the caller"), _A.CONSULTING),
    "dial": _move(_A.DIALLING, _("Calls out"), _A.READY, _A.PAUSED, _A.WRAP_UP),
    "ask_help": _move(_A.ASKED, _("A colleague asks for help"), _A.READY),
    "unask": _move(_A.READY, _("The colleague needs no help any more"), _A.ASKED),
    "help": _move(_A.HELPING, _("Helps a colleague"), _A.ASKED),
    "take_over": _move(_A.TALKING, _("Took the caller over"), _A.HELPING),
    "sign_out": _move(_A.SIGNED_OUT, _("Signed out of the telephone"), _A.READY, _A.PAUSED, _A.WRAP_UP),
}
"""Verb → move of an agent's session."""

CALL_MOVES: Mapping[str, Move] = {
    "greet": _move(_C.GREETING, _("Answered by the machine"), _C.ARRIVED),
    "ask": _move(_C.CHOOSING, _("Asked to choose"), _C.GREETING),
    "queue": _move(_C.QUEUED, _("Into the queue"), _C.ARRIVED, _C.GREETING, _C.CHOOSING),
    "offer": _move(_C.OFFERED, _("Rings at an agent"), _C.QUEUED),
    "requeue": _move(
        _C.QUEUED, _("Back to the head of the queue"), _C.OFFERED, _C.TALKING, _C.HELD, _C.PASSED
    ),
    "connect": _move(_C.TALKING, _("Connected to an agent"), _C.OFFERED, _C.DIALLING),
    "pass_on": _move(_C.QUEUED, _("Passed on to another queue or seat"), _C.TALKING, _C.HELD),
    "pass_out": _move(_C.PASSED, _("Handed over to somebody outside"), _C.TALKING, _C.HELD),
    "hold": _move(_C.HELD, _("Caller put on hold"), _C.TALKING),
    "resume": _move(_C.TALKING, _("Taken back from hold"), _C.HELD),
    "rate": _move(_C.RATING, _("Asked how satisfied"), _C.TALKING, _C.HELD),
    "send_off": _move(
        _C.LEAVING, _("Told goodbye"), _C.ARRIVED, _C.GREETING, _C.CHOOSING, _C.QUEUED, _C.RATING
    ),
    "end": _move(_C.ENDED, _("The call ended"), *(one for one in _C if one != _C.ENDED)),
}
"""Verb → move of a call."""

ON_A_CALL = frozenset(
    {AgentState.RINGING, AgentState.TALKING, AgentState.HOLD, AgentState.CONSULTING, AgentState.DIALLING}
)
"""States in which a session has exactly one call; in after-call work it still names the one before."""
WITH_AGENT = frozenset({CallState.OFFERED, CallState.TALKING, CallState.HELD})
SPEAKING = frozenset({CallState.TALKING, CallState.HELD})
SPOKEN = frozenset({*SPEAKING, CallState.RATING, CallState.PASSED})
"""States of a call that an agent has spoken in, so that its end, whoever makes it, leaves nothing owed."""
BEFORE_QUEUE = frozenset({CallState.ARRIVED, CallState.GREETING, CallState.CHOOSING})

OWED = frozenset({Outcome.ABANDONED, Outcome.CLOSED, Outcome.FULL, Outcome.CALL_BACK, Outcome.CUT})
"""Outcomes after which the caller is called back (漏接电话回拨, rules.md section 2)."""

HUNG_UP = frozenset({"far", "near"})
"""Reasons of a leg's end that a person chose; any other is a fault of the connection."""


def hung_up_in(state: str) -> Outcome:
    """The outcome of a call whose caller hangs up in this state; the goodbye keeps the one it was told with."""
    if state in BEFORE_QUEUE:
        return Outcome.LEFT_EARLY
    return Outcome.ANSWERED if state in SPOKEN else Outcome.ABANDONED


def offer_end(reason: str) -> OfferEnd:
    """What the end of an agent's ringing leg means."""
    if reason in ("busy", "declined"):
        return OfferEnd.DECLINED
    return OfferEnd.NO_ANSWER if reason in ("no_answer", "unanswered") else OfferEnd.VANISHED
