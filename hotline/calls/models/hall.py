"""What the hall is set up with: skills, lanes, lines, what is announced and said, codes of pauses."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class MergeForm(models.TextChoices):
    """How a line was merged into 12345 (rules.md section 2, 归并形式)."""

    OWN = "own", _("The hotline itself")
    FULL = "full", _("Merged whole")
    PARALLEL = "parallel", _("Both numbers kept")
    SUBCENTRE = "subcentre", _("Sub-centre")


class LaneKind(models.TextChoices):
    """A14, A15."""

    GENERAL = "general", _("General lane")
    ENTERPRISE = "enterprise", _("Enterprise lane")
    EXPERT = "expert", _("Expert seats")
    LANGUAGE = "language", _("Foreign language")
    SIGN = "sign", _("Sign language")
    ZONE = "zone", _("Special zone")


class Skill(models.Model):
    """What a lane asks of its agents: a language, a field."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)

    def __str__(self) -> str:
        return self.name


class PersonSkill(models.Model):
    """A person's level in a skill, 1 (just trained) … 5 (teaches it)."""

    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="call_skills")
    skill = models.ForeignKey(Skill, models.CASCADE, related_name="people")
    level = models.PositiveSmallIntegerField(default=3)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "skill"], name="calls_skill_once"),
            models.CheckConstraint(condition=Q(level__range=(1, 5)), name="calls_skill_level"),
        ]


class Lane(models.Model):
    """A queue. Seconds are seconds; 0 waiting or None after: without that limit."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=LaneKind, default=LaneKind.GENERAL)
    skill = models.ForeignKey(Skill, models.PROTECT, related_name="lanes")
    least_level = models.PositiveSmallIntegerField(default=1)
    priority = models.SmallIntegerField(
        default=0, help_text="higher is served first; a minute of waiting counts one"
    )
    most_waiting = models.PositiveIntegerField(default=0)
    overflow_to = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    overflow_seconds = models.PositiveIntegerField(null=True, blank=True)
    call_back_seconds = models.PositiveIntegerField(null=True, blank=True)
    ring_seconds = models.PositiveSmallIntegerField(default=20)
    wrap_seconds = models.PositiveSmallIntegerField(default=60)
    update_seconds = models.PositiveSmallIntegerField(
        default=60, help_text="place and likely wait are told again after so long; 0: only once"
    )
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Line(models.Model):
    """A number that citizens call. `choice_key` with its lane is the only choice there may be; 0 is a person, always."""

    code = models.SlugField(max_length=30, unique=True)
    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=60)
    merge_form = models.CharField(max_length=12, choices=MergeForm, default=MergeForm.OWN)
    lane = models.ForeignKey(Lane, models.PROTECT, related_name="lines")
    greeting = models.CharField(max_length=90, default="greeting.wav")
    greeting_text = models.TextField(blank=True, help_text="empty: the line's name and its choice")
    asks_satisfaction = models.BooleanField(default=True)
    choice_key = models.CharField(max_length=1, blank=True)
    choice_lane = models.ForeignKey(Lane, models.PROTECT, null=True, blank=True, related_name="+")
    opens = models.TimeField(default=time(0, 0))
    closes = models.TimeField(default=time(0, 0), help_text="the same as opens: day and night")
    call_back_minutes = models.PositiveIntegerField(default=120)
    fallback = models.BooleanField(default=False, help_text="takes calls to numbers that no line has")
    active = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(choice_key="", choice_lane=None)
                | Q(choice_key__in=list("123456789"), choice_lane__isnull=False),
                name="calls_line_one_choice",
            ),
            models.UniqueConstraint(
                fields=["fallback"], condition=Q(fallback=True), name="calls_line_one_fallback"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Announcement(models.Model):
    """B14: played before the greeting. No line: all; no district: the whole city. `text` is what is said.

    Without `begins_at` it is prepared: spoken, to be listened to, on no line yet.
    """

    line = models.ForeignKey(Line, models.CASCADE, null=True, blank=True, related_name="announcements")
    district_code = models.CharField(max_length=12, blank=True)
    text = models.TextField()
    sound = models.CharField(max_length=90)
    begins_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()


class Prompt(models.Model):
    """What a sound file of the switch says now, as the distributor found or had it made; the file itself is the switch's.

    `key` stands for the text that it says, "own" for a city's own recording, "" for a tone. `fault`: why `fault_key` was not spoken.
    """

    name = models.CharField(max_length=90, primary_key=True)
    key = models.CharField(max_length=16, blank=True)
    fault_key = models.CharField(max_length=16, blank=True)
    fault = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()


class PauseCode(models.Model):
    """Why an agent takes no calls. `most_minutes` 0: no limit."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    most_minutes = models.PositiveSmallIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name
