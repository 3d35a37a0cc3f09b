"""Traces of voices, and what a shift leader was told of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.calls.models import Call, Segment


class Side(models.TextChoices):
    AGENT = "agent", _("Agent")
    CITIZEN = "citizen", _("Caller")


class Verdict(models.TextChoices):
    """What the shift leader found."""

    HELPED = "helped", _("Helped the agent")
    NOTED = "noted", _("Right, nothing to do")
    FALSE = "false", _("False alarm")


class Trace(models.Model):
    """One side of one conversation. `windows`: [[second of the conversation, {measure: value}, deviation or null], …], a row of them
    every ten seconds of it; `seconds` that were listened to."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="voices")
    call = models.ForeignKey(Call, models.CASCADE, related_name="voices")
    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="voices")
    side = models.CharField(max_length=8, choices=Side)
    began_at = models.DateTimeField()
    seconds = models.PositiveIntegerField(default=0)
    windows = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["segment", "side"], name="emotion_trace_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-began_at"], condition=Q(side="agent"), name="emotion_of_agent"),
            models.Index(fields=["began_at"], name="emotion_by_time"),
        ]


class Alert(models.Model):
    """An agent's voice left what is usual for them. `sound`: the moment at 8 kHz, 16 bits, encrypted; `parts`: measure → spreads."""

    trace = models.ForeignKey(Trace, models.CASCADE, related_name="alerts")
    second = models.PositiveIntegerField(help_text="of the conversation, at which the moment begins")
    deviation = models.FloatField()
    parts = models.JSONField()
    sound = models.BinaryField(default=bytes)
    raised_at = models.DateTimeField()
    answered_by = models.ForeignKey(
        "accounts.Person", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=8, choices=Verdict, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["trace"], condition=Q(answered_at=None), name="emotion_one_open_alert"
            ),
            models.CheckConstraint(
                condition=Q(answered_at=None, verdict="") | (Q(answered_at__isnull=False) & ~Q(verdict="")),
                name="emotion_answered_with_a_verdict",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["raised_at"], name="emotion_alerts_by_time")]
