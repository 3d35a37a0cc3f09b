"""What makes the citizens' pages installable: the manifest, the service worker, the page for when there is no network."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from hotline.kit.access import public
from hotline.ui import assets, city

CONTROLLERS = ("portal/snap.controller.ts", "places/map.controller.ts", "portal/shell.controller.ts")
"""What the photo report needs beside the main entry, by the ending of its source."""


@public
@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to install it."""
    here = city.current()
    body = {
        "id": "/",
        "name": f"{here.name}{here.number}",
        "short_name": here.number or "12345",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "lang": "zh-CN",
        "background_color": "#ffffff",
        "theme_color": here.accent or "#005f73",
        "icons": [
            {"src": static("portal/icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any maskable"},
            {"src": static("portal/icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any maskable"},
        ],
        "shortcuts": [{"name": _("Photo report"), "url": reverse("portal:snap")}, {"name": _("Look up progress"), "url": reverse("portal:look_up")}],
    }  # fmt: skip
    response = JsonResponse(body, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "no-cache"
    return response


@public
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker. Its text changes with every build, which is how phones learn of one."""
    pages = [reverse("portal:snap"), reverse("portal:offline")]
    files = [reverse("portal:manifest"), *(static(f"dist/{name}") for name in _files())]
    version = hashlib.sha256("\n".join([*pages, *files]).encode()).hexdigest()[:12]
    context = {"pages": pages, "files": files, "version": version, "snap": pages[0], "offline": pages[1]}
    response = render(request, "portal/worker.js", context, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    response["Service-Worker-Allowed"] = "/"
    return response


def _files() -> list[str]:
    """Built files of the shell, each once; none without a build."""
    built = assets.built("manifest.json")
    wanted = dict.fromkeys(assets.entry_files("main"))
    waiting = [name for name in built if name.endswith(CONTROLLERS)]
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        chunk = built[name]
        wanted |= dict.fromkeys([chunk["file"], *chunk.get("css", ())])
        waiting += [one for one in chunk.get("imports", ()) if one in built]
    return list(wanted)


@public
@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """Kept on the phone and shown when there is no network."""
    return render(request, "portal/offline.html")
