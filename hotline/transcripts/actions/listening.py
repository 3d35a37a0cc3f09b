"""Opening what was said: every reading and every hearing of a recording leaves an audit row."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from hotline.audit.actions import record
from hotline.calls.models import Call, Recording
from hotline.kit.actor import Actor
from hotline.kit.errors import NotVisible
from hotline.transcripts.permissions import can_read
from hotline.transcripts.queries.sounds import bytes_of
from hotline.transcripts.vault import BadRecording, Bytes


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording opened for one hearer."""

    recording: Recording
    kept: Bytes


@transaction.atomic
def open_call(*, actor: Actor, call_id: int) -> Call:
    """The call whose words the actor reads now, audited. NotVisible when there is none, or it is not for them."""
    call = Call.objects.select_related("line", "lane", "citizen").filter(pk=call_id).first()
    if call is None or not can_read(actor, call_id):
        raise NotVisible(call_id)
    record(actor=actor, verb="transcripts.open_call", object_type="call", object_id=call_id)
    return call


@transaction.atomic
def open_sound(*, actor: Actor, recording_id: int, start: int = 0) -> Sound:
    """The bytes of a recording for this actor, audited with the second from which they hear. NotVisible like its call; also
    when it was deleted or cannot be opened."""
    recording = Recording.objects.select_related("call", "kept").filter(pk=recording_id).first()
    if recording is None or not can_read(actor, recording.call_id):
        raise NotVisible(recording_id)
    try:
        kept = bytes_of(recording)
    except BadRecording as error:
        raise NotVisible(recording_id) from error
    record(
        actor=actor,
        verb="transcripts.listen",
        object_type="call",
        object_id=recording.call_id,
        data={"recording": recording_id, "second": start // 32_000},
    )
    return Sound(recording, kept)
