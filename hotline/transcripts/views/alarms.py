"""Alarms about recordings: what is wrong, and what was found."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from hotline.calls.permissions import WATCH
from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid
from hotline.transcripts import actions, queries


@access(WATCH)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Unanswered alarms, oldest first."""
    return _shown(request)


@access(WATCH)
@require_GET
def alarmed(request: HttpRequest) -> HttpResponse:
    """The line on a shift leader's every page while alarms wait."""
    return render(request, "transcripts/_alarmed.html", {"alarms": queries.alarms_waiting(actor_of(request))})


@access(WATCH)
@require_POST
def answer(request: HttpRequest, alarm_id: int) -> HttpResponse:
    """What was found and done about it; 422 without words."""
    try:
        actions.answer_alarm(
            actor=actor_of(request), alarm_id=alarm_id, answer=request.POST.get("answer", "")
        )
    except Invalid as error:
        return _shown(request, failed=alarm_id, error=str(error.message), status=422)
    return redirect("transcripts:alarms")


def _shown(request: HttpRequest, *, failed: int = 0, error: str = "", status: int = 200) -> HttpResponse:
    context = {"alarms": queries.open_alarms(actor_of(request)), "failed": failed, "error": error}
    return render(request, "transcripts/alarms.html", context, status=status)
