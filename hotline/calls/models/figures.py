"""Calls and agents counted by half hours and days, and targets that were missed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hotline.calls.models.hall import Lane, Line


class CallSlot(models.Model):
    """B15: the calls that arrived in one quarter hour at one line, into one lane, counted once all of them are over.

    What the columns mean stands in `rules/figures.py`. Seconds are whole calls' seconds, wherever the quarter's end lies.
    """

    begins_at = models.DateTimeField()
    line = models.ForeignKey(Line, models.CASCADE, related_name="+", db_index=False)
    lane = models.ForeignKey(Lane, models.CASCADE, related_name="+", db_index=False)
    arrived = models.PositiveIntegerField()
    left_early = models.PositiveIntegerField()
    closed = models.PositiveIntegerField()
    full = models.PositiveIntegerField()
    coming = models.PositiveIntegerField()
    queued = models.PositiveIntegerField()
    answered = models.PositiveIntegerField()
    in_time = models.PositiveIntegerField()
    abandoned = models.PositiveIntegerField()
    call_back = models.PositiveIntegerField()
    cut = models.PositiveIntegerField()
    waiting = models.PositiveIntegerField()
    talked = models.PositiveIntegerField()
    wrapped = models.PositiveIntegerField()
    wait_seconds = models.FloatField()
    abandoned_seconds = models.FloatField()
    longest_wait = models.FloatField()
    talk_seconds = models.FloatField()
    hold_seconds = models.FloatField()
    wrap_seconds = models.FloatField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["begins_at", "line", "lane"], name="calls_slot_once")
        ]


class HallSlot(models.Model):
    """Seconds of all agents by state in one quarter hour. Its row says that the quarter is settled: its calls are in `CallSlot`."""

    begins_at = models.DateTimeField(primary_key=True)
    ready = models.FloatField()
    ringing = models.FloatField()
    talking = models.FloatField()
    hold = models.FloatField()
    wrap_up = models.FloatField()
    paused = models.FloatField()
    settled_at = models.DateTimeField()


class AgentDay(models.Model):
    """One agent's settled quarters of one day of the city: seconds by state, offers and what came of them."""

    day = models.DateField()
    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="+", db_index=False)
    ready = models.FloatField()
    ringing = models.FloatField()
    talking = models.FloatField()
    hold = models.FloatField()
    wrap_up = models.FloatField()
    paused = models.FloatField()
    offered = models.PositiveIntegerField()
    taken = models.PositiveIntegerField()
    not_taken = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "person"], name="calls_agent_day_once")
        ]


class TargetBreach(models.Model):
    """A target of GB/T 33358 missed over 24 h: from the minute it was seen to the minute it was met again."""

    measure = models.CharField(max_length=20)
    began_at = models.DateTimeField()
    value = models.FloatField(help_text="when it began")
    worst = models.FloatField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["measure"], condition=Q(ended_at=None), name="calls_one_open_breach"
            )
        ]


class BreachNotice(models.Model):
    """A breach, or its end, told to one shift leader, once; `seen_at` when they said so."""

    breach = models.ForeignKey(TargetBreach, models.CASCADE, related_name="notices")
    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="+", db_index=False)
    over = models.BooleanField(default=False)
    told_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "breach", "over"], name="calls_breach_told_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["person"], condition=Q(seen_at__isnull=True), name="calls_breach_unseen")
        ]
