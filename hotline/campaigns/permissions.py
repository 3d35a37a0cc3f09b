"""Who has citizens called by machine."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict, allow, deny

RUN = "campaigns:run"


def can_run(actor: Actor) -> Verdict:
    """Prepare, start, pause and end campaigns, see their answers."""
    if actor.is_staff and actor.has(RUN):
        return allow()
    return deny(_("Only shift leaders and administrators have lists of citizens called."))
