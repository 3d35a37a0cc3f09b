"""The dispatch catalogue (派单目录). Later issues add suggestions; here a person chooses."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


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
