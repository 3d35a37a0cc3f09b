"""The main menu, and the citizens' own. A package registers its pages from `AppConfig.ready`; nobody edits a shared list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.kit.actor import Actor

#: Groups in the order of the menu; the key is what an item names.
GROUPS: dict[str, str | Promise] = {
    "work": _("Work"),
    "oversight": _("Oversight"),
    "configuration": _("Configuration"),
    "security": _("Security"),
    "own": _("My account"),
}
BAR = 4
"""Links in the bar at the foot of a phone; the others stand behind "More"."""


@dataclass(frozen=True, slots=True)
class Item:
    """One page of the menu. `permission`: any of these codes shows it, none shows it to all staff; `key` is
    pressed after `g`, e.g. "p" for `g p`.
    """

    url_name: str
    label: str | Promise
    icon: str
    permission: str | tuple[str, ...] = ()
    order: int = 100
    group: str = "work"
    key: str = ""

    def shown_to(self, actor: Actor) -> bool:
        """True when the actor may open the page."""
        codes = (self.permission,) if isinstance(self.permission, str) else self.permission
        return not codes or any(actor.has(code) for code in codes)


@dataclass(frozen=True, slots=True)
class Link:
    """An item as one page shows it."""

    item: Item
    url: str
    current: bool


_items: dict[str, Item] = {}
_public: dict[str, Item] = {}


def register(*items: Item) -> None:
    """Add pages to the menu; the same `url_name` again replaces the former."""
    for item in items:
        if item.group not in GROUPS:
            raise ValueError(f"There is no menu group {item.group!r}.")
        _items[item.url_name] = item


def register_for_citizens(*items: Item) -> None:
    """Add pages to the menu of the citizens' pages; of an item only address, label, icon and order count there."""
    for item in items:
        _public[item.url_name] = item


def registered() -> tuple[Item, ...]:
    """All items, ordered as shown."""
    places = list(GROUPS)
    return tuple(
        sorted(_items.values(), key=lambda item: (places.index(item.group), item.order, item.url_name))
    )


def menu_for(request: HttpRequest, actor: Actor) -> list[tuple[str | Promise, Sequence[Link]]]:
    """Groups with the links this actor may open; the longest address that begins the page's is current."""
    groups: dict[str, list[Link]] = {}
    for link in _links(request, [item for item in registered() if item.shown_to(actor)]):
        groups.setdefault(link.item.group, []).append(link)
    return [(GROUPS[group], links) for group, links in groups.items()]


def without_own(
    menu: Sequence[tuple[str | Promise, Sequence[Link]]],
) -> list[tuple[str | Promise, Sequence[Link]]]:
    """The menu without one's own account, which stands under one's name."""
    return [(label, links) for label, links in menu if links[0].item.group != "own"]


def own_of(menu: Sequence[tuple[str | Promise, Sequence[Link]]]) -> list[Link]:
    """The links of one's own account."""
    return [link for _label, links in menu for link in links if link.item.group == "own"]


def bar_of(menu: Sequence[tuple[str | Promise, Sequence[Link]]]) -> list[Link]:
    """The first links of the menu, as many as a phone's bar holds, the current page among them."""
    links = [link for _label, group in without_own(menu) for link in group]
    here = [link for link in links[BAR:] if link.current]
    return [*links[: BAR - len(here)], *here]


def menu_for_citizens(request: HttpRequest) -> list[Link]:
    """The ways in that every citizen's page shows, in order."""
    return _links(request, sorted(_public.values(), key=lambda item: (item.order, item.url_name)))


def _links(request: HttpRequest, items: Sequence[Item]) -> list[Link]:
    shown: list[tuple[Item, str]] = []
    for item in items:
        try:
            shown.append((item, reverse(item.url_name)))
        except NoReverseMatch:
            # A page whose surface this installation does not serve.
            continue
    here = max((url for _item, url in shown if request.path.startswith(url)), key=len, default="")
    return [Link(item, url, url == here) for item, url in shown]
