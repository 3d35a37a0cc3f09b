"""Who has citizens called by machine."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict, allow, deny

RUN, CALL = "campaigns:run", "campaigns:call"
"""CALL: of the machine that calls, and of nobody else."""


def can_run(actor: Actor) -> Verdict:
    """Prepare, start, pause and end campaigns, see their answers."""
    if actor.is_staff and actor.has(RUN):
        return allow()
    return deny(_("Only shift leaders and administrators have lists of citizens called."))


def can_note_opt_out(actor: Actor) -> Verdict:
    """Note that a citizen wants no calls by machine: whoever citizens tell it, at the telephone or at a counter."""
    if actor.is_staff and (actor.has(RUN) or actor.has("calls:take")):
        return allow()
    return deny(_("Only who speaks with citizens notes that they want no calls."))


def can_call(actor: Actor) -> Verdict:
    """Write down what becomes of the machine's own calls."""
    return allow() if actor.is_system and actor.has(CALL) else deny(_("Only the calling machine does this."))
