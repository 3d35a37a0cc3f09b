"""How long a turn may be, and when it counts no more. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LONGEST = timedelta(hours=24)
USUAL = timedelta(hours=8)
FURTHEST = timedelta(days=62)


def check_turn(begins_at: datetime, ends_at: datetime, now: datetime) -> dict[str, Promise]:
    """Field → what is wrong with a planned turn; empty when nothing is."""
    faults: dict[str, Promise] = {}
    if ends_at <= begins_at:
        faults["ends_at"] = _("The turn ends before it begins.")
    elif ends_at - begins_at > LONGEST:
        faults["ends_at"] = _("A turn lasts at most a day.")
    if ends_at <= now:
        faults["ends_at"] = _("The turn lies in the past.")
    if begins_at - now > FURTHEST:
        faults["begins_at"] = _("Turns are planned at most two months ahead.")
    return faults


def counts(began_at: datetime | None, ended_at: datetime | None, now: datetime) -> bool:
    """Whether somebody is on duty: begun, not ended, and not forgotten a day ago."""
    return began_at is not None and ended_at is None and now - began_at < LONGEST
