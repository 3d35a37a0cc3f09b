"""The supervision board and the page of a listed case."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from hotline.accounts.models import Unit
from hotline.kit.access import access, actor_of
from hotline.kit.clock import now, today
from hotline.kit.errors import NotVisible
from hotline.kit.numbers import whole
from hotline.workorders.models import ListedState, Supervision
from hotline.workorders.queries import board
from hotline.workorders.queries.board import Trouble
from hotline.workorders.queries.signals import clock_of_order
from hotline.workorders.queries.visibility import get_visible, visible_to
from hotline.workorders.rules import BY_UNIT, STEPS

LABELS: dict[Trouble, tuple[str | Promise, str | Promise]] = {
    Trouble.OVERDUE: (gettext_lazy("Overdue"), gettext_lazy("No open order is overdue.")),
    Trouble.DUE_SOON: (gettext_lazy("Due within a day"), gettext_lazy("No order falls due within a day.")),
    Trouble.RETURNED: (
        gettext_lazy("Returned more than once"),
        gettext_lazy("No open order was returned more than once."),
    ),
    Trouble.PING_PONG: (
        gettext_lazy("Passed to and fro"),
        gettext_lazy("No order goes to and fro between units."),
    ),
    Trouble.DISSATISFIED: (
        gettext_lazy("Dissatisfied twice"),
        gettext_lazy("No citizen was dissatisfied twice."),
    ),
    Trouble.LISTED: (gettext_lazy("Listed cases"), gettext_lazy("No case is listed.")),
}
_CODES = (
    "workorders:supervise",
    "workorders:instruct",
    "workorders:list_case",
    "workorders:arbitrate",
    "workorders:approve_reply",
)


@access(*_CODES)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """`/orders/supervision/`: troubles, by unit and district, with drill-down."""
    actor, moment = actor_of(request), now()
    wanted = request.GET.get("trouble", "")
    trouble = Trouble(wanted) if wanted in Trouble.__members__.values() else Trouble.OVERDUE
    inside = whole(request.GET.get("unit"))
    unit = None if inside is None else Unit.objects.filter(pk=inside).first()
    district = request.GET.get("district", "")
    district = district if whole(district) is not None else ""
    overview = board.overview(actor, now=moment, within=unit)
    context: dict[str, Any] = {
        "tabs": [(each, LABELS[each][0], overview.totals.get(each, 0)) for each in Trouble],
        "trouble": trouble,
        "why": LABELS[trouble][1],
        "overview": overview,
        "columns": [
            (each, LABELS[each][0]) for each in dict.fromkeys((Trouble.OVERDUE, Trouble.DUE_SOON, trouble))
        ],
        "unit": unit,
        "above": list(
            Unit.objects.filter(pk__in=[int(p) for p in unit.path.split("/") if p][:-1]).order_by("path")
        )
        if unit
        else [],
        "district": district,
        "by": "district" if request.GET.get("by") == "district" or district else "unit",
        "moment": moment,
        "today": today(),
    }
    if trouble == Trouble.LISTED and not unit and not district:
        context["cases"] = board.listed_cases(actor).rows
    else:
        found = board.troubled(
            actor,
            trouble,
            now=moment,
            unit_id=unit.pk if unit else None,
            district=district,
            cursor=request.GET.get("cursor", ""),
        )
        context["found"] = found
        context["rows"] = [{"order": order, "chip": clock_of_order(order)} for order in found.rows]
    part = getattr(request, "htmx", False) and request.GET.get("part") == "board"
    return render(request, "workorders/_board.html" if part else "workorders/board.html", context)


@access("workorders:view")
@require_GET
def case(request: HttpRequest, supervision_id: int) -> HttpResponse:
    """A listed case: steps, meetings, promises, next date."""
    actor = actor_of(request)
    row = (
        Supervision.objects.select_related("order__lead_unit", "order__category")
        .filter(pk=supervision_id)
        .first()
    )
    if row is None:
        raise NotVisible("supervision")
    order = get_visible(
        actor, row.order_id, visible_to(actor).select_related("lead_unit", "category", "division", "citizen", "standing")
    )
    states: list[ListedState] = [
        state for state in ListedState if state.value != ListedState.RETURN_REQUESTED.value
    ]
    here = states.index(ListedState(row.state)) if row.state in states else 1
    steps = [
        {
            "label": state.label,
            "state": "done" if place < here else "current" if place == here else "todo",
            "note": "",
        }
        for place, state in enumerate(states)
    ]
    following = STEPS[ListedState(row.state)]
    return render(
        request,
        "workorders/case.html",
        {
            "row": row,
            "order": order,
            "chip": clock_of_order(order),
            "steps": steps,
            "meetings": row.meetings.order_by("-held_at"),
            "may_advance": actor.has("workorders:supervise")
            and any(step not in BY_UNIT for step in following),
            "may_answer": actor.has("workorders:reply") and any(step in BY_UNIT for step in following),
            "may_meet": actor.has("workorders:supervise") and row.closed_at is None,
            "events": order.events.select_related("unit")
            .filter(
                verb__in=[
                    "supervise",
                    "list_case",
                    "instruct",
                    "advance_supervision",
                    "answer_supervision",
                    "add_meeting",
                    "issue_card",
                ]
            )
            .order_by("-id")[:100],
            "today": today(),
        },
    )
