"""Who may read what was said in a call, and hear it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _

from hotline.calls.models import AgentSession, AgentState, Segment
from hotline.calls.permissions import WATCH
from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict, allow, deny

LISTEN, WRITE, KEEP = "transcripts:listen", "transcripts:write", "transcripts:keep"

Seer = Callable[[Actor, int], bool | None]
Holder = Callable[[Iterable[int]], set[int]]


class _Above:
    """What packages above know of calls; told once, at start."""

    sees: Seer = staticmethod(lambda actor, call_id: None)
    held: Holder = staticmethod(lambda call_ids: set())


def use_seer(seer: Seer) -> None:
    """`seer(actor, call)`: True when the actor sees everything that was made of the call, False when there is something that
    they do not see (a confidential order, another unit's), None when nothing was made of it."""
    _Above.sees = staticmethod(seer)


def use_holder(holder: Holder) -> None:
    """`holder(calls)`: those of the calls whose recordings must be kept beyond their time (an order is still open)."""
    _Above.held = staticmethod(holder)


def held(call_ids: Iterable[int]) -> set[int]:
    """See `use_holder`."""
    return _Above.held(call_ids)


def at_it_now(actor: Actor, call_id: int) -> bool:
    """The actor speaks in the call, or writes it up."""
    rows = AgentSession.objects.filter(person_id=actor.id, call_id=call_id)
    return actor.is_staff and rows.exclude(state=AgentState.SIGNED_OUT).exists()


def took_it(actor: Actor, call_id: int) -> bool:
    """The actor spoke in the call."""
    rows = Segment.objects.filter(call_id=call_id, session__person_id=actor.id, answered_at__isnull=False)
    return actor.is_staff and rows.exists()


def can_read(actor: Actor, call_id: int) -> Verdict:
    """The words of a call: who speaks in it; who sees all that was made of it; when nothing was, who took it and who leads."""
    if not actor.is_staff:
        return deny(_("Recordings are for staff."))
    if at_it_now(actor, call_id):
        return allow()
    sees = _Above.sees(actor, call_id)
    if sees is False:
        return deny(_("An order made of this call is not for you."))
    if sees is None and not (actor.has(WATCH) or took_it(actor, call_id)):
        return deny(_("Only who took the call and shift leaders may read it."))
    return allow() if actor.has(LISTEN) else deny(_("Your roles do not include recordings."))


def can_answer_alarm(actor: Actor) -> Verdict:
    """What was found about a recording that is wrong."""
    if actor.is_staff and actor.has(WATCH):
        return allow()
    return deny(_("Only shift leaders and supervisors answer alarms about recordings."))


def can_write(actor: Actor) -> Verdict:
    """Write down what is said: the machine's own work."""
    return allow() if actor.is_system and actor.has(WRITE) else deny(_("Only the machine writes calls down."))


def can_keep(actor: Actor) -> Verdict:
    """Check, encrypt and delete recordings: the machine's own work."""
    return allow() if actor.is_system and actor.has(KEEP) else deny(_("Only the machine keeps recordings."))
