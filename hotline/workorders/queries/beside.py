"""What packages above put beside an order: panels of its page, help in the dialog of a verb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise

from hotline.kit.actor import Actor

ORDER = "order"
"""The place on the order's own page; any other place is the name of a verb whose dialog is open."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A fragment that is fetched after the rest stands. `url_name` takes the order's id; `controller` attaches behaviour;
    `channel`: shown with orders that came by it alone."""

    name: str
    url_name: str
    label: str | Promise
    permission: str = ""
    controller: str = ""
    channel: str = ""


_known: dict[str, dict[str, Beside]] = {}


def register_beside(place: str, one: Beside) -> None:
    """Show a fragment at a place, `ORDER` or a verb; the same name again replaces the former."""
    _known.setdefault(place, {})[one.name] = one


def beside(place: str, actor: Actor, channel: str = "") -> Sequence[Beside]:
    """What this actor is shown there, in the order of registering."""
    return [
        one
        for one in _known.get(place, {}).values()
        if (not one.permission or actor.has(one.permission)) and one.channel in ("", channel)
    ]
