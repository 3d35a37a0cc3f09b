"""B7: a shift leader in a conversation from their own browser: listens, whispers to the agent, speaks to both, leaves. Audited."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit import actions as audit
from hotline.calls.actions.agents import locked_pair
from hotline.calls.actions.moving import ask, ask_for, let_watcher_go, locked_call, open_segment
from hotline.calls.engines import Command, Hangup, Join, Role
from hotline.calls.models import AgentSession, Call, Watching
from hotline.calls.permissions import can_watch
from hotline.calls.rules import AgentState, WatchRole
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused

WATCH = "watch:"
"""A label of the switch: the leg of the watching that follows."""
_ROLES = {WatchRole.LISTEN: Role.LISTEN, WatchRole.WHISPER: Role.WHISPER, WatchRole.BARGE: Role.BARGE}


@transaction.atomic
def watch_call(*, actor: Actor, session_id: int, role: str) -> Watching:
    """Begin with this seat's conversation, in place of another; the browser's leg follows. Raises NotPermitted, Refused
    `nothing_to_hear`, Invalid, NotVisible."""
    can_watch(actor).require("calls:watch")
    wanted = _role(role)
    call, session = locked_pair(session_id)
    if session.person_id == actor.id:
        raise Refused("own_seat", _("This is your own conversation."))
    _must_talk(call, session, wanted)
    assert call is not None
    _stop(actor)
    row = Watching.objects.create(person_id=actor.id, call=call, session=session, role=wanted, began_at=now())
    _audited(actor, row)
    return row


@transaction.atomic
def watcher_comes(*, actor: Actor, watching_id: int, leg: str) -> None:
    """The switch has given the leader's browser this leg."""
    row = Watching.objects.select_for_update().filter(pk=watching_id, person_id=actor.id).first()
    if row is None:
        raise NotVisible(watching_id)
    if row.ended_at is not None:
        ask(Hangup(leg), f"leg:{leg[-30:]}", now())
    elif not row.leg:
        row.leg = leg
        row.save(update_fields=["leg"])


@transaction.atomic
def watch_as(*, actor: Actor, role: str) -> None:
    """Another role in the same conversation."""
    can_watch(actor).require("calls:watch")
    wanted = _role(role)
    seen = Watching.objects.filter(person_id=actor.id, ended_at=None).first()
    if seen is None:
        raise Refused("not_watching", _("You are in no conversation now."))
    call, session = locked_pair(seen.session_id)
    row = Watching.objects.select_for_update().filter(pk=seen.pk, ended_at=None).first()
    if row is None or call is None or row.call_id != call.pk:
        raise Refused("not_watching", _("You are in no conversation now."))
    _must_talk(call, session, wanted)
    row.role = wanted
    row.save(update_fields=["role"])
    if row.joined_at is not None:
        ask_for(call, now(), _joins(row, call))
    _audited(actor, row)


@transaction.atomic
def stop_watching(*, actor: Actor) -> None:
    """Out of the conversation; nothing when in none."""
    can_watch(actor).require("calls:watch")
    _stop(actor)


def _stop(actor: Actor) -> None:
    for row in Watching.objects.select_for_update().filter(person_id=actor.id, ended_at=None):
        let_watcher_go(row, now())


def _role(told: str) -> WatchRole:
    if told not in WatchRole.values:
        raise Invalid("role", _("Choose what to do."), details={"role": _("There is no such role.")})
    return WatchRole(told)


def _must_talk(call: Call | None, session: AgentSession, role: WatchRole) -> None:
    states = (
        {AgentState.TALKING}
        if role == WatchRole.WHISPER
        else {AgentState.TALKING, AgentState.HOLD, AgentState.CONSULTING}
    )
    if call is None or session.state not in states:
        raise Refused("nothing_to_hear", _("Nobody talks at this seat now."))


def _audited(actor: Actor, row: Watching) -> None:
    audit.record(
        actor=actor,
        verb=f"calls.{row.role}",
        object_type="call",
        object_id=row.call_id,
        data={"session": row.session_id},
    )


def _joins(row: Watching, call: Call) -> Command[None]:
    segment = open_segment(call)
    target = segment.leg if segment is not None and row.role == WatchRole.WHISPER else ""
    return Join(row.leg, f"call-{call.pk}", _ROLES[WatchRole(row.role)], target)


# -- what the switch tells ---------------------------------------------------------------------------------------------------


def watcher_leg(number: str, leg: str) -> None:
    """A leader's leg begins; one whose watching is over is let go."""
    if not Watching.objects.filter(pk=number, ended_at=None).update(leg=leg):
        ask(Hangup(leg), f"leg:{leg[-30:]}", now())


def watcher_up(leg: str) -> bool:
    """Into the conversation, in the role that was chosen. False: no such leg."""
    seen = Watching.objects.filter(leg=leg, ended_at=None).first()
    if seen is None or not leg:
        return False
    call = locked_call(seen.call_id)
    row = Watching.objects.select_for_update().filter(pk=seen.pk, ended_at=None).first()
    if row is None:
        ask(Hangup(leg), f"leg:{leg[-30:]}", now())
    elif row.joined_at is None:
        row.joined_at = now()
        row.save(update_fields=["joined_at"])
        ask_for(call, row.joined_at, _joins(row, call))
    return True


def watcher_gone(leg: str) -> bool:
    """A leader's leg has ended. False: no such leg."""
    return bool(leg) and bool(Watching.objects.filter(leg=leg, ended_at=None).update(ended_at=now()))
