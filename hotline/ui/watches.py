"""What follows somebody on duty to every page: a line above the content, kept up to date by the live stream.

A package registers a watch from `AppConfig.ready`. Its address answers with a fragment, empty while there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from hotline.kit.actor import Actor


@dataclass(frozen=True, slots=True)
class Watch:
    """`shown_to`: whom it follows; others' pages neither ask nor listen. It is asked again when something reaches the person."""

    url_name: str
    shown_to: Callable[[Actor], bool]

    @property
    def url(self) -> str:
        """Where the fragment comes from."""
        return reverse(self.url_name)

    @property
    def key(self) -> str:
        """The element's id."""
        return "watch-" + self.url_name.replace(":", "-")


_watches: dict[str, Watch] = {}


def register(watch: Watch) -> None:
    """Add a watch; the same `url_name` again replaces the former."""
    _watches[watch.url_name] = watch


def watches_for(actor: Actor | None) -> list[Watch]:
    """Those that follow this actor."""
    if actor is None or not actor.is_staff:
        return []
    return [watch for watch in _watches.values() if watch.shown_to(actor)]
