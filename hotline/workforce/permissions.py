"""Who sees forecasts and plays days again: who watches over the telephone. Who plans: who plans shifts."""

from __future__ import annotations

from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.verdict import Verdict, allow, deny

WATCH, PLAN, PLAY = "calls:watch", "calls:plan", "workforce:play"


def can_see(actor: Actor) -> Verdict:
    """Forecast, staffing, played days."""
    if actor.has(WATCH):
        return allow()
    return deny(_("Only shift leaders and supervisors see forecasts of calls."))


def can_plan(actor: Actor) -> Verdict:
    """Say what a day will bring; have a day played again."""
    if actor.has(PLAN):
        return allow()
    return deny(_("Only who plans shifts may do this."))


def can_play(actor: Actor) -> Verdict:
    """The machine's own work."""
    if actor.is_system and actor.has(PLAY):
        return allow()
    return deny(_("Days are played by the machine."))
