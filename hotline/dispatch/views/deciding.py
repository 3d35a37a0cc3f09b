"""What a dispatcher does to the chosen order. Each door calls one action and says what happened; the list goes on."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hotline.dispatch.queries.catalogue import category_of
from hotline.dispatch.views.pool import POOL_CODES, pane_context
from hotline.kit.access import access, actor_of
from hotline.kit.clock import today
from hotline.kit.errors import Invalid
from hotline.kit.numbers import whole, wholes
from hotline.workorders import actions as orders
from hotline.workorders.models import ClosingKind, ReasonKind, WorkOrder
from hotline.workorders.queries import get_visible, reasons


def revision_of(request: HttpRequest) -> int | None:
    """The revision that the form was drawn from."""
    return whole(request.POST.get("revision"))


def _ids(request: HttpRequest, name: str) -> list[int]:
    return wholes(request.POST.getlist(name))


def done(order: WorkOrder, text: str) -> HttpResponse:
    """Nothing to draw: the controller takes the row away and opens the next one; the toast says what happened."""
    response = HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps(
        {"pool:done": {"id": order.pk}, "toast": {"text": text, "tone": "success"}}
    )
    return response


def _stays(request: HttpRequest, order_id: int, text: str) -> HttpResponse:
    """The order stays where it is: draw it anew."""
    response = render(request, "dispatch/_pane.html", pane_context(request, order_id))
    response["HX-Trigger"] = json.dumps({"toast": {"text": text, "tone": "success"}})
    return response


def _words(request: HttpRequest, name: str = "text") -> str:
    return request.POST.get(name, "").strip()


def _needed(name: str, words: str) -> Invalid:
    return Invalid(name, words, details={name: words})


@access("workorders:dispatch")
@require_POST
def send(request: HttpRequest, order_id: int) -> HttpResponse:
    """Send to a unit, with assisting units and instructions."""
    leads = _ids(request, "unit_id")
    if not leads:
        raise _needed("unit_id", _("Choose a unit first (U)."))
    order = orders.dispatch_order(
        actor=actor_of(request),
        order_id=order_id,
        lead_unit_id=leads[0],
        assistant_unit_ids=[pk for pk in _ids(request, "assistant_id") if pk != leads[0]],
        instructions=_words(request, "instructions"),
        revision=revision_of(request),
    )
    return done(
        order,
        _("%(number)s was sent to %(unit)s.")
        % {"number": order.number, "unit": order.lead_unit.short_name if order.lead_unit else ""},
    )


@access("workorders:review", "workorders:dispatch")
@require_POST
def pass_on(request: HttpRequest, order_id: int) -> HttpResponse:
    """A reviewed order goes to the pool."""
    order = orders.pass_review(actor=actor_of(request), order_id=order_id, revision=revision_of(request))
    return done(order, _("%(number)s went to the pool.") % {"number": order.number})


@access("workorders:review", "workorders:dispatch")
@require_POST
def labels(request: HttpRequest, order_id: int) -> HttpResponse:
    """Replace the labels, typed with blanks or commas between them."""
    text = _words(request, "labels").replace(",", " ").replace("，", " ").replace("、", " ")
    orders.reclassify(
        actor=actor_of(request),
        order_id=order_id,
        labels=tuple(dict.fromkeys(text.split())),
        revision=revision_of(request),
    )
    return _stays(request, order_id, _("Labels saved."))


@access("workorders:review", "workorders:dispatch")
@require_POST
def correct(request: HttpRequest, order_id: int) -> HttpResponse:
    """Correct type, category, urgency and place before sending."""
    given: dict[str, Any] = {
        "demand_type": _words(request, "demand_type"),
        "urgency": _words(request, "urgency"),
        "address": _words(request, "address"),
    }
    fields = {name: value for name, value in given.items() if value}
    if _words(request, "category"):
        category = category_of(_words(request, "category"))
        if category is None:
            raise _needed("category", _("There is no such category."))
        fields["category_id"] = category.pk
    if _words(request, "division"):
        fields["division_id"] = _words(request, "division")
    orders.reclassify(actor=actor_of(request), order_id=order_id, revision=revision_of(request), **fields)
    return _stays(request, order_id, _("Corrected."))


@access("workorders:merge")
@require_POST
def merge_into(request: HttpRequest, order_id: int) -> HttpResponse:
    """Merge this order into another one, which keeps both citizens."""
    actor = actor_of(request)
    target = _words(request, "into") or _words(request, "into_number")
    if not target:
        raise _needed("into", _("Choose the order that stays, or type its number."))
    number = whole(target)
    into = get_visible(actor, target.upper() if number is None else number)
    order = get_visible(actor, order_id)
    why = next(
        (
            one.name
            for one in reasons(ReasonKind.MERGE, today())
            if one.code == _words(request, "reason_code")
        ),
        "",
    )
    orders.merge(actor=actor, order_ids=[order_id], into_id=into.pk, text=why)
    return done(
        order, _("%(number)s was merged into %(main)s.") % {"number": order.number, "main": into.number}
    )


@access("workorders:dispatch")
@require_POST
def send_back_to_intake(request: HttpRequest, order_id: int) -> HttpResponse:
    """Return to intake for another look, with the reason."""
    order = orders.send_back(
        actor=actor_of(request), order_id=order_id, text=_words(request), revision=revision_of(request)
    )
    return done(order, _("%(number)s went back to review.") % {"number": order.number})


@access("workorders:review", "workorders:dispatch")
@require_POST
def ask(request: HttpRequest, order_id: int) -> HttpResponse:
    """Ask the citizen for what is missing."""
    order = orders.ask_supplement(
        actor=actor_of(request), order_id=order_id, text=_words(request), revision=revision_of(request)
    )
    return done(order, _("%(number)s waits for the citizen's supplement.") % {"number": order.number})


@access("intake:not_accept", "workorders:review")
@require_POST
def close(request: HttpRequest, order_id: int) -> HttpResponse:
    """Not accepted after all: close with the legal reason."""
    order = orders.close_directly(
        actor=actor_of(request),
        order_id=order_id,
        kind=ClosingKind.NOT_ACCEPTED,
        reason_code=_words(request, "reason_code"),
        text=_words(request),
        revision=revision_of(request),
    )
    return done(order, _("%(number)s was closed as not accepted.") % {"number": order.number})


@access("workorders:dispatch", "workorders:arbitrate")
@require_POST
def to_arbitration(request: HttpRequest, order_id: int) -> HttpResponse:
    """Duty is disputed: consult first."""
    order = orders.dispute(
        actor=actor_of(request), order_id=order_id, text=_words(request), revision=revision_of(request)
    )
    return done(order, _("%(number)s went to arbitration.") % {"number": order.number})


@access("workorders:arbitrate")
@require_POST
def designate_unit(request: HttpRequest, order_id: int) -> HttpResponse:
    """The decision of the consultation: this unit handles it and may not return it."""
    leads = _ids(request, "unit_id")
    if not leads:
        raise _needed("unit_id", _("Choose the unit."))
    order = orders.designate(
        actor=actor_of(request),
        order_id=order_id,
        lead_unit_id=leads[0],
        text=_words(request),
        revision=revision_of(request),
    )
    return done(order, _("%(number)s was designated.") % {"number": order.number})


@access(*POOL_CODES)
@require_POST
def note(request: HttpRequest, order_id: int) -> HttpResponse:
    """A note of the consultation, for the hotline centre only."""
    orders.add_note(actor=actor_of(request), order_id=order_id, text=_words(request), audience="hub")
    return _stays(request, order_id, _("Note added."))


@access("workorders:decide_application")
@require_POST
def decide(request: HttpRequest, application_id: int) -> HttpResponse:
    """Approve or refuse what a unit applied for."""
    approve = request.POST.get("approve") == "1"
    order = orders.decide_application(
        actor=actor_of(request), application_id=application_id, approve=approve, text=_words(request)
    ).order
    words = _("Approved: %(number)s.") if approve else _("Refused: %(number)s.")
    return done(order, words % {"number": order.number})
