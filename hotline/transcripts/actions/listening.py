"""Opening what was said: every reading and every hearing of a recording leaves an audit row."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from hotline.audit.actions import record
from hotline.calls.models import Call, Recording
from hotline.kit.actor import Actor, system_actor
from hotline.kit.errors import NotVisible
from hotline.transcripts.actions.keeping import raise_alarm
from hotline.transcripts.models import Fault, KeptState
from hotline.transcripts.permissions import KEEP, can_read
from hotline.transcripts.queries.sounds import bytes_of
from hotline.transcripts.vault import BadRecording, Bytes, pieces

log = logging.getLogger("hotline.transcripts")
KEEPER = system_actor("recordings", KEEP)


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


def open_sound(*, actor: Actor, recording_id: int, start: int = 0) -> Sound:
    """The bytes of a recording for this actor, audited with the second from which they hear. NotVisible like its call; also
    when it was deleted or cannot be opened: what should be there and is not alarms the shift leaders."""
    recording = Recording.objects.select_related("call", "kept").filter(pk=recording_id).first()
    if recording is None or not can_read(actor, recording.call_id):
        raise NotVisible(recording_id)
    try:
        kept = bytes_of(recording)
    except BadRecording as error:
        tell_damaged(recording=recording, why=str(error))
        raise NotVisible(recording_id) from error
    record(
        actor=actor,
        verb="transcripts.listen",
        object_type="call",
        object_id=recording.call_id,
        data={"recording": recording_id, "second": start // 32_000},
    )
    return Sound(recording, kept)


def tell_damaged(*, recording: Recording, why: str) -> None:
    """A file that was kept cannot be read any more: one alarm a call, whoever found it."""
    kept = getattr(recording, "kept", None)
    if kept is not None and kept.state == KeptState.SEALED:
        log.error("recording %s: %s", recording.pk, why)
        raise_alarm(
            actor=KEEPER,
            call_id=recording.call_id,
            recording_id=recording.pk,
            kind=Fault.LOST,
            facts={"why": why},
        )


def heard(sound: Sound, start: int, end: int) -> Iterator[bytes]:
    """The bytes from `start` to before `end`; fewer, and an alarm, where the file is damaged."""
    try:
        yield from pieces(sound.kept, start, end)
    except BadRecording as error:
        tell_damaged(recording=sound.recording, why=str(error))
