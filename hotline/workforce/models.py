"""What planners know beforehand, and days that were played again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

__all__ = ["RunState", "SimulationRun", "SpecialDay", "StrategyChoice"]


class SpecialDay(models.Model):
    """A day that will bring (or brought) more or fewer calls than its like: a typhoon, a new rule, an exercise."""

    day = models.DateField(unique=True)
    factor = models.FloatField(help_text="1.5: half as many again")
    name = models.CharField(max_length=60)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-day"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(factor__gt=0.0, factor__lte=20.0), name="workforce_factor_sensible"
            )
        ]


class StrategyChoice(models.TextChoices):
    """How lanes help each other; the same codes as `rules.simulation.Strategy`."""

    AS_SET = "as_set", _("Lanes as they are set")
    APART = "apart", _("No lane helps another")
    POOLED = "pooled", _("Every agent serves every lane")


class RunState(models.TextChoices):
    WAITING = "waiting", _("Being played")
    DONE = "done", _("Played")
    FAILED = "failed", _("Could not be played")


class SimulationRun(models.Model):
    """A day played again. `seats` None: those who were there. `result`: figures as it was, and as played."""

    day = models.DateField()
    seats = models.PositiveIntegerField(null=True, blank=True)
    strategy = models.CharField(max_length=10, choices=StrategyChoice, default=StrategyChoice.AS_SET)
    overflow_seconds = models.PositiveIntegerField(null=True, blank=True)
    seed = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=8, choices=RunState, default=RunState.WAITING)
    result = models.JSONField(default=dict)
    asked_by = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
