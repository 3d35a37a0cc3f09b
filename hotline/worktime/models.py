"""Working calendars and deadline policies, both versioned."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class VersionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("In effect")
    RETIRED = "retired", _("Retired")


class DayKind(models.TextChoices):
    HOLIDAY = "holiday", _("Holiday")
    MAKE_UP_WORKDAY = "make_up_workday", _("Make-up workday")


class Calendar(models.Model):
    """One version of the working calendar. Days not listed follow the week; years not listed are unknown (an error).

    A published version is never changed: deadlines are pinned to it.
    """

    version = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=12, choices=VersionState, default=VersionState.DRAFT)
    years = models.JSONField(default=list, help_text="years that this version covers, e.g. [2025, 2026]")
    source = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"], name="one_calendar_in_effect", condition=models.Q(state="published")
            )
        ]


class CalendarDay(models.Model):
    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="days")
    day = models.DateField()
    kind = models.CharField(max_length=20, choices=DayKind)
    name = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["calendar", "day"], name="calendar_day_once")
        ]


class Policy(models.Model):
    """A city's deadline rules of one version; orders are pinned to theirs. The document is `rules.PolicyDocument`."""

    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=VersionState, default=VersionState.DRAFT)
    effective_from = models.DateTimeField()
    effective_to = models.DateTimeField(null=True, blank=True)
    document = models.JSONField()
    source = models.TextField(blank=True, help_text="the public document that it was taken from")
    created_at = models.DateTimeField(db_default=Now())
    published_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "version"], name="policy_version_once"),
            # At any moment at most one policy holds; drafts do not count.
            ExclusionConstraint(
                name="one_policy_at_a_time",
                expressions=[
                    (
                        models.Func("effective_from", "effective_to", function="tstzrange"),
                        RangeOperators.OVERLAPS,
                    )
                ],
                condition=~models.Q(state="draft"),
            ),
        ]
