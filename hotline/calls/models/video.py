"""A citizen who signs: their page beside the call, the pages of the agents in it, what the pages tell one another, what is typed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from hotline.calls.models.after import CallBack
from hotline.calls.models.agents import AgentSession
from hotline.calls.models.calls import Call


class VideoVisit(models.Model):
    """A citizen's page of one call. Whoever holds the key (kept here as its hash) is that citizen.

    `page`: the page as it is loaded now; `seen_at`: when it was last heard of; `leaving_at`: it said that it is being closed.
    """

    call = models.OneToOneField(Call, models.CASCADE, related_name="visit")
    key_hash = models.CharField(max_length=64, unique=True)
    page = models.CharField(max_length=32, blank=True)
    seen_at = models.DateTimeField()
    leaving_at = models.DateTimeField(null=True, blank=True)


class VideoSeat(models.Model):
    """An agent's page in a call, as it is loaded now."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="seats")
    session = models.ForeignKey(AgentSession, models.CASCADE, related_name="+")
    page = models.CharField(max_length=32)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["call", "session"], name="calls_video_seat_once")
        ]


class VideoSignal(models.Model):
    """What one page tells another so that they find each other (WebRTC). Holds addresses of networks: gone when the call is over."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="signals")
    sender = models.CharField(max_length=32)
    to = models.CharField(max_length=32)
    kind = models.CharField(max_length=8)
    body = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["to", "id"], name="calls_video_signals")]


class TypedLine(models.Model):
    """What was typed during a call; no `session`: by the citizen. Kept with the call."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="typed")
    session = models.ForeignKey(AgentSession, models.PROTECT, null=True, blank=True, related_name="+")
    text = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(text=""), name="calls_typed_something")]


class VideoInvitation(models.Model):
    """A link by SMS to a citizen who signs and is owed a call: their next call, at the head of the lane. Its key is kept as a hash."""

    call_back = models.ForeignKey(CallBack, models.CASCADE, related_name="invitations")
    key_hash = models.CharField(max_length=64, unique=True)
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
