"""What the scribe writes: a transcript is begun, utterances come, it is filed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from hotline.calls.models import Call, Recording
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.crypto import identity_ring
from hotline.kit.live import publish
from hotline.kit.models import Heartbeat
from hotline.transcripts.models import Speaker, Transcript, TranscriptState, Utterance
from hotline.transcripts.permissions import can_write
from hotline.transcripts.rules import WORDS, marked


@dataclass(frozen=True, slots=True)
class Begun:
    """A transcript to go on with. `heard`: speaker → milliseconds up to which words were written before; `gaps`: what nobody
    has listened to yet."""

    transcript_id: int
    zero_at: datetime
    heard: dict[str, int] = field(default_factory=dict)
    gaps: list[tuple[str, int, int]] = field(default_factory=list)


@transaction.atomic
def begin(*, actor: Actor, call_id: int, recogniser: str) -> Begun:
    """The transcript of a call, made when there is none; a filed one is opened again when the call goes on."""
    can_write(actor).require("transcripts:write")
    call = Call.objects.get(pk=call_id)
    recording = Recording.objects.filter(call=call).order_by("started_at").first()
    zero = recording.started_at if recording else call.connected_at or call.arrived_at
    row, _made = Transcript.objects.select_for_update().get_or_create(
        call=call, defaults={"recogniser": recogniser, "zero_at": zero, "created_at": now()}
    )
    if row.state != TranscriptState.FOLLOWING:
        row.state, row.filed_at = TranscriptState.FOLLOWING, None
        row.save(update_fields=["state", "filed_at"])
    heard = dict(
        Utterance.objects.filter(transcript=row)
        .values_list("speaker")
        .annotate(last=Max("end_ms"))
        .order_by("speaker")
    )
    gaps = [(str(speaker), int(start), int(end)) for speaker, start, end in row.gaps]
    return Begun(row.pk, row.zero_at, heard, gaps)


@transaction.atomic
def say(
    *,
    actor: Actor,
    transcript_id: int,
    speaker: str,
    segment_id: int | None,
    start_ms: int,
    end_ms: int,
    text: str,
    times: Sequence[int],
    sure: float,
) -> int | None:
    """One utterance, shown live; None when it stands there already. `times`: milliseconds of the call, one a character."""
    can_write(actor).require("transcripts:write")
    transcript = Transcript.objects.only("id", "call_id", "zero_at").get(pk=transcript_id)
    found, moment = marked(text), now()
    row = Utterance(
        transcript=transcript,
        speaker=speaker,
        segment_id=segment_id,
        start_ms=start_ms,
        end_ms=max(start_ms, end_ms),
        text=found.text,
        sealed=identity_ring().encrypt(text, WORDS, f"{transcript_id}".encode()) if found.marks else None,
        marks=found.marks,
        times=list(times),
        sure=round(sure, 3),
        said_at=transcript.zero_at + timedelta(milliseconds=end_ms),
        written_at=moment,
    )
    # Twice the same stretch, by two processes or a recovery begun again, is written once.
    made = Utterance.objects.bulk_create([row], ignore_conflicts=True)
    stored = (
        Utterance.objects.filter(transcript=transcript, speaker=speaker, start_ms=start_ms, written_at=moment)
        .values_list("pk", flat=True)
        .first()
    )
    if not made or stored is None:
        return None
    publish(
        [f"transcript:{transcript.call_id}"],
        "transcript.said",
        call=transcript.call_id,
        utterance=stored,
        speaker=speaker,
    )
    return stored


@transaction.atomic
def note_gap(
    *, actor: Actor, transcript_id: int, speaker: str, start_ms: int, end_ms: int, behind: bool = False
) -> None:
    """Sound that nobody listened to, to be read from the recording; `behind`: because recognition could not keep up."""
    can_write(actor).require("transcripts:write")
    row = Transcript.objects.select_for_update().get(pk=transcript_id)
    row.gaps = [*row.gaps, [str(Speaker(speaker)), start_ms, end_ms]]
    told = behind and not row.behind
    row.behind = row.behind or behind
    row.save(update_fields=["gaps", "behind"])
    if told:
        publish([f"transcript:{row.call_id}"], "transcript.behind", call=row.call_id)


@transaction.atomic
def file(
    *, actor: Actor, transcript_id: int, recovered: bool = False, left: Sequence[tuple[str, int, int]] = ()
) -> None:
    """The whole text is there. `left`: gaps that could not be read from the recording either. Harmless when repeated."""
    can_write(actor).require("transcripts:write")
    row = Transcript.objects.select_for_update().get(pk=transcript_id)
    if row.state == TranscriptState.FINAL:
        return
    row.state, row.filed_at, row.gaps = TranscriptState.FINAL, now(), [list(gap) for gap in left]
    row.recovered = row.recovered or recovered
    row.save()
    publish([f"transcript:{row.call_id}"], "transcript.filed", call=row.call_id)


def sign(*, actor: Actor, name: str, details: dict[str, object]) -> None:
    """The scribe is alive and how it fares, for the health page and the desk."""
    can_write(actor).require("transcripts:write")
    moment = now()
    values = {"kind": "transcripts", "seen_at": moment, "details": details}
    Heartbeat.objects.update_or_create(
        name=name, defaults=values, create_defaults={**values, "started_at": moment}
    )
