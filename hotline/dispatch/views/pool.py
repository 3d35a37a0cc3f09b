"""The pool: a list left, the chosen order right, never a page change."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from hotline.dispatch import queries
from hotline.dispatch.queries import Tab
from hotline.dispatch.queries.catalogue import assistants_of
from hotline.dispatch.queries.proposed import proposed_for
from hotline.kit.access import access, actor_of
from hotline.kit.clock import now, today
from hotline.kit.numbers import whole
from hotline.suggestions import actions as suggestions
from hotline.workorders import actions as orders
from hotline.workorders.models import DemandType, ReasonKind, Urgency
from hotline.workorders.queries import get_visible
from hotline.workorders.queries.reference import reasons

TAB_LABELS = {
    Tab.POOL: _("To dispatch"),
    Tab.REVIEW: _("To review"),
    Tab.DECISIONS: _("Applications"),
    Tab.ARBITRATION: _("Arbitration"),
}
POOL_CODES = ("dispatch:pool", "workorders:dispatch")


def tab_of(request: HttpRequest) -> Tab:
    """The list asked for; anything unknown is the pool."""
    wanted = request.GET.get("tab") or request.POST.get("tab") or ""
    return Tab(wanted) if wanted in Tab.__members__.values() else Tab.POOL


def _list(request: HttpRequest) -> dict[str, Any]:
    actor, tab = actor_of(request), tab_of(request)
    mine = request.GET.get("mine") == "1"
    size = min(300, max(60, whole(request.GET.get("size")) or 60))
    rows = queries.order_rows(actor, tab, day=today(), mine=mine, size=size)
    counted = queries.counts(actor).by_tab
    return {
        "tab": tab,
        "tabs": [(one, label, counted[one]) for one, label in TAB_LABELS.items()],
        "rows": rows,
        "mine": mine,
        "size": size,
        "more": size + 60 if len(rows) == size and size < 300 else 0,
    }


@access(*POOL_CODES)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The whole screen; the first order is chosen by the controller."""
    return render(request, "dispatch/pool.html", _list(request))


@access(*POOL_CODES)
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The list alone, refreshed by the live stream."""
    return render(request, "dispatch/_list.html", _list(request))


@access(*POOL_CODES)
@require_GET
def pane(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order with what may be done to it now."""
    return render(request, "dispatch/_pane.html", pane_context(request, order_id))


def pane_context(request: HttpRequest, order_id: int) -> dict[str, Any]:
    """Everything the right side shows."""
    actor, tab, day = actor_of(request), tab_of(request), today()
    order = get_visible(actor, order_id)
    row = queries.row_of(order, day)
    application = None
    if tab == Tab.DECISIONS:
        application = next(
            (
                one.application
                for one in queries.applications_waiting(actor, size=300)
                if one.order.pk == order.pk
            ),
            None,
        )
    category, division = queries.demand_key(order)
    proposed = proposed_for(order, day) if tab in (Tab.POOL, Tab.REVIEW) else None
    if proposed is not None and proposed.unseen:
        suggestions.note_shown(actor=actor, order_id=order.pk)
    return {
        "tab": tab,
        "proposed": proposed,
        "row": row,
        "order": order,
        "application": application,
        "assistants": assistants_of(row.suggested.entry_id) if row.suggested else [],
        "trail": queries.ping_pong_trail(order.pk)
        if order.return_count or tab in (Tab.ARBITRATION, Tab.DECISIONS)
        else [],
        "notes": queries.notes_of(order) if tab in (Tab.ARBITRATION, Tab.DECISIONS) else [],
        "duplicates": queries.likely_duplicates(
            actor=actor,
            citizen_id=order.citizen_id,
            category=category,
            division=division,
            text=f"{order.title}{order.content}",
            moment=now(),
            except_id=order.pk,
        ),
        "answers": queries.answers_in_words(order),
        "not_accepted": [
            one for one in reasons(ReasonKind.NOT_ACCEPTED, day) if one.script or one.legal_basis
        ]
        if tab == Tab.REVIEW
        else [],
        "merge_reasons": reasons(ReasonKind.MERGE, day),
        "urgencies": Urgency.choices,
        "demand_types": DemandType.choices,
        "mine": order.pool_claimed_by_id == actor.id,
    }


@access(*POOL_CODES)
@require_POST
def claim(request: HttpRequest, order_id: int) -> HttpResponse:
    """Claim an order, so that colleagues see whose it is."""
    orders.claim(actor=actor_of(request), order_id=order_id)
    return render(
        request,
        "dispatch/_claim.html",
        {"order": get_visible(actor_of(request), order_id), "mine": True, "tab": tab_of(request)},
    )


@access(*POOL_CODES)
@require_POST
def release(request: HttpRequest, order_id: int) -> HttpResponse:
    """Give a claimed order back to the pool."""
    orders.release(actor=actor_of(request), order_id=order_id)
    return render(
        request,
        "dispatch/_claim.html",
        {"order": get_visible(actor_of(request), order_id), "mine": False, "tab": tab_of(request)},
    )


@access(*POOL_CODES)
@require_GET
def units(request: HttpRequest, order_id: int) -> HttpResponse:
    """Other units that handled the like, each with its reason; asked for after the order is shown."""
    order = get_visible(actor_of(request), order_id)
    category, division = queries.demand_key(order)
    return render(
        request,
        "dispatch/_units.html",
        {"order": order, "units": queries.ranked_units(category, division, today())},
    )
