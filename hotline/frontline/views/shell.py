"""The page without anybody's data, its manifest and its service worker."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from hotline.kit.access import public
from hotline.places.queries.drawing import drawn_version
from hotline.ui import assets, city

ENTRY = "frontline"
OUTLINES = "/places/outlines/"


@public
@require_GET
def shell(request: HttpRequest, assignment_id: int = 0) -> HttpResponse:
    """`/frontline/` and `/frontline/tasks/<id>/`: the same bytes for everybody; the script asks for the rest with its token."""
    drawn = {level: drawn_version(level) for level in ("district", "street")}
    context = {
        **{level: f"{reverse('places:outlines', args=[level])}?v={number}" if number else "" for level, number in drawn.items()},
        "tiles": settings.MAP_TILES,
        "tiles_system": settings.MAP_TILES_SYSTEM,
        "attribution": settings.MAP_ATTRIBUTION,
    }
    response = render(request, "frontline/shell.html", context)
    response["Cache-Control"] = "no-cache"
    return response


@public
@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to install it."""
    here = city.current()
    body = {
        "id": "/frontline/",
        "name": _("Frontline") + f" · {here.name}{here.number}",
        "short_name": _("Frontline"),
        "start_url": "/frontline/",
        "scope": "/frontline/",
        "display": "standalone",
        "orientation": "portrait",
        "lang": "zh-CN",
        "background_color": "#ffffff",
        "theme_color": "#00333f",
        "icons": [{"src": static("frontline/icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
                  {"src": static("frontline/icon-192.png"), "sizes": "192x192", "type": "image/png"},
                  {"src": static("frontline/icon-512.png"), "sizes": "512x512", "type": "image/png"}],
    }  # fmt: skip
    response = JsonResponse(body, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-cache"
    return response


@public
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker; its text changes with every build, which is how phones learn of one."""
    files = [reverse("frontline:shell"), reverse("frontline:manifest"), *(static(f"dist/{name}") for name in assets.entry_files(ENTRY))]
    version = hashlib.sha256("\n".join(files).encode()).hexdigest()[:12]
    context = {"files": files, "version": version, "shell": reverse("frontline:shell"), "outlines": OUTLINES}
    response = render(request, "frontline/worker.js", context, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response
