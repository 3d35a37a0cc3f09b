"""Entries with their versions, the index that finds them, and what units owe to keep them true."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class EntryState(models.TextChoices):
    """Where an entry stands (rules.md section 8: 采编→审核→发布→使用→纠错→修订→下线)."""

    DRAFT = "draft", _("Being written")
    IN_REVIEW = "in_review", _("In review")
    PUBLISHED = "published", _("Published")
    REVISING = "revising", _("Published, being revised")
    REVISION_REVIEW = "revision_review", _("Published, revision in review")
    EXPIRED = "expired", _("Expired")
    WITHDRAWN = "withdrawn", _("Taken offline")


class Material(models.TextChoices):
    """Kinds of material (Xinyang, A)."""

    GUIDE = "guide", _("How-to guide")
    LAW = "law", _("Law or regulation")
    HOT_QUESTION = "hot_question", _("Hot question")
    DAILY = "daily", _("Everyday question")
    NOTICE = "notice", _("Notice")
    INTERNAL = "internal", _("Working instruction")


class Readers(models.TextChoices):
    AGENTS = "agents", _("Staff only")
    PUBLIC = "public", _("Everybody")


class VersionState(models.TextChoices):
    OPEN = "open", _("Draft")
    SUBMITTED = "submitted", _("In review")
    PUBLISHED = "published", _("Published")
    DROPPED = "dropped", _("Dropped")


class Entry(models.Model):
    """What the hotline knows about one matter. The columns are the version in force, or the first draft's before that."""

    title = models.CharField(max_length=128, unique=True)
    state = models.CharField(max_length=16, choices=EntryState, default=EntryState.DRAFT)
    category_code = models.CharField(max_length=40, help_text="a leaf of the taxonomy")
    material = models.CharField(max_length=16, choices=Material)
    content = models.TextField(help_text="Markdown")
    unit = models.ForeignKey("accounts.Unit", models.PROTECT, related_name="knowledge_entries")
    responsible = models.ForeignKey("accounts.Person", models.SET_NULL, null=True, blank=True, related_name="+")
    region = models.CharField(max_length=12, blank=True, help_text="division where it holds; empty: the whole city")
    readers = models.CharField(max_length=8, choices=Readers, default=Readers.AGENTS)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True, help_text="last day on which it holds")
    keywords = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    questions = ArrayField(models.CharField(max_length=200), default=list, blank=True, help_text="how citizens ask it")
    legal_basis = models.CharField(max_length=500, blank=True)
    document_number = models.CharField(max_length=80, blank=True)
    number = models.PositiveIntegerField(default=0, help_text="number of the version in force; 0 before the first")
    revision = models.PositiveIntegerField(default=1, help_text="counts every change, so that two editors notice each other")
    review_due_on = models.DateField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    source = models.ForeignKey("knowledge.Source", models.SET_NULL, null=True, blank=True, related_name="entries")
    source_key = models.CharField(max_length=300, blank=True)
    source_hash = models.CharField(max_length=64, blank=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="knowledge_valid_in_order",
            ),
            models.UniqueConstraint(
                fields=["source", "source_key"], name="knowledge_source_once", condition=Q(source__isnull=False)
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["unit", "state", "-updated_at"], name="knowledge_of_unit"),
            models.Index(fields=["category_code"], name="knowledge_category", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["review_due_on"], name="knowledge_review_due", condition=Q(review_due_on__isnull=False)),
            models.Index(fields=["valid_to"], name="knowledge_valid_to", condition=Q(valid_to__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title


class EntryVersion(models.Model):
    """One state of an entry's words, whole. A published one never changes."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=VersionState, default=VersionState.OPEN)
    document = models.JSONField(help_text="every field of the entry that has versions")
    note = models.CharField(max_length=500, blank=True, help_text="why it was changed")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    submitted_by = models.CharField(max_length=80, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True, help_text="why it was sent back")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "number"], name="knowledge_version_once"),
            models.UniqueConstraint(
                fields=["entry"], name="knowledge_one_open_version", condition=Q(state__in=["open", "submitted"])
            ),
        ]


class EntryIndex(models.Model):
    """What a search reads: narrow rows beside the entry, written in the same transaction as it.

    Only entries in force (published and not withdrawn or expired) have a row. `head` holds title, keywords and
    questions, `body` these and the text.
    """

    entry = models.OneToOneField(Entry, models.CASCADE, primary_key=True, related_name="index")
    head = SearchVectorField()
    body = SearchVectorField()
    readers = models.CharField(max_length=8)
    region = models.CharField(max_length=12, blank=True)
    unit = models.ForeignKey("accounts.Unit", models.CASCADE, related_name="+", db_index=False)
    category_code = models.CharField(max_length=40)
    material = models.CharField(max_length=16)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)

    class Meta:
        indexes: ClassVar = [
            GinIndex(fields=["head"], name="knowledge_head", fastupdate=False),
            GinIndex(fields=["body"], name="knowledge_body", fastupdate=False),
        ]


class Paragraph(models.Model):
    """One paragraph, list or table of the version in force: what a search cites. `position` is its anchor on the page."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="paragraphs")
    position = models.PositiveIntegerField()
    heading = models.CharField(max_length=200, blank=True)
    text = models.TextField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["entry", "position"], name="knowledge_paragraph_once")]


class EntryFile(models.Model):
    """A file that an entry offers: a form, a picture. The content lies in the store by its hash."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="files")
    name = models.CharField(max_length=160)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)


class WordCount(models.Model):
    """In how many entries a word occurs; counted at night, read to weigh the words of a question."""

    word = models.TextField(primary_key=True)
    entries = models.PositiveIntegerField()


class TermKind(models.TextChoices):
    SYNONYM = "synonym", _("Synonyms")
    SHORT = "short", _("Abbreviation")


class Term(models.Model):
    """Words that mean the same here: synonyms, and a city's abbreviations."""

    kind = models.CharField(max_length=10, choices=TermKind, default=TermKind.SYNONYM)
    words = ArrayField(models.CharField(max_length=40), help_text="two or more; a question with one finds all")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()


class DutyKind(models.TextChoices):
    REVIEW = "review", _("Check again")
    EXPIRING = "expiring", _("Expires soon")
    CORRECTION = "correction", _("Correction reported")
    GAP = "gap", _("Missing knowledge")


class DutyState(models.TextChoices):
    OPEN = "open", _("To do")
    DONE = "done", _("Done")
    DISMISSED = "dismissed", _("Not needed")


class Duty(models.Model):
    """What a unit owes to the knowledge base, with a deadline."""

    kind = models.CharField(max_length=12, choices=DutyKind)
    state = models.CharField(max_length=10, choices=DutyState, default=DutyState.OPEN)
    unit = models.ForeignKey("accounts.Unit", models.PROTECT, related_name="knowledge_duties")
    entry = models.ForeignKey(Entry, models.CASCADE, null=True, blank=True, related_name="duties")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, help_text="what the reporter wrote, or how citizens asked")
    category_code = models.CharField(max_length=40, blank=True)
    region = models.CharField(max_length=12, blank=True)
    due_at = models.DateTimeField()
    alarmed_at = models.DateTimeField(null=True, blank=True, help_text="when it became overdue and the unit above was told")
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    ended_by = models.CharField(max_length=80, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name_plural = "duties"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "entry"],
                name="knowledge_duty_once",
                condition=Q(state="open", kind__in=["review", "expiring"]),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], name="knowledge_duty_open", condition=Q(state="open")),
            models.Index(fields=["entry", "kind"], name="knowledge_duty_entry"),
        ]


class GapSource(models.TextChoices):
    SEARCH = "search", _("Search of staff")
    PUBLIC = "public", _("Search of citizens")
    ORDER = "order", _("Dispatched consultation")


class Gap(models.Model):
    """A question that the base did not answer. Alike ones gather in a duty of the unit that should know."""

    source = models.CharField(max_length=8, choices=GapSource)
    key = models.CharField(max_length=120, unique=True, help_text="order:12, or the hash of a question's words: what makes it once")
    text = models.CharField(max_length=300)
    words = ArrayField(models.CharField(max_length=40), default=list)
    category_code = models.CharField(max_length=40, blank=True)
    region = models.CharField(max_length=12, blank=True)
    unit = models.ForeignKey("accounts.Unit", models.SET_NULL, null=True, blank=True, related_name="+")
    nearest = models.ForeignKey(Entry, models.SET_NULL, null=True, blank=True, related_name="+")
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    duty = models.ForeignKey(Duty, models.SET_NULL, null=True, blank=True, related_name="gaps")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["last_at"], name="knowledge_gap_loose", condition=Q(duty__isnull=True)),
        ]


class Use(models.Model):
    """Counts a day: searches, misses; and for an entry: opened, inserted, helpful."""

    day = models.DateField()
    kind = models.CharField(max_length=10, help_text="search, miss, opened, inserted, helpful, unhelpful")
    entry = models.ForeignKey(Entry, models.CASCADE, null=True, blank=True, related_name="uses")
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "kind", "entry"], name="knowledge_use_once", nulls_distinct=False)
        ]


class Source(models.Model):
    """Another system's published articles (企业服务云 …), pulled on schedule as JSON Feed; a person reviews what comes."""

    name = models.CharField(max_length=80, unique=True)
    url = models.URLField(max_length=500)
    unit = models.ForeignKey("accounts.Unit", models.PROTECT, related_name="+")
    category_code = models.CharField(max_length=40)
    material = models.CharField(max_length=16, choices=Material, default=Material.GUIDE)
    readers = models.CharField(max_length=8, choices=Readers, default=Readers.AGENTS)
    every_minutes = models.PositiveIntegerField(default=360)
    enabled = models.BooleanField(default=True)
    etag = models.CharField(max_length=200, blank=True)
    next_at = models.DateTimeField()
    pulled_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=300, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)


class Batch(models.Model):
    """An opened import: its rows and faults, shown before anything is written."""

    file_name = models.CharField(max_length=200)
    rows = models.JSONField(default=list)
    faults = models.JSONField(default=list)
    state = models.CharField(max_length=8, default="checked", help_text="checked, done")
    written = models.PositiveIntegerField(default=0)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()


class Settings(models.Model):
    """One row: how this city keeps its base. Defaults are assumptions (rules.md section 8, X)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    review_months = models.PositiveSmallIntegerField(default=6)
    review_notice_days = models.PositiveSmallIntegerField(default=14)
    expiry_notice_days = models.PositiveSmallIntegerField(default=30)
    correction_workdays = models.PositiveSmallIntegerField(default=3)
    gap_workdays = models.PositiveSmallIntegerField(default=5)
    gap_weight = models.PositiveSmallIntegerField(default=3, help_text="askings that make a duty; an order weighs as much")
