"""The short way of the API: its calls bring a token, so nothing of a page's session, forms or messages is for them."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils import translation

from hotline.kit.origin import acting_from

PREFIX = "/api/"
API = "api-v1"


class ApiDoor:
    """Answers calls of the API at once, and passes all else on. Stands before the middleware of pages.

    The view is the same that the resolver gives to pages; the caller's token is asked there, and there alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        if API not in match.namespaces:  # a page of the staff
            return self.get_response(request)
        request.resolver_match = match
        origin = acting_from.set(request.META.get("REMOTE_ADDR") or None)
        try:
            with translation.override(translation.get_language_from_request(request)):
                response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
                response.headers.setdefault("Content-Language", translation.get_language())
        finally:
            acting_from.reset(origin)
        response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        response.headers["Vary"] = "Accept-Language"
        return response
