"""The work order (工单), its event log, its clocks."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from hotline.kit.models import CurrentXid, XidField
from hotline.workorders.models.states import (
    FINAL_STATES,
    Audience,
    Channel,
    ClockKind,
    ClockLevel,
    ClockSide,
    ClockState,
    ClosingKind,
    DemandType,
    Flow,
    OrderState,
    Outcome,
    Urgency,
)

_FINAL = [str(state) for state in FINAL_STATES]


class WorkOrder(models.Model):
    """One demand in handling. Truth is the event log; columns here are its present, written only by actions.

    `revision` grows with every write by a person: forms carry it, and a stale one raises `kit.errors.Stale`.
    Foreign keys without an index of their own stand first in an index below, or nobody looks orders up by them: each
    index is written with every order.
    """

    number = models.CharField(max_length=24, help_text="prefix, date, running number: JD20261122-000123")
    state = models.CharField(max_length=20, choices=OrderState, default=OrderState.PENDING_REVIEW)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    channel = models.CharField(max_length=20, choices=Channel)
    demand_type = models.CharField(max_length=20, choices=DemandType)
    urgency = models.CharField(max_length=10, choices=Urgency, default=Urgency.ROUTINE)
    title = models.CharField(max_length=200)
    content = models.TextField()
    expectation = models.TextField(blank=True, help_text="what the citizen wants")
    occurred_at = models.DateTimeField(null=True, blank=True)
    subject_name = models.CharField(max_length=120, blank=True, help_text="被反映人/单位")
    subject_contact = models.CharField(max_length=120, blank=True)
    category = models.ForeignKey("workorders.Category", models.PROTECT, null=True, blank=True, related_name="orders", db_index=False)
    labels = ArrayField(models.CharField(max_length=40), default=list)
    answers = models.JSONField(default=dict, help_text="answers to the category's questions, with the form's version")
    # Reported and actual place (上报地址 / 实际地址)
    division = models.ForeignKey("places.Division", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    address = models.CharField(max_length=300, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    actual_division = models.ForeignKey("places.Division", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    actual_address = models.CharField(max_length=300, blank=True)
    # Who
    citizen = models.ForeignKey("accounts.Citizen", models.PROTECT, null=True, blank=True, related_name="orders", db_index=False)
    anonymous = models.BooleanField(default=False)
    on_behalf_of = models.CharField(max_length=60, blank=True)
    secret = models.BooleanField(default=False, help_text="保密 or 举报: hidden from all but named handlers")
    created_by = models.CharField(max_length=80, help_text="Actor.key()")
    # Handling, kept from the event log
    lead_unit = models.ForeignKey("accounts.Unit", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    round = models.PositiveSmallIntegerField(default=1, help_text="1 first handling, 2… redo")
    flow = models.CharField(max_length=12, choices=Flow, default=Flow.FIRST)
    return_count = models.PositiveSmallIntegerField(default=0)
    extension_count = models.PositiveSmallIntegerField(default=0)
    redo_count = models.PositiveSmallIntegerField(default=0)
    urge_count = models.PositiveSmallIntegerField(default=0)
    supervised = models.BooleanField(default=False)
    listed = models.BooleanField(default=False)
    difficult = models.BooleanField(default=False)
    return_locked = models.BooleanField(default=False, help_text="禁止退回")
    excluded = models.BooleanField(default=False, help_text="不计考核")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged_orders", db_index=False)
    due_at = models.DateTimeField(null=True, blank=True, help_text="city's finish clock; a cache that `deadlines check` compares")
    policy = models.ForeignKey("worktime.Policy", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    calendar = models.ForeignKey("worktime.Calendar", models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    replied_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing_kind = models.CharField(max_length=20, choices=ClosingKind, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    solved = models.BooleanField(null=True, blank=True, help_text="the citizen's word at follow-up")
    satisfaction = models.PositiveSmallIntegerField(null=True, blank=True, help_text="1 very dissatisfied … 5 very satisfied")
    pool_claimed_by = models.ForeignKey("accounts.Person", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    pool_claimed_at = models.DateTimeField(null=True, blank=True)
    search = SearchVectorField(null=True, editable=False)

    class Meta:
        permissions: ClassVar = []
        indexes: ClassVar = [
            models.Index(fields=["state", "urgency", "id"], name="order_open", condition=~Q(state__in=_FINAL)),
            models.Index(fields=["due_at", "id"], name="order_due", condition=~Q(state__in=_FINAL)),
            models.Index(fields=["citizen", "-id"], name="order_citizen"),
            models.Index(fields=["category", "-id"], name="order_category"),
            models.Index(fields=["division", "-id"], name="order_division"),
            models.Index(fields=["lead_unit", "-id"], name="order_lead", condition=Q(lead_unit__isnull=False)),
            models.Index(fields=["created_at"], name="order_created"),
            models.Index(
                fields=["latitude", "longitude"], name="order_near",
                condition=Q(latitude__isnull=False, secret=False) & ~Q(state__in=_FINAL),
            ),
            models.Index(fields=["closed_at"], name="order_to_archive", condition=Q(state="closed")),
            models.Index(fields=["merged_into"], name="order_merged", condition=Q(merged_into__isnull=False)),
            # A small list of pending entries: a search reads all of it, and who fills it sorts it in (measured: bench/README.md).
            GinIndex(fields=["search"], name="order_search", gin_pending_list_limit=256),
        ]
        constraints: ClassVar = [
            # Not `unique=True`, which adds an index for LIKE: nobody asks for half a number.
            models.UniqueConstraint(fields=["number"], name="order_number_once"),
            models.CheckConstraint(condition=~Q(state="merged") | Q(merged_into__isnull=False), name="merged_has_main"),
            models.CheckConstraint(condition=~Q(state__in=["closed", "archived"]) | Q(closed_at__isnull=False), name="closed_has_time"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def card(self) -> str:
        """The gravest card of this round, green without one. Whoever reads many orders selects `standing` along."""
        try:
            return self.standing.level
        except StandingCard.DoesNotExist:
            return str(ClockLevel.GREEN)


class StandingCard(models.Model):
    """The card that stands against an order; orders on time have none. A cache of the log, as the order's columns are.

    Beside the order's row, not in it: on a Monday at nine the scanner writes thousands, and the order's row is wide and
    stands in a dozen indexes, each of which would be written with it.
    """

    order = models.OneToOneField(WorkOrder, models.CASCADE, primary_key=True, related_name="standing")
    level = models.CharField(max_length=10, choices=ClockLevel)


class Involvement(models.Model):
    """An order concerns a unit: every unit assigned now or before, and each unit above it. Lists of a unit page by it."""

    unit = models.ForeignKey("accounts.Unit", models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="involvements")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["unit", "order"], name="involvement_once")]


class OrderAccess(models.Model):
    """A named handler of a secret order."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="accesses")
    person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="+", db_index=False)
    granted_by = models.CharField(max_length=80)
    reason = models.CharField(max_length=200)
    granted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "order"], name="order_access_once")]


class WorkOrderEvent(models.Model):
    """One row a transition or act, append-only (a trigger forbids UPDATE and DELETE) and hash-chained.

    `data` holds what deadlines, timelines and statistics need: ids, old and new values, clock effects. The unit is named as
    the actor is, without the database's constraint, which would lock and look up the unit's row for each event.
    """

    xid = XidField(db_default=CurrentXid(), editable=False)
    order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="events", db_index=False)
    at = models.DateTimeField()
    verb = models.CharField(max_length=40)
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=80, blank=True)
    unit = models.ForeignKey(
        "accounts.Unit", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False, help_text="unit that acted"
    )
    assignment_id = models.BigIntegerField(null=True)
    old_state = models.CharField(max_length=20, blank=True)
    new_state = models.CharField(max_length=20, blank=True)
    audience = models.CharField(max_length=10, choices=Audience, blank=True, default="")
    reason_code = models.CharField(max_length=40, blank=True)
    text = models.TextField(blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["order", "id"], name="event_order"),
            models.Index(fields=["xid", "id"], name="event_commit_order"),
        ]


class Clock(models.Model):
    """One running promise. `due_at` is a cache of `worktime.rules.due(...)`; `next_at` is when the scanner must look."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="clocks", db_index=False)
    assignment = models.ForeignKey("workorders.Assignment", models.CASCADE, null=True, blank=True, related_name="clocks", db_index=False)
    side = models.CharField(max_length=4, choices=ClockSide)
    kind = models.CharField(max_length=12, choices=ClockKind)
    round = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=8, choices=ClockState, default=ClockState.RUNNING)
    level = models.CharField(max_length=10, choices=ClockLevel, default=ClockLevel.GREEN)
    started_at = models.DateTimeField()
    original_due_at = models.DateTimeField()
    due_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    marks = models.JSONField(default=list, help_text="levels with their moments, [[level, ISO time], …]; a cache as due_at is")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["next_at"], name="clock_next", condition=Q(state="running", next_at__isnull=False)),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["order", "kind", "side", "round", "assignment"], name="clock_once", nulls_distinct=False
            )
        ]


class OrderLink(models.Model):
    """关联工单: two orders that belong together without being one."""

    first = models.ForeignKey(WorkOrder, models.CASCADE, related_name="+")
    second = models.ForeignKey(WorkOrder, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=30, default="related")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["first", "second", "kind"], name="order_link_once")]


class SavedView(models.Model):
    """A named set of filters and columns of one person's list."""

    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    query = models.JSONField(default=dict)
    columns = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "name"], name="saved_view_once")]


class Presence(models.Model):
    """Who has an order's page open now; rows older than a minute mean nothing."""

    order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="+")
    person = models.ForeignKey("accounts.Person", models.CASCADE, related_name="+")
    seen_at = models.DateTimeField()
    editing = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "person"], name="presence_once")]
