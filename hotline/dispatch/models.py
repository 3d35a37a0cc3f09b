"""The dispatch catalogue (派单目录) and what a city lets go out by itself (智能派单)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class CatalogueEntry(models.Model):
    """category × area → lead unit, assistants, legal basis, effective dates."""

    category = models.ForeignKey("workorders.Category", models.PROTECT, related_name="+")
    area_code = models.CharField(max_length=12, blank=True, help_text="division; empty: the whole city")
    lead_unit = models.ForeignKey("accounts.Unit", models.PROTECT, related_name="+")
    assistants = models.ManyToManyField("accounts.Unit", related_name="+", blank=True)
    legal_basis = models.TextField(blank=True)
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["category", "area_code", "effective_from"], name="catalogue_once")
        ]


class CategoryTrust(models.Model):
    """A category whose orders may go out without a dispatcher when the machine is sure enough.

    `stopped_at` is set when its own error rate stopped it or a person did; nothing goes out until a person resumes it.
    Judgements before `judged_from` do not count any more.
    """

    category = models.OneToOneField("workorders.Category", models.CASCADE, related_name="+")
    threshold = models.FloatField(help_text="least confidence, 0.5…1")
    sample = models.FloatField(help_text="share that a person judges afterwards, 0.01…1")
    most_errors = models.FloatField(help_text="error rate that stops it, 0…0.5")
    judged_from = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_why = models.CharField(max_length=200, blank=True)
    changed_by = models.CharField(max_length=80, help_text="Actor.key()")
    changed_at = models.DateTimeField()


class AutomaticDispatch(models.Model):
    """One order that went out by itself: what it rested on, and what a person or the unit made of it."""

    order = models.OneToOneField("workorders.WorkOrder", models.CASCADE, related_name="+")
    trust = models.ForeignKey(CategoryTrust, models.SET_NULL, null=True, related_name="+", db_index=False)
    category_code = models.CharField(max_length=40)
    confidence = models.FloatField()
    model = models.CharField(max_length=80, help_text="name and version")
    entry = models.ForeignKey(CatalogueEntry, models.PROTECT, related_name="+", db_index=False)
    unit = models.ForeignKey("accounts.Unit", models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    sampled = models.BooleanField(default=False)
    right = models.BooleanField(null=True, blank=True, help_text="null: nobody has judged it")
    judged_by = models.CharField(max_length=80, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)
    why_wrong = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["trust", "-id"], name="automatic_judged", condition=Q(right__isnull=False)),
            models.Index(fields=["id"], name="automatic_waiting", condition=Q(sampled=True, right__isnull=True)),
        ]


class AutomaticSwitch(models.Model):
    """One row: whether anything goes out by itself at all."""

    on = models.BooleanField(default=False)
    why = models.CharField(max_length=300, blank=True)
    changed_by = models.CharField(max_length=80)
    changed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="one_automatic_switch")]
