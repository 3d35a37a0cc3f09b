"""The only places where a call or a session changes state: the table is asked, the log written, the second accounted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from hotline.calls.actions.holding import locked_call, locked_session, open_segment, watchers
from hotline.calls.actions.writing import (
    CHANNEL,
    entry,
    write_asks,
    write_call,
    write_closed,
    write_entry,
    write_session,
)
from hotline.calls.engines import (
    Answer,
    Bridge,
    CancelConsult,
    Collect,
    Command,
    CompleteConsult,
    Consult,
    Hangup,
    Hold,
    Join,
    Leave,
    Mark,
    MergeConsult,
    Originate,
    Play,
    Record,
    Resume,
    Role,
    StandIn,
    StopPlaying,
    StopRecording,
    Transfer,
)
from hotline.calls.models import (
    AgentSession,
    Ask,
    Call,
    CallBack,
    Direction,
    Line,
    Medium,
    PauseCode,
    Segment,
    VideoSignal,
    Watching,
)
from hotline.calls.rules import (
    AGENT_MOVES,
    CALL_MOVES,
    MUSIC,
    OWED,
    AgentState,
    CallState,
    OfferEnd,
    Outcome,
    call_back_due,
)
from hotline.kit.actor import Actor, system_actor
from hotline.kit.errors import Refused
from hotline.kit.live import publish
from hotline.kit.statements import fetch_one

SYSTEM = system_actor("telephone", "calls:distribute")
"""The distributor."""
OFFER = "offer:"
"""A label of the switch: the leg of the offer (segment) that follows."""

_COMMANDS: dict[str, type[Command[Any]]] = {
    one.verb: one
    for one in (
        Answer,
        Bridge,
        CancelConsult,
        Collect,
        CompleteConsult,
        Consult,
        Hangup,
        Hold,
        Join,
        Leave,
        MergeConsult,
        Originate,
        Play,
        Record,
        Resume,
        StandIn,
        StopPlaying,
        StopRecording,
        Transfer,
    )
}


def event(
    verb: str,
    *,
    actor: Actor,
    at: datetime,
    call: Call | None = None,
    session: AgentSession | None = None,
    mark: Mark | None = None,
    **data: Any,
) -> None:
    """One row of the log."""
    write_entry(entry(verb, actor, at, call, session, mark, data))
    _tell_page(call)


def _tell_page(call: Call | None) -> None:
    """A citizen who calls by picture follows the call on their page."""
    if call is not None and call.medium == Medium.VIDEO:
        publish([f"video:{call.pk}"], "video.changed", call=call.pk)


def ask(command: Command[Any], chain: str, at: datetime) -> None:
    """Have the switch asked once this transaction is committed, after what its chain was asked before."""
    write_asks([command], chain, at)


def ask_for(call: Call, at: datetime, *commands: Command[Any]) -> None:
    """`ask` in the call's own chain."""
    write_asks(commands, f"call:{call.pk}", at)


def command_of(row: Ask) -> Command[Any]:
    """The command that a row holds."""
    plain = {
        name: tuple(value) if isinstance(value, list) else value for name, value in row.arguments.items()
    }
    if "role" in plain:
        plain["role"] = Role(str(plain["role"]))
    return _COMMANDS[row.verb](**plain)


def wake() -> None:
    """Tell the distributor at commit that there is something to do."""
    fetch_one("SELECT pg_notify(%s, '')", [CHANNEL])


def move_call(
    call: Call,
    verb: str,
    *,
    actor: Actor,
    at: datetime,
    mark: Mark | None = None,
    session: AgentSession | None = None,
    **data: Any,
) -> None:
    """One verb of the table on a locked call, saved; `at` never lies before the state it leaves. Refused `call_state`."""
    move = CALL_MOVES[verb]
    if call.state not in move.before:
        raise Refused("call_state", _("The call has moved on; this cannot be done to it now."))
    call.state, call.state_since = move.after, max(at, call.state_since)
    write_call(
        call,
        entry(verb, actor, at, call, session, mark, data),
        f"call.{verb}",
        {"call": call.pk, "lane": call.lane_id},
    )
    _tell_page(call)


def move_agent(
    session: AgentSession,
    verb: str,
    *,
    actor: Actor,
    at: datetime,
    call: Call | None = None,
    pause: PauseCode | None = None,
    aside: str = "",
    until: datetime | None = None,
    mark: Mark | None = None,
) -> None:
    """One verb of the table on a locked session, saved; its spell ends and the next begins at one moment. Refused `agent_state`."""
    move = AGENT_MOVES[verb]
    if session.state not in move.before:
        raise Refused("agent_state", _("Your telephone has moved on; this cannot be done now."))
    at = max(at, session.state_since)
    session.state, session.state_since = move.after, at
    session.pause, session.aside, session.call, session.until = pause, aside, call, until
    if verb in ("sign_in", "wrap_up"):
        session.idle_since = at
    if move.after == AgentState.SIGNED_OUT:
        session.signed_out_at = at
    write_session(
        session,
        entry(verb, actor, at, call, session, mark, {"aside": aside} if aside else {}),
        f"agent.{verb}",
        {"session": session.pk, "call": call.pk if call else None},
        at=at,
        goes_on=move.after != AgentState.SIGNED_OUT,
        free=move.after == AgentState.READY,
    )
    _tell_page(call)


def close_segment(segment: Segment, outcome: str, at: datetime) -> None:
    """The offer or conversation is over; one that was answered stays so, whatever ended it."""
    segment.ended_at = max(at, segment.answered_at or segment.offered_at)
    segment.outcome = OfferEnd.ANSWERED if segment.answered_at and outcome != OfferEnd.VANISHED else outcome
    write_closed(segment)
    for row in watchers(segment.call_id):
        let_watcher_go(row, at)


def let_watcher_go(row: Watching, at: datetime) -> None:
    """A shift leader's part in a conversation is over."""
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    if row.leg:
        ask(Hangup(row.leg), f"leg:{row.leg[-30:]}", at)
    publish([f"person:{row.person_id}"], "agent.watched", session=row.session_id, call=row.call_id)


def end_call(
    call: Call, outcome: str, *, actor: Actor, at: datetime, reason: str = "", mark: Mark | None = None
) -> None:
    """The call is over; who is owed a call-back gets one, with the line's deadline."""
    call.outcome, call.end_reason, call.ended_at, call.at_head = outcome, reason[:20], at, False
    move_call(call, "end", actor=actor, at=at, mark=mark, outcome=outcome, reason=reason)
    if call.medium == Medium.VIDEO:
        VideoSignal.objects.filter(call=call).delete()
    if outcome in OWED and call.citizen_id is not None and call.direction == Direction.IN:
        minutes = Line.objects.values_list("call_back_minutes", flat=True).get(pk=call.line_id)
        CallBack.objects.get_or_create(
            call=call, defaults={"due_at": call_back_due(at, timedelta(minutes=minutes)), "created_at": at}
        )


def set_aside(session: AgentSession, why: str, *, at: datetime, mark: Mark | None = None) -> None:
    """An agent who does not answer or cannot be reached takes no calls until they say that they are back."""
    move_agent(session, "set_aside", actor=SYSTEM, at=at, aside=why, mark=mark)


def put_back(call: Call, segment: Segment, outcome: str, *, at: datetime, mark: Mark | None = None) -> None:
    """The call to the head of its queue, with music again; its agent is dealt with by the caller of this."""
    close_segment(segment, outcome, at)
    call.at_head = True
    move_call(call, "requeue", actor=SYSTEM, at=at, mark=mark, why=outcome)
    ask_for(call, at, Leave(call.leg), Play(call.leg, (MUSIC,), loop=True))
    wake()


def send_off(
    call: Call, outcome: str, sound: str, *, actor: Actor, at: datetime, mark: Mark | None = None
) -> None:
    """Say why, then hang up when it has been said."""
    call.outcome = outcome
    move_call(call, "send_off", actor=actor, at=at, mark=mark, outcome=outcome)
    ask_for(call, at, Play(call.leg, (sound,)))


__all__ = [
    "CHANNEL",
    "AgentState",
    "CallState",
    "Outcome",
    "ask",
    "ask_for",
    "close_segment",
    "command_of",
    "end_call",
    "event",
    "locked_call",
    "locked_session",
    "move_agent",
    "move_call",
    "open_segment",
    "put_back",
    "send_off",
    "set_aside",
    "wake",
]
