"""Risks that a person has to answer; each answer says what became of it."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.kit.access import access, actor_of
from hotline.suggestions import actions, queries
from hotline.workorders.queries import get_visible

CODE = "suggestions:answer_risk"


@access(CODE)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Unanswered risks, oldest first; `?climbed=1` only those that went to the shift leader, `?missed=1` those whose orders have
    ended meanwhile. The list redraws itself."""
    climbed, missed = request.GET.get("climbed") == "1", request.GET.get("missed") == "1"
    actor = actor_of(request)
    told = {one.alert_id for one in queries.unseen_notices(actor)}
    rows = [
        (row, queries.risk_kinds(row.kinds), queries.risk_words(row.order, row.evidence))
        for row in (queries.missed_risks(actor) if missed else queries.open_risks(actor, climbed=climbed))
    ]
    whole = not request.headers.get("HX-Request")
    if told and whole:
        # A list that redraws itself behind another window is not seen.
        actions.note_seen(actor=actor)
    name = "risks.html" if whole else "_risks.html"
    context = {"rows": rows, "climbed": climbed, "missed": missed, "told": told}
    return render(request, f"suggestions/{name}", context)


@access(CODE)
@require_GET
def climbed(request: HttpRequest) -> HttpResponse:
    """The line on a shift leader's every page while risks that nobody answered wait for them."""
    told = queries.unseen_notices(actor_of(request))
    return render(request, "suggestions/_climbed.html", {"told": told})


@access(CODE)
@require_POST
def answer(request: HttpRequest, order_id: int) -> HttpResponse:
    """Confirm or dismiss; the alert is drawn anew where it stands."""
    actor = actor_of(request)
    confirmed = request.POST.get("confirmed") == "1"
    risk = actions.answer_risk(
        actor=actor, order_id=order_id, confirmed=confirmed, text=request.POST.get("text", "")
    )
    order = get_visible(actor, order_id)
    response = render(
        request,
        "suggestions/_risk.html",
        {
            "risk": risk,
            "order": order,
            "kinds": queries.risk_kinds(risk.kinds),
            "words": queries.risk_words(order, risk.evidence),
        },
    )
    text = _("The risk is confirmed.") if confirmed else _("The risk is dismissed.")
    response["HX-Trigger"] = json.dumps({"toast": {"text": text, "tone": "success"}})
    return response
