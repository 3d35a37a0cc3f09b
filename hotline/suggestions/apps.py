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
        self._pages()
        self._models()

    @staticmethod
    def _pages() -> None:
        from hotline.accounts.models import Role
        from hotline.kit import livetopics
        from hotline.kit.actor import Actor
        from hotline.ui import watches
        from hotline.ui.navigation import Item, register

        def may_hear_risks(actor: Actor, rest: str) -> bool:
            return not rest and actor.has("suggestions:answer_risk")

        def leads_the_shift(actor: Actor) -> bool:
            return any(grant.role == Role.SHIFT_LEADER for grant in actor.grants)

        livetopics.register("risks", may_hear_risks)
        watches.register(watches.Watch("suggestions:climbed", leads_the_shift))
        register(
            Item("suggestions:risks", _("Risks"), "urgent", "suggestions:answer_risk", 25, "work"),
            Item(
                "suggestions:acceptance",
                _("Proposals kept"),
                "target-arrow",
                "suggestions:read",
                40,
                "oversight",
            ),
            Item("suggestions:labels", _("Labels"), "tags", "suggestions:labels", 36, "configuration"),
            Item("suggestions:models", _("Models"), "brain", "suggestions:read", 37, "configuration"),
        )

    @staticmethod
    def _models() -> None:
        from hotline.kit import health
        from hotline.suggestions import queries, vectors
        from hotline.workorders.queries import use_meaning

        use_meaning(vectors.near)
        health.register("suggestions.category", queries.category_health)
        health.register("suggestions.meaning", queries.meaning_health)
        health.register("suggestions.writer", queries.writer_health)
        client = queries.model_worker()
        if client is not None:
            from hotline.language import embedding
            from hotline.language.client import remote_state

            # The worker computes; no other process loads the model.
            embedding.provide(lambda: remote_state(client))
