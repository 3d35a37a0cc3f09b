"""The machine's proposals beside the chosen order, and the one key that follows them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.dispatch import actions, queries
from hotline.dispatch.queries.cases import answered_like, reply_drafts
from hotline.dispatch.queries.proposed import proposed_for
from hotline.dispatch.views.deciding import done, revision_of
from hotline.dispatch.views.pool import POOL_CODES, tab_of
from hotline.kit.access import access, actor_of
from hotline.kit.clock import today
from hotline.kit.errors import Invalid
from hotline.kit.numbers import whole, wholes
from hotline.suggestions import actions as suggestions
from hotline.suggestions.rules import Candidate
from hotline.workorders.queries import get_visible


@access(*POOL_CODES)
@require_GET
def section(request: HttpRequest, order_id: int) -> HttpResponse:
    """The proposals alone; asked for by a pane that was opened before the order was read."""
    order = get_visible(actor_of(request), order_id)
    return render(
        request,
        "dispatch/_proposed.html",
        {
            "order": order,
            "row": queries.row_of(order, today()),
            "proposed": proposed_for(order, today()),
            "tab": tab_of(request),
        },
    )


@access("workorders:dispatch")
@require_POST
def send(request: HttpRequest, order_id: int) -> HttpResponse:
    """Set the proposed category and send to the unit that follows from it."""
    unit = whole(request.POST.get("unit_id"))
    if unit is None:
        raise Invalid("unit_id", _("Choose a unit first (U)."))
    assistants = [one for one in wholes(request.POST.getlist("assistant_id")) if one != unit]
    order = actions.dispatch_as_proposed(
        actor=actor_of(request),
        order_id=order_id,
        category_code=request.POST.get("category", "")[:40],
        division_code=request.POST.get("division", "")[:12],
        unit_id=unit,
        assistant_ids=assistants,
        revision=revision_of(request),
    )
    return done(
        order,
        _("%(number)s was sent to %(unit)s.")
        % {"number": order.number, "unit": order.lead_unit.short_name if order.lead_unit else ""},
    )


@access(*POOL_CODES)
@require_GET
def cases(request: HttpRequest, order_id: int) -> HttpResponse:
    """How orders like this one were answered; asked for after the order is shown."""
    return _answered(request, order_id, "dispatch/_cases.html")


@access("workorders:view")
@require_GET
def like(request: HttpRequest, order_id: int) -> HttpResponse:
    """The same on the order's own page, for whoever may see the order and the others."""
    return _answered(request, order_id, "dispatch/_like.html", limit=5)


def _answered(request: HttpRequest, order_id: int, template: str, limit: int = 3) -> HttpResponse:
    actor = actor_of(request)
    order = get_visible(actor, order_id)
    category, _division = queries.demand_key(order)
    found = answered_like(
        actor, title=order.title, content=order.content, category=category, except_id=order.pk, limit=limit
    )
    return render(request, template, {"cases": found})


@access("workorders:reply")
@require_GET
def reply_help(request: HttpRequest, order_id: int) -> HttpResponse:
    """Beside the reply's form: how the like was answered, ready to be taken over by a person."""
    actor = actor_of(request)
    order = get_visible(actor, order_id)
    return render(
        request, "dispatch/_reply_help.html", {"order": order, "drafts": reply_drafts(actor, order)}
    )


@access("workorders:reply")
@require_POST
def reply_used(request: HttpRequest, order_id: int) -> HttpResponse:
    """A draft was put into the form; which order it came from is kept. Only what the actor may see is kept."""
    actor = actor_of(request)
    other = get_visible(actor, request.POST.get("number", "")[:24])
    score = min(100, whole(request.POST.get("percent")) or 0) / 100
    suggestions.note_reply(
        actor=actor, order_id=order_id, cited=[Candidate(other.number, other.title, score)]
    )
    return HttpResponse(status=204)
