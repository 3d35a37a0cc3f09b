"""Conversations of citizens in writing, seats, prepared answers, the city's rules for them."""

from __future__ import annotations

from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class ChatState(models.TextChoices):
    MACHINE = "machine", _("With the machine")
    WAITING = "waiting", _("Waiting for a person")
    TALKING = "talking", _("With a person")
    ENDED = "ended", _("Chat ended")


class Sender(models.TextChoices):
    CITIZEN = "citizen", _("Citizen")
    MACHINE = "machine", _("Machine")
    AGENT = "agent", _("Agent")
    NOTE = "note", _("Note in the chat")


class EndReason(models.TextChoices):
    CITIZEN = "citizen", _("Ended by the citizen")
    AGENT = "agent", _("Ended by the agent")
    IDLE = "idle", _("Ended after silence")


class CityRules(models.Model):
    """One row: when people answer, how many chats one has, how long silence lasts. Minutes are minutes."""

    opens = models.TimeField(default=time(8, 30))
    closes = models.TimeField(default=time(20, 0), help_text="the same as `opens`: day and night")
    workdays_only = models.BooleanField(default=False)
    most_chats = models.PositiveSmallIntegerField(default=3, help_text="of one agent at a time")
    most_waiting = models.PositiveSmallIntegerField(default=50)
    warn_minutes = models.PositiveSmallIntegerField(default=8, help_text="of a citizen's silence until a reminder")
    end_minutes = models.PositiveSmallIntegerField(default=15, help_text="of a citizen's silence until the end")
    one = models.BooleanField(default=True, editable=False, unique=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(one=True), name="chat_rules_one_row"),
            models.CheckConstraint(condition=Q(most_chats__range=(1, 8)), name="chat_rules_chats"),
            models.CheckConstraint(condition=Q(warn_minutes__lt=F("end_minutes")), name="chat_rules_silence"),
        ]


class Conversation(models.Model):
    """One talk. `said`: messages so far. `read`: up to which number its agent has read."""

    key_hash = models.BinaryField(max_length=32)
    citizen = models.ForeignKey("accounts.Citizen", models.PROTECT, null=True, blank=True, related_name="chats")
    language = models.CharField(max_length=10, default="zh-hans")
    state = models.CharField(max_length=8, choices=ChatState, default=ChatState.MACHINE)
    lane = models.ForeignKey(
        "calls.Lane", models.SET_NULL, null=True, blank=True, related_name="chats", help_text="none: everybody's"
    )
    agent = models.ForeignKey(
        "accounts.Person", models.PROTECT, null=True, blank=True, related_name="chats", help_text="who has, or had it"
    )
    said = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True, blank=True)
    at_head = models.BooleanField(default=False, help_text="was taken before; goes before all others")
    taken_at = models.DateTimeField(null=True, blank=True)
    heard_at = models.DateTimeField(help_text="the citizen's last word")
    warned_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=8, choices=EndReason, blank=True)
    appeal = models.ForeignKey(
        "intake.Appeal", models.SET_NULL, null=True, blank=True, related_name="chats", help_text="first its draft"
    )
    filed_at = models.DateTimeField(null=True, blank=True)
    words_deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key_hash"], name="chat_key_once"),
            models.CheckConstraint(
                condition=~Q(state__in=["machine", "waiting"]) | Q(agent=None), name="chat_nobodys_yet"
            ),
            models.CheckConstraint(condition=~Q(state="talking") | ~Q(agent=None), name="chat_somebodys"),
            models.CheckConstraint(condition=Q(state="ended") ^ Q(ended_at=None), name="chat_ended_with_a_moment"),
            models.CheckConstraint(condition=~Q(state="waiting") | ~Q(queued_at=None), name="chat_queued_at"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-at_head", "queued_at", "id"], condition=Q(state="waiting"), name="chat_queue"),
            models.Index(fields=["agent", "id"], condition=Q(state="talking"), name="chat_of_agent"),
            models.Index(fields=["heard_at"], condition=~Q(state="ended"), name="chat_silent"),
            models.Index(fields=["ended_at"], condition=Q(words_deleted_at=None), name="chat_retention"),
        ]


class CannedAnswer(models.Model):
    """Prepared words, one version of them; the newest of a key is `current` until it is taken out of use."""

    key = models.SlugField(max_length=24, help_text="typed after / in an answer")
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=80)
    category_code = models.CharField(max_length=20, blank=True)
    text = models.TextField()
    current = models.BooleanField(default=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "version"], name="chat_canned_version"),
            models.UniqueConstraint(fields=["key"], condition=Q(current=True), name="chat_canned_current"),
        ]


class Message(models.Model):
    """One thing said. `sealed`: the words, or of a note what its code names; `cites`: [{entry, version, position}]."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    number = models.PositiveIntegerField()
    sender = models.CharField(max_length=8, choices=Sender)
    code = models.CharField(max_length=16, blank=True, help_text="of a note, or of what the machine says: rules.NOTES")
    sealed = models.BinaryField(default=bytes)
    cites = models.JSONField(default=list)
    person = models.ForeignKey("accounts.Person", models.PROTECT, null=True, blank=True, related_name="+")
    canned = models.ForeignKey(CannedAnswer, models.PROTECT, null=True, blank=True, related_name="+")
    client = models.CharField(max_length=64, blank=True, help_text="the sender's own id of it")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conversation", "number"], name="chat_message_number"),
            models.UniqueConstraint(
                fields=["conversation", "client"], condition=~Q(client=""), name="chat_message_once"
            ),
        ]


class Seat(models.Model):
    """A person who answers chats now. Closed seats stay, one a person."""

    person = models.OneToOneField("accounts.Person", models.CASCADE, related_name="chat_seat")
    open = models.BooleanField(default=True)
    resting = models.BooleanField(default=False, help_text="keeps the chats, gets no new one")
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["seen_at"], condition=Q(open=True), name="chat_seats_open")]
