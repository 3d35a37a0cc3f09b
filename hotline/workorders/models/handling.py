"""How units handle an order: assignments, applications, replies, notes, attachments, supervision."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hotline.workorders.models.order import WorkOrder
from hotline.workorders.models.states import (
    OPEN_ASSIGNMENT_STATES,
    ApplicationKind,
    ApplicationState,
    AssignmentRole,
    AssignmentState,
    Audience,
    DemandFinding,
    FactFinding,
    ListedState,
    Outcome,
    ReplyMethod,
    SiteVisit,
    SupervisionKind,
)

_OPEN = [str(state) for state in OPEN_ASSIGNMENT_STATES]


class Assignment(models.Model):
    """An order at a unit. `parent` is the assignment that sent it down (null: the hotline centre did)."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="assignments", db_index=False)
    unit = models.ForeignKey("accounts.Unit", models.PROTECT, related_name="assignments", db_index=False)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    role = models.CharField(max_length=10, choices=AssignmentRole, default=AssignmentRole.LEAD)
    state = models.CharField(max_length=20, choices=AssignmentState, default=AssignmentState.PENDING_SIGN)
    round = models.PositiveSmallIntegerField(default=1)
    handler = models.ForeignKey("accounts.Person", models.PROTECT, null=True, blank=True, related_name="+")
    instructions = models.TextField(blank=True)
    created_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True, blank=True)
    contacted_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True, help_text="on the spot, of this round")
    replied_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, help_text="unit's finish clock")
    next_due_at = models.DateTimeField(null=True, blank=True, help_text="nearest running clock of this assignment")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["unit", "state", "next_due_at", "id"], name="assignment_inbox", condition=Q(state__in=_OPEN)),
            models.Index(fields=["unit", "-id"], name="assignment_unit"),
            models.Index(fields=["order", "id"], name="assignment_order"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order"], name="one_open_lead_at_top", condition=Q(role="lead", parent__isnull=True, state__in=_OPEN)
            ),
            models.UniqueConstraint(fields=["order", "unit", "round"], name="one_open_assignment_a_unit", condition=Q(state__in=_OPEN)),
        ]


class Application(models.Model):
    """A unit asks: return, extension, hold, close as unreasonable. Approved or refused by the level above or the hub."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="applications")
    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="applications")
    kind = models.CharField(max_length=12, choices=ApplicationKind)
    state = models.CharField(max_length=10, choices=ApplicationState, default=ApplicationState.PENDING)
    reason_code = models.CharField(max_length=40)
    text = models.TextField()
    basis = models.TextField(blank=True, help_text="legal basis")
    amount = models.PositiveSmallIntegerField(null=True, blank=True, help_text="days asked for, in the policy's unit")
    suggested_unit = models.ForeignKey("accounts.Unit", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    until = models.DateField(null=True, blank=True, help_text="end of a hold")
    resume_state = models.CharField(max_length=20, blank=True, help_text="assignment's state that a refusal gives back")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_text = models.TextField(blank=True)
    old_due_at = models.DateTimeField(null=True, blank=True)
    new_due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["kind", "id"], name="application_pending", condition=Q(state="pending"))]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["assignment"], name="one_pending_application", condition=Q(state="pending"))
        ]


class Contact(models.Model):
    """先行联系: who called the citizen when, and whether they were reached."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="contacts")
    reached = models.BooleanField()
    reason_code = models.CharField(max_length=40, blank=True, help_text="why not reached")
    contacted_at = models.DateTimeField()
    person = models.CharField(max_length=60, help_text="who made the contact")
    text = models.TextField(blank=True)
    created_by = models.CharField(max_length=80)


class Reply(models.Model):
    """办结回复: a unit's answer with its findings (rules.md section 4.2). A new version per submission."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="replies", db_index=False)
    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="replies")
    version = models.PositiveSmallIntegerField(default=1)
    fact_finding = models.CharField(max_length=30, choices=FactFinding, blank=True)
    demand_finding = models.CharField(max_length=20, choices=DemandFinding, blank=True)
    explanation = models.TextField(blank=True)
    site_visit = models.CharField(max_length=10, choices=SiteVisit, blank=True)
    visited_at = models.DateTimeField(null=True, blank=True)
    method = models.CharField(max_length=10, choices=ReplyMethod)
    replied_to_citizen_at = models.DateTimeField(null=True, blank=True)
    text = models.TextField(help_text="答复要点, shown to the citizen")
    internal_text = models.TextField(blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome)
    unsolved_reason = models.CharField(max_length=40, blank=True)
    citizen_satisfied = models.BooleanField(null=True, blank=True)
    publishable = models.BooleanField(default=False)
    signed_unit = models.CharField(max_length=120, blank=True, help_text="落款单位")
    handled_by = models.CharField(max_length=60, blank=True)
    approved_by = models.CharField(max_length=60, blank=True, help_text="签发人")
    state = models.CharField(max_length=10, default="submitted", help_text="submitted, approved, refused")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_text = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["assignment", "version"], name="reply_version")]


class Note(models.Model):
    """A remark or a supplement. Empty audience means internal."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="notes")
    audience = models.CharField(max_length=10, choices=Audience, blank=True, default="")
    kind = models.CharField(max_length=20, default="note", help_text="note, supplement, interim_report, opinion, urge")
    text = models.TextField()
    assignment = models.ForeignKey(Assignment, models.SET_NULL, null=True, blank=True, related_name="notes")
    author = models.CharField(max_length=80)
    author_name = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()


class Attachment(models.Model):
    """A file of an order. The stored name is its SHA-256; type is by content, never by name."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, null=True, blank=True, related_name="attachments")
    appeal_key = models.CharField(max_length=64, blank=True, help_text="upload before the order exists")
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=80)
    size = models.PositiveBigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=120)
    thumbnail = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=20, default="file", help_text="file, photo, before, after, recording")
    audience = models.CharField(max_length=10, choices=Audience, blank=True, default="")
    taken_at = models.DateTimeField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["appeal_key"], name="attachment_loose", condition=~Q(appeal_key=""))]


class PhotoMark(models.Model):
    """What is known of a photo beside its picture: how it looks, and when and where a phone says it was taken.

    `bits` is its perceptual hash, `bands` that hash in eight parts by which an index finds pictures that look alike.
    `device_at` is what the phone's own clock said, `true_at` the same moment by the platform's; `doubtful`: that
    clock was moved between. Empty for a photo that came by another way.
    """

    attachment = models.OneToOneField(Attachment, models.CASCADE, primary_key=True, related_name="mark")
    bits = models.BigIntegerField(help_text="64 bits, signed")
    bands = ArrayField(models.SmallIntegerField())
    device_at = models.DateTimeField(null=True, blank=True)
    true_at = models.DateTimeField(null=True, blank=True)
    doubtful = models.BooleanField(default=False)
    latitude = models.FloatField(null=True, blank=True, help_text="by the phone, WGS-84")
    longitude = models.FloatField(null=True, blank=True)
    accuracy = models.FloatField(null=True, blank=True, help_text="metres, as the phone says")

    class Meta:
        indexes: ClassVar = [GinIndex(fields=["bands"], name="photo_bands")]


class PartialUpload(models.Model):
    """A file of a draft on its way in pieces, and how far it is. Its bytes lie beside the store until it is whole."""

    token = models.CharField(max_length=64, primary_key=True, help_text="unguessable, part of its address")
    appeal_key = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    length = models.PositiveBigIntegerField(help_text="bytes of the whole file")
    received = models.PositiveBigIntegerField(default=0, help_text="bytes that are safe")
    attachment = models.ForeignKey(Attachment, models.CASCADE, null=True, blank=True, related_name="+", db_index=False)
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="upload_expires")]


class Supervision(models.Model):
    """督办, 立项督办 or 批示 on an order, with its own sub-flow."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="supervisions")
    kind = models.CharField(max_length=12, choices=SupervisionKind, default=SupervisionKind.SUPERVISED)
    state = models.CharField(max_length=20, choices=ListedState, default=ListedState.PROPOSED)
    reason_code = models.CharField(max_length=40)
    text = models.TextField()
    joint = models.BooleanField(default=False, help_text="联合督办")
    promised_on = models.DateField(null=True, blank=True)
    next_on = models.DateField(null=True, blank=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["next_on", "id"], name="supervision_open", condition=Q(closed_at__isnull=True))]


class SupervisionMeeting(models.Model):
    """A joint meeting's note: who met, what was promised, by when."""

    supervision = models.ForeignKey(Supervision, models.CASCADE, related_name="meetings")
    held_at = models.DateTimeField()
    participants = models.TextField()
    text = models.TextField()
    promise = models.TextField(blank=True)
    next_on = models.DateField(null=True, blank=True)
    created_by = models.CharField(max_length=80)
