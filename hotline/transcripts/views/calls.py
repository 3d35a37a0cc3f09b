"""Recorded calls: the list, one call with its sound and its words, and the sound itself."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from hotline.calls.permissions import WATCH
from hotline.kit.access import access, actor_of
from hotline.kit.clock import CITY_ZONE, today
from hotline.kit.paging import keyset
from hotline.transcripts import actions, queries
from hotline.transcripts.models import KeptState, Transcript
from hotline.transcripts.permissions import LISTEN
from hotline.transcripts.queries.reading import length_of, names_of

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@access(LISTEN)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Calls with a conversation, newest first: all for who leads, else one's own. `?day=` one day."""
    actor = actor_of(request)
    wanted = request.GET.get("day", "")
    try:
        day = parse_date(wanted)
    except ValueError:
        day = None
    span = None
    if day is not None and day.year > 1970 and day <= today():
        begin = datetime.combine(day, datetime.min.time(), CITY_ZONE)
        span = (begin, begin + timedelta(days=1))
    found = keyset(
        queries.calls_of(actor, day=span), order=["-arrived_at", "-id"], cursor=request.GET.get("cursor", "")
    )
    agents = names_of(row.pk for row in found.rows)
    context = {
        "found": found,
        "rows": [
            {
                "call": row,
                "agents": agents.get(row.pk, []),
                "length": length_of(row),
                "transcript": getattr(row, "transcript", None),
            }
            for row in found.rows
        ],
        "day": day if span else None,
        "today": today(),
        "leads": actor.has(WATCH),
        "alarms": queries.alarms_waiting(actor) if actor.has(WATCH) else 0,
    }
    return render(request, "transcripts/calls.html", context)


@access(LISTEN)
@require_GET
def call(request: HttpRequest, call_id: int) -> HttpResponse:
    """One call: its waveform, its words, each where it was said. Opening it is audited."""
    actor = actor_of(request)
    row = actions.open_call(actor=actor, call_id=call_id)
    transcript = queries.transcript_of(actor, call_id)
    zero = transcript.zero_at if transcript else None
    tracks = []
    for one in queries.recordings_of(call_id):
        kept = getattr(one, "kept", None)
        tracks.append(
            {
                "recording": one,
                "kept": kept,
                "playable": kept.state == KeptState.SEALED if kept else bool(one.sha256),
                "offset": round((one.started_at - (zero or one.started_at)).total_seconds() * 1000),
                "peaks": list(bytes(kept.peaks)) if kept else [],
            }
        )
    context: dict[str, Any] = {
        "call": row,
        "transcript": transcript,
        "lines": queries.lines_of(transcript) if transcript else [],
        "tracks": tracks,
        "agents": names_of([call_id]).get(call_id, []),
        "trouble": queries.scribe_now(),
        "missing": _missing(transcript),
    }
    return render(request, "transcripts/call.html", context)


def _missing(transcript: Transcript | None) -> int:
    """Seconds of a filed call that nobody has listened to."""
    if transcript is None or transcript.filed_at is None:
        return 0
    missing: int = sum(int(end) - int(start) for _speaker, start, end in transcript.gaps)
    return round(missing / 1000)


@access(LISTEN)
@require_GET
def sound(request: HttpRequest, recording_id: int) -> HttpResponse:
    """A recording's sound, in parts when a part is asked for. Each request is audited; 404 like its call."""
    match = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    first = int(match[1][:18]) if match and match[1] else 0
    opened = actions.open_sound(actor=actor_of(request), recording_id=recording_id, start=first)
    size = opened.kept.size
    start, end = 0, size
    if match and (match[1] or match[2]):
        if match[1]:
            start = first
            end = min(size, int(match[2][:18]) + 1) if match[2] else size
        else:
            start = max(0, size - int(match[2][:18]))
        if start >= end:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = StreamingHttpResponse(
        actions.heard(opened, start, end), content_type="audio/wav", status=206 if match else 200
    )
    response["Content-Length"] = str(end - start)
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if match:
        response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return cast(HttpResponse, response)
