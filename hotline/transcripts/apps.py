from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TranscriptsConfig(AppConfig):
    name = "hotline.transcripts"
    label = "transcripts"
    verbose_name = _("Recordings and transcripts")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.calls.permissions import WATCH
        from hotline.calls.queries import Lead, register_lead
        from hotline.kit import health, livetopics, sealed
        from hotline.kit.actor import Actor
        from hotline.kit.numbers import whole
        from hotline.transcripts import queries
        from hotline.transcripts.labels import AUDIT_FIELDS, AUDIT_KINDS, AUDIT_LABELS
        from hotline.transcripts.models import KeptRecording, Utterance
        from hotline.transcripts.permissions import LISTEN, can_read
        from hotline.transcripts.rules import WORDS
        from hotline.transcripts.vault import PURPOSE
        from hotline.ui import watches
        from hotline.ui.navigation import Item, register

        def may_hear(actor: Actor, rest: str) -> bool:
            call = whole(rest)
            return call is not None and bool(can_read(actor, call))

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS, fields=AUDIT_FIELDS)
        livetopics.register("transcript", may_hear)
        sealed.register(
            sealed.Sealed(KeptRecording, "key", PURPOSE, lambda row: row.recording.name, ("recording",)),
            sealed.Sealed(Utterance, "sealed", WORDS, lambda row: str(row.transcript_id)),
        )
        health.register("transcripts.scribe", queries.scribe_health)
        health.register("transcripts.recordings", queries.keeping_health)
        watches.register(watches.Watch("transcripts:alarmed", lambda actor: actor.has(WATCH)))
        register_lead(Lead("recording", "transcripts:call", _("Recording and words"), LISTEN))
        register(Item("transcripts:calls", _("Recordings"), "microphone", LISTEN, 22, "oversight"))
