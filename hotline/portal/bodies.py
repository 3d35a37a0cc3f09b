"""Uploads that are too large are refused before a byte of them is read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from hotline.kit.errors import Invalid

FORM_ROOM = 64 * 1024
"""Bytes that the form's other fields and the boundaries may take beside the file."""


def bounded(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answers 413 by the declared length. Stands above everything that reads the body, the CSRF check included."""
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def checked(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        declared = str(request.META.get("CONTENT_LENGTH") or "0")
        if not declared.isdigit() or int(declared) > settings.MAX_UPLOAD_BYTES + FORM_ROOM:
            error = Invalid(
                "too_large",
                _("A file may have %(most)d MB at most. Nothing was stored; make it smaller and try again.")
                % {"most": settings.MAX_UPLOAD_BYTES // 2**20},
            )
            error.status = 413
            raise error
        return protected(request, *args, **kwargs)

    checked.csrf_exempt = True  # type: ignore[attr-defined]
    return checked
