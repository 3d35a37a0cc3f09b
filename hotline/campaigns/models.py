"""Lists of citizens who are called by machine, what they were asked and what they answered. Their numbers stand in `accounts` alone."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.campaigns.rules import Outcome

__all__ = [
    "Answer",
    "AtMachine",
    "Attempt",
    "Campaign",
    "Manner",
    "OptOut",
    "Selection",
    "State",
    "Target",
    "TargetState",
]

OUTCOMES = [
    (Outcome.COMPLETE, _("Heard to the end")),
    (Outcome.PARTIAL, _("Answered in part")),
    (Outcome.HANDED, _("Handed over to an agent")),
    (Outcome.OPTED_OUT, _("Wants no more calls")),
    (Outcome.REFUSED, _("Does not want to answer")),
    (Outcome.WRONG, _("Somebody else's number")),
    (Outcome.UNNOTED, _("Spoken to; nothing was noted")),
    (Outcome.LATER, _("To be called at another time")),
    (Outcome.MACHINE, _("An answering machine")),
    (Outcome.SILENT, _("Pressed nothing; perhaps a machine")),
    (Outcome.HUNG_UP, _("Hung up without an answer")),
    (Outcome.BUSY, _("Busy")),
    (Outcome.NO_ANSWER, _("Nobody picked up")),
    (Outcome.FAILED, _("Could not be called")),
    (Outcome.CUT, _("Cut off")),
]


class State(models.TextChoices):
    DRAFT = "draft", _("In preparation")
    RUNNING = "running", _("Calling")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Campaign ended")


class Manner(models.TextChoices):
    AUTOMATIC = "automatic", _("The machine speaks and asks")
    PROGRESSIVE = "progressive", _("An agent speaks; the machine dials")


class AtMachine(models.TextChoices):
    HANG_UP = "hang_up", _("Hang up")
    LEAVE = "leave", _("Leave a message")


class TargetState(models.TextChoices):
    WAITING = "waiting", _("To be called")
    CALLING = "calling", _("Dialling now")
    DONE = "done", _("Spoken to")
    UNREACHED = "unreached", _("Nobody reached")
    SKIPPED = "skipped", _("Not called")


class Campaign(models.Model):
    """`script` is text (rules/script.py); hours are the city's. Of a progressive one `lane` says whose agents speak, and `spare`
    how many ready ones are left to callers."""

    name = models.CharField(max_length=60)
    manner = models.CharField(max_length=12, choices=Manner, default=Manner.AUTOMATIC)
    lane = models.ForeignKey("calls.Lane", models.PROTECT, null=True, blank=True, related_name="+")
    spare = models.PositiveSmallIntegerField(default=1, help_text="ready agents left to callers")
    script = models.TextField()
    speech = models.BooleanField(default=False, help_text="answers may be spoken, beside the keys")
    at_machine = models.CharField(max_length=8, choices=AtMachine, default=AtMachine.HANG_UP)
    message = models.TextField(blank=True, help_text="left at an answering machine")
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    opens = models.TimeField(default=time(9, 0))
    closes = models.TimeField(default=time(20, 0))
    workdays_only = models.BooleanField(default=True)
    lines = models.PositiveSmallIntegerField(default=2, help_text="calls at once")
    tries = models.PositiveSmallIntegerField(default=3, help_text="of each citizen")
    rest_days = models.PositiveSmallIntegerField(
        default=7, help_text="whom any campaign spoke to so recently is left alone"
    )
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(closes__gt=models.F("opens")), name="campaigns_hours"),
            models.CheckConstraint(
                condition=Q(lines__range=(1, 50), tries__range=(1, 9)), name="campaigns_bounds"
            ),
            models.CheckConstraint(
                condition=~Q(manner="progressive") | Q(lane__isnull=False), name="campaigns_progressive_lane"
            ),
            models.CheckConstraint(
                condition=~Q(at_machine="leave") | ~Q(message=""), name="campaigns_message_to_leave"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Selection(models.Model):
    """A query that a campaign's list comes from: a package's source (queries/sources.py) and what it was narrowed by. It is asked
    when the campaign starts, as who starts it may see; from then on the list is what it was."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="selections")
    source = models.CharField(max_length=20)
    given = models.JSONField(default=dict)
    words = models.CharField(max_length=300, help_text="the query in words, as it was chosen")
    by = models.CharField(max_length=80)
    at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True, blank=True)
    found = models.PositiveIntegerField(
        null=True, blank=True, help_text="added to the list when it was frozen"
    )


class Target(models.Model):
    """One citizen of one campaign's list. `about`: the order or appeal that they are called about, of `source`. `why`: what kept
    them from being called."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="targets")
    citizen = models.ForeignKey("accounts.Citizen", models.PROTECT, related_name="+")
    source = models.CharField(max_length=20, blank=True)
    about = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=TargetState, default=TargetState.WAITING)
    tried = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=OUTCOMES, blank=True)
    why = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "citizen"], name="campaigns_citizen_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["campaign", "id"], condition=Q(state="waiting"), name="campaigns_waiting"),
            models.Index(fields=["campaign", "state"], name="campaigns_progress"),
        ]


class Attempt(models.Model):
    """One call. `step` is the one being said since `said_at`, `repeats` how often it has been said anew, `asked_at` since when an
    answer is waited for. `machine`: a machine picked up, and to it a message was `left`. `call`: an agent's, of a progressive
    campaign; `noted_at` when the agent wrote down what came of it."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="attempts")
    leg = models.CharField(max_length=80, blank=True)
    step = models.CharField(max_length=30, blank=True)
    repeats = models.PositiveSmallIntegerField(default=0)
    said_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    machine = models.BooleanField(default=False)
    left = models.BooleanField(default=False)
    call = models.OneToOneField("calls.Call", models.PROTECT, null=True, blank=True, related_name="+")
    agent = models.ForeignKey("accounts.Person", models.PROTECT, null=True, blank=True, related_name="+")
    noted_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    placed_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=OUTCOMES, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target"], condition=Q(ended_at=None), name="campaigns_one_call_at_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["leg"], condition=~Q(leg=""), name="campaigns_leg"),
            models.Index(fields=["answered_at"], name="campaigns_answered"),
            models.Index(fields=["id"], condition=Q(ended_at=None), name="campaigns_open"),
            models.Index(fields=["agent"], condition=Q(ended_at=None), name="campaigns_at_agent"),
        ]


class Answer(models.Model):
    """A key pressed at a step, and what it meant then; `spoken`: it was said in these words."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="answers")
    step = models.CharField(max_length=30)
    key = models.CharField(max_length=1)
    meaning = models.CharField(max_length=30)
    spoken = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["attempt", "step"], name="campaigns_answer_once")
        ]


class OptOut(models.Model):
    """A citizen whom no machine calls again, whatever the campaign."""

    citizen = models.OneToOneField("accounts.Citizen", models.PROTECT, related_name="+")
    attempt = models.ForeignKey(Attempt, models.SET_NULL, null=True, blank=True, related_name="+")
    by = models.CharField(max_length=80)
    reason = models.CharField(max_length=200, blank=True, help_text="as staff noted it")
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-at", "-id"], name="campaigns_opt_outs")]
