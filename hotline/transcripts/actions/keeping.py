"""Recordings: checked against what the exchange and the call tell, encrypted, deleted after their time; what is wrong is told."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from hotline.accounts.models import Role
from hotline.accounts.queries.actors import valid_memberships
from hotline.audit.actions import record
from hotline.calls.models import Call, CallState, Medium, Recording, Segment
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible
from hotline.kit.live import publish
from hotline.transcripts.models import Fault, KeptRecording, KeptState, RecordingAlarm
from hotline.transcripts.permissions import can_answer_alarm, can_keep, held
from hotline.transcripts.queries.sounds import plain_folder, plain_path, sealed_path
from hotline.transcripts.rules import Facts, faults_of, peaks_of
from hotline.transcripts.vault import BadRecording, Plain, pieces, seal

log = logging.getLogger("hotline.transcripts")

LOOKED_BACK = timedelta(days=2)
"""How far back what was not kept yet is looked for; a job that failed is tried again until then."""
GRACE = timedelta(seconds=60)
"""After a call's end, before a recording that is not there is missed."""
BEGINS_WITHIN = timedelta(seconds=10)
"""After an agent's answer, for a recording to be of that conversation."""
MOST = 200
UNTOUCHED = timedelta(hours=6)
"""A file changed since may still be at work."""
CLEARED_DAYS = 4
"""How many days' folders are looked through for encrypted files without a row."""


def keep(*, actor: Actor, recording_id: int) -> KeptRecording | None:
    """Check, encrypt, verify, then remove the plain file; None while it is not closed, or talked into. Harmless when repeated.

    A file that is not what it should be is kept all the same, with its alarm. Raises OSError (disk full): the plain file stays.
    """
    can_keep(actor).require("transcripts:keep")
    recording = Recording.objects.select_related("call").get(pk=recording_id)
    talking = Segment.objects.filter(call_id=recording.call_id, answered_at__isnull=False, ended_at=None)
    if (not recording.sha256 and not recording.failure) or talking.exists():
        return None
    done = KeptRecording.objects.filter(recording=recording).first()
    if done is not None:
        if done.state == KeptState.SEALED:
            with contextlib.suppress(OSError, BadRecording):
                plain_path(recording).unlink(missing_ok=True)
        return done
    moment = now()
    try:
        plain = plain_path(recording)
        found = Plain(plain)
        digest = hashlib.sha256()
        for block in pieces(found, 0, found.size):
            digest.update(block)
        # A name of its own each time: of two jobs at once, each writes its own file, and one of the files stays.
        stored_as = f"{recording.path}.{secrets.token_hex(4)}.xsrec"
        peaks = peaks_of(pieces(found, 0, found.size), found.size)
        sealed = seal(plain, recording.name, sealed_path(stored_as))
    except (BadRecording, FileNotFoundError) as error:
        with transaction.atomic():
            row, made = KeptRecording.objects.get_or_create(
                recording=recording, defaults={"state": KeptState.LOST, "kept_at": moment}
            )
            if made:  # else another job has just kept it, and the plain file went with that
                log.warning("recording %s: %s", recording.pk, error)
                raise_alarm(
                    actor=actor, call_id=recording.call_id, recording_id=recording.pk, kind=Fault.LOST,
                    facts={"why": recording.failure or str(error)},
                )  # fmt: skip
        return row
    faults = faults_of(_facts(recording, digest.hexdigest(), found.size))
    with transaction.atomic():
        row, made = KeptRecording.objects.get_or_create(
            recording=recording,
            defaults={
                "state": KeptState.SEALED,
                "key": sealed.key,
                "stored_as": stored_as,
                "sha256": sealed.sha256,
                "size": sealed.size,
                "intact": sealed.sha256 == recording.sha256,
                "peaks": peaks,
                "kept_at": moment,
                "delete_after": moment + timedelta(days=settings.RECORDING_DAYS),
            },
        )
        for fault, why in faults:
            raise_alarm(
                actor=actor, call_id=recording.call_id, recording_id=recording.pk, kind=fault, facts=why
            )
    if not made:
        sealed_path(stored_as).unlink(missing_ok=True)
    plain.unlink(missing_ok=True)
    return row


def _facts(recording: Recording, sha256: str, size: int) -> Facts:
    begun = recording.started_at
    talk = (
        Segment.objects.filter(call_id=recording.call_id, answered_at__lte=begun + BEGINS_WITHIN)
        .order_by("-answered_at")
        .values_list("ended_at", flat=True)
        .first()
    )
    until = recording.call.ended_at or now()
    by_voice = recording.call.medium == Medium.VOICE
    return Facts(
        told_sha256=recording.sha256,
        told_bytes=recording.bytes or 0,
        seconds=recording.seconds or 0.0,
        # Who signs is silent, and whoever signs with them: that is no fault of a recording.
        silent_left=bool(recording.silent_left) and by_voice,
        silent_right=bool(recording.silent_right) and by_voice,
        found_sha256=sha256,
        found_bytes=size,
        least=((talk or until) - begun).total_seconds(),
        most=(until - begun).total_seconds(),
    )


def keep_waiting(*, actor: Actor, most: int = MOST) -> int:
    """What the job of its hang-up did not keep (killed, disk full) is kept now; how many."""
    can_keep(actor).require("transcripts:keep")
    rows = (
        Recording.objects.filter(call__arrived_at__gt=now() - LOOKED_BACK, kept=None)
        .exclude(sha256="", failure="")
        .order_by("pk")
        .values_list("pk", flat=True)[:most]
    )
    count = 0
    for pk in rows:
        try:
            count += keep(actor=actor, recording_id=pk) is not None
        except OSError as error:
            log.warning("recording %s waits: %s", pk, error)
    return count


def seek_missing(*, actor: Actor) -> int:
    """Alarms for conversations of late that have no recording at all; how many."""
    can_keep(actor).require("transcripts:keep")
    moment = now()
    calls = (
        Call.objects.filter(
            arrived_at__gt=moment - timedelta(hours=12),
            state=CallState.ENDED,
            connected_at__isnull=False,
            ended_at__gt=moment - timedelta(hours=2),
            ended_at__lt=moment - GRACE,
        )
        .exclude(Exists(Recording.objects.filter(call=OuterRef("pk"))))
        .exclude(Exists(RecordingAlarm.objects.filter(call=OuterRef("pk"), kind=Fault.MISSING)))
    )
    count = 0
    for pk in calls.values_list("pk", flat=True)[:MOST]:
        count += raise_alarm(actor=actor, call_id=pk, recording_id=None, kind=Fault.MISSING, facts={})
    return count


@transaction.atomic
def raise_alarm(
    *, actor: Actor, call_id: int, recording_id: int | None, kind: str, facts: dict[str, Any]
) -> bool:
    """One alarm of a kind a call, told to every shift leader at once; False when it was raised before."""
    can_keep(actor).require("transcripts:keep")
    _row, made = RecordingAlarm.objects.get_or_create(
        call_id=call_id,
        kind=kind,
        defaults={"recording_id": recording_id, "facts": facts, "raised_at": now()},
    )
    if made:
        record(
            actor=actor,
            verb="transcripts.raise_alarm",
            object_type="call",
            object_id=call_id,
            data={"kind": str(kind)},
        )
        leaders = valid_memberships(now()).filter(role=Role.SHIFT_LEADER).values_list("person_id", flat=True)
        publish([f"person:{pk}" for pk in leaders], "recording.alarm", call=call_id, fault=str(kind))
    return made


@transaction.atomic
def answer_alarm(*, actor: Actor, alarm_id: int, answer: str) -> RecordingAlarm:
    """What was found and done about it. Raises NotPermitted, NotVisible, Invalid without words; the first answer stays."""
    can_answer_alarm(actor).require("calls:watch")
    row = RecordingAlarm.objects.select_for_update().filter(pk=alarm_id).first()
    if row is None:
        raise NotVisible(alarm_id)
    if row.answered_at is not None:
        return row
    if not answer.strip():
        raise Invalid("answer", _("Say what you found."), details={"answer": _("Say what you found.")})
    row.answered_by_id, row.answered_at, row.answer = actor.id, now(), answer.strip()[:300].replace("\0", "")
    row.save(update_fields=["answered_by", "answered_at", "answer"])
    record(
        actor=actor,
        verb="transcripts.answer_alarm",
        object_type="call",
        object_id=row.call_id,
        data={"kind": row.kind},
    )
    publish([f"person:{actor.id}"], "recording.alarm_answered", call=row.call_id)
    return row


def delete_old(*, actor: Actor, most: int = 1000) -> int:
    """Delete recordings whose time is over, unless an order of the call is still open; how many. The row and the words stay."""
    can_keep(actor).require("transcripts:keep")
    due = KeptRecording.objects.filter(state=KeptState.SEALED, delete_after__lt=now()).select_related(
        "recording"
    )
    rows = list(due.order_by("delete_after")[:most])
    kept_on = held({row.recording.call_id for row in rows})
    count = 0
    for row in rows:
        if row.recording.call_id in kept_on:
            KeptRecording.objects.filter(pk=row.pk).update(delete_after=now() + timedelta(days=30))
            continue
        # First the file: killed here, the next night deletes it again. Without its key it would be noise all the same.
        with contextlib.suppress(OSError):
            sealed_path(row.stored_as).unlink(missing_ok=True)
        with transaction.atomic():
            KeptRecording.objects.filter(pk=row.pk).update(
                state=KeptState.DELETED, key=None, peaks=b"", deleted_at=now()
            )
            record(
                actor=actor,
                verb="transcripts.delete_recording",
                object_type="call",
                object_id=row.recording.call_id,
                data={"recording": row.recording_id, "sha256": row.sha256},
            )
        count += 1
    return count


def clear_away(*, actor: Actor) -> int:
    """Remove files that a killed job left: plain ones that are kept encrypted, encrypted ones that no row knows; how many."""
    can_keep(actor).require("transcripts:keep")
    folder, count = plain_folder(), 0
    plain = {str(one.relative_to(folder)): one for one in folder.rglob("*.wav") if _settled(one)}
    kept = KeptRecording.objects.filter(recording__path__in=plain, state=KeptState.SEALED)
    for path in kept.values_list("recording__path", flat=True):
        plain[path].unlink(missing_ok=True)
        count += 1
    for days in range(CLEARED_DAYS):
        day = f"{now() - timedelta(days=days):%Y/%m/%d}"
        # Those being written begin with a dot and bear no row yet: they, too, are old enough to be nobody's.
        files = {f"{day}/{one.name}": one for one in sealed_path(day).glob("*") if _settled(one)}
        known = set(KeptRecording.objects.filter(stored_as__in=files).values_list("stored_as", flat=True))
        for name in files.keys() - known:
            files[name].unlink(missing_ok=True)
            count += 1
    return count


def _settled(path: Path) -> bool:
    try:
        return path.stat().st_mtime < time.time() - UNTOUCHED.total_seconds()
    except OSError:  # gone meanwhile
        return False
