from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "hotline.campaigns"
    label = "campaigns"
    verbose_name = _("Campaigns of calls")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.calls.actions import drive, listen_beside
        from hotline.calls.queries import also_said
        from hotline.campaigns import listening, queries
        from hotline.campaigns.actions import Caller
        from hotline.campaigns.actions.preparing import LABEL
        from hotline.campaigns.labels import AUDIT_KINDS, AUDIT_LABELS
        from hotline.campaigns.permissions import RUN
        from hotline.kit import livetopics
        from hotline.transcripts import actions as transcripts
        from hotline.ui.navigation import Item, register

        register(Item("campaigns:index", _("Calls by machine"), "phone-outgoing", RUN, 27, "oversight"))
        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS)
        livetopics.register("campaigns", lambda actor, rest: not rest and actor.has(RUN))
        drive(LABEL, Caller())
        listen_beside(listening.machines)
        transcripts.listen_beside(listening.answers)
        also_said(queries.words)
