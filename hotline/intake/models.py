"""Raw messages, appeals, drafts, forms, imports, caller restrictions."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from hotline.workorders.models import Channel, DemandType, Urgency


class RawState(models.TextChoices):
    RECEIVED = "received", _("Received")
    ACCEPTED = "accepted", _("Accepted")
    QUARANTINED = "quarantined", _("In quarantine")
    DISCARDED = "discarded", _("Discarded")


class RawMessage(models.Model):
    """Every inbound thing as it came, before it is interpreted."""

    channel = models.CharField(max_length=20, choices=Channel)
    source = models.CharField(
        max_length=60, help_text="who delivered it: portal, desk, api:<token id>, import:<batch id>"
    )
    idempotency_key = models.CharField(max_length=120)
    sha256 = models.BinaryField(max_length=32)
    payload = models.BinaryField(help_text="the bytes received; identity inside is encrypted with the ring")
    media_type = models.CharField(max_length=80, default="application/json")
    state = models.CharField(max_length=12, choices=RawState, default=RawState.RECEIVED)
    error = models.TextField(blank=True)
    received_at = models.DateTimeField(db_default=Now())
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "idempotency_key"], name="raw_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="raw_quarantine", condition=Q(state="quarantined"))
        ]


class AppealState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ANSWERED = "answered", _("Answered directly")
    NOT_ACCEPTED = "not_accepted", _("Not accepted")
    REFERRED = "referred", _("Referred")
    ORDERED = "ordered", _("Turned into a work order")
    APPENDED = "appended", _("Added to an open order")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Appeal(models.Model):
    """诉求: what one citizen said once. It keeps its number when its order is merged into another."""

    number = models.CharField(max_length=24, null=True, blank=True)
    state = models.CharField(max_length=14, choices=AppealState, default=AppealState.DRAFT)
    raw = models.ForeignKey(RawMessage, models.PROTECT, null=True, blank=True, related_name="appeals")
    # Indexed below, once: each index more is written with every appeal.
    order = models.ForeignKey(
        "workorders.WorkOrder", models.PROTECT, null=True, blank=True, related_name="appeals", db_index=False
    )
    citizen = models.ForeignKey(
        "accounts.Citizen", models.PROTECT, null=True, blank=True, related_name="appeals", db_index=False
    )
    lookup_hash = models.CharField(max_length=128, blank=True, help_text="keyed hash of the look-up code")
    channel = models.CharField(max_length=20, choices=Channel)
    demand_type = models.CharField(max_length=20, choices=DemandType, blank=True)
    urgency = models.CharField(max_length=10, choices=Urgency, default=Urgency.ROUTINE)
    title = models.CharField(max_length=200, blank=True)
    content = models.TextField(blank=True)
    form = models.JSONField(default=dict, help_text="the draft as typed; emptied at acceptance")
    reason_code = models.CharField(max_length=40, blank=True)
    answer = models.TextField(blank=True)
    secret = models.BooleanField(default=False)
    agent = models.ForeignKey(
        "accounts.Person", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    call_id = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["order"], name="appeal_order"),
            models.Index(fields=["citizen", "-id"], name="appeal_citizen"),
            models.Index(fields=["agent", "-id"], name="appeal_draft", condition=Q(state="draft")),
            # Of calls on the telephone alone; they are asked for by their call.
            models.Index(fields=["call_id"], name="appeal_call", condition=~Q(call_id="")),
        ]
        # Not `unique=True`, which adds an index for LIKE.
        constraints: ClassVar = [models.UniqueConstraint(fields=["number"], name="appeal_number_once")]


class CategoryForm(models.Model):
    """Questions of a category, one version; validated alike on every channel."""

    category = models.ForeignKey("workorders.Category", models.PROTECT, related_name="forms")
    version = models.PositiveIntegerField()
    questions = models.JSONField(help_text="list of {code, label, kind, required, choices, help}")
    effective_from = models.DateField()
    effective_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["category", "version"], name="category_form_version")
        ]


class ImportBatch(models.Model):
    """A CSV import: dry run or real, resumable by row."""

    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=120)
    mapping = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)
    next_row = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list, help_text="first 500 of {row, field, message}")
    state = models.CharField(
        max_length=12, default="checked", help_text="checked, running, finished, stopped"
    )
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())


class CallerRestriction(models.Model):
    """骚扰治理 (A13): proposed, approved, expiring, appealable; never a silent block."""

    citizen = models.ForeignKey("accounts.Citizen", models.PROTECT, related_name="restrictions")
    reason_code = models.CharField(max_length=40)
    text = models.TextField()
    measure = models.CharField(max_length=30, help_text="warn_agent, limit_duration, police_lead")
    state = models.CharField(
        max_length=12, default="proposed", help_text="proposed, approved, refused, lifted"
    )
    proposed_by = models.CharField(max_length=80)
    proposed_at = models.DateTimeField()
    approved_by = models.CharField(max_length=80, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    appeal_text = models.TextField(blank=True)
    appeal_decision = models.TextField(blank=True)
