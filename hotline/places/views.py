"""Outlines for maps, where a point lies, and the page of imports."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.kit.access import access, actor_of, public
from hotline.kit.errors import Invalid
from hotline.kit.numbers import whole
from hotline.places import actions, queries
from hotline.places.forms import FAULTS, OutlinesForm
from hotline.places.models import AreaLevel
from hotline.places.permissions import MANAGE
from hotline.places.queries.drawing import drawing, outline_sets
from hotline.places.rules.finding import Spot

FOR_GOOD = "public, max-age=31536000, immutable"
FOR_NOW = "public, max-age=60"
MOST_FAULTS = 200


@public
@require_GET
def outlines(request: HttpRequest, level: str) -> HttpResponse:
    """Outlines of a level: `?detail=0…2`, `&within=` a code's first digits, `&v=` the version (then kept for good)."""
    within = request.GET.get("within", "")[:12]
    if within and not (within.isascii() and within.isdigit()):
        raise Http404
    found = drawing(level, whole(request.GET.get("detail")) or 0, within=within)
    if found is None:
        raise Http404
    tag = f'"{found.set_id}-{len(found.plain)}"'
    kept = FOR_GOOD if whole(request.GET.get("v")) == found.set_id else FOR_NOW
    headers = {"Cache-Control": kept, "ETag": tag, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return HttpResponse(found.packed, "application/json", headers=headers | {"Content-Encoding": "gzip"})
    return HttpResponse(found.plain, "application/json", headers=headers)


@public
@require_GET
def reverse(request: HttpRequest) -> HttpResponse:
    """Where `?latitude=&longitude=` (WGS-84) lies, for the map's words; nothing of it is kept."""
    found = queries.reverse(_degrees(request, "latitude"), _degrees(request, "longitude"))

    def named(spot: Spot | None) -> dict[str, str] | None:
        return {"code": spot.code, "name": spot.name} if spot else None

    words = "" if found.fault else found.path
    if found.point and found.distance is not None and not found.fault:
        near = _("near %(place)s") % {"place": found.point}
        words = f"{words} · {near}" if words else near
    if found.fault == "outside":
        words = _("This place lies outside the city.")
    answer = {
        "fault": found.fault,
        "words": words,
        "division": found.division,
        "district": named(found.district),
        "street": named(found.street),
        "community": named(found.community),
        "point": found.point,
        "distance": found.distance,
        "swapped": found.swapped,
    }
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _degrees(request: HttpRequest, name: str) -> float:
    try:
        return float(request.GET.get(name, ""))
    except ValueError:
        return float("nan")


@access(MANAGE)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Outlines that hold, imports before them, and the form for the next."""
    return render(request, "places/outlines.html", _context(OutlinesForm()))


@access(MANAGE)
@require_POST
def load(request: HttpRequest) -> HttpResponse:
    """Look at a file, or publish it: faults stand by feature and name, and nothing is written while there is one."""
    form = OutlinesForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "places/outlines.html", _context(form), status=422)
    given = form.cleaned_data
    publish = request.POST.get("publish") == "1"
    try:
        result = actions.import_outlines(
            actor=actor_of(request),
            data=given["file"].read(),
            source=given["file"].name or "",
            level=given["level"],
            system=given["system"],
            code_field=given["code_field"],
            name_field=given["name_field"],
            within=given["within"],
            dry_run=not publish,
        )
    except Invalid as error:
        form.add_error(None, str(error.message))
        return render(request, "places/outlines.html", _context(form), status=422)
    if result.outlines_id:
        messages.success(
            request, _("%(count)d outlines hold from now on.") % {"count": len(result.areas)}
        )
        return redirect("places:outlines_page")
    faults = [(one, FAULTS.get(one.code, one.code)) for one in result.faults[:MOST_FAULTS]]
    context = _context(form) | {"result": result, "faults": faults}
    return render(request, "places/outlines.html", context, status=422 if result.faults else 200)


def _context(form: OutlinesForm) -> dict[str, object]:
    sets = outline_sets()
    newest: dict[str, int] = {}
    for one in sets:
        newest.setdefault(one.level, one.pk)
    return {"form": form, "sets": sets, "newest": set(newest.values()), "levels": AreaLevel.choices}
