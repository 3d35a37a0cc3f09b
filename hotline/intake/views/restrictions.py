"""Measures against misuse of the line: proposals, objections, decisions."""

from __future__ import annotations

import json

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.intake import actions
from hotline.intake.queries.caller import restrictions_decided, restrictions_waiting
from hotline.intake.rules.restrictions import MEASURES, RESTRICTION_VERBS, STATES
from hotline.kit.access import access, actor_of
from hotline.kit.clock import CITY_ZONE, now
from hotline.kit.errors import Invalid
from hotline.kit.numbers import whole


@access("intake:approve_restriction", "intake:restrict_caller")
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, and what was decided."""
    actor = actor_of(request)
    context = {
        "waiting": restrictions_waiting(),
        "decided": restrictions_decided(),
        "measures": MEASURES,
        "states": STATES,
        "me": actor.key(),
        "may_decide": actor.has("intake:approve_restriction"),
        "now": now(),
    }
    return render(request, "intake/restrictions.html", context)


@access("intake:restrict_caller")
@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """From the desk, without leaving it."""
    citizen = whole(request.POST.get("restrict_citizen"))
    if citizen is None:
        raise Http404
    actions.propose_restriction(
        actor=actor_of(request),
        citizen_id=citizen,
        measure=request.POST.get("measure", ""),
        reason_code="malicious",
        text=request.POST.get("restrict_text", ""),
    )
    response = HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps(
        {"toast": {"text": _("Proposed. A shift leader or supervisor decides."), "tone": "success"}}
    )
    return response


@access("intake:approve_restriction", "intake:restrict_caller")
@require_POST
def decide(request: HttpRequest, restriction_id: int, verb: str) -> HttpResponse:
    """approve, refuse, lift; `object` takes down the caller's objection, `keep` answers it."""
    actor, text = actor_of(request), request.POST.get("text", "")
    if verb == "object":
        actions.appeal_restriction(actor=actor, restriction_id=restriction_id, text=text)
    elif verb == "keep":
        actions.answer_restriction_appeal(actor=actor, restriction_id=restriction_id, decision=text)
    elif verb in RESTRICTION_VERBS:
        try:
            day = forms.DateField(required=False).clean(request.POST.get("until") or None)
        except forms.ValidationError as error:
            raise Invalid("until", error.messages[0], details={"until": error.messages[0]}) from error
        until = (
            now()
            .astimezone(CITY_ZONE)
            .replace(year=day.year, month=day.month, day=day.day, hour=23, minute=59)
            if day
            else None
        )
        actions.decide_restriction(
            actor=actor, restriction_id=restriction_id, verb=verb, reason=text, until=until
        )
    else:
        raise Http404
    messages.success(request, _("Done."))
    return redirect("intake:restrictions")
