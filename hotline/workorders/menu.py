"""The package's pages in the main menu."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from hotline.ui.navigation import Item, register


def register_pages() -> None:
    """Called once, when the application is ready."""
    register(
        Item(
            "workorders:inbox",
            _("Inbox"),
            "inbox",
            ("workorders:sign", "workorders:approve_reply"),
            30,
            "work",
            key="i",
        ),
        Item("workorders:list", _("Orders"), "list-details", "workorders:view", 40, "work", key="o"),
        Item(
            "workorders:supervision",
            _("Supervision board"),
            "eye-exclamation",
            ("workorders:supervise", "workorders:instruct", "workorders:arbitrate"),
            10,
            "oversight",
            key="b",
        ),
        Item(
            "workorders:configure_categories",
            _("Categories"),
            "category",
            "workorders:configure",
            30,
            "configuration",
        ),
        Item(
            "workorders:configure_reasons",
            _("Reason codes"),
            "list-check",
            "workorders:configure",
            40,
            "configuration",
        ),
        Item(
            "workorders:configure_scripts",
            _("Scripts"),
            "message-2",
            "workorders:configure",
            50,
            "configuration",
        ),
        Item(
            "workorders:configure_city",
            _("The city"),
            "building-community",
            "workorders:configure",
            10,
            "configuration",
        ),
    )
