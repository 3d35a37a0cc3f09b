"""Who answers chats, who watches over them, who reads what was said."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.chat.models import Conversation
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.verdict import Verdict, allow, deny

TAKE, WATCH, CONFIGURE, KEEP, ANSWER = "chat:take", "chat:watch", "chat:configure", "chat:keep", "chat:answer"


def can_take(actor: Actor) -> Verdict:
    """Sit at a chat seat."""
    return allow() if actor.is_staff and actor.has(TAKE) else deny(_("Only agents answer chats."))


def can_speak(actor: Actor, conversation: Conversation) -> Verdict:
    """As the citizen. Who holds the key is the citizen (`queries.of_key` found it by that); staff are not."""
    if actor.kind != ActorKind.CITIZEN:
        return deny(_("Only the citizen speaks here."))
    if conversation.citizen_id and conversation.citizen_id != actor.id:
        return deny(_("This chat is somebody else's."))
    return allow()


def can_handle(actor: Actor, conversation: Conversation) -> Verdict:
    """Answer, pass on, end, make an appeal: who has it."""
    if not can_take(actor):
        return can_take(actor)
    if conversation.agent_id != actor.id:
        return deny(_("A colleague has this chat."))
    return allow()


def can_read(actor: Actor, conversation: Conversation) -> Verdict:
    """All that was said, at the seat: who has it, or had it last while the page still stands."""
    if actor.is_staff and actor.has(TAKE) and conversation.agent_id == actor.id:
        return allow()
    return deny(_("A colleague has this chat."))


def can_watch(actor: Actor) -> Verdict:
    """See all seats; read one chat, which is written down."""
    return allow() if actor.is_staff and actor.has(WATCH) else deny(_("Only who leads the shift sees all chats."))


def can_configure(actor: Actor) -> Verdict:
    """Prepared answers, hours and limits."""
    if actor.is_staff and actor.has(CONFIGURE):
        return allow()
    return deny(_("Only who keeps the chats' settings may change them."))


def can_answer(actor: Actor) -> Verdict:
    """The machine alone answers as the machine."""
    return allow() if actor.is_system and actor.has(ANSWER) else deny(_("Only the platform's own jobs may do this."))


def can_keep(actor: Actor) -> Verdict:
    """The platform's own jobs."""
    return allow() if actor.is_system and actor.has(KEEP) else deny(_("Only the platform's own jobs may do this."))
