"""Messages to citizens, and the codes that prove a phone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class MessageState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class Message(models.Model):
    """One SMS to a citizen; the number stays in the citizen's encrypted row, the text holds no identity."""

    key = models.CharField(
        max_length=120, unique=True, help_text="what makes it once: event:citizen:template"
    )
    citizen = models.ForeignKey("accounts.Citizen", models.PROTECT, related_name="messages")
    template = models.CharField(max_length=60)
    text = models.TextField()
    state = models.CharField(max_length=10, choices=MessageState, default=MessageState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="message_queued", condition=models.Q(state="queued"))
        ]


class PhoneCode(models.Model):
    """A one-time code sent to a phone, stored as a hash; five tries, ten minutes."""

    phone_hash = models.BinaryField(max_length=32)
    code_hash = models.CharField(max_length=128)
    purpose = models.CharField(max_length=30)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["phone_hash", "-id"], name="phone_code_latest")]
