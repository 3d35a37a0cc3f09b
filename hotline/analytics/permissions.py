"""Who sees figures, and of which orders; who builds the lake."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict, allow, deny

READ, BUILD = "analytics:read", "analytics:build"


def can_read(actor: Actor) -> Verdict:
    """Figures at all; of which rows says `queries.scope`."""
    if actor.has(READ):
        return allow()
    return deny(_("None of your roles sees figures."))


def can_build(actor: Actor) -> Verdict:
    """The machine's own work."""
    if actor.is_system and actor.has(BUILD):
        return allow()
    return deny(_("The lake is built by the machine."))
