from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SuggestionsConfig(AppConfig):
    name = "hotline.suggestions"
    label = "suggestions"
    verbose_name = _("Suggestions")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.suggestions.labels import AUDIT_FIELDS, AUDIT_KINDS, AUDIT_LABELS

        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS, fields=AUDIT_FIELDS)
        self._models()

    @staticmethod
    def _models() -> None:
        from hotline.kit import health
        from hotline.suggestions import queries

        health.register("suggestions.category", queries.category_health)
        health.register("suggestions.meaning", queries.meaning_health)
        client = queries.model_worker()
        if client is not None:
            from hotline.language import embedding
            from hotline.language.client import remote_state

            # The worker computes; no other process loads the model.
            embedding.provide(lambda: remote_state(client))
