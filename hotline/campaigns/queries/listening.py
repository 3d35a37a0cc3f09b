"""What is to be listened to now, for the processes that do (listening.py)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.campaigns.models import Attempt
from hotline.campaigns.rules.machines import LISTENED, LONGEST_GREETING
from hotline.kit.clock import now

DECIDED = timedelta(seconds=LISTENED + LONGEST_GREETING + 10)


@dataclass(frozen=True, slots=True)
class Heard:
    """One call of the machine's own that is up. `asked_at`: since when the answer to `step` is waited for."""

    attempt: int
    leg: str
    step: str
    asked_at: datetime | None


def anybody() -> bool:
    """Whether the machine has a call of its own under way, ringing or up."""
    return Attempt.objects.filter(ended_at=None, call=None).exists()


def first_words() -> list[Heard]:
    """Calls answered so lately that a machine may have picked up."""
    return _up(answered_at__gt=now() - DECIDED)


def questions() -> list[Heard]:
    """Calls in which answers may be spoken."""
    return _up(target__campaign__speech=True, machine=False)


def _up(**terms: object) -> list[Heard]:
    rows = Attempt.objects.filter(ended_at=None, call=None, answered_at__isnull=False, outcome="", **terms)
    return [Heard(*row) for row in rows.exclude(leg="").values_list("pk", "leg", "step", "asked_at")]
