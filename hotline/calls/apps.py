from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CallsConfig(AppConfig):
    name = "hotline.calls"
    label = "calls"
    verbose_name = _("Telephone calls")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.calls import queries
        from hotline.calls.labels import AUDIT_CHANGES, AUDIT_FIELDS, AUDIT_KINDS, AUDIT_LABELS
        from hotline.calls.queries import figures
        from hotline.kit import health, livetopics
        from hotline.ui import watches
        from hotline.ui.navigation import Item, register

        register(
            Item("calls:telephone", _("My telephone"), "phone", "calls:take", 11, "work"),
            Item("calls:seats", _("Seats"), "users", "calls:watch", 20, "oversight"),
            Item("calls:figures", _("Call figures"), "chart-bar", "calls:watch", 21, "oversight"),
        )
        register(
            Item("calls:call_backs", _("Call-backs"), "phone-outgoing", ("calls:take", "calls:watch"), 12, "work"),
            Item("calls:calls", _("Find calls"), "list-search", "calls:watch", 23, "oversight"),
            Item("calls:announcements", _("Announcements"), "speakerphone", "calls:announce", 24, "oversight"),
            Item("calls:shifts", _("Shifts"), "calendar-time", ("calls:plan", "calls:watch"), 26, "oversight"),
            Item("calls:lines", _("Lines and lanes"), "phone-call", ("calls:configure", "calls:watch"), 50, "configuration"),
            Item("calls:skills", _("Skills of agents"), "school", "calls:configure", 51, "configuration"),
            Item("calls:pauses", _("Reasons for a pause"), "player-pause", "calls:configure", 52, "configuration"),
        )
        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS, fields=AUDIT_FIELDS, changes=AUDIT_CHANGES)
        livetopics.register(
            "call-backs", lambda actor, rest: not rest and (actor.has("calls:take") or actor.has("calls:watch"))
        )
        health.register("calls.call_backs", queries.call_backs_health)
        watches.register(
            watches.Watch("calls:overdue", lambda actor: actor.has("calls:watch") and actor.has("calls:take"))
        )
        livetopics.register(
            "prompts", lambda actor, rest: not rest and (actor.has("calls:announce") or actor.has("calls:configure"))
        )
        livetopics.register("seats", lambda actor, rest: not rest and actor.has("calls:watch"))
        health.register("calls.telephone", queries.telephone_health)
        health.register("calls.targets", figures.targets_health)
        # Told are shift leaders alone; a supervisor's every page need not ask.
        watches.register(
            watches.Watch(
                "calls:breaches", lambda actor: actor.has("calls:watch") and actor.has("calls:take")
            )
        )
