"""Who may read, write, publish and keep the base. An entry belongs to its unit; scopes follow the tree of units."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from hotline.accounts.permissions import scope_allows
from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict, allow, deny
from hotline.knowledge.models import Entry, EntryVersion
from hotline.knowledge.rules.cycle import EDIT, MAINTAIN, PUBLISH, VERBS

IMPORT, CONFIGURE = "knowledge:import", "knowledge:configure"


def can_write_for(actor: Actor, unit_path: str) -> Verdict:
    """Begin an entry of this unit, or give it one."""
    return scope_allows(actor, EDIT, unit_paths=[unit_path])


def can_do(actor: Actor, verb: str, entry: Entry, version: EntryVersion | None = None) -> Verdict:
    """One verb of the cycle. Four eyes: who handed a version in does not publish it."""
    code = VERBS[verb].permission
    if code == MAINTAIN:
        return can_maintain(actor)
    verdict = scope_allows(actor, code, unit_paths=[entry.unit.path])
    if verdict and verb == "publish" and version is not None and version.submitted_by == actor.key():
        return deny(_("You handed this in yourself; a colleague must review it."))
    return verdict


def can_edit(actor: Actor, entry: Entry) -> Verdict:
    """Change the open draft and its files."""
    return scope_allows(actor, EDIT, unit_paths=[entry.unit.path])


def can_end_duty(actor: Actor, unit_path: str) -> Verdict:
    """Answer, pass on or dismiss what a unit owes."""
    return scope_allows(actor, EDIT, unit_paths=[unit_path])


def can_import(actor: Actor) -> Verdict:
    """Open an import; what it writes is checked again for each entry's unit."""
    if actor.has(IMPORT):
        return allow()
    return deny(_("Only knowledge editors import entries."))


def can_configure(actor: Actor) -> Verdict:
    """Synonyms, sources, deadlines and the index concern the whole city: from the hotline centre only."""
    return scope_allows(actor, CONFIGURE, unit_paths=_roots(grant.unit_path for grant in actor.grants))


def can_maintain(actor: Actor) -> Verdict:
    """Expiry, duties, gaps: the system's own work."""
    if actor.is_system and actor.has(MAINTAIN):
        return allow()
    return deny(_("Only the system does this by itself."))


def _roots(paths: Iterable[str]) -> list[str]:
    return [f"/{path.split('/')[1]}/" for path in paths if path.count("/") > 1]


__all__ = [
    "CONFIGURE",
    "EDIT",
    "IMPORT",
    "MAINTAIN",
    "PUBLISH",
    "can_configure",
    "can_do",
    "can_edit",
    "can_end_duty",
    "can_import",
    "can_maintain",
    "can_write_for",
]
