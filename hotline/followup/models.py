"""Follow-up of closed replies with each citizen."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TaskState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    CLAIMED = "claimed", _("Being called")
    DONE = "done", _("Done")
    UNREACHED = "unreached", _("Not reached")  # 未评价, outside the denominator
    CANCELLED = "cancelled", _("Cancelled")


class FollowUpTask(models.Model):
    """One citizen to ask about one round of an order. A merged order has one for each citizen."""

    order = models.ForeignKey("workorders.WorkOrder", models.PROTECT, related_name="follow_ups")
    appeal = models.ForeignKey(
        "intake.Appeal", models.PROTECT, null=True, blank=True, related_name="follow_ups"
    )
    round = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=TaskState, default=TaskState.WAITING)
    due_at = models.DateTimeField()
    not_before = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.ForeignKey(
        "accounts.Person", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    result = models.ForeignKey("followup.Attempt", models.SET_NULL, null=True, blank=True, related_name="+")
    second_check = models.BooleanField(default=False, help_text="drawn for the blind second check")
    checked_task = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="second_checks"
    )
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["not_before", "due_at", "id"],
                name="follow_up_queue",
                condition=Q(state__in=["waiting", "claimed"]),
            ),
            models.Index(fields=["order", "round"], name="follow_up_order"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order", "appeal", "round", "second_check"],
                name="follow_up_once",
                nulls_distinct=False,
            )
        ]


class Attempt(models.Model):
    """One try and what was heard. Solved and satisfied are asked apart."""

    task = models.ForeignKey(FollowUpTask, models.CASCADE, related_name="attempts")
    channel = models.CharField(max_length=10, default="person", help_text="person, portal, sms, voice")
    at = models.DateTimeField()
    period = models.CharField(max_length=12, help_text="morning, afternoon, evening")
    connected = models.BooleanField()
    no_answer_reason = models.CharField(max_length=40, blank=True)
    unit_contacted = models.BooleanField(null=True, blank=True)
    reply_true = models.BooleanField(null=True, blank=True)
    solved = models.BooleanField(null=True, blank=True)
    satisfaction = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1…5")
    opinion = models.TextField(blank=True)
    recording = models.CharField(max_length=120, blank=True)
    created_by = models.CharField(max_length=80)


class ResultAppeal(models.Model):
    """G4: the citizen appeals against the result; it goes above the handler."""

    order = models.ForeignKey("workorders.WorkOrder", models.PROTECT, related_name="result_appeals")
    appeal = models.ForeignKey("intake.Appeal", models.PROTECT, null=True, blank=True, related_name="+")
    text = models.TextField()
    state = models.CharField(max_length=12, default="open", help_text="open, redo, supervised, upheld")
    decision_text = models.TextField(blank=True)
    decided_by = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order", "appeal"],
                name="one_open_result_appeal",
                condition=Q(state="open"),
                nulls_distinct=False,
            )
        ]
