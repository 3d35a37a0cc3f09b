"""Who is told of voices. An agent's own trace is theirs; a shift leader hears moments."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.calls.permissions import TAKE, WATCH
from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict, allow, deny

MEASURE = "emotion:measure"

__all__ = ["MEASURE", "TAKE", "WATCH", "can_answer", "can_measure"]


def can_answer(actor: Actor) -> Verdict:
    """Hear the moment and say what it was."""
    if actor.is_staff and actor.has(WATCH):
        return allow()
    return deny(_("Only shift leaders and supervisors are told of agents' voices."))


def can_measure(actor: Actor) -> Verdict:
    """Measure voices: the machine's own work."""
    if actor.is_system and actor.has(MEASURE):
        return allow()
    return deny(_("Only the machine measures voices."))
