"""The audit log's page."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET

from hotline.audit import queries
from hotline.audit.labels import label_of
from hotline.kit.access import access, actor_of
from hotline.kit.clock import CITY_ZONE
from hotline.kit.paging import keyset

FILTERS = ("who", "verb", "object_type", "object_id", "since", "until")


@access("audit:read")
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Newest first; filters by person, act, object and time; the state of the chains."""
    filters = {name: request.GET.get(name, "").strip() for name in FILTERS}
    since, until = _day(filters["since"]), _day(filters["until"])
    rows = queries.entries(
        actor_of(request), who=filters["who"], verb=filters["verb"], object_type=filters["object_type"], object_id=filters["object_id"],
        since=_midnight(since) if since else None, until=_midnight(until + timedelta(days=1)) if until else None,
    )  # fmt: skip
    page = keyset(rows, order=["-id"], cursor=request.GET.get("cursor", ""), size=50)
    for row in page.rows:
        row.label = label_of(row.verb)  # type: ignore[attr-defined]
        row.data_text = json.dumps(row.data, ensure_ascii=False)  # type: ignore[attr-defined]
    context = {
        "page_of": page,
        "filters": filters,
        "filtered": any(filters.values()),
        "verbs": [(verb, label_of(verb)) for verb in queries.known_verbs()],
        "chains": [
            {**chain, "label": label_of(f"chain.{chain['name']}")} for chain in queries.chain_states()
        ],
    }
    return render(request, "audit/log.html", context)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CITY_ZONE)
