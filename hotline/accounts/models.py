"""Units, staff and their roles; citizens' identity; sessions."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class UnitLevel(models.TextChoices):
    HUB = "hub", _("Hotline centre")
    BUREAU = "bureau", _("Municipal bureau")
    DISTRICT = "district", _("District")
    DEPARTMENT = "department", _("District department")
    STREET = "street", _("Street or town")
    STATION = "station", _("Station")
    FIRM = "firm", _("Public firm")


class Role(models.TextChoices):
    """Roles of rules.md section 3."""

    AGENT = "agent", _("Agent")
    SHIFT_LEADER = "shift_leader", _("Shift leader")
    DISPATCHER = "dispatcher", _("Dispatcher")
    UNIT_MANAGER = "unit_manager", _("Unit manager")
    HANDLER = "handler", _("Handler")
    REVIEWER = "reviewer", _("Reviewer")
    FOLLOW_UP = "follow_up", _("Follow-up clerk")
    SUPERVISOR = "supervisor", _("Supervisor")
    INSPECTOR = "inspector", _("Quality inspector")
    KNOWLEDGE_EDITOR = "knowledge_editor", _("Knowledge editor")
    APPRAISER = "appraiser", _("Appraiser")
    LEADER = "leader", _("Leader")
    ADMIN = "admin", _("Administrator")
    AUDITOR = "auditor", _("Security auditor")


class Unit(models.Model):
    """承办单位: a node of the tree of units. `path` is `/id/id/…/` from the root to itself, kept by the actions."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40)
    pinyin = models.CharField(max_length=400, blank=True, help_text="initials and full pinyin, for search")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=200, blank=True)
    level = models.CharField(max_length=20, choices=UnitLevel)
    kind = models.CharField(max_length=60, blank=True)
    area_code = models.CharField(max_length=12, blank=True, help_text="division that it answers for")
    duties = models.TextField(blank=True)
    working_hours = models.CharField(max_length=60, blank=True, default="09:00-17:30")
    phone = models.CharField(max_length=30, blank=True)
    opened_on = models.DateField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["path"], name="unit_path", opclasses=["varchar_pattern_ops"]),
            GinIndex(fields=["pinyin"], name="unit_pinyin", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.name


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, username: str | None) -> Person:
        # Names are stored in small letters; the unique index serves this.
        return self.get(username=(username or "").strip().lower())


class Person(AbstractBaseUser):
    """A member of staff. What they may do comes from memberships, never from flags here."""

    username = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=60)
    title = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    password_history = ArrayField(
        models.CharField(max_length=200), default=list, help_text="hashes of former passwords"
    )
    password_changed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    duty_line: str = ""
    """Role and unit for the page's head; filled by `queries.actor_for`."""

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects: ClassVar[PersonManager] = PersonManager()

    def __str__(self) -> str:
        return self.name


class ExternalAccount(models.Model):
    """Who a member of staff is at the city's identity provider (OpenID Connect); linked by an administrator."""

    person = models.OneToOneField(Person, models.CASCADE, related_name="external_account")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    linked_by = models.CharField(max_length=80)
    linked_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="external_account_once")
        ]


class Membership(models.Model):
    """One role of one person at one unit; it reaches the unit's subtree as far as the permission table says."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    area_code = models.CharField(
        max_length=12, blank=True, help_text="limits the role to a division and what lies below it"
    )
    handles_secret = models.BooleanField(
        default=False, help_text="named handler of confidential orders of this unit"
    )
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "unit", "role", "area_code"], name="membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.person_id}:{self.role}@{self.unit_id}"


class Delegation(models.Model):
    """While away: `to_person` also acts with `from_person`'s memberships."""

    from_person = models.ForeignKey(Person, models.CASCADE, related_name="delegations_given")
    to_person = models.ForeignKey(Person, models.CASCADE, related_name="delegations_received")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="delegation_ends_later"
            ),
            models.CheckConstraint(
                condition=~models.Q(from_person=models.F("to_person")), name="delegation_to_another"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["to_person", "ends_at"],
                name="delegation_to",
                condition=models.Q(revoked_at__isnull=True),
            )
        ]


class StaffSession(models.Model):
    """A signed-in session, so that it can be seen and ended. The key is kept as a hash: reading this table opens no session."""

    session_key = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the session's key")
    person = models.ForeignKey(Person, models.CASCADE, related_name="staff_sessions")
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["person", "-seen_at"],
                name="staff_session_open",
                condition=models.Q(ended_at__isnull=True),
            )
        ]


class CitizenKind(models.TextChoices):
    PERSON = "person", _("Person")
    ENTERPRISE = "enterprise", _("Enterprise")


class Citizen(models.Model):
    """Identity, apart from orders. Ciphertexts carry their key's id; hashes find exact values (rules.md section 9)."""

    kind = models.CharField(max_length=12, choices=CitizenKind, default=CitizenKind.PERSON)
    name_cipher = models.BinaryField(null=True)
    phone_cipher = models.BinaryField(null=True)
    phone_hash = models.BinaryField(null=True, max_length=32)
    phone_mask = models.CharField(max_length=30, blank=True, help_text="138****1234")
    name_mask = models.CharField(max_length=30, blank=True, help_text="张**")
    id_number_cipher = models.BinaryField(null=True)
    id_number_hash = models.BinaryField(null=True, max_length=32)
    email_cipher = models.BinaryField(null=True)
    email_hash = models.BinaryField(null=True, max_length=32)
    company = models.CharField(max_length=120, blank=True)
    gender = models.CharField(max_length=10, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list)
    remark = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["phone_hash"], name="citizen_phone_once", condition=models.Q(phone_hash__isnull=False)
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id_number_hash"],
                name="citizen_id_number",
                condition=models.Q(id_number_hash__isnull=False),
            ),
            models.Index(
                fields=["email_hash"], name="citizen_email", condition=models.Q(email_hash__isnull=False)
            ),
        ]
