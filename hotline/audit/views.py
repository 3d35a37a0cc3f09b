"""The audit log's page."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from hotline.audit import queries, wording
from hotline.audit.labels import kinds, label_of
from hotline.kit.access import access, actor_of
from hotline.kit.clock import CITY_ZONE, today
from hotline.kit.paging import keyset

FILTERS = ("who", "verb", "object_type", "object_id", "since", "until")


@access("audit:read")
@require_GET
def log(request: HttpRequest) -> HttpResponse:
    """Newest first, as sentences; filters by person, act, object and time; the state of the chains."""
    filters = {name: request.GET.get(name, "").strip() for name in FILTERS}
    since, until = _day(filters["since"]), _day(filters["until"])
    rows = queries.entries(
        actor_of(request), who=filters["who"], verb=filters["verb"], object_type=filters["object_type"], object_id=filters["object_id"],
        since=_midnight(since) if since else None, until=_midnight(until + timedelta(days=1)) if until else None,
    )  # fmt: skip
    page = keyset(rows, order=["-id"], cursor=request.GET.get("cursor", ""), size=50)
    told = wording.tell(page.rows)
    chains = [{**chain, "label": label_of(f"chain.{chain['name']}")} for chain in queries.chain_states()]
    context = {
        "page_of": page,
        "days": _by_day(told),
        "filters": filters,
        "filtered": any(filters.values()),
        "who_name": _who_name(filters["who"], told),
        "object_name": _object_name(filters),
        "verbs": _verbs(),
        "kinds": sorted(((name, str(kind.label)) for name, kind in kinds().items()), key=lambda one: one[1]),
        "spans": _spans(),
        "chains": chains,
        "waiting": any(chain["waiting"] for chain in chains),
    }
    return render(request, "audit/log.html", context)


def _by_day(told: list[wording.Told]) -> list[tuple[date, list[wording.Told]]]:
    days: dict[date, list[wording.Told]] = {}
    for one in told:
        days.setdefault(one.entry.at.astimezone(CITY_ZONE).date(), []).append(one)
    return list(days.items())


def _who_name(who: str, told: list[wording.Told]) -> str:
    """Words for an actor's key in the filter; empty when a name was typed."""
    if ":" not in who:
        return ""
    return told[0].who if told else wording.who_of(who, "")


def _object_name(filters: dict[str, str]) -> str:
    """Words for one object in the filter; empty when only its kind is asked for."""
    if not (filters["object_type"] and filters["object_id"]):
        return ""
    kind, name = filters["object_type"], wording.object_of(filters["object_type"], filters["object_id"])
    return name if name == wording.kind_of(kind) else f"{wording.kind_of(kind)} {name}"


def _verbs() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Verbs that occur, by package: its prefix, its name, verbs with their words."""
    packages: dict[str, list[tuple[str, str]]] = {}
    for verb in queries.known_verbs():
        packages.setdefault(verb.partition(".")[0], []).append((verb, label_of(verb)))
    return [(f"{name}.", _package(name), verbs) for name, verbs in packages.items()]


def _package(name: str) -> str:
    return str(apps.get_app_config(name).verbose_name) if apps.is_installed(f"hotline.{name}") else name


def _spans() -> list[tuple[str, str]]:
    """Spans that are asked for most: words and the first day."""
    day = today()
    return [
        (_("today"), day.isoformat()),
        (_("7 days"), (day - timedelta(days=6)).isoformat()),
        (_("30 days"), (day - timedelta(days=29)).isoformat()),
    ]


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CITY_ZONE)
