"""What a call left to be done: calling back, the caller's word about it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.calls.models.agents import AgentSession
from hotline.calls.models.calls import Call


class CallBackState(models.TextChoices):
    WAITING = "waiting", _("To be called back")
    CLAIMED = "claimed", _("Being called back")
    DONE = "done", _("Called back")
    UNREACHED = "unreached", _("Could not be reached")


class CallBackResult(models.TextChoices):
    """What one attempt at calling back came to."""

    SPOKE = "spoke", _("Spoke to the caller")
    NO_ANSWER = "no_answer", _("Nobody answered")
    BUSY = "busy", _("Engaged")
    WRONG = "wrong", _("Wrong number")


class CallBack(models.Model):
    """B12: a caller whom nobody spoke to, to be called back by `due_at`."""

    call = models.OneToOneField(Call, models.PROTECT, related_name="call_back")
    state = models.CharField(max_length=10, choices=CallBackState, default=CallBackState.WAITING)
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.ForeignKey(
        "accounts.Person", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    alarmed_at = models.DateTimeField(null=True, blank=True, help_text="when it was told to be overdue")

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(state__in=["waiting", "claimed"]),
                name="calls_call_backs",
            )
        ]


class CallBackTry(models.Model):
    """One attempt at calling back; `result` is empty while it is under way."""

    call_back = models.ForeignKey(CallBack, models.CASCADE, related_name="attempts")
    person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+")
    call = models.OneToOneField(Call, models.SET_NULL, null=True, blank=True, related_name="call_back_try")
    result = models.CharField(max_length=10, choices=CallBackResult, blank=True)
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["call_back"], condition=Q(ended_at=None), name="calls_one_try_at_a_time"
            )
        ]


class Rating(models.Model):
    """B11: what a citizen pressed after the conversation, once a call (一次一评); apart from the order's satisfaction.

    `grade` 1 very satisfied … 5 very dissatisfied, None: was asked and pressed none. `session`: the agent who spoke last.
    """

    call = models.OneToOneField(Call, models.PROTECT, related_name="rating")
    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="ratings")
    grade = models.PositiveSmallIntegerField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["at"], name="calls_ratings_by_time")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(grade__range=(1, 5)), name="calls_rating_grade")
        ]
