"""Who may change calendars and policies. Reading them is free to all staff: everybody works by them."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict, allow, deny

MANAGE = "worktime:manage"


def can_manage(actor: Actor) -> Verdict:
    """Calendars and policies, drafts and publishing."""
    if actor.has(MANAGE):
        return allow()
    return deny(_("Only an administrator may change calendars and deadline policies."))
