"""What could not be read: seen safely, mended as a copy, released, or put away with a reason."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from hotline.intake import actions, queries
from hotline.intake.models import RawMessage, RawState
from hotline.intake.queries.quarantine import raw_message
from hotline.intake.queries.sources import source_names
from hotline.kit.access import access, actor_of
from hotline.kit.crypto import BadCipher
from hotline.kit.errors import Invalid

DOOR = "intake:quarantine"


@access(DOOR)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Messages that wait, oldest first; or those discarded."""
    state = RawState.DISCARDED if request.GET.get("state") == RawState.DISCARDED else RawState.QUARANTINED
    found = queries.quarantined(request.GET.get("cursor", ""), state=state)
    names = source_names(raw.source for raw in found.rows)
    rows = [(raw, names[raw.source]) for raw in found.rows]
    return render(request, "intake/quarantine.html", {"found": found, "rows": rows, "state": state})


@access(DOOR)
@never_cache
@require_GET
def message(request: HttpRequest, raw_id: int) -> HttpResponse:
    """One message; opening it is a read of identity and leaves an audit row."""
    raw = raw_message(raw_id)
    try:
        text, damaged = queries.raw_text(actions.read_raw(actor=actor_of(request), raw_id=raw_id)), False
    except BadCipher:
        text, damaged = "", True
    return _message(request, raw_id, text, damaged=damaged, status=200, raw=raw)


def _message(
    request: HttpRequest,
    raw_id: int,
    text: str,
    *,
    status: int,
    damaged: bool = False,
    error: Invalid | None = None,
    raw: RawMessage | None = None,
) -> HttpResponse:
    raw = raw or raw_message(raw_id)
    context = {
        "raw": raw,
        "delivered_by": source_names([raw.source])[raw.source],
        "text": text,
        "damaged": damaged,
        "error": error,
        "waits": RawState.QUARANTINED,
    }
    return render(request, "intake/message.html", context, status=status)


@access(DOOR)
@require_POST
def release(request: HttpRequest, raw_id: int) -> HttpResponse:
    """Run it again as it came: the cause may have been mended on our side."""
    try:
        filed = actions.release(actor=actor_of(request), raw_id=raw_id)
    except Invalid as error:
        messages.warning(request, _("It still cannot be filed: %(error)s") % {"error": _told(error)})
        return redirect("intake:message", raw_id=raw_id)
    messages.success(request, _("Released: it became order %(number)s.") % {"number": filed.number})
    return redirect("intake:quarantine")


@access(DOOR)
@require_POST
def correct(request: HttpRequest, raw_id: int) -> HttpResponse:
    """File a mended copy."""
    text = request.POST.get("payload", "")
    try:
        filed = actions.correct(
            actor=actor_of(request),
            raw_id=raw_id,
            payload=text.encode(),
            reason=request.POST.get("reason", ""),
        )
    except Invalid as error:
        return _message(request, raw_id, text, status=422, error=error)
    messages.success(request, _("Filed: it became order %(number)s.") % {"number": filed.number})
    return redirect("intake:quarantine")


@access(DOOR)
@require_POST
def discard(request: HttpRequest, raw_id: int) -> HttpResponse:
    """Put it away with the reason."""
    actions.discard(actor=actor_of(request), raw_id=raw_id, reason=request.POST.get("reason", ""))
    messages.success(request, _("Put away. The bytes stay as evidence."))
    return redirect("intake:quarantine")


def _told(error: Invalid) -> str:
    return "; ".join(f"{name}: {words}" for name, words in error.details.items()) or str(error.message)
