"""The shift leader's wall of queues and seats; it redraws itself by the numbered stream."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from hotline.calls.models import AgentState, Lane
from hotline.calls.permissions import WATCH
from hotline.calls.queries.figures import live
from hotline.calls.queries.wall import wall
from hotline.calls.rules.figures import DEFINITIONS, TARGETS
from hotline.calls.rules.wall import STATE_ORDER, Order
from hotline.calls.views.figures import written
from hotline.kit.access import access, actor_of
from hotline.kit.clock import now

ORDERS: Mapping[str, str | Promise] = {
    Order.NEED: gettext_lazy("Who needs help first"),
    Order.STATE: gettext_lazy("By state"),
    Order.LANE: gettext_lazy("By lane"),
    Order.NAME: gettext_lazy("By name"),
}
TODAY = (
    "asked",
    "answered",
    "connection_rate",
    "in_time_rate",
    "abandoned",
    "mean_wait",
    "mean_talk",
    "mean_wrap",
)
"""Figures of today above the wall."""

ALWAYS = (AgentState.TALKING, AgentState.RINGING, AgentState.WRAP_UP, AgentState.READY, AgentState.PAUSED)
"""States whose count is shown when nobody is in them, too."""

LABELS = {str(one): one.label for one in AgentState}
CONVERSING = frozenset({AgentState.TALKING, AgentState.HOLD, AgentState.CONSULTING})
"""States in which a shift leader may do something at the seat."""


@access(WATCH)
@require_GET
def seats(request: HttpRequest) -> HttpResponse:
    """Queues above, seats below. `?order=`, `?state=`, `?lane=` narrow and sort the seats."""
    actor = actor_of(request)
    order = request.GET.get("order", "")
    order = order if order in ORDERS else Order.NEED
    state, lane = request.GET.get("state", ""), request.GET.get("lane", "")
    it = wall(actor, order=Order(order))
    shown = [one for one in it.seats if state in ("", one.state) and lane in ("", one.lane)]
    moment = now()
    context = {
        "lanes": [
            (one, one.oldest.isoformat(), one.due.isoformat(), one.due <= moment, _since(one.oldest, moment))
            if one.oldest and one.due
            else (one, "", "", False, "")
            for one in it.lanes
        ],
        "seats": [
            (
                one,
                one.session.pk,
                LABELS[one.state],
                one.since.isoformat(),
                _since(one.since, moment),
                int(one.need),
                one.state in CONVERSING,
            )
            for one in shown
        ],
        "signed_in": len(it.seats),
        "counts": [
            (code, AgentState(code).label, count)
            for code in STATE_ORDER
            if (count := it.counts.get(code, 0)) or code in ALWAYS
        ],
        "orders": ORDERS.items(),
        "order": order,
        "state": state,
        "lane": lane,
        "lane_names": Lane.objects.filter(active=True).values_list("name", flat=True)
        if not _part(request)
        else (),
        "query": request.GET.urlencode(),
    }
    return render(request, "calls/_seats.html" if _part(request) else "calls/seats.html", context)


@access(WATCH)
@require_GET
def live_figures(request: HttpRequest) -> HttpResponse:
    """Today and the last 24 hours against their targets; a part of the wall."""
    it = live(actor_of(request))
    context: dict[str, Any] = {
        "today": [(one, written(one.read(it.today), one.kind)) for one in DEFINITIONS if one.code in TODAY],
        "occupancy": written(it.occupancy, "share"),
        "waiting": it.today.waiting,
        "targets": [
            (
                one,
                written(one.value, "share").text,
                f"{TARGETS[one.measure]:.0%}",
                str(one.verdict),
            )
            for one in it.targets
        ],
        "decided": it.day.decided,
    }
    return render(request, "calls/_live_figures.html", context)


def _part(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request"))


def _since(at: datetime, moment: datetime) -> str:
    """m:ss, h:mm:ss; the browser goes on from there."""
    whole = max(0, int((moment - at).total_seconds()))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
