"""A call that was talked in, its recording on disk as the exchange leaves it, its words."""

from __future__ import annotations

import hashlib
import math
import struct
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from hotline.calls.actions.moving import SYSTEM as TELEPHONE
from hotline.calls.engines import RecordingClosed, RecordingStarted
from hotline.calls.models import AgentSession, Call, Recording
from hotline.kit.actor import system_actor
from hotline.kit.clock import now
from hotline.transcripts import actions
from softswitch.recording import header
from tests.accounts.cast import Cast
from tests.calls.factories import Exchange, at_work, distribute, fresh, make_agent, make_telephony

SCRIBE = system_actor("scribe", "transcripts:write")
KEEPER = system_actor("recordings", "transcripts:keep")


class Talk:
    """One call, answered by one agent; `end` hangs up, `record` leaves the file."""

    def __init__(self, cast: Cast, *, line: bool = True) -> None:
        if line:
            make_telephony()
        self.exchange = Exchange()
        self.session: AgentSession = make_agent(cast, "6001")
        self.agent = at_work(self.session)
        self.call: Call = self.exchange.queued()
        distribute()
        self.leg = self.exchange.dialled()
        self.exchange.answered(self.leg)
        self.call = fresh(self.call)
        self.number = 0

    def end(self) -> None:
        self.exchange.ended(self.call.leg)
        self.call = fresh(self.call)

    def started(self) -> Recording:
        self.number += 1
        name = f"rec-{self.number}"
        self.exchange.tell(RecordingStarted, self.call.leg, name, f"2026/11/23/{name}.wav")
        return Recording.objects.get(name=name)

    def closed(
        self, recording: Recording, content: bytes, *, seconds: float | None = None, **facts: Any
    ) -> Recording:
        """The exchange tells that it closed the file; what it tells is right unless `facts` say otherwise."""
        path = Path(settings.SWITCH_DIR) / "recordings" / recording.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        told: dict[str, Any] = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "seconds": (len(content) - 44) / 32_000 if seconds is None else seconds,
            "silent_left": False,
            "silent_right": False,
        } | facts
        self.exchange.tell(
            RecordingClosed, self.call.leg, recording.name, recording.path, told["sha256"], told["bytes"],
            told["seconds"], told["silent_left"], told["silent_right"], recording.started_at, False,
        )  # fmt: skip
        return Recording.objects.get(pk=recording.pk)

    def lasted(self, seconds: float) -> None:
        """As if the conversation had begun and ended that far apart."""
        Recording.objects.filter(call=self.call).update(started_at=now() - timedelta(seconds=seconds))
        self.call.segments.update(answered_at=now() - timedelta(seconds=seconds))
        Call.objects.filter(pk=self.call.pk).update(connected_at=now() - timedelta(seconds=seconds))
        self.call = fresh(self.call)


def wav(seconds: float, *, left: int = 300, right: int = 500) -> bytes:
    """A recording of a tone on each side; 0 Hz: silence."""
    count = int(8000 * seconds)
    frames = bytearray()
    for at in range(count):
        for hertz in (left, right):
            frames += struct.pack("<h", int(6000 * math.sin(2 * math.pi * hertz * at / 8000)) if hertz else 0)
    return header(len(frames)) + bytes(frames)


def recorded(cast: Cast, *, length: float = 6.0, **facts: Any) -> tuple[Talk, Recording]:
    """A call of some seconds with its recording closed."""
    talk = Talk(cast)
    recording = talk.started()
    talk.lasted(length)
    talk.end()
    return talk, talk.closed(fresh(recording), wav(length), **facts)


def said(talk: Talk, *words: tuple[str, str], begun: datetime | None = None) -> int:
    """Utterances (speaker, text), two seconds each, filed; the transcript's number."""
    transcript = actions.begin(actor=SCRIBE, call_id=talk.call.pk, recogniser="double").transcript_id
    segment = talk.call.segments.get().pk
    for at, (speaker, text) in enumerate(words):
        start = at * 2000
        actions.say(
            actor=SCRIBE,
            transcript_id=transcript,
            speaker=speaker,
            segment_id=segment,
            start_ms=start,
            end_ms=start + 1500,
            text=text,
            times=[start + 1500 * place // len(text) for place in range(len(text))],
            sure=0.9,
        )
    return transcript


__all__ = ["KEEPER", "SCRIBE", "TELEPHONE", "Talk", "recorded", "said", "wav"]
