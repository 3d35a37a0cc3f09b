"""The words of a call beside the desk's form as they are spoken, and the recording's pause."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from hotline.calls import queries as calls
from hotline.calls.actions.pausing import pause_recording, resume_recording
from hotline.calls.permissions import TAKE, WATCH
from hotline.calls.queries.pausing import recordings_paused
from hotline.calls.rules import SPEAKING
from hotline.kit.access import access, actor_of
from hotline.kit.errors import NotVisible
from hotline.kit.numbers import whole
from hotline.transcripts import actions, queries
from hotline.transcripts.permissions import at_it_now


@access(TAKE, WATCH)
@require_GET
def pane(request: HttpRequest, call_id: int) -> HttpResponse:
    """The pane of a call; `?after=` only what was written after that utterance. 404 for another's call; whoever does not speak
    in it opens it like any call that is over, audited."""
    actor = actor_of(request)
    if not at_it_now(actor, call_id):
        actions.open_call(actor=actor, call_id=call_id)
    transcript = queries.transcript_of(actor, call_id)
    after = whole(request.GET.get("after", "")) or 0
    lines = queries.lines_of(transcript, after=after) if transcript else []
    context = {
        "call_id": call_id,
        "transcript": transcript,
        "lines": lines,
        "last": max((one.pk for one in lines), default=after),
        "trouble": queries.scribe_now(),
        **_recording_state(request, call_id),
    }
    return render(
        request,
        "transcripts/_lines.html" if after or "after" in request.GET else "transcripts/_live.html",
        context,
    )


@access(TAKE)
@require_POST
def recording(request: HttpRequest, call_id: int) -> HttpResponse:
    """`pause=1`: nothing is recorded while a card's number is told; else it goes on. One's own present call alone."""
    actor = actor_of(request)
    session = calls.session_of(actor.id)
    if session is None or session.call_id != call_id:
        raise NotVisible(call_id)
    act = pause_recording if request.POST.get("pause") == "1" else resume_recording
    act(actor=actor, session_id=session.pk)
    return render(
        request, "transcripts/_pause.html", {"call_id": call_id, **_recording_state(request, call_id)}
    )


def _recording_state(request: HttpRequest, call_id: int) -> dict[str, bool]:
    session = calls.session_of(actor_of(request).id)
    mine = session is not None and session.call_id == call_id
    call = session.call if session is not None else None
    speaking = mine and call is not None and call.state in SPEAKING
    return {"speaking": speaking, "paused": speaking and bool(recordings_paused([call_id]))}
