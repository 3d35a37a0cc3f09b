"""Language, type size, the city's colour, session questions of open pages, pages for what went wrong."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from hotline.kit.access import public
from hotline.ui import city
from hotline.ui.context import SIZES

log = logging.getLogger(__name__)

YEAR = 365 * 24 * 3600


def _back(request: HttpRequest) -> HttpResponseRedirect:
    address = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(address if safe and address.startswith("/") else "/")


@public
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie and go back."""
    response = _back(request)
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, samesite="Lax", secure=request.is_secure()
        )
    return response


@public
@require_POST
def set_size(request: HttpRequest) -> HttpResponse:
    """Remember the type size in a cookie and go back."""
    response = _back(request)
    size = request.POST.get("size", "")
    if size in SIZES:
        response.set_cookie("size", size, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return response


@public
@require_GET
def city_stylesheet(request: HttpRequest) -> HttpResponse:
    """The accent colour as CSS; the page's link carries the colour, so a long life is safe."""
    response = HttpResponse(city.stylesheet(city.current()), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=86400"
    return response


@public
@never_cache
@require_GET
def session(request: HttpRequest) -> HttpResponse:
    """What an open page asks after signing in beside it: `{"signed_in": bool, "person": key, "csrf": token}`.

    `person` lets the page notice that somebody else signed in; the token replaces the page's own.
    """
    actor = getattr(request, "actor", None)
    staff = bool(actor and actor.is_staff)
    return JsonResponse(
        {"signed_in": staff, "person": actor.key() if actor and staff else "", "csrf": get_token(request)}
    )


@public
@never_cache
@require_GET
def signed_in(request: HttpRequest) -> HttpResponse:
    """Where the sign-in beside a page ends; it tells the page and closes itself."""
    return render(request, "ui/signed_in.html")


def _failed(request: HttpRequest, status: int, what: str, safe: str, advice: str) -> HttpResponse:
    words: dict[str, Any] = {"status": status, "what": what, "safe": safe, "advice": advice}
    if request.path.startswith("/api/"):
        return JsonResponse(
            {"type": f"about:blank#{status}", "title": what, "status": status, "detail": advice},
            status=status,
            content_type="application/problem+json",
        )
    if getattr(request, "htmx", False):
        response = HttpResponse(render_to_string("ui/_failed.html", words, request), status=status)
        response["HX-Reswap"] = "none"
        return response
    try:
        return render(request, "ui/error.html", words, status=status)
    except Exception:  # The failure may lie in what the page itself needs; the visitor still gets words.
        log.exception("The error page failed; the plain one is shown.")
        return _plain(status, what, safe, advice)


def _plain(status: int, what: str, safe: str, advice: str) -> HttpResponse:
    words = {
        "what": what,
        "safe": safe,
        "advice": advice,
        "language": get_language() or "zh-hans",
        "stylesheet": static("ui/plain.css"),
    }
    return HttpResponse(render_to_string("ui/plain_error.html", words), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, and 413 for a form whose fields are too large together."""
    if isinstance(exception, RequestDataTooBig):
        return _failed(
            request,
            413,
            _("What was sent is too large."),
            _("Nothing was changed. What you typed is kept in this browser."),
            _("Shorten it, or send the long part as a file."),
        )
    return _failed(
        request,
        400,
        _("The request could not be read."),
        _("Nothing was changed."),
        _("Go back and try again. If it happens again, tell your administrator the time below."),
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403"""
    return _failed(
        request,
        403,
        _("Your roles do not include this page."),
        _("Nothing was changed and nothing was shown."),
        _("Ask the administrator of your unit for the role, or go back."),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404; also for what exists but is not for this visitor."""
    actor = getattr(request, "actor", None)
    if actor is None or not actor.is_staff:
        return _failed(
            request,
            404,
            _("This page is not there."),
            _("What you sent before is not affected."),
            _("The link may be old or mistyped. To see an appeal, look it up by number and code."),
        )
    return _failed(
        request,
        404,
        _("There is nothing here, or it is not for you to see."),
        _("Nothing was changed."),
        _("Check the number or address. An order may have been passed to a unit that is not yours."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500; needs neither the database nor a built frontend."""
    what = _("Something broke on our side.")
    safe = _("What was confirmed to you before is stored. The last step may not be.")
    advice = _("Wait a minute, go back and look whether the last step is there before you repeat it.")
    if request.path.startswith("/api/") or getattr(request, "htmx", False):
        return _failed(request, 500, what, safe, advice)
    return _plain(500, what, safe, advice)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose page is too old, or was sent from elsewhere."""
    log.info("CSRF refused: %s", reason)
    return _failed(
        request,
        403,
        _("This page was open too long, or was sent from another site."),
        _("Nothing was changed. What you typed is kept in this browser."),
        _("Go back, reload the page and send it again."),
    )
