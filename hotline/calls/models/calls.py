"""Calls and who took part in them: the switch knows legs; what a call means stands here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hotline.calls.models.agents import AgentSession
from hotline.calls.models.hall import Lane, Line
from hotline.calls.rules.states import CallState, ConsultEnd, ConsultState, OfferEnd, Outcome, WatchRole


class Direction(models.TextChoices):
    IN = "in", _("Came in")
    OUT = "out", _("Called out")


class Medium(models.TextChoices):
    VOICE = "voice", _("By voice")
    VIDEO = "video", _("By video")


class Call(models.Model):
    """One call. The caller is a citizen of `accounts`, who holds the number; none when the number was withheld.

    `direction` out: an agent called the citizen; it never waits in a queue and is no contact of the figures.
    """

    direction = models.CharField(max_length=3, choices=Direction, default=Direction.IN)
    medium = models.CharField(max_length=5, choices=Medium, default=Medium.VOICE)
    order_number = models.CharField(
        max_length=40, blank=True, help_text="of a call out: the order it is about"
    )
    line = models.ForeignKey(Line, models.PROTECT, related_name="calls")
    lane = models.ForeignKey(Lane, models.PROTECT, related_name="calls")
    citizen = models.ForeignKey("accounts.Citizen", models.PROTECT, null=True, blank=True, related_name="+")
    district_code = models.CharField(max_length=12, blank=True)
    trunk = models.CharField(max_length=31, blank=True)
    leg = models.CharField(max_length=80, unique=True)
    state = models.CharField(max_length=10, choices=CallState, default=CallState.ARRIVED)
    state_since = models.DateTimeField()
    priority = models.SmallIntegerField(default=0)
    at_head = models.BooleanField(default=False)
    arrived_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True, blank=True)
    likely_wait_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="as foreseen when it was queued"
    )
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="when place and likely wait were last told"
    )
    call_back_offered_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True, help_text="first to an agent")
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    end_reason = models.CharField(max_length=20, blank=True, help_text="the switch's word for the leg's end")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["lane", "queued_at"], condition=Q(state="queued"), name="calls_queue"),
            models.Index(fields=["state"], condition=~Q(state="ended"), name="calls_open"),
            models.Index(fields=["citizen", "-arrived_at"], name="calls_of_citizen"),
            models.Index(fields=["arrived_at"], name="calls_by_time"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(state="ended") & ~Q(outcome="") & Q(ended_at__isnull=False))
                | (~Q(state="ended") & Q(ended_at=None)),
                name="calls_ended_with_an_outcome",
            )
        ]


class Segment(models.Model):
    """One offer of a call to one agent, and the conversation that followed."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="segments")
    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="segments")
    overflowed = models.BooleanField(default=False)
    leg = models.CharField(max_length=80, blank=True)
    offered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=OfferEnd, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["call"], condition=Q(ended_at=None), name="calls_offered_to_one")
        ]
        indexes: ClassVar = [
            models.Index(fields=["session", "-offered_at"], name="calls_segments_of"),
            models.Index(fields=["offered_at"], name="calls_segments_by_time"),
        ]


class Contact(models.Model):
    """Somebody outside whom agents may ask or hand over to by one key: 110, a unit's duty telephone."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=60)
    number = models.CharField(max_length=20)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class Consultation(models.Model):
    """B6: somebody else is brought to a call: a colleague (`helper`), a contact, or a number. `consult`, `leg`: the switch's names."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="consultations")
    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="consultations")
    helper = models.ForeignKey(AgentSession, models.PROTECT, null=True, blank=True, related_name="+")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=60, help_text="whom, in words; a number dialled by hand is masked")
    blind = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=ConsultState, default=ConsultState.RINGING)
    outcome = models.CharField(max_length=12, choices=ConsultEnd, blank=True)
    leg = models.CharField(max_length=80, blank=True)
    consult = models.CharField(max_length=80, blank=True)
    began_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["call"], condition=~Q(state="ended"), name="calls_one_consultation_a_call"
            ),
            models.UniqueConstraint(
                fields=["helper"],
                condition=~Q(state="ended") & Q(helper__isnull=False),
                name="calls_one_consultation_a_helper",
            ),
            models.CheckConstraint(
                condition=(Q(state="ended") & ~Q(outcome="") & Q(ended_at__isnull=False))
                | (~Q(state="ended") & Q(ended_at=None)),
                name="calls_consultation_ended",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["leg"], condition=~Q(state="ended"), name="calls_consultation_leg")
        ]


class Watching(models.Model):
    """B7: a shift leader in a conversation, from their own browser; one conversation at a time."""

    person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+")
    call = models.ForeignKey(Call, models.CASCADE, related_name="watchers")
    session = models.ForeignKey(AgentSession, models.PROTECT, related_name="watchers")
    role = models.CharField(max_length=8, choices=WatchRole, default=WatchRole.LISTEN)
    leg = models.CharField(max_length=80, blank=True)
    began_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(ended_at=None), name="calls_watching_one_at_a_time"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["leg"], condition=Q(ended_at=None), name="calls_watching_leg")
        ]


class CallEvent(models.Model):
    """Append-only: what happened, by whom, with the mark of the switch's event that caused it."""

    call = models.ForeignKey(Call, models.CASCADE, null=True, blank=True, related_name="events")
    session = models.ForeignKey(AgentSession, models.CASCADE, null=True, blank=True, related_name="events")
    verb = models.CharField(max_length=30)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    run = models.CharField(max_length=60, blank=True)
    number = models.BigIntegerField(null=True, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["call", "id"], name="calls_events_of_call"),
            models.Index(fields=["session", "id"], name="calls_events_of_session"),
        ]


class Recording(models.Model):
    """A file of the switch: left what the citizen says, right what they hear. Its checksum was made when it was closed."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="recordings")
    name = models.CharField(max_length=80, unique=True)
    path = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64, blank=True)
    bytes = models.BigIntegerField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    silent_left = models.BooleanField(null=True, blank=True)
    silent_right = models.BooleanField(null=True, blank=True)
    recovered = models.BooleanField(default=False)
    failure = models.TextField(blank=True)


class Ask(models.Model):
    """What the switch is still to be asked, in the order of ids; gone once it answered. `key` makes it happen once."""

    key = models.CharField(max_length=40, unique=True)
    chain = models.CharField(
        max_length=40, help_text="asks of one chain follow one another: call:7, session:3, leg:…"
    )
    verb = models.CharField(max_length=20)
    arguments = models.JSONField(default=dict)
    created_at = models.DateTimeField()


class Switch(models.Model):
    """How far this switch's events have become state: one row a switch."""

    name = models.CharField(max_length=30, primary_key=True)
    run = models.CharField(max_length=60, blank=True)
    number = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField(null=True, blank=True)
