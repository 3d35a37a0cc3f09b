"""What the machine proposed, what a person made of it; the vocabulary of labels; risks that somebody must look at."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What is proposed."""

    CATEGORY = "category", _("Category")
    LABELS = "labels", _("Labels")
    PLACE = "place", _("Place")
    UNIT = "unit", _("Unit")
    URGENCY = "urgency", _("Urgency")
    DRAFT = "draft", _("Order draft")
    REPLY = "reply", _("Reply to the citizen")


class Outcome(models.TextChoices):
    """What became of a proposal."""

    SHOWN = "shown", _("Not decided")
    ACCEPTED = "accepted", _("Taken as proposed")
    CHANGED = "changed", _("Changed by a person")
    MISSED = "missed", _("Nothing proposed")


class Suggestion(models.Model):
    """One proposal for one order. The last of a kind counts; earlier ones stay.

    `candidates`: [{value, label, score}], best first; `evidence`: [[field, start, end]] in characters of the order's
    title or content, never the text itself; `confidence` 0…1 of the first candidate, 0 when the machine abstained.
    """

    order = models.ForeignKey(
        "workorders.WorkOrder", models.CASCADE, related_name="suggestions", db_index=False
    )
    kind = models.CharField(max_length=12, choices=Kind)
    model = models.CharField(max_length=80, help_text="name and version, or `rules`")
    candidates = models.JSONField(default=list)
    evidence = models.JSONField(default=list)
    confidence = models.FloatField(default=0)
    made_at = models.DateTimeField()
    shown_to = models.CharField(
        max_length=80, blank=True, help_text="Actor.key() of who saw it first; empty: nobody yet"
    )
    shown_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.SHOWN)
    final = models.CharField(max_length=200, blank=True, help_text="what a person chose")
    unit = models.ForeignKey(
        "accounts.Unit", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["order", "kind", "-id"], name="suggestion_of_order"),
            models.Index(
                fields=["kind", "decided_at"],
                name="suggestion_decided",
                condition=Q(decided_at__isnull=False),
            ),
        ]


class Label(models.Model):
    """One word of the city's vocabulary. A renamed or merged label stays and points to the one that counts now.

    `words`: any of them in the text proposes the label.
    """

    name = models.CharField(max_length=40, unique=True)
    description = models.CharField(max_length=200, blank=True)
    words = ArrayField(models.CharField(max_length=40), default=list)
    category_code = models.CharField(
        max_length=40, blank=True, help_text="proposed for this category and below, too"
    )
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")), name="label_not_itself"
            )
        ]

    def __str__(self) -> str:
        return self.name


class RiskAlert(models.Model):
    """A risk found in an order's words. A person confirms or dismisses it; unanswered it climbs to the shift leader."""

    order = models.OneToOneField("workorders.WorkOrder", models.CASCADE, related_name="risk_alert")
    kinds = ArrayField(models.CharField(max_length=20))
    level = models.CharField(max_length=10)
    evidence = models.JSONField(default=list, help_text="[[field, start, end]]")
    model = models.CharField(max_length=80)
    raised_at = models.DateTimeField()
    climbed_at = models.DateTimeField(null=True, blank=True)
    confirmed = models.BooleanField(null=True, blank=True, help_text="null: nobody has answered")
    answered_by = models.CharField(max_length=80, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    text = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["raised_at"], name="risk_open", condition=Q(answered_at__isnull=True)),
        ]


class WriterCall(models.Model):
    """One question to the writer (a language model's server) with its answer, as they went over the wire: masked.

    `offered`: the person who asked was shown it; what they did with it stands in the order.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    purpose = models.CharField(max_length=20)
    model = models.CharField(max_length=100)
    prompt = models.TextField(help_text="personal data is masked")
    answer = models.TextField(blank=True)
    failure = models.CharField(max_length=20, blank=True)
    tokens = models.PositiveIntegerField(default=0)
    milliseconds = models.PositiveIntegerField(default=0)
    offered = models.BooleanField(default=False)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-at"], name="writer_call_latest")]


class WriterDay(models.Model):
    """What the writer was used for in a day; nobody asks it beyond the day's budget."""

    day = models.DateField(primary_key=True)
    questions = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    milliseconds = models.PositiveBigIntegerField(default=0)


class RiskNotice(models.Model):
    """A climbed risk told to one shift leader, once; `seen_at` when they opened the list of risks."""

    alert = models.ForeignKey(RiskAlert, models.CASCADE, related_name="notices")
    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="+", db_index=False)
    told_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "alert"], name="risk_notice_once")]
        indexes: ClassVar = [
            models.Index(fields=["person"], name="risk_notice_unseen", condition=Q(seen_at__isnull=True))
        ]
