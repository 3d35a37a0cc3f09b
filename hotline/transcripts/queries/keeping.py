"""Alarms about recordings, and whether recordings are kept as they should be."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from hotline.calls.models import Recording
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.health import Level, Result
from hotline.transcripts.models import RecordingAlarm
from hotline.transcripts.permissions import can_answer_alarm

LATE = timedelta(minutes=10)


def open_alarms(actor: Actor) -> list[RecordingAlarm]:
    """Unanswered alarms, oldest first. NotPermitted unless one may answer them."""
    can_answer_alarm(actor).require("calls:watch")
    rows = RecordingAlarm.objects.filter(answered_at=None).select_related("call__line", "recording")
    return list(rows.order_by("id")[:200])


def alarms_waiting(actor: Actor) -> int:
    """How many nobody has answered. NotPermitted unless one may answer them."""
    can_answer_alarm(actor).require("calls:watch")
    return RecordingAlarm.objects.filter(answered_at=None).count()


def keeping_health() -> Result:
    """One line of the health page: alarms nobody answered, recordings that wait to be encrypted."""
    if not settings.TELEPHONE_ON:
        return Result(Level.OK, _("The telephone is switched off (HOTLINE_TELEPHONE)."))
    alarms = RecordingAlarm.objects.filter(answered_at=None).count()
    late = (
        Recording.objects.filter(
            call__arrived_at__gt=now() - timedelta(days=2), call__ended_at__lt=now() - LATE, kept=None
        )
        .exclude(sha256="", failure="")
        .count()
    )
    if alarms:
        return Result(
            Level.WARN,
            _("%(count)d alarms about recordings wait for an answer.") % {"count": alarms},
            _("A shift leader looks at them under Recordings and writes what was found."),
        )
    if late:
        return Result(
            Level.WARN,
            _("%(count)d recordings are not encrypted yet.") % {"count": late},
            _(
                "See that a job worker runs and that the disk has room; they are encrypted by themselves then."
            ),
        )
    return Result(Level.OK, _("Recordings are checked and encrypted."))
