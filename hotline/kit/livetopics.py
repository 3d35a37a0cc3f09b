"""Who may hear which topic of the live stream. Packages register a prefix from `AppConfig.ready`.

A topic without a rule is refused. What travels on a topic is ids and codes (`kit.live.publish`), yet that a
confidential order *moves* is already news: `order:<id>` therefore asks the package that knows who sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hotline.kit.actor import Actor
from hotline.kit.numbers import whole

Rule = Callable[[Actor, str], bool]
_rules: dict[str, Rule] = {}

MOST = 64
"""Topics of one stream; a page needs a handful."""


def register(prefix: str, rule: Rule) -> None:
    """`rule(actor, rest)` decides `prefix:rest`, or `prefix` alone with an empty rest."""
    _rules[prefix] = rule


def allowed(actor: Actor, topics: Iterable[str]) -> list[str]:
    """Those of `topics` that this actor may hear, each once, at most `MOST`."""
    wanted = list(dict.fromkeys(topics))[:MOST]
    return [topic for topic in wanted if _allows(actor, topic)]


def _allows(actor: Actor, topic: str) -> bool:
    prefix, _, rest = topic.partition(":")
    rule = _rules.get(prefix)
    return rule is not None and rule(actor, rest)


def _own_person(actor: Actor, rest: str) -> bool:
    return actor.is_staff and rest == str(actor.id)


def _own_unit(actor: Actor, rest: str) -> bool:
    return actor.is_staff and whole(rest) in actor.unit_ids()


def _staff(actor: Actor, rest: str) -> bool:
    return actor.is_staff and not rest


register("person", _own_person)
register("unit", _own_unit)
for _name in ("pool", "board", "desk"):
    register(_name, _staff)
