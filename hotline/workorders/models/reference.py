"""Reference data that a city maintains: taxonomy, reason codes, scripts. Versioned by effective dates."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from hotline.workorders.models.states import ReasonKind, Urgency


class Category(models.Model):
    """A node of the taxonomy, any depth. `code` is dotted by level (`03.02.11`); `path_name` joins names by ›."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path_name = models.CharField(max_length=300, blank=True)
    level = models.PositiveSmallIntegerField(default=1)
    description = models.TextField(blank=True)
    pinyin = models.CharField(max_length=400, blank=True)
    demand_types = ArrayField(models.CharField(max_length=20), default=list, help_text="usual types; empty: any")
    default_urgency = models.CharField(max_length=10, choices=Urgency, default=Urgency.ROUTINE)
    default_level = models.CharField(max_length=20, blank=True, help_text="level of the unit that usually leads")
    default_unit = models.ForeignKey("accounts.Unit", models.SET_NULL, null=True, blank=True, related_name="+")
    effective_from = models.DateField(null=True, blank=True)
    effective_to = models.DateField(null=True, blank=True)
    replaced_by = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="replaces")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["parent", "code"], name="category_tree")]

    def __str__(self) -> str:
        return self.name


class ReasonCode(models.Model):
    """A reason that an action may give, with its legal basis and the script read to the citizen."""

    kind = models.CharField(max_length=20, choices=ReasonKind)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    legal_basis = models.TextField(blank=True)
    script = models.TextField(blank=True)
    parent_code = models.CharField(max_length=40, blank=True, help_text="branch of the decision tree")
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "code", "effective_from"], name="reason_code_version")]


class Script(models.Model):
    """Words that staff say: greeting, follow-up questions, not-accepted explanations."""

    code = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    text = models.TextField()
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["code", "effective_from"], name="script_version")]


class CitySettings(models.Model):
    """One row: what the city calls itself and how it wishes to work. Loaded from the pack, edited by administrators."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=60)
    hotline_name = models.CharField(max_length=80)
    division_code = models.CharField(max_length=12)
    number_prefix = models.CharField(max_length=6, default="")
    accent = models.CharField(max_length=9, default="#0b5c73")
    hub = models.ForeignKey("accounts.Unit", models.PROTECT, null=True, related_name="+")
    options = models.JSONField(default=dict, help_text="follow_up_tries, second_check_share, returns_before_arbitration, …")
