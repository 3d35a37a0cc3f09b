"""Harassment and long occupation of the line (A13): proposed, approved by another, expiring, open to appeal.

Never a silent block: every measure is advice that the agent sees, with its reason (rules.md section 1.2, last row).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

MEASURES = {
    "warn_agent": _("Warn the agent"),
    "limit_duration": _("Remind after ten minutes"),
    "police_lead": _("Pass the lead to the police"),
}
STATES = {
    "proposed": _("Measure proposed"),
    "approved": _("In force"),
    "refused": _("Measure refused"),
    "lifted": _("Lifted"),
}
# verb → (from states, to state)
RESTRICTION_VERBS: dict[str, tuple[tuple[str, ...], str]] = {
    "approve": (("proposed",), "approved"),
    "refuse": (("proposed",), "refused"),
    "lift": (("approved",), "lifted"),
}
LONGEST = timedelta(days=180)
USUAL = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Restriction:
    """What an agent is told."""

    id: int
    measure: str
    reason: str
    text: str
    expires_at: datetime | None
    appealed: bool


def in_force(state: str, expires_at: datetime | None, now: datetime) -> bool:
    """Approved and not yet past its end."""
    return state == "approved" and (expires_at is None or now < expires_at)
