from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EmotionConfig(AppConfig):
    name = "hotline.emotion"
    label = "emotion"
    verbose_name = _("Voices")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.calls.queries import register_marks
        from hotline.emotion import queries
        from hotline.emotion.actions import SOUND
        from hotline.emotion.labels import AUDIT_FIELDS, AUDIT_LABELS
        from hotline.emotion.models import Alert
        from hotline.emotion.permissions import TAKE, WATCH
        from hotline.kit import health, sealed
        from hotline.ui import watches
        from hotline.ui.navigation import Item, register

        register_labels(AUDIT_LABELS, fields=AUDIT_FIELDS)
        health.register("emotion", queries.emotion_health)
        register_marks(queries.marks)
        sealed.register(sealed.Sealed(Alert, "sound", SOUND, lambda row: str(row.trace_id)))
        watches.register(
            watches.Watch("emotion:alerted", lambda actor: actor.has(WATCH) and actor.has(TAKE))
        )
        watches.register(watches.Watch("emotion:hint", lambda actor: actor.has(TAKE)))
        register(
            Item("emotion:mine", _("My voice"), "wave-sine", TAKE, 12, "work"),
            Item("emotion:alerts", _("Voices"), "wave-sine", WATCH, 23, "oversight"),
        )
