from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    name = "hotline.chat"
    label = "chat"
    verbose_name = _("Online help")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.chat import events  # noqa: F401  (declares)
        from hotline.chat.labels import AUDIT_FIELDS, AUDIT_KINDS, AUDIT_LABELS
        from hotline.chat.models import Conversation, Message
        from hotline.chat.permissions import CONFIGURE, TAKE, WATCH, can_read
        from hotline.chat.queries import PURPOSE, bound
        from hotline.kit import livetopics, sealed
        from hotline.kit.actor import Actor
        from hotline.kit.numbers import whole
        from hotline.ui import watches
        from hotline.ui.navigation import Item, register
        from hotline.workorders.queries import ORDER, Beside, register_beside

        def may_hear(actor: Actor, rest: str) -> bool:
            number = whole(rest)
            found = Conversation.objects.filter(pk=number).first() if number is not None and actor.is_staff else None
            return found is not None and bool(can_read(actor, found))

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS, fields=AUDIT_FIELDS)
        livetopics.register("chat", may_hear)
        livetopics.register("chats", lambda actor, rest: not rest and (actor.has(TAKE) or actor.has(WATCH)))
        sealed.register(sealed.Sealed(Message, "sealed", PURPOSE, bound))
        watches.register(watches.Watch("chat:beside", lambda actor: actor.has(TAKE)))
        register_beside(ORDER, Beside("chat", "chat:of_order", _("Chat of this order"), "workorders:view", channel="chat"))
        register(
            Item("chat:seat", _("Online help"), "messages", TAKE, 15, "work"),
            Item("chat:seats", _("Chats of all seats"), "layout-columns", WATCH, 23, "oversight"),
            Item("chat:canned", _("Prepared answers"), "message-2-bolt", CONFIGURE, 45, "configuration"),
        )
