from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SuggestionsConfig(AppConfig):
    name = "hotline.suggestions"
    label = "suggestions"
    verbose_name = _("Suggestions")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.suggestions.labels import AUDIT_LABELS

        register_labels(AUDIT_LABELS)
