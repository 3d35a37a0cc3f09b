"""Calls as shift leaders look for them, and one call."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from hotline.calls import queries
from hotline.calls.models import Call, CallBack, Direction, Lane, Line, Outcome, Rating, Recording
from hotline.calls.permissions import WATCH
from hotline.calls.rules.prompting import Grade
from hotline.kit.access import access, actor_of
from hotline.kit.clock import CITY_ZONE, today
from hotline.kit.errors import NotVisible
from hotline.kit.numbers import whole

LONGEST = timedelta(days=92)


@access(WATCH)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """`?from=2026-12-01&to=…&line=…&lane=…&outcome=…&agent=…&direction=…`; today when no day is given, at most a quarter."""
    given = request.GET
    first = _day(given.get("from", ""), today())
    last = max(first, min(_day(given.get("to", ""), max(first, today())), first + LONGEST))
    wanted = queries.CallFilter(
        since=datetime.combine(first, time(0), CITY_ZONE),
        until=datetime.combine(last + timedelta(days=1), time(0), CITY_ZONE),
        line=given.get("line", ""),
        lane=given.get("lane", ""),
        outcome=given.get("outcome", "") if given.get("outcome", "") in Outcome.values else "",
        agent=whole(given.get("agent")),
        direction=given.get("direction", "") if given.get("direction", "") in Direction.values else "",
    )
    context = {
        "found": queries.calls_found(actor_of(request), wanted, given.get("cursor", "")),
        "wanted": wanted,
        "first": first,
        "last": last,
        "lines": Line.objects.order_by("number"),
        "lanes": Lane.objects.all(),
        "outcomes": Outcome.choices,
        "directions": Direction.choices,
        "people": queries.telephone_people(),
        "grades": dict(Grade.choices),
    }
    return render(request, "calls/calls.html", context)


@access(WATCH)
@require_GET
def call(request: HttpRequest, call_id: int) -> HttpResponse:
    """From its first ring to what became of it."""
    actor = actor_of(request)
    row = Call.objects.select_related("line", "lane", "citizen").filter(pk=call_id).first()
    if row is None:
        raise NotVisible(call_id)
    rating = Rating.objects.filter(call=row).first()
    waited_until = row.connected_at or row.ended_at
    context = {
        "call": row,
        "wait": waited_until - row.queued_at if row.queued_at and waited_until else None,
        "segments": [
            (one, one.ended_at - one.answered_at if one.answered_at and one.ended_at else None)
            for one in row.segments.select_related("session__person").order_by("pk")
        ],
        "happenings": queries.happenings(actor, row),
        "rating": rating,
        "grade": Grade(str(rating.grade)).label if rating is not None and rating.grade else "",
        "call_back": CallBack.objects.filter(call=row).prefetch_related("attempts__person").first(),
        "recordings": Recording.objects.filter(call=row).order_by("pk"),
        "typed": queries.typed_in(row),
        "leads": queries.leads_on(actor, row),
    }
    return render(request, "calls/call.html", context)


def _day(text: str, otherwise: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return day if 2000 <= day.year <= 2100 else otherwise
