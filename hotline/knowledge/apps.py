from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KnowledgeConfig(AppConfig):
    name = "hotline.knowledge"
    label = "knowledge"
    verbose_name = _("Knowledge base")

    def ready(self) -> None:
        from hotline.audit.actions import register_labels
        from hotline.kit import health, livetopics
        from hotline.knowledge import vectors
        from hotline.knowledge.labels import AUDIT_KINDS, AUDIT_LABELS
        from hotline.ui import navigation
        from hotline.ui.navigation import Item

        navigation.register_for_citizens(Item("knowledge:index", _("Questions and answers"), "book", order=40))
        register_labels(AUDIT_LABELS, kinds=AUDIT_KINDS)
        health.register("knowledge.search", vectors.health)
        livetopics.register("knowledge", lambda actor, rest: actor.is_staff and not rest)
        navigation.register(
            Item("knowledge:search", _("Knowledge base"), "book", (), 60, "work", key="k"),
            Item("knowledge:duties", _("Knowledge duties"), "book-upload", "knowledge:edit", 65, "work"),
            Item("knowledge:configure", _("Knowledge settings"), "vocabulary", "knowledge:configure", 60, "configuration"),
        )
