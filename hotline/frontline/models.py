"""Phones of people on the spot, and receipts of what they sent."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Device(models.Model):
    """One browser or shell of one person. `uid` is its own; the token lives as long as `session`. Stored: its SHA-256."""

    uid = models.UUIDField(help_text="made by the device, kept across sign-ins")
    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="+")
    session = models.ForeignKey("accounts.StaffSession", models.SET_NULL, null=True, related_name="+")
    token_hash = models.BinaryField(max_length=32, unique=True)
    label = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    renewed_at = models.DateTimeField(help_text="when its token was last made")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "uid"], name="frontline_device_once")]

    def __str__(self) -> str:
        return f"{self.person_id}:{self.uid}"


class Receipt(models.Model):
    """What came of one envelope. Written first, in the act's own transaction, so that a twin finds it."""

    client_id = models.UUIDField(primary_key=True)
    device = models.ForeignKey(Device, models.CASCADE, related_name="receipts")
    verb = models.CharField(max_length=40)
    assignment = models.ForeignKey("workorders.Assignment", models.CASCADE, related_name="+", db_index=False)
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of what was asked, without the revision")
    answer = models.JSONField(default=dict)
    device_at = models.DateTimeField(help_text="by the phone's own clock")
    true_at = models.DateTimeField(help_text="the same moment by ours")
    doubtful = models.BooleanField(default=False, help_text="the phone's clock was moved between act and sending")
    received_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["received_at"], name="frontline_receipt_age")]
