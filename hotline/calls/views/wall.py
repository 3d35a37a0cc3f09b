"""The shift leader's wall of queues and seats; it redraws itself by the numbered stream."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hotline.calls import queries
from hotline.calls.permissions import WATCH
from hotline.kit.access import access, actor_of


@access(WATCH)
@require_GET
def seats(request: HttpRequest) -> HttpResponse:
    """Queues above, seats below."""
    actor = actor_of(request)
    context = {"lanes": queries.lanes_now(actor), "seats": queries.seats(actor)}
    whole = not request.headers.get("HX-Request")
    return render(request, "calls/seats.html" if whole else "calls/_seats.html", context)
