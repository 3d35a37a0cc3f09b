"""Turns of duty and what one hands to the next."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Turn(models.Model):
    """One person at one unit. Planned: `begins_at`–`ends_at`; on duty: from `began_at` until `ended_at`."""

    unit = models.ForeignKey("accounts.Unit", models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+", db_index=False)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=80)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("begins_at")), name="duty_turn_ends_later"),
            models.UniqueConstraint(
                fields=["person"], condition=Q(began_at__isnull=False, ended_at__isnull=True), name="duty_one_turn_at_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["unit", "begins_at"], name="duty_turn_unit")]

    def __str__(self) -> str:
        return f"{self.person_id}@{self.unit_id}"


class HandOver(models.Model):
    """What a unit had when somebody went off duty. `log`: {"open", "done", "promised"}, lists of lines; never changed."""

    unit = models.ForeignKey("accounts.Unit", models.PROTECT, related_name="+", db_index=False)
    turn = models.OneToOneField(Turn, models.PROTECT, related_name="hand_over")
    given_by = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+")
    since = models.DateTimeField()
    at = models.DateTimeField()
    log = models.JSONField()
    words = models.TextField(blank=True)
    taken_by = models.ForeignKey("accounts.Person", models.PROTECT, null=True, blank=True, related_name="+")
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["unit", "-at"], name="duty_hand_over_unit")]
