"""The three ways in which an action says no, and the middleware that turns them into pages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.db import DataError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _

log = logging.getLogger("hotline.kit")


UNIQUE_VIOLATION = "23505"


class ActionError(Exception):
    """An action did not happen; nothing was written. `message` tells a person what to do."""

    status = 409

    def __init__(
        self, code: str, message: str | Promise, *, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class Refused(ActionError):
    """A rule of the domain forbids it now (409)."""


class NotPermitted(ActionError):
    """This actor may see the object but may not do this (403); `message` is the reason."""

    status = 403


class Invalid(ActionError):
    """The input is wrong (422); `details` maps field names to messages."""

    status = 422


class Stale(ActionError):
    """Somebody changed the object meanwhile (409); `details` holds both texts, so that none is lost."""


class NotVisible(Http404):
    """Does not exist, or not for this actor; the two cannot be told apart."""


class RefusalMiddleware:
    """Renders `ActionError` as a page, an HTMX fragment or a problem document (RFC 9457)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if _cannot_be_stored(error):
            error = Invalid("characters", _("What you sent holds characters that no text has. Type it anew."))
        elif _came_second(error):
            # Rare enough to be looked at, should a constraint ever say no for another reason than a twin.
            log.warning("refused: %s", str(error).partition("\n")[0])
            words = _("The same was saved at this very moment. Look at what is there now, and save again if it differs.")
            error = Refused("came_second", words)
        return refusal(request, error) if isinstance(error, ActionError) else None


def _cannot_be_stored(error: Exception) -> bool:
    """PostgreSQL keeps no NUL and no half of a surrogate pair; neither comes from a keyboard."""
    if isinstance(error, DataError):
        return "NUL (0x00)" in str(error) or "unsupported Unicode escape sequence" in str(error)  # in text; in JSON
    return isinstance(error, UnicodeEncodeError) and "surrogates" in error.reason


def _came_second(error: Exception) -> bool:
    """Of two who save the same name, code or version at once one finds it taken only when he writes."""
    return isinstance(error, IntegrityError) and getattr(error.__cause__, "sqlstate", "") == UNIQUE_VIOLATION


def refusal(request: HttpRequest, error: ActionError) -> HttpResponse:
    """The answer to a refused request: problem document, HTMX fragment or page."""
    if request.path.startswith("/api/"):
        return problem(error)
    htmx = bool(getattr(request, "htmx", False))
    response = render(
        request, "ui/_refusal.html" if htmx else "ui/refusal.html", {"error": error}, status=error.status
    )
    if htmx:
        response["HX-Reswap"] = "none"
    return response


def problem(error: ActionError) -> JsonResponse:
    """RFC 9457 problem document of an action's refusal."""
    body = {
        "type": f"about:blank#{error.code}",
        "title": str(error.message),
        "status": error.status,
        "code": error.code,
    }
    if error.details:
        body["errors"] = error.details
    return JsonResponse(
        body, status=error.status, content_type="application/problem+json", json_dumps_params={"default": str}
    )
