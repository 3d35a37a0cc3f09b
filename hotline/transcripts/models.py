"""What was said in a call, and its recording as it is kept: both belong to a call of `calls`."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from hotline.calls.models import Call, Recording, Segment


class Speaker(models.TextChoices):
    CITIZEN = "citizen", _("Citizen")
    AGENT = "agent", _("Agent")


class TranscriptState(models.TextChoices):
    FOLLOWING = "following", _("Being written down")
    FINAL = "final", _("Written down")


class KeptState(models.TextChoices):
    SEALED = "sealed", _("Encrypted")
    LOST = "lost", _("Not there")
    DELETED = "deleted", _("Deleted after its time")


class Fault(models.TextChoices):
    """What can be wrong with a recording; each raises an alarm."""

    MISSING = "missing", _("A conversation without a recording")
    LOST = "lost", _("The file is not there, or cannot be read")
    CHECKSUM = "checksum", _("The file is not what the exchange wrote (checksum)")
    SIZE = "size", _("The file has another size than the exchange told")
    DURATION = "duration", _("Shorter or longer than the conversation")
    SILENT = "silent", _("Nobody is heard")
    ONE_SIDED = "one_sided", _("Only one side is heard")


class Transcript(models.Model):
    """What was said in one call. `zero_at` is offset 0: the recording's first sample, else the moment of connection."""

    call = models.OneToOneField(Call, models.PROTECT, related_name="transcript")
    state = models.CharField(max_length=10, choices=TranscriptState, default=TranscriptState.FOLLOWING)
    recogniser = models.CharField(max_length=80)
    zero_at = models.DateTimeField()
    gaps = models.JSONField(
        default=list, help_text="[speaker, from ms, to ms]: sound that nobody has listened to"
    )
    behind = models.BooleanField(default=False, help_text="recognition could not keep up during the call")
    recovered = models.BooleanField(default=False, help_text="some of it was read from the recording")
    created_at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(state="following"), name="transcripts_following")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="final") ^ Q(filed_at=None), name="transcripts_final_with_a_moment"
            )
        ]


class Utterance(models.Model):
    """One stretch of speech of one side, milliseconds since `zero_at`. `text` has personal data masked to the same length;
    `sealed` holds the words as spoken where there was any. `times[i]`: when character i began."""

    transcript = models.ForeignKey(Transcript, models.CASCADE, related_name="utterances")
    speaker = models.CharField(max_length=8, choices=Speaker)
    segment = models.ForeignKey(Segment, models.SET_NULL, null=True, blank=True, related_name="+")
    start_ms = models.PositiveIntegerField()
    end_ms = models.PositiveIntegerField()
    text = models.TextField()
    sealed = models.BinaryField(null=True, blank=True)
    marks = models.JSONField(default=list, help_text="[from, to, kind]: personal data in the text")
    times = ArrayField(models.PositiveIntegerField())
    sure = models.FloatField(help_text="0..1")
    said_at = models.DateTimeField(help_text="when the stretch ended")
    written_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            # What is recovered twice, or by two processes, stands there once.
            models.UniqueConstraint(
                fields=["transcript", "start_ms", "speaker"], name="transcripts_said_once"
            ),
            models.CheckConstraint(condition=Q(end_ms__gte=F("start_ms")), name="transcripts_in_order"),
        ]


class KeptRecording(models.Model):
    """A recording as it is kept: encrypted with a key of its own, which the identity ring encrypts."""

    recording = models.OneToOneField(Recording, models.PROTECT, related_name="kept")
    state = models.CharField(max_length=8, choices=KeptState)
    key = models.BinaryField(null=True, blank=True)
    stored_as = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="of the file as it was found")
    size = models.BigIntegerField(default=0, help_text="bytes of the file as it was found")
    intact = models.BooleanField(default=False, help_text="it was what the exchange wrote")
    peaks = models.BinaryField(
        default=bytes, help_text="the loudest of each step, 0..255; left half, right half"
    )
    kept_at = models.DateTimeField()
    delete_after = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["delete_after"], condition=Q(state="sealed"), name="transcripts_retention")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="sealed") | (Q(key__isnull=False) & ~Q(stored_as="")),
                name="transcripts_sealed_with_a_key",
            )
        ]


class RecordingAlarm(models.Model):
    """Something is wrong with a call's recording; a shift leader answers what was found."""

    call = models.ForeignKey(Call, models.PROTECT, related_name="recording_alarms")
    recording = models.ForeignKey(Recording, models.PROTECT, null=True, blank=True, related_name="alarms")
    kind = models.CharField(max_length=12, choices=Fault)
    facts = models.JSONField(default=dict)
    raised_at = models.DateTimeField()
    answered_by = models.ForeignKey(
        "accounts.Person", models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["call", "kind"], name="transcripts_alarm_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(answered_at=None), name="transcripts_alarms_open")
        ]
