"""Permission = role × unit subtree × area × secrecy, with the reason in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from hotline.accounts.models import Role
from hotline.accounts.rules import (
    ABOUT_GRANTS,
    CITIZEN_CODES,
    NEVER_SECRET,
    PERMISSIONS,
    SCOPE_LABELS,
    Scope,
    below,
    covers,
)
from hotline.kit.actor import Actor, ActorKind, Grant
from hotline.kit.verdict import Verdict, allow, deny


@dataclass(frozen=True, slots=True)
class Reach:
    """One way in which an actor holds a permission; for lists, which turn it into a condition."""

    scope: Scope
    grant: Grant


def reaches(actor: Actor, code: str) -> list[Reach]:
    """Every grant of the actor that gives `code`, with how far it reaches."""
    table = PERMISSIONS[code][1]
    return [Reach(table[Role(grant.role)], grant) for grant in actor.grants if grant.role in table]


def label_of(code: str) -> str:
    """The permission in words."""
    return str(PERMISSIONS[code][0]) if code in PERMISSIONS else code


def scope_allows(
    actor: Actor,
    code: str,
    *,
    unit_paths: Iterable[str] = (),
    area_code: str = "",
    secret: bool = False,
    named: bool = False,
    owner: str = "",
) -> Verdict:
    """May `actor` do `code` to an object with these facts?

    `unit_paths` of the units concerned (for a verb of one assignment: that unit's alone), `area_code` of its place,
    `secret` when it is confidential, `named` when the actor is a named handler of it (which also lets them see it),
    `owner` the `Actor.key()` of its creator. Never raises for a known code; LookupError for an unknown one.
    """
    if code not in PERMISSIONS:
        raise LookupError(f"permission {code} is not in accounts.rules.PERMISSIONS")
    if actor.kind in (ActorKind.SYSTEM, ActorKind.API):
        return _machine(actor, code, secret=secret, owner=owner)
    if actor.kind == ActorKind.CITIZEN:
        return _citizen(actor, code, owner=owner)
    ways = reaches(actor, code)
    if not ways:
        return deny(
            _("You may not “%(what)s”, because none of your roles includes it.") % {"what": label_of(code)}
        )
    if secret and code not in ABOUT_GRANTS:
        ways = [way for way in ways if way.grant.role not in NEVER_SECRET]
        if not named:
            ways = [way for way in ways if way.grant.handles_secret]
        if not ways:
            return deny(
                _(
                    "You may not “%(what)s”, because the order is confidential and you are not a named handler."
                )
                % {"what": label_of(code)}
            )
    if named and code == "workorders:view":
        return allow(_("named handler of this order"))
    paths = tuple(unit_paths)
    owners = {actor.key(), *(f"{ActorKind.STAFF}:{person}" for person in actor.delegated_from)}
    refusals: list[str] = []
    for way in ways:
        refusal = out_of_reach(way, paths, area_code, own=owner in owners)
        if refusal is None:
            return allow(
                _("%(role)s, %(scope)s")
                % {"role": Role(way.grant.role).label, "scope": SCOPE_LABELS[way.scope]}
            )
        refusals.append(refusal)
    return deny(
        _("You may not “%(what)s”, because %(why)s.")
        % {"what": label_of(code), "why": _("; ").join(dict.fromkeys(refusals))}
    )


def _machine(actor: Actor, code: str, *, secret: bool, owner: str) -> Verdict:
    if not actor.has(code):
        return deny(_("“%(name)s” may not “%(what)s”.") % {"name": actor.name, "what": label_of(code)})
    if secret and not actor.is_system and owner != actor.key():
        return deny(_("Confidential orders of others are closed to other systems."))
    return allow(_("given to this system"))


def _citizen(actor: Actor, code: str, *, owner: str) -> Verdict:
    if code in CITIZEN_CODES and actor.id and owner == actor.key():
        return allow(_("one's own order"))
    return deny(_("Citizens may only act on their own appeals."))


def out_of_reach(way: Reach, paths: tuple[str, ...], area_code: str, *, own: bool) -> str | None:
    """Why this grant does not reach, in words; None when it does."""
    grant, role = way.grant, Role(way.grant.role).label
    if way.scope == Scope.OWN:
        return None if own else _("as %(role)s you reach only what you created") % {"role": role}
    if grant.area_code and not covers(grant.area_code, area_code):
        return _("your role %(role)s is limited to another area") % {"role": role}
    if way.scope == Scope.CITY or (way.scope == Scope.AREA and grant.area_code):
        return None
    if way.scope == Scope.UNIT:
        return (
            None
            if grant.unit_path in paths
            else _("as %(role)s you act only for your own unit") % {"role": role}
        )
    if any(below(path, grant.unit_path) for path in paths):
        return None
    return _("it is not with your unit or a unit below it, as %(role)s requires") % {"role": role}
