"""Who may be at the telephone, who watches over it, who sets it up."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.calls.models import AgentSession, CallBack
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.verdict import Verdict, allow, deny

TAKE, WATCH, ANNOUNCE, CONFIGURE, PLAN, DISTRIBUTE = (
    "calls:take",
    "calls:watch",
    "calls:announce",
    "calls:configure",
    "calls:plan",
    "calls:distribute",
)


def can_take(actor: Actor) -> Verdict:
    """Sign in to the telephone."""
    if actor.has(TAKE):
        return allow()
    return deny(_("Only agents may sign in to the telephone."))


def can_act(actor: Actor, session: AgentSession) -> Verdict:
    """Agents act for themselves; a shift leader may pause or sign out anybody, the distributor everybody."""
    if actor.is_system and actor.has(DISTRIBUTE):
        return allow()
    if actor.is_staff and session.person_id == actor.id:
        return can_take(actor)
    return deny(_("You may act at your own telephone only."))


def can_lead(actor: Actor, session: AgentSession) -> Verdict:
    """Pause and sign out: oneself, or as a shift leader anybody."""
    own = can_act(actor, session)
    return allow() if own or actor.has(WATCH) else own


def can_watch(actor: Actor) -> Verdict:
    """See the seats and the queue."""
    if actor.has(WATCH):
        return allow()
    return deny(_("Only shift leaders and supervisors may watch over the telephone."))


def can_announce(actor: Actor) -> Verdict:
    """Put an announcement on a line, and take it off."""
    if actor.has(ANNOUNCE):
        return allow()
    return deny(_("Only shift leaders and administrators may put announcements on the line."))


def can_record(actor: Actor, sound: str) -> Verdict:
    """Put an own recording in place of what is spoken: of an announcement whoever may announce, else whoever keeps the lines."""
    return can_announce(actor) if sound.startswith("announcement-") else can_configure(actor)


def can_configure(actor: Actor) -> Verdict:
    """Lines, lanes, skills, pause codes."""
    if actor.has(CONFIGURE):
        return allow()
    return deny(_("Only an administrator may change lines and lanes."))


def can_call_back(actor: Actor, row: CallBack | None = None) -> Verdict:
    """Call missed callers back; one that somebody has claimed is theirs, or a shift leader's."""
    if row is not None and row.claimed_by_id not in (None, actor.id) and not actor.has(WATCH):
        return deny(_("Somebody else calls this citizen back already."))
    return can_take(actor)


def can_call_by_video(actor: Actor) -> Verdict:
    """Call by video: citizens, with or without an account. Staff who try it do so as citizens on the portal."""
    if actor.kind == ActorKind.CITIZEN:
        return allow()
    return deny(_("Only citizens call by video."))


def can_plan(actor: Actor) -> Verdict:
    """When who is to be at the telephone."""
    if actor.has(PLAN):
        return allow()
    return deny(_("Only shift leaders and administrators may plan shifts."))


def can_distribute(actor: Actor) -> Verdict:
    """Carry calls on: the machine's own work."""
    if actor.is_system and actor.has(DISTRIBUTE):
        return allow()
    return deny(_("Only the distributor carries calls on."))
