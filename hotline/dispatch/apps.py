from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DispatchConfig(AppConfig):
    name = "hotline.dispatch"
    label = "dispatch"
    verbose_name = _("Dispatch")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.dispatch.labels import AUDIT_KINDS, AUDIT_LABELS
        from hotline.kit import livetopics
        from hotline.kit.actor import Actor
        from hotline.ui.navigation import Item, register
        from hotline.workorders.queries import ORDER, Beside, register_beside

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS)

        def may_hear_pool(actor: Actor, rest: str) -> bool:
            return not rest and (actor.has("dispatch:pool") or actor.has("workorders:dispatch"))

        livetopics.register("pool", may_hear_pool)
        register_beside(ORDER, Beside("like", "dispatch:like", _("How the like was answered")))
        register_beside(
            "reply",
            Beside(
                "reply-help",
                "dispatch:reply_help",
                _("Former replies to the like"),
                "workorders:reply",
                "replyhelp",
            ),
        )
        register(
            Item(
                "dispatch:pool",
                _("Dispatch pool"),
                "send",
                ("dispatch:pool", "workorders:dispatch"),
                20,
                "work",
                "p",
            ),
            Item(
                "dispatch:automatic",
                _("Automatic dispatch"),
                "robot",
                "dispatch:automatic",
                35,
                "configuration",
            ),
            Item(
                "dispatch:catalogue",
                _("Dispatch catalogue"),
                "book",
                ("dispatch:catalogue", "dispatch:pool"),
                30,
                "configuration",
            ),
        )
