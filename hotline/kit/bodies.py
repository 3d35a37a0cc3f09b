"""How much anybody may send, judged by the declared length before a byte of it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from hotline.kit.errors import Invalid, refusal
from hotline.kit.numbers import whole

V = TypeVar("V", bound=Callable[..., Any])
FORM_ROOM = 64 * 1024
"""Bytes that a form's other fields and the boundaries may take beside a file."""


def takes_files(view: V) -> V:
    """Mark a public view to which strangers may send files; every other one takes small forms from them."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def most_of(request: HttpRequest, view: Callable[..., Any]) -> int:
    """Bytes that this visitor may send to this view: a form from a stranger, a file from staff or to a door for files."""
    actor = getattr(request, "actor", None)
    if getattr(view, "takes_files", False) or (actor is not None and actor.is_staff):
        return int(settings.MAX_UPLOAD_BYTES) + FORM_ROOM
    return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)


class BodyLimit:
    """Answers 413 with words. Stands before the CSRF check, which is the first to read a body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: object, _kwargs: object
    ) -> HttpResponse | None:
        declared = whole(str(request.META.get("CONTENT_LENGTH") or "0"))
        most = most_of(request, view)
        if declared is not None and declared <= most:
            return None
        error = Invalid(
            "too_large",
            _("What you sent is larger than %(most)d MB. Nothing was stored; make it smaller and try again.")
            % {"most": most // 2**20},
        )
        error.status = 413
        return refusal(request, error)
