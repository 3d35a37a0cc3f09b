"""The order's page and its live parts."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.accounts.actions import reveal_identity
from hotline.accounts.permissions import scope_allows
from hotline.calls import actions as calls
from hotline.kit.access import access, actor_of
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible
from hotline.workorders import actions, permissions
from hotline.workorders.actions.presence import beat
from hotline.workorders.forms.acts import Reveal
from hotline.workorders.models import OrderLink, WorkOrder
from hotline.workorders.queries.beside import ORDER, beside
from hotline.workorders.queries.explanations import explain_clock
from hotline.workorders.queries.page import order_for_page, order_page, related, timeline, who_can
from hotline.workorders.queries.presence import present
from hotline.workorders.queries.visibility import get_visible, visible_to

SHOWS = (
    ("all", gettext_lazy("All")),
    ("mine", gettext_lazy("Mine and my unit's")),
    ("public", gettext_lazy("What the citizen sees")),
)


@access("workorders:view")
@require_GET
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """`/orders/<number>/`, whole or, for htmx with `?part=now`, its live part."""
    actor = actor_of(request)
    order = order_for_page(actor, number)
    moment = now()
    context = _page_context(request, order, moment)
    if request.GET.get("part") == "now":
        return render(request, "workorders/_order.html", context)
    context |= _timeline_context(request, order) | {"beside": beside(ORDER, actor, order.channel)}
    return render(request, "workorders/order.html", context)


def _page_context(request: HttpRequest, order: WorkOrder, moment: Any) -> dict[str, Any]:
    actor = actor_of(request)
    page = order_page(actor, order, now=moment)
    may_reveal = bool(order.citizen_id) and actor.has("accounts:reveal_identity")
    return {
        "order": order,
        "view": page,
        "may_reveal": may_reveal,
        "may_call": bool(order.citizen_id) and settings.TELEPHONE_ON and actor.has("calls:take"),
        "may_grant": order.secret and actor.has("workorders:see_secret_grants"),
        "may_attach": order.state not in ("archived", "merged")
        and (actor.has("workorders:note") or actor.has("workorders:reply")),
        "max_upload": settings.MAX_UPLOAD_BYTES,
    }


def _timeline_context(request: HttpRequest, order: WorkOrder) -> dict[str, Any]:
    show = request.GET.get("show", "all")
    show = show if show in dict(SHOWS) else "all"
    entries, page = timeline(actor_of(request), order, show=show, cursor=request.GET.get("cursor", ""))
    return {"order": order, "entries": entries, "timeline_page": page, "show": show, "shows": SHOWS}


@access("workorders:view")
@require_GET
def timeline_part(request: HttpRequest, number: str) -> HttpResponse:
    """The timeline, filtered or older."""
    order = get_visible(actor_of(request), number)
    return render(request, "workorders/_timeline.html", _timeline_context(request, order))


@access("workorders:view")
@require_GET
def related_part(request: HttpRequest, number: str) -> HttpResponse:
    """Linked, merged and earlier orders; asked for after the page stands."""
    actor = actor_of(request)
    order = get_visible(actor, number)
    return render(request, "workorders/_related.html", {"order": order, "related": related(actor, order)})


@access("workorders:link")
@require_POST
def unlink(request: HttpRequest, number: str, link_id: int) -> HttpResponse:
    """Part two linked orders."""
    actor = actor_of(request)
    order = get_visible(actor, number)
    if not OrderLink.objects.filter(Q(first=order) | Q(second=order), pk=link_id).exists():
        raise NotVisible("link")
    actions.unlink(actor=actor, link_id=link_id)
    return render(request, "workorders/_related.html", {"order": order, "related": related(actor, order)})


@access("workorders:view")
@require_GET
def why(request: HttpRequest, number: str, clock_id: int) -> HttpResponse:
    """Why a clock is due then, in words."""
    actor = actor_of(request)
    order = get_visible(actor, number, visible_to(actor))
    clock = order.clocks.select_related("assignment__unit").filter(pk=clock_id).first()
    if clock is None:
        raise NotVisible("clock")
    return render(
        request,
        "workorders/_why.html",
        {"order": order, "clock": clock, "lines": explain_clock(order, clock)},
    )


@access("workorders:view")
@require_GET
def access_page(request: HttpRequest, number: str) -> HttpResponse:
    """Who can see and do what on this order, and why."""
    actor = actor_of(request)
    order = order_for_page(actor, number)
    readers, more = who_can(order)
    named = order.accesses.select_related("person").order_by("id") if order.secret else []
    return render(
        request,
        "workorders/access.html",
        {
            "order": order,
            "readers": readers,
            "more": more,
            "named": named,
            "may_grant": actor.has("workorders:grant_access"),
        },
    )


@access("accounts:reveal_identity")
@require_http_methods(["GET", "POST"])
def reveal(request: HttpRequest, number: str) -> HttpResponse:
    """The dialog that asks why, then the identity for a minute; the audit row is written before it is shown."""
    actor = actor_of(request)
    order = order_for_page(actor, number)
    if order.citizen_id is None:
        raise NotVisible("citizen")
    facts: dict[str, Any] = {
        "unit_paths": permissions.unit_paths_of(order) or tuple(grant.unit_path for grant in actor.grants),
        "area_code": order.actual_division_id or order.division_id or "",
        "secret": order.secret,
        "named": permissions.is_named(actor, order),
    }
    scope_allows(actor, "accounts:reveal_identity", **facts).require("accounts:reveal_identity")
    form = Reveal(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            identity = reveal_identity(
                actor=actor, citizen_id=order.citizen_id, order_id=order.pk, reason=form.reason(), **facts
            )
        except Invalid as error:
            form.add_error("text", str(error.message))
        else:
            return render(request, "workorders/_identity.html", {"order": order, "identity": identity})
    return render(
        request,
        "workorders/_reveal.html",
        {"order": order, "form": form},
        status=422 if request.method == "POST" else 200,
    )


@access("calls:take")
@require_POST
def call_citizen(request: HttpRequest, number: str) -> HttpResponse:
    """Call the citizen of an order that I may see from my own telephone; the number is not shown."""
    actor = actor_of(request)
    order = get_visible(actor, number)
    if order.citizen_id is None:
        raise NotVisible("citizen")
    calls.call_citizen(actor=actor, citizen_id=order.citizen_id, order_number=order.number)
    words = _("The citizen is being called; you hear them where your telephone is open.")
    told = json.dumps({"toast": {"text": words, "tone": "success"}})
    return HttpResponse(status=204, headers={"HX-Trigger": told})


@access("workorders:view")
@require_POST
def presence(request: HttpRequest, number: str) -> HttpResponse:
    """A page says that it is open (and which form is); the answer names the colleagues that are here too."""
    actor = actor_of(request)
    order = get_visible(actor, number)
    beat(
        actor=actor,
        order_id=order.pk,
        editing=request.POST.get("editing", ""),
        leaving=request.POST.get("leaving") == "1",
    )
    return _present(request, actor, order)


@access("workorders:view")
@require_GET
def presence_part(request: HttpRequest, number: str) -> HttpResponse:
    """The colleagues on the page now."""
    actor = actor_of(request)
    return _present(request, actor, get_visible(actor, number))


def _present(request: HttpRequest, actor: Any, order: WorkOrder) -> HttpResponse:
    from hotline.workorders.rules import VERBS

    people = [
        _("%(name)s is filling in “%(what)s”") % {"name": one.name, "what": VERBS[one.editing].label}
        if one.editing in VERBS
        else _("%(name)s is looking at this order") % {"name": one.name}
        for one in present(order.pk, now(), except_person=actor.id)
    ]
    return render(request, "workorders/_presence.html", {"order": order, "people": people})
