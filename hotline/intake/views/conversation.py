"""A telephone call at the desk: the form filled from its words; and the calls behind an order."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from hotline.calls.models import Call
from hotline.intake.queries.conversation import calls_of_order, draft_of_call
from hotline.intake.views.desk import DESK
from hotline.kit.access import access, actor_of
from hotline.kit.errors import NotVisible
from hotline.transcripts.permissions import LISTEN, can_read
from hotline.transcripts.queries import lines_of, recordings_of, transcript_of
from hotline.transcripts.queries.reading import length_of, names_of
from hotline.workorders.queries import get_visible

SHOWN = 4
"""Utterances of a call shown on the order's page; the rest is a click away."""


@access(DESK)
@require_POST
def draft(request: HttpRequest, call_id: int) -> HttpResponse:
    """What the conversation so far fills of the form, each field with the words it came from; the browser takes it over."""
    actor = actor_of(request)
    if not can_read(actor, call_id):
        raise NotVisible(call_id)
    return render(request, "intake/_from_call.html", {"filled": draft_of_call(actor, call_id) or []})


@access(LISTEN)
@require_GET
def of_order(request: HttpRequest, order_id: int) -> HttpResponse:
    """Calls that the order came from or was supplemented by, for its page; personal data masked. 404 like the order."""
    actor = actor_of(request)
    order = get_visible(actor, order_id)
    found = []
    ids = [call for call in calls_of_order(actor, order.pk) if can_read(actor, call)]
    agents = names_of(ids)
    for call in Call.objects.filter(pk__in=ids).select_related("line").order_by("pk"):
        transcript = transcript_of(actor, call.pk)
        found.append(
            {
                "call": call,
                "agents": agents.get(call.pk, []),
                "length": length_of(call),
                "lines": lines_of(transcript, plain=False)[:SHOWN] if transcript else [],
                "recorded": bool(recordings_of(call.pk)),
            }
        )
    return render(request, "intake/_order_calls.html", {"found": found})
