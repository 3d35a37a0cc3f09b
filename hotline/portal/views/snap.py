"""Photo report: photos, place, words on one page; what is known already and what will happen on the next; sent."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from hotline.dispatch.queries import FOLLOWED
from hotline.intake import actions as intake
from hotline.intake import queries as intake_queries
from hotline.intake.rules import Filed
from hotline.kit import clock
from hotline.kit.access import public
from hotline.kit.actor import system_actor
from hotline.kit.bodies import takes_files
from hotline.kit.errors import ActionError, Invalid
from hotline.places import queries as places
from hotline.portal import promise, snapping, visitor
from hotline.portal.limits import limited
from hotline.portal.snapping import Snap
from hotline.workorders import actions as workorders
from hotline.workorders.actions import attachments
from hotline.workorders.models import FINAL_STATES, Channel, WorkOrder

FOLLOWER = system_actor("portal", "workorders:view", "workorders:link")
"""Notes that a citizen said: it is the same as that order."""


@public
@takes_files
@require_http_methods(["GET", "POST"])
def snap(request: HttpRequest) -> HttpResponse:
    """The report; `do` of a POST: `look` (what is known, what will happen), `back`, `remove` a photo, `send`."""
    if request.method == "GET":
        return _compose(request, Snap(key=snapping.new_key()), {})
    given = snapping.read(request)
    sent = request.session.get("filed", {})
    if sent.get("key") == given.key:
        return _done(request)
    errors = _take_files(request, given)
    do = request.POST.get("do", "look")
    if "remove" in request.POST:
        _remove(request, given)
        do = "back"
    if do == "back" or errors:
        return _compose(request, given, errors)
    errors = _faults(request, given)
    if errors:
        return _refused(request, given, errors)
    return _send(request, given) if do == "send" else _look(request, given)


def _take_files(request: HttpRequest, given: Snap) -> dict[str, str]:
    """Photos that came with the form itself, from a browser without scripts."""
    files = [one for one in request.FILES.getlist("file") if one]
    if files:
        limited(request, "upload", 60, 600)
    for one in files:
        try:
            attachments.attach_loose(
                actor=visitor.actor(request), appeal_key=given.key, chunks=one.chunks(), name=one.name or "photo"
            )
        except ActionError as error:
            return {"file": f"{one.name}: {error.message}"}
    return {}


def _remove(request: HttpRequest, given: Snap) -> None:
    number = request.POST.get("remove", "")
    if number.isascii() and number.isdigit() and len(number) < 18:
        attachments.remove_loose(actor=visitor.actor(request), appeal_key=given.key, attachment_id=int(number))


def _faults(request: HttpRequest, given: Snap) -> dict[str, str]:
    known = visitor.citizen_id(request)
    _checked, errors = intake_queries.check_appeal(given.demand(), given.citizen(known), clock.today())
    found = given.located
    if found is not None and found.fault == "outside" and not given.address and not given.division:
        errors["place"] = _("The place lies outside the city, where we can do nothing. Choose another point, or write the address if the position is wrong.")
    elif found is None and not given.address and not given.division:
        errors["place"] = _("Say where it is: by your position, on the map, or in words.")
    return {name: str(text) for name, text in errors.items()}


def _compose(request: HttpRequest, given: Snap, errors: dict[str, str]) -> HttpResponse:
    rows = snapping.photos(given.key) if request.method == "POST" else []
    context = {
        "snap": given,
        "errors": errors,
        "photos": rows,
        "offers": snapping.offers(rows),
        "chosen": places.path_text(given.division) if given.division else "",
        "known": visitor.citizen_id(request),
        "most": settings.MAX_UPLOAD_BYTES,
        "most_mb": settings.MAX_UPLOAD_BYTES // 2**20,
    }
    return _uncached(render(request, "portal/snap.html", context, status=422 if errors else 200))


def _refused(request: HttpRequest, given: Snap, errors: dict[str, str]) -> HttpResponse:
    if _by_script(request):
        return JsonResponse({"errors": errors}, status=422)
    return _compose(request, given, errors)


def _look(request: HttpRequest, given: Snap) -> HttpResponse:
    """What is known near by, what it seems to be about, what will happen and by when."""
    limited(request, "snap", 60, 600)
    found = snapping.kinds(given) if not given.category else []
    category = given.category or (found[0].code if found else "")
    demand = given.demand()
    located = given.located
    chosen = intake_queries.category_facts(given.category, clock.today()) if given.category else None
    context: dict[str, Any] = {
        "snap": given,
        "kinds": found,
        "category": chosen,
        "nearby": snapping.known_nearby(given, category),
        "place": places.path_text(demand.division) if demand.division else "",
        "address": demand.address,
        "outside": located is not None and located.fault == "outside",
        "photos": snapping.photos(given.key),
        "promise": promise.preview(demand),
        "known": visitor.citizen_id(request),
    }
    return _uncached(render(request, "portal/snap_check.html", context))


def _send(request: HttpRequest, given: Snap) -> HttpResponse:
    limited(request, "file", 30, 3600)
    known = visitor.citizen_id(request)
    try:
        filed = _filed(request, given, known)
    except Invalid as error:
        if not error.details:
            raise
        return _refused(request, given, {name: str(text) for name, text in error.details.items()})
    visitor.remember_look_up(request, filed.appeal_id)
    snapping.remember_district(request, given)
    request.session["filed"] = {
        "key": given.key,
        "reachable": bool(known or given.phone),
        "number": filed.number,
        "code": filed.lookup_code,
        "promised": filed.promised.isoformat() if filed.promised else "",
        "snap": True,
    }
    return _done(request)


def _filed(request: HttpRequest, given: Snap, known: int | None) -> Filed:
    """Filed, and tied to the order that the visitor follows, both or neither: a dispatcher must see it before it goes out."""
    follows = snapping.followed(request.POST.get("follow", ""), given.key)
    with transaction.atomic():
        filed = intake.file_appeal(
            actor=visitor.actor(request),
            channel=Channel.WEB,
            source="portal",
            idempotency_key=given.key,
            demand=given.demand(),
            citizen=given.citizen(known),
        )
        if follows and filed.order_id and not filed.again and _still_open(follows):
            workorders.link(actor=FOLLOWER, order_id=filed.order_id, other_id=follows, kind=FOLLOWED)
    return filed


def _still_open(order_id: int) -> bool:
    return WorkOrder.objects.filter(pk=order_id, secret=False).exclude(state__in=[str(one) for one in FINAL_STATES]).exists()


def _done(request: HttpRequest) -> HttpResponse:
    """To the page with the number; a script that sent it later is told where that is."""
    if _by_script(request):
        return _uncached(JsonResponse({"number": request.session["filed"]["number"], "next": reverse("portal:filed")}))
    return HttpResponseRedirect(reverse("portal:filed"))


def _by_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _uncached(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


@public
@require_GET
def places_by_words(request: HttpRequest) -> HttpResponse:
    """Places whose name is typed: a list to choose from."""
    limited(request, "places", 120, 60)
    text = request.GET.get("place", "").strip()[:40]
    hits = snapping.found_by_words(request, text) if text else []
    return _uncached(render(request, "portal/_snap_places.html", {"hits": hits, "text": text}))


@public
@require_GET
def places_of_photos(request: HttpRequest) -> HttpResponse:
    """Where the photos of a report say they were taken, to be taken over or not."""
    rows = snapping.photos(request.GET.get("key", "")[:64])
    return _uncached(render(request, "portal/_snap_offers.html", {"offers": snapping.offers(rows)}))
